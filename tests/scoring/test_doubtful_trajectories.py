"""Trajectories that lie about times, replicas, copies or elements: the right number or one clear refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mdtraj
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import netcdf_file

from molmach import read_trajectories, score
from molmach.data.copies import Copies
from molmach.errors import ScoreError
from molmach.units import TURN
from tests.helpers.command_line import run_here, run_molmach

INTERVAL = 0.1
FRAMES = 120
PLACES = np.array(
    [
        [0.0, 0.0, 0.0], [0.0, 0.0, 0.15], [0.12, 0.0, 0.2], [-0.12, 0.0, 0.2], [0.12, 0.0, 0.32],
        [0.1, 0.0, -0.1], [-0.1, 0.05, -0.1], [0.0, 0.12, -0.15],
    ]
)  # fmt: skip
"""An axle of two atoms, a rotor of three, a stator of three, nm."""
ASIDE = np.array([1.2, 0.0, 0.0])
"""From a machine to its copy, nm."""
NAMES = ("A1", "A2", "R1", "R2", "R3", "S1", "S2", "S3")

Floats = np.ndarray[Any, Any]


def topology(copies: int = 1, names: tuple[str, ...] = NAMES, elements: str = "CCCCCCCC") -> Any:
    top = mdtraj.Topology()
    for _ in range(copies):
        residue = top.add_residue("ROT", top.add_chain())
        atoms = [
            top.add_atom(name, mdtraj.element.get_by_symbol(symbol), residue)
            for name, symbol in zip(names, elements, strict=True)
        ]
        for first, second in ((0, 1), (1, 2), (1, 3), (2, 4), (0, 5), (0, 6), (0, 7)):
            top.add_bond(atoms[first], atoms[second])
    return top


def turned(angles: Floats) -> Floats:
    """(n_frames, 8, 3) frames of the machine at such angles, nm."""
    frames = np.repeat(PLACES[None], len(angles), axis=0)
    c, s = np.cos(angles)[:, None], np.sin(angles)[:, None]
    x, y = PLACES[2:5, 0], PLACES[2:5, 1]
    frames[:, 2:5, 0], frames[:, 2:5, 1] = c * x - s * y, s * x + c * y
    return frames


def drawn(seed: int, rate: float = 0.03, frames: int = FRAMES) -> Floats:
    angles: Floats = np.cumsum(np.random.default_rng(seed).normal(rate, 0.02, frames))
    return np.asarray(angles - angles[0])


@dataclass
class Bench:
    """A folder with the machine's topology, into which trajectories are written."""

    folder: Path

    @property
    def top(self) -> Path:
        path = self.folder / "top.pdb"
        if not path.exists():
            mdtraj.Trajectory(PLACES[None], topology()).save(str(path))
        return path

    def write(self, name: str, frames: Floats, times: Floats | None = None, cell: float = 0.0) -> Path:
        times = INTERVAL * np.arange(len(frames)) if times is None else times
        trajectory = mdtraj.Trajectory(frames, topology(frames.shape[1] // 8), time=times)
        if cell:
            trajectory.unitcell_vectors = np.repeat(cell * np.eye(3)[None], len(frames), axis=0)
        trajectory.save(str(self.folder / name))
        return self.folder / name

    def three(self, ending: str, **options: Any) -> list[Path]:
        return [self.write(f"r{k}{ending}", turned(drawn(k)), **options) for k in range(3)]

    def velocity(self, paths: list[Path], **options: Any) -> float:
        return float(score(read_trajectories(self.top, paths, "0,1", "2,3,4", **options)).velocity.value)


TRUE = float(np.mean([drawn(k)[-1] for k in range(3)]) / TURN / (INTERVAL * (FRAMES - 1)) * 1e3)
"""Mean velocity of the three replicas, turn/ns."""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


WITHOUT_TIMES = (".dcd", ".xyz", ".pdb", ".lammpstrj", ".mdcrd", ".cif")


@pytest.mark.parametrize("ending", [".xtc", ".trr", ".nc", ".gro", ".dtr", *WITHOUT_TIMES])
def test_a_file_without_times_of_its_own_is_asked_for_them(bench: Bench, ending: str) -> None:
    cell = 5.0 if ending in (".lammpstrj", ".dtr") else 0.0
    paths = bench.three(ending, cell=cell)
    if ending in WITHOUT_TIMES:
        with pytest.raises(ScoreError, match=rf"^frame_interval_ps: missing; .*r0\{ending} has no times"):
            bench.velocity(paths)
        assert bench.velocity(paths, frame_interval_ps=INTERVAL) == pytest.approx(TRUE, rel=3e-3)
    else:
        assert bench.velocity(paths) == pytest.approx(TRUE, rel=3e-3)


def _netcdf(path: Path, frames: Floats, times: Floats | None, **attributes: Any) -> Path:
    """As cpptraj, ParmEd and others write AMBER's convention, each with what it leaves out."""
    file: Any
    variable: Any
    with netcdf_file(str(path), "w", version=2) as file:
        file.Conventions, file.ConventionVersion = b"AMBER", b"1.0"
        for name, size in (("frame", None), ("spatial", 3), ("atom", frames.shape[1])):
            file.createDimension(name, size)
        variable = file.createVariable("coordinates", "f", ("frame", "atom", "spatial"))
        variable.units = attributes.get("coordinates", b"angstrom")
        variable[:] = 10.0 * frames
        if times is not None:
            variable = file.createVariable("time", "f", ("frame",))
            variable[:] = times
            if "unit" in attributes:
                variable.units = attributes["unit"]
            if "scale" in attributes:
                variable.scale_factor = attributes["scale"]
    return path


@pytest.mark.parametrize(
    ("times_in_ps", "attributes", "refused"),
    [
        (None, {}, "nt0.nc has no times .it has no variable 'time'"),
        (1.0, {"unit": b"picosecond"}, None),
        (1e3, {"unit": b"femtosecond"}, None),
        (1e-3, {"unit": b"nanosecond"}, None),
        (0.5, {"unit": b"picosecond", "scale": 2.0}, None),
        (1.0, {}, None),
        (1.0, {"unit": b"fortnight"}, "the unit of its times is 'fortnight'; expected picosecond"),
        (0.0, {"unit": b"picosecond"}, "all its frames have the time 0"),
        (np.nan, {"unit": b"picosecond"}, "its times were never written"),
        (1.0, {"unit": b"picosecond", "coordinates": b"nanometer"}, "unit of its coordinates is 'nanometer'"),
    ],
)
def test_netcdf_times_are_in_the_unit_that_the_file_says(
    bench: Bench, times_in_ps: float | None, attributes: dict[str, Any], refused: str | None
) -> None:
    own = None if times_in_ps is None else times_in_ps * INTERVAL * np.arange(FRAMES)
    paths = [_netcdf(bench.folder / f"nt{k}.nc", turned(drawn(k)), own, **attributes) for k in range(3)]
    if refused:
        with pytest.raises(ScoreError, match=refused):
            bench.velocity(paths)
        return
    motion = read_trajectories(bench.top, paths, "0,1", "2,3,4")
    assert score(motion).velocity.value == pytest.approx(TRUE, rel=3e-3)
    assert any("have no unit" in text for text in motion.warnings) == ("unit" not in attributes)


def test_hdf5_times_may_be_absent_or_in_another_unit(bench: Bench) -> None:
    tables = pytest.importorskip("tables")
    paths = bench.three(".h5")
    assert bench.velocity(paths) == pytest.approx(TRUE, rel=3e-3)
    for path in paths:
        with tables.open_file(str(path), "a") as file:
            file.root.time[:] *= 1e3
            file.root.time.attrs.units = "femtoseconds"
    assert bench.velocity(paths) == pytest.approx(TRUE, rel=3e-3)
    for path in paths:
        with tables.open_file(str(path), "a") as file:
            file.remove_node("/time")
    with pytest.raises(ScoreError, match=r"frame_interval_ps: missing; .* it has no 'time'|has no times"):
        bench.velocity(paths)
    assert bench.velocity(paths, frame_interval_ps=INTERVAL) == pytest.approx(TRUE, rel=3e-3)


@pytest.mark.parametrize(
    ("title", "refused"),
    [
        ("a rotor t= {t:.5f} step= {k}", None),
        ("a rotor, t={t:.3f}", None),
        ("a rotor", "the title of its frame 0 has no time"),
        ("Salt= 0.15 M", "the title of its frame 0 has no time"),
        ("t= 5", "MDTraj stops at the title 't= 5'"),
    ],
)
def test_a_gro_title_has_a_time_or_has_none(bench: Bench, title: str, refused: str | None) -> None:
    paths = []
    for path in bench.three(".gro"):
        lines = path.read_text().splitlines()
        size = len(PLACES) + 3
        for k in range(FRAMES):
            lines[k * size] = title.format(t=INTERVAL * k, k=50 * k)
        path.write_text("\n".join(lines) + "\n")
        paths.append(path)
    if refused:
        with pytest.raises(ScoreError, match=refused):
            bench.velocity(paths)
    else:
        assert bench.velocity(paths) == pytest.approx(TRUE, rel=3e-3)


def test_times_that_count_frames_are_doubted(bench: Bench) -> None:
    numbered = bench.three(".xtc", times=np.arange(FRAMES, dtype=np.float64))
    motion = read_trajectories(bench.top, numbered, "0,1", "2,3,4")
    assert any("its times are 0, 1, 2, ... ps" in text for text in motion.warnings)
    given = read_trajectories(bench.top, numbered, "0,1", "2,3,4", frame_interval_ps=INTERVAL)
    assert score(given).velocity.value == pytest.approx(TRUE, rel=3e-3)
    assert any("the given 0.1 ps count" in text for text in given.warnings)


def _restarted(at: int, back: int, noise: float = 0.0) -> tuple[list[int], Floats]:
    """Numbers of the frames that a file has whose run was killed after ``at`` and restarted ``back`` before."""
    numbers = [*range(at + 1), *range(at + 1 - back, FRAMES)]
    extra = np.zeros(len(numbers))
    extra[at + 2 - back : at + 1] = noise
    return numbers, extra


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(20, FRAMES - 20),
    back=st.integers(1, 15),
    ending=st.sampled_from([".xtc", ".trr", ".nc", ".dcd", ".lammpstrj"]),
)
def test_repeated_frames_are_named_and_dropped(tmp_path: Path, at: int, back: int, ending: str) -> None:
    bench, paths = Bench(tmp_path), []
    numbers, _ = _restarted(at, back)
    for k in range(3):
        frames, times = turned(drawn(k))[numbers], INTERVAL * np.array(numbers)
        paths.append(
            bench.write(f"dup{k}{ending}", frames, times, cell=5.0 if ending == ".lammpstrj" else 0.0)
        )
    given_ps = INTERVAL if ending in WITHOUT_TIMES else None
    if ending == ".lammpstrj":  # MDTraj writes frames' numbers as steps
        for path in paths:
            steps = iter(numbers)
            lines = path.read_text().splitlines()
            lines = [
                str(next(steps)) if k and lines[k - 1].startswith("ITEM: TIMESTEP") else line
                for k, line in enumerate(lines)
            ]
            path.write_text("\n".join(lines) + "\n")
    for interval in {given_ps, INTERVAL}:
        with pytest.raises(
            ScoreError, match=rf"dup0\{ending}: frame {at + 1} .* restarted; .*drop_repeated=True"
        ):
            bench.velocity(paths, frame_interval_ps=interval)
    dropped = bench.velocity(paths, frame_interval_ps=given_ps, drop_repeated=True)
    assert dropped == pytest.approx(TRUE, rel=3e-3)
    strided = bench.velocity(paths, frame_interval_ps=given_ps, drop_repeated=True, stride=2)
    ends = np.mean([drawn(k)[::2][-1] for k in range(3)]) / (2 * INTERVAL * (len(drawn(0)[::2]) - 1))
    assert strided == pytest.approx(ends / TURN * 1e3, rel=3e-3)


def test_what_an_abandoned_branch_wrote_gives_way(bench: Bench) -> None:
    numbers, extra = _restarted(60, 8, noise=0.01)
    times = INTERVAL * np.array(numbers)
    paths = [bench.write(f"b{k}.xtc", turned(drawn(k)[numbers] + extra), times) for k in range(3)]
    assert bench.velocity(paths, drop_repeated=True) == pytest.approx(TRUE, rel=3e-3)


def test_two_runs_in_one_file_are_no_restart(bench: Bench) -> None:
    paths = []
    for k in range(2):
        frames = np.concatenate([turned(drawn(k)), turned(drawn(k + 5) + 1.0)])
        paths.append(bench.write(f"t{k}.xtc", frames, np.tile(INTERVAL * np.arange(FRAMES), 2)))
    with pytest.raises(ScoreError, match="several runs one after another"):
        bench.velocity(paths, drop_repeated=True)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), kind=st.sampled_from(["gap", "backward", "jitter", "shuffled", "stopped"]))
def test_uneven_times_are_refused(tmp_path: Path, seed: int, kind: str) -> None:
    rng, bench = np.random.default_rng(seed), Bench(tmp_path)
    times = INTERVAL * np.arange(FRAMES)
    at = int(rng.integers(10, FRAMES - 10))
    match kind:
        case "gap":
            times[at:] += INTERVAL * rng.uniform(0.5, 20.0)
        case "backward":
            times = times[::-1].copy()
        case "jitter":
            times += INTERVAL * rng.uniform(-0.3, 0.3, FRAMES)
        case "shuffled":
            times = rng.permutation(times)
        case "stopped":
            times[at:] = times[at]
    paths = [bench.write(f"u{k}.xtc", turned(drawn(k)), times) for k in range(3)]
    for options in ({}, {"frame_interval_ps": INTERVAL}):
        with pytest.raises(ScoreError, match=r"not evenly spaced in time|as where a run was restarted"):
            bench.velocity(paths, **options)
    with pytest.raises(ScoreError, match=r"not evenly spaced in time|several runs|expected at least"):
        bench.velocity(paths, drop_repeated=True)


def _sharing() -> Iterator[tuple[str, Any]]:
    first, second, third = (turned(drawn(k)) for k in range(3))
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    rotation *= np.sign(np.linalg.det(rotation))
    yield "copy", [first, second, first]
    yield "turned and shifted", [first, first @ rotation.T + 1.0]
    yield "overlap", [first[:80], first[60:]]
    yield "short overlap", [first[:80], first[74:]]
    yield "branch", [first, np.concatenate([first[:40], second[40:]])]
    yield "middle", [first, np.concatenate([second[:30], first[50:80], third[60:]])]
    yield "reversed", [first, first[::-1]]


@pytest.mark.parametrize("ending", [".xtc", ".dcd"])
@pytest.mark.parametrize(("name", "replicas"), list(_sharing()))
def test_replicas_that_share_frames_are_named(
    bench: Bench, name: str, replicas: list[Floats], ending: str
) -> None:
    paths = [bench.write(f"s{k}{ending}", frames) for k, frames in enumerate(replicas)]
    with pytest.raises(ScoreError, match=rf"s{len(paths) - 1}\{ending}: \d+ of its frames, .*s0\{ending}"):
        bench.velocity(paths, frame_interval_ps=INTERVAL)


def test_a_copy_in_another_format_is_one(bench: Bench) -> None:
    paths = [bench.write("a.dcd", turned(drawn(0))), bench.write("b.gro", turned(drawn(0)))]
    with pytest.raises(ScoreError, match=r"b\.gro: 120 of its frames, .*a\.dcd"):
        bench.velocity(paths, frame_interval_ps=INTERVAL)
    thin = bench.write("c.dcd", turned(drawn(0))[::3])
    with pytest.raises(ScoreError, match=r"c\.dcd: 40 of its frames, .*a\.dcd"):
        bench.velocity([paths[0], thin], frame_interval_ps=INTERVAL)


def test_a_file_given_twice_is_named_by_both_names(bench: Bench) -> None:
    path = bench.write("a.xtc", turned(drawn(0)))
    link = bench.folder / "b.xtc"
    link.symlink_to(path)
    with pytest.raises(ScoreError, match=r"a\.xtc: is given twice"):
        bench.velocity([path, path])
    with pytest.raises(ScoreError, match=r"b\.xtc: is .*a\.xtc; expected independent replicas"):
        bench.velocity([path, link])


@pytest.mark.parametrize("overlap", [0, 1])
def test_a_run_in_two_pieces_is_no_two_replicas(bench: Bench, overlap: int) -> None:
    frames, times = turned(drawn(0)), INTERVAL * np.arange(FRAMES)
    cut = 61 - overlap
    paths = [bench.write("a.xtc", frames[:61], times[:61]), bench.write("b.xtc", frames[cut:], times[cut:])]
    with pytest.raises(ScoreError, match=r"b\.xtc: goes on where .*a\.xtc ends"):
        bench.velocity(paths)


def test_replicas_from_one_start_are_replicas(bench: Bench) -> None:
    """All fixtures begin at one structure; here with several first frames in common too."""
    frames = [turned(np.concatenate([np.zeros(3), drawn(k)])) for k in range(3)]
    assert bench.velocity([bench.write(f"p{k}.xtc", x) for k, x in enumerate(frames)]) > 0.0


def test_rigid_rotors_of_like_rates_are_seldom_taken_for_copies(bench: Bench) -> None:
    """Sixty pairs whose rates differ by their noise alone, in the coarsest format. None is refused: the noise
    moves the rotor by several times the rounding, and the chance of a refusal is below 1e-4 a pair."""
    for k in range(20):
        paths = [bench.write(f"g{n}.gro", turned(drawn(100 + 3 * k + n))) for n in range(3)]
        bench.velocity(paths)


def _two(bench: Bench) -> tuple[Path, list[Path]]:
    """Two machines beside each other that turn opposite ways."""
    paths = []
    for k in range(3):
        other = turned(-drawn(10 + k)) + ASIDE
        paths.append(bench.write(f"two{k}.xtc", np.concatenate([turned(drawn(k)), other], axis=1)))
    top = bench.folder / "two.pdb"
    mdtraj.Trajectory(np.concatenate([PLACES, PLACES + ASIDE])[None], topology(2)).save(str(top))
    return top, paths


@pytest.mark.parametrize(
    ("axle", "rotor", "named"),
    [
        ("name A1 -> name A2", "name R1 R2 R3", "rotor: takes in 2 copies"),
        ("0,1", "name R1 R2 R3", "rotor: takes in 2 copies"),
        ((0, 1), (2, 3, 4, 10, 11, 12), "rotor: takes in 2 copies"),
        ("name A1 -> name A2", "2,3,4", "axle: takes in 2 copies"),
        ("name A1 A2", "name R1 R2 R3", "selects 4 atoms; expected two"),
    ],
)
def test_a_selection_of_several_copies_is_refused(bench: Bench, axle: Any, rotor: Any, named: str) -> None:
    top, paths = _two(bench)
    with pytest.raises(ScoreError, match=named):
        read_trajectories(top, paths, axle, rotor)


@pytest.mark.parametrize("each", ["residue", "chain", "molecule"])
def test_each_copy_is_scored_by_itself(bench: Bench, each: str) -> None:
    top, paths = _two(bench)
    copies = read_trajectories(top, paths, "name A1 A2", "name R1 R2 R3", each=each)
    assert isinstance(copies, Copies)
    result = score(copies)
    other = -np.mean([drawn(10 + k)[-1] for k in range(3)]) / TURN / (INTERVAL * (FRAMES - 1)) * 1e3
    velocities = [part.velocity.value for part in result.copies.values()]
    assert velocities == pytest.approx([TRUE, other], rel=3e-3)
    assert result.mean.velocity.value == pytest.approx(np.mean([TRUE, other]), rel=3e-2)
    assert any("count as dependent" in text for text in result.mean.warnings)
    assert any("opposite ways" in text for text in result.mean.warnings)
    alone = score(read_trajectories(top, paths, "8,9", "10,11,12"))
    assert alone.velocity.value == pytest.approx(other, rel=3e-3)


def test_the_command_scores_each_copy(bench: Bench) -> None:
    top, paths = _two(bench)
    files = [part for path in paths for part in ("--traj", str(path))]
    arguments = [
        "score",
        "--top",
        str(top),
        *files,
        "--axle",
        "name A1 A2",
        "--rotor",
        "name R1 R2 R3",
        "--json",
    ]
    out = bench.folder / "scored"
    done = run_here(*arguments, "--each", "residue", "-o", str(out))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    # Three replicas are too few for a direction, whichever way they turn.
    assert [copy["score"]["verdict"] for copy in document["copies"]] == ["unresolved", "unresolved"]
    assert [np.sign(copy["score"]["velocity"]["value"]) for copy in document["copies"]] == [1.0, -1.0]
    assert document["statistics"] == {"each": "residue", "copies": "dependent", "replicas": "independent"}
    with np.load(out / "coordinate.npz") as stored:
        assert stored["coordinate"].shape == (2, 3, FRAMES)
    assert "opposite ways" in (out / "report.html").read_text()


def test_copies_that_turn_as_one_part_are_one(bench: Bench) -> None:
    """A ring of like units about one axle, and an end of the axle within a ring of like units."""
    top, paths = _two(bench)
    wrong = "expected residue, chain, molecule"
    with pytest.raises(ScoreError, match=wrong):
        read_trajectories(top, paths, "0,1", "name R1", each="atom")
    motion = read_trajectories(top, paths, "0,1", "2,3,4,10", each="none")
    assert motion.replicas == 3
    axle = "name S1 and chainid 1 -> name S2 and chainid 1"
    assert read_trajectories(top, paths, axle, "2,3,4").replicas == 3


MASS = {
    "C": 12.011,
    "Cl": 35.453,
    "Br": 79.904,
    "Si": 28.0855,
    "Se": 78.96,
    "Fe": 55.845,
    "N": 14.007,
    "O": 15.999,
}


@pytest.mark.parametrize("ending", [".gro", ".pdb"])
@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("CL1", "Cl"), ("Cl1", "Cl"), ("BR1", "Br"), ("SI1", "Si"), ("SE1", "Se"), ("FE1", "Fe"), ("C1", "C"),
        ("CA", "C"), ("CD1", "C"), ("CE", "C"), ("NA1", "N"), ("NE1", "N"), ("OS1", "O"), ("CO1", "C"),
    ],
)  # fmt: skip
def test_names_of_two_letters_give_the_right_mass(bench: Bench, name: str, symbol: str, ending: str) -> None:
    names = ("C10", "C11", name, "C12", "C13", "C14", "C15", "C16")
    top = bench.folder / f"named{ending}"
    mdtraj.Trajectory(PLACES[None], topology(names=names)).save(str(top))
    if ending == ".pdb":
        top.write_text("\n".join(line[:76].rstrip() for line in top.read_text().splitlines()) + "\n")
    motion = read_trajectories(top, bench.three(".xtc"), "0,1", "2,3,4")
    expected = 0.12**2 * (MASS[symbol] + 2 * MASS["C"])
    assert motion.moment_of_inertia == pytest.approx(expected, rel=2e-3)


def test_what_a_name_may_mean_is_not_guessed(bench: Bench) -> None:
    """Mercury or a hydrogen with its neighbour at 0.13 nm: neither has such a bond."""
    names = ("C10", "C11", "C12", "HG1", "C13", "C14", "C15", "C16")
    top = bench.folder / "doubt.gro"
    mdtraj.Trajectory(PLACES[None], topology(names=names)).save(str(top))
    paths = bench.three(".xtc")
    motion = read_trajectories(top, paths, "0,1", "2,3,4")
    assert np.isnan(motion.moment_of_inertia)
    assert any("HG1: may be H or Hg" in text for text in motion.warnings)
    assert score(motion).velocity.value == pytest.approx(TRUE, rel=3e-3)


def test_elements_in_the_file_are_believed(bench: Bench) -> None:
    names = ("C10", "C11", "CL1", "C12", "C13", "C14", "C15", "C16")
    top = bench.folder / "said.pdb"
    mdtraj.Trajectory(PLACES[None], topology(names=names)).save(str(top))
    motion = read_trajectories(top, bench.three(".xtc"), "0,1", "2,3,4")
    assert motion.moment_of_inertia == pytest.approx(3 * 0.12**2 * MASS["C"], rel=2e-3)
    assert not motion.warnings


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**6), ending=st.sampled_from([".xtc", ".nc", ".dcd"]))
def test_any_cell_and_any_drift_give_the_right_number(tmp_path: Path, seed: int, ending: str) -> None:
    rng, bench = np.random.default_rng(seed), Bench(tmp_path)
    cell = np.diag(rng.uniform(1.5, 2.5, 3)) + np.tril(rng.uniform(-0.4, 0.4, (3, 3)), -1)
    paths = []
    for k in range(3):
        drift = np.cumsum(rng.normal(0.0, 0.2, (FRAMES, 1, 3)), axis=0)
        fractional = (turned(drawn(k)) + drift) @ np.linalg.inv(cell)
        frames = (fractional - np.floor(fractional)) @ cell
        trajectory = mdtraj.Trajectory(frames, topology(), time=INTERVAL * np.arange(FRAMES))
        trajectory.unitcell_vectors = np.repeat(cell[None], FRAMES, axis=0)
        paths.append(bench.folder / f"c{k}{ending}")
        trajectory.save(str(paths[-1]))
    interval = INTERVAL if ending == ".dcd" else None
    assert bench.velocity(paths, frame_interval_ps=interval) == pytest.approx(TRUE, rel=1e-2)


def test_only_the_document_is_on_standard_output(bench: Bench) -> None:
    files = [part for path in bench.three(".dcd") for part in ("--traj", str(path))]
    arguments = ["score", "--top", str(bench.top), *files, "--axle", "0,1", "--rotor", "2,3,4", "--json"]
    done = run_molmach(*arguments, "--frame-interval", "0.1 ps")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["score"]["velocity"]["value"] == pytest.approx(TRUE, rel=3e-3)
    assert done.stderr == ""
