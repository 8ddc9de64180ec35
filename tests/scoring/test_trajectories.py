"""Trajectories made elsewhere: whatever the format, the cell or the order of atoms, the same angles."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mdtraj
import numpy as np
import pytest

from molmach import Motion, read_trajectories, score
from molmach.building import Assembly, build, write_structure
from molmach.cli.main import run as command
from molmach.errors import MolmachError, ScoreError
from molmach.scoring.images import make_whole, nearest_image, spanning_tree
from molmach.spec import loads
from molmach.units import TURN

FRAMES = 120
INTERVAL = 0.5
MACHINE = "{kind: rotor, smiles: 'c1cc[c:1](cc1)-[c:2]1c(F)cccc1', axle: [1, 2]}"

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass
class Made:
    """A rigid biphenyl whose fluorinated half was turned by known angles, and its topology file."""

    assembly: Assembly
    folder: Path
    angles: Floats
    frames: Floats

    @property
    def top(self) -> Path:
        return self.folder / "topology.pdb"

    @property
    def rotor(self) -> str:
        return ",".join(map(str, self.assembly.rotor))

    @property
    def axle(self) -> str:
        return ",".join(map(str, self.assembly.axle))

    def write(
        self,
        ending: str,
        frames: Floats | None = None,
        cell: Floats | None = None,
        interval: float = INTERVAL,
    ) -> list[Path]:
        topology = mdtraj.load_pdb(str(self.top)).topology
        paths = []
        for replica, xyz in enumerate(self.frames if frames is None else frames):
            trajectory = mdtraj.Trajectory(xyz, topology, time=interval * np.arange(len(xyz)))
            if cell is not None:
                trajectory.unitcell_vectors = np.repeat(cell[None], len(xyz), axis=0)
            paths.append(self.folder / f"replica{replica}{ending}")
            trajectory.save(str(paths[-1]))
        return paths

    def read(self, paths: list[Path], **options: Any) -> Motion:
        motion = read_trajectories(self.top, paths, self.assembly.axle, self.assembly.rotor, **options)
        assert isinstance(motion, Motion)
        return motion


def _turned(positions: Floats, atoms: list[int], angle: float) -> Floats:
    x = positions.copy()
    c, s = math.cos(angle), math.sin(angle)
    x[atoms, :2] = x[atoms, :2] @ np.array([[c, s], [-s, c]])
    return x


@pytest.fixture
def made(tmp_path: Path) -> Made:
    assembly = build(loads(f"name: t\nmachine: {MACHINE}\ndrive: {{kind: none}}\n"))
    write_structure(assembly, tmp_path)
    rng = np.random.default_rng(3)
    angles = np.cumsum(rng.normal(0.15, 0.2, (3, FRAMES)), axis=1)
    angles -= angles[:, :1]
    frames = [[_turned(assembly.positions_nm, list(assembly.rotor), a) for a in row] for row in angles]
    return Made(assembly, tmp_path, angles, np.array(frames))


def _is(motion: Motion, angles: Floats, atol: float = 3e-3) -> None:
    np.testing.assert_allclose(
        motion.coordinate - motion.coordinate[:, :1], angles - angles[:, :1], atol=atol
    )


@pytest.mark.parametrize("ending", [".xtc", ".trr", ".dcd", ".nc", ".lammpstrj", ".xyz", ".pdb"])
def test_every_format_gives_the_same_angles(made: Made, ending: str) -> None:
    interval = None if ending in (".xtc", ".trr", ".nc") else INTERVAL
    cell = 4.0 * np.eye(3) if ending == ".lammpstrj" else None
    motion = made.read(made.write(ending, cell=cell), frame_interval_ps=interval)
    _is(motion, made.angles, atol=0.02 if ending == ".pdb" else 5e-3)
    np.testing.assert_allclose(motion.time_ps, INTERVAL * np.arange(FRAMES))
    assert motion.moment_of_inertia == pytest.approx(made.assembly.moment_of_inertia(), rel=2e-3)


def test_selections_are_numbers_or_mdtrajs_language(made: Made) -> None:
    paths = made.write(".xtc")
    topology = mdtraj.load_topology(str(made.top))
    named = "name " + " ".join(topology.atom(i).name for i in made.assembly.rotor)
    tail, head = made.assembly.axle
    first = made.read(paths)
    for axle, rotor in (
        (made.axle, made.rotor),
        (made.assembly.axle, list(made.assembly.rotor)),
        (f"index {tail} -> index {head}", named),
    ):
        same = read_trajectories(made.top, paths, axle, rotor)
        np.testing.assert_array_equal(same.coordinate, first.coordinate)
    turned_round = read_trajectories(made.top, paths, f"index {head} -> index {tail}", named)
    np.testing.assert_allclose(turned_round.coordinate, -first.coordinate, atol=1e-9)
    rising = read_trajectories(made.top, paths, f"index {head} {tail}", named)
    np.testing.assert_allclose(rising.coordinate, np.sign(head - tail) * first.coordinate, atol=1e-9)
    several = read_trajectories(made.top, paths, f"index {tail} -> {named}", named)
    _is(several, made.angles)


def test_a_tumbling_machine_turns_as_a_still_one(made: Made) -> None:
    rng = np.random.default_rng(5)
    tumbled = made.frames.copy()
    for frame in tumbled.reshape(-1, *tumbled.shape[2:]):
        rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
        rotation *= np.sign(np.linalg.det(rotation))
        frame[:] = frame @ rotation.T + rng.normal(size=3)
    _is(made.read(made.write(".dcd", tumbled), frame_interval_ps=0.1), made.angles)


CELLS = {
    "orthorhombic": np.diag([1.9, 2.4, 3.1]),
    "triclinic": np.array([[2.6, 0.0, 0.0], [0.9, 2.5, 0.0], [-0.8, 1.0, 2.4]]),
}


@pytest.mark.parametrize("ending", [".xtc", ".nc", ".dcd"])
@pytest.mark.parametrize("shape", CELLS)
def test_a_machine_cut_by_its_cell_is_made_whole(made: Made, ending: str, shape: str) -> None:
    """Replicas drift through the cell; every atom is wrapped into it on its own."""
    cell, rng = CELLS[shape], np.random.default_rng(7)
    drift = np.cumsum(rng.normal(0.0, 0.3, (*made.frames.shape[:2], 1, 3)), axis=1)
    fractional = (made.frames + drift) @ np.linalg.inv(cell)
    wrapped = (fractional - np.floor(fractional)) @ cell
    bond = np.linalg.norm(
        wrapped[..., made.assembly.axle[0], :] - wrapped[..., made.assembly.axle[1], :], axis=-1
    )
    assert 0.05 < np.mean(bond > 1.0) < 0.95
    interval = INTERVAL if ending == ".dcd" else None
    motion = made.read(made.write(ending, wrapped, cell), frame_interval_ps=interval)
    _is(motion, made.angles, atol=8e-3)


def test_any_molecule_in_any_cell_is_made_whole() -> None:
    """Random chains of shuffled atoms in random cells: all distances as before they were wrapped."""
    rng = np.random.default_rng(11)
    for _ in range(60):
        cell = np.diag(rng.uniform(2.0, 3.0, 3)) + np.tril(rng.uniform(-0.9, 0.9, (3, 3)), -1)
        chain = np.cumsum(rng.normal(size=(30, 3)) * 0.09, axis=0)[rng.permutation(30)]
        frames = chain + rng.normal(size=(8, 1, 3))
        fractional = frames @ np.linalg.inv(cell)
        wrapped = (fractional - np.floor(fractional)) @ cell
        tree = spanning_tree(wrapped[0], cell)
        whole = make_whole(wrapped, np.repeat(cell[None], 8, axis=0), tree)
        np.testing.assert_allclose(whole - whole[:, :1], frames - frames[:, :1], atol=1e-9)


def test_the_nearest_image_is_the_shortest_of_short_vectors() -> None:
    rng = np.random.default_rng(2)
    cell = CELLS["triclinic"]
    short = rng.normal(size=(500, 3))
    short *= rng.uniform(0.0, 1.0, (500, 1)) / np.linalg.norm(short, axis=1, keepdims=True)
    moved = short + rng.integers(-3, 4, (500, 3)) @ cell
    np.testing.assert_allclose(nearest_image(moved, cell), short, atol=1e-12)


def test_solvent_is_no_stator(made: Made) -> None:
    """Other molecules move at random; by default the angle is against the machine's own atoms."""
    rng = np.random.default_rng(4)
    topology = mdtraj.load_pdb(str(made.top)).topology
    for _ in range(30):
        residue = topology.add_residue("AR", topology.add_chain())
        topology.add_atom("AR", mdtraj.element.argon, residue)
    paths = []
    for replica, xyz in enumerate(made.frames):
        atoms = np.concatenate([xyz, rng.uniform(-3.0, 3.0, (FRAMES, 30, 3))], axis=1)
        trajectory = mdtraj.Trajectory(atoms, topology, time=INTERVAL * np.arange(FRAMES))
        paths.append(made.folder / f"solvated{replica}.xtc")
        trajectory.save(str(paths[-1]))
    trajectory[0].save(str(made.folder / "solvated.pdb"))
    motion = read_trajectories(made.folder / "solvated.pdb", paths, made.axle, made.rotor)
    _is(motion, made.angles)


def test_stride_and_equilibration_leave_out_what_they_say(made: Made) -> None:
    paths = made.write(".xtc")
    strided = made.read(paths, stride=2)
    np.testing.assert_allclose(strided.time_ps, 2 * INTERVAL * np.arange(FRAMES // 2))
    _is(strided, made.angles[:, ::2])
    measured = made.read(paths, equilibration_ps=10.0)
    assert measured.time_ps[0] == 0.0
    _is(measured, made.angles[:, 20:])
    faster = made.read(paths, frame_interval_ps=0.05)
    assert score(faster).velocity.value == pytest.approx(10 * score(made.read(paths)).velocity.value)


def test_a_second_wheel_has_its_gear_ratio(made: Made) -> None:
    """The other half of the biphenyl turns backward at half the pace, both against fixed axes."""
    other = [
        i for i in range(len(made.assembly.masses)) if i not in (*made.assembly.rotor, *made.assembly.axle)
    ]
    frames = np.array(
        [
            [_turned(x, other, -0.5 * a) for x, a in zip(xyz, row, strict=True)]
            for xyz, row in zip(made.frames, made.angles, strict=True)
        ]
    )
    motion = made.read(made.write(".xtc", frames), follower_axle=made.assembly.axle, follower=other)
    result = score(motion)
    assert result.estimates["gear_ratio_follower"].value == pytest.approx(-0.5, abs=0.01)
    assert result.estimates["velocity_follower"].value == pytest.approx(
        -0.5 * result.velocity.value, rel=0.02
    )


def test_replicas_of_unequal_length_count_as_far_as_the_shortest(made: Made) -> None:
    topology = mdtraj.load_pdb(str(made.top)).topology
    paths = made.write(".xtc")
    mdtraj.Trajectory(made.frames[1, :90], topology, time=INTERVAL * np.arange(90)).save(str(paths[1]))
    motion = made.read(paths)
    _is(motion, made.angles[:, :90])
    assert any("first 90 of each count" in text for text in score(motion).warnings)


def test_frames_whose_turns_cannot_be_told_are_refused(made: Made) -> None:
    """2.4 rad a frame are warned about; 3 rad a frame may as well be -3.28 and are refused."""
    for step, refused in ((0.5, False), (2.4, False), (3.0, True)):
        noise = np.random.default_rng(1).normal(0.0, 0.02, (2, 40))
        rotor = list(made.assembly.rotor)
        frames = [
            [_turned(made.assembly.positions_nm, rotor, a) for a in row]
            for row in step * np.arange(40.0) + noise
        ]
        paths = made.write(".xtc", np.array(frames))
        if refused:
            with pytest.raises(
                ScoreError,
                match=r"trajectories: rotor's angle changes by nearly half a turn .* expected frames",
            ):
                made.read(paths)
        else:
            warned = [text for text in score(made.read(paths)).warnings if "between samples" in text]
            assert bool(warned) == (step > 0.5 * math.pi)


def test_a_straight_stator_that_tumbles_is_warned_about(made: Made) -> None:
    held = made.assembly.axle[:1]
    assert not made.read(made.write(".xtc"), stator=held).warnings
    tilt = np.linspace(0.0, 0.7, FRAMES)
    tilted = made.frames.copy()
    for k, angle in enumerate(tilt):
        c, s = math.cos(angle), math.sin(angle)
        tilted[:, k] = tilted[:, k] @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]])
    motion = made.read(made.write(".xtc", tilted), stator=held)
    assert any("leans by up to 40 degrees" in text for text in score(motion).warnings)


def _wrong_cases(made: Made) -> dict[str, tuple[Callable[[], Any], str]]:
    xtc, dcd = made.write(".xtc"), made.write(".dcd")
    scaled = made.folder / "scaled.lammpstrj"
    scaled.write_text(
        "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 1\n0 1\n0 1\nITEM: ATOMS id type xs ys zs\n1 1 0 0 0\n"
    )
    topology = mdtraj.load_pdb(str(made.top)).topology
    uneven = made.folder / "uneven.xtc"
    times = INTERVAL * np.arange(FRAMES)
    times[60:] += 5.0
    mdtraj.Trajectory(made.frames[0], topology, time=times).save(str(uneven))
    other = made.folder / "other.xtc"
    mdtraj.Trajectory(
        made.frames[0][:, :5], topology.subset(range(5)), time=INTERVAL * np.arange(FRAMES)
    ).save(str(other))
    slower = made.folder / "slower.xtc"
    mdtraj.Trajectory(made.frames[0], topology, time=2 * INTERVAL * np.arange(FRAMES)).save(str(slower))
    torn = made.frames.copy()
    torn[:, 50:, list(made.assembly.rotor)] += [3.0, 0.0, 0.0]
    cut = [path.rename(made.folder / f"cut{k}.nc") for k, path in enumerate(made.write(".nc", torn))]
    garbage = made.folder / "garbage.trr"
    garbage.write_bytes(b"not a trajectory" * 50)
    tail, head = made.assembly.axle
    n = len(made.assembly.masses)
    read = read_trajectories
    hdf5 = made.folder / "frames.h5"
    hdf5.write_bytes(b"not HDF5")
    return {
        "no times": (lambda: made.read(dcd), "frame_interval_ps: missing; .*replica0.dcd has no times"),
        "scaled": (lambda: made.read([scaled, scaled], frame_interval_ps=1.0), "holds no coordinates in angstrom"),
        "uneven": (lambda: made.read([xtc[0], uneven]), "not evenly spaced"),
        "other atoms": (lambda: made.read([xtc[0], other]), "MDTraj can't read it|has 5 atoms"),
        "another interval": (lambda: made.read([xtc[0], slower]), "frames are 1 ps apart, those of .* 0.5 ps"),
        "torn": (lambda: made.read(cut), "in frame 50 neighbours are .* nm apart: cut"),
        "garbage": (lambda: made.read([garbage, garbage]), "MDTraj can't read it"),
        "HDF5": (lambda: made.read([hdf5, hdf5]), "pip install tables|MDTraj can't read it"),
        "no topology": (lambda: read(garbage, xtc, made.axle, made.rotor), "can't read a topology"),
        "missing": (lambda: read("none.pdb", xtc, made.axle, made.rotor), "none.pdb: no such file"),
        "out of range": (lambda: read(made.top, xtc, f"{tail},{n}", made.rotor), f"axle {tail},{n}: got atom {n}; expected"),
        "axle of one": (lambda: read(made.top, xtc, "0", made.rotor), "expected two atoms"),
        "axle of many": (lambda: read(made.top, xtc, "element C", made.rotor), "selects 12 atoms; expected two"),
        "axle of none": (lambda: read(made.top, xtc, f"{head},{head}", made.rotor), "twice"),
        "same ends": (lambda: read(made.top, xtc, "element F -> element F", made.rotor), "both ends are the same"),
        "nothing": (lambda: read(made.top, xtc, made.axle, "resname XYZ"), "^rotor resname XYZ: selects no atom"),
        "grammar": (lambda: read(made.top, xtc, made.axle, "resnme ROT"), "^rotor resnme ROT: MDTraj can't read it"),
        "on the axle": (lambda: read(made.top, xtc, made.axle, [tail]), "all atoms lie on the axle"),
        "stator turns": (lambda: made.read(xtc, stator=made.rotor), "turns too"),
        "half a wheel": (lambda: made.read(xtc, follower="0,1"), "^follower_axle: missing; expected both or neither"),
        "stride": (lambda: made.read(xtc, stride=0), "^stride 0: expected one or more"),
        "before the start": (lambda: made.read(xtc, equilibration_ps=-1.0), "^equilibration_ps -1 ps: expected zero or more"),
        "no files": (lambda: made.read([]), "^trajectories: none; expected a list of files"),
        "no list": (lambda: read(made.top, "a.xtc", made.axle, made.rotor), "^trajectories: got 'a.xtc'; expected a list"),
        "too short": (lambda: made.read(xtc, equilibration_ps=58.0), "4 frames are left"),
        "one replica": (lambda: score(made.read(xtc[:1])), "one replica"),
    }  # fmt: skip


def test_what_is_wrong_is_named(made: Made) -> None:
    for name, (attempt, message) in _wrong_cases(made).items():
        with pytest.raises(MolmachError, match=message) as raised:
            attempt()
        assert raised.value.exit_code == 2, name


def test_the_command_writes_a_report_and_says_what_cannot_be_known(
    made: Made, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = made.write(".lammpstrj", cell=4.0 * np.eye(3))
    files = [part for path in paths for part in ("--traj", str(path))]
    folder = made.folder / "scored"
    arguments = ["score", "--top", str(made.top), *files, "--axle", made.axle, "--rotor", made.rotor]
    arguments += ["--frame-interval", "500 fs", "-o", str(folder)]
    monkeypatch.setattr("sys.argv", ["molmach", *arguments, "--json"])
    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code in (0, None)
    document = json.loads(capsys.readouterr().out)
    assert document == json.loads((folder / "score.json").read_text())
    assert document["schema"] == "molmach.score/1"
    velocity = (made.angles[:, -1] - made.angles[:, 0]).mean() / TURN / (INTERVAL * (FRAMES - 1)) * 1e3
    assert document["score"]["velocity"]["value"] == pytest.approx(velocity, rel=1e-3)
    assert document["score"]["controlled"] is False
    assert document["unknown"].keys() >= {"controls", "work_rate", "dissipation"}
    assert not document["unknown"].keys() & document["score"].keys() - {"energy_balance"}
    with np.load(folder / "coordinate.npz") as stored:
        np.testing.assert_allclose(stored["coordinate"] - stored["coordinate"][:, :1], made.angles, atol=5e-3)
    page = (folder / "report.html").read_text()
    for wanted in ("uncontrolled", "What these trajectories can't tell", "dissipation", "replica0.lammpstrj"):
        assert wanted in page
    assert "$" not in page.replace("data:image", "").split("base64")[0]
    monkeypatch.setattr("sys.argv", ["molmach", *arguments])
    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code == 2
    assert "exists; expected a new or empty folder" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["molmach", *arguments[:-2]])
    with pytest.raises(SystemExit):
        command()
    shown = capsys.readouterr().out
    assert "uncontrolled" in shown
    assert "not known from coordinates alone: work rate, dissipation" in shown


def test_a_topology_of_namd_gives_masses_by_its_elements(made: Made) -> None:
    """PSF with DCD, as NAMD and CHARMM leave them."""
    molecule = made.assembly.molecule
    atoms = [
        f"{i + 1:8d} MOL  1    ROT  {atom.GetSymbol()}{i + 1:<3d} {atom.GetSymbol():<4s} {0.0:10.6f} {atom.GetMass():13.4f} {0:11d}"
        for i, atom in enumerate(molecule.GetAtoms())
    ]
    pairs = [f"{b.GetBeginAtomIdx() + 1:8d}{b.GetEndAtomIdx() + 1:8d}" for b in molecule.GetBonds()]
    rows = ["".join(pairs[k : k + 4]) for k in range(0, len(pairs), 4)]
    text = ["PSF", "", "       1 !NTITLE", " REMARKS", "", f"{len(atoms):8d} !NATOM", *atoms, ""]
    psf = made.folder / "machine.psf"
    psf.write_text(
        "\n".join([*text, f"{len(pairs):8d} !NBOND: bonds", *rows, "", "       0 !NTHETA: angles", ""])
    )
    paths = made.write(".dcd")
    motion = read_trajectories(
        psf, paths, made.axle, f"resname ROT and index {made.rotor.replace(',', ' ')}", frame_interval_ps=0.5
    )
    _is(motion, made.angles)
    assert motion.moment_of_inertia == pytest.approx(made.assembly.moment_of_inertia(), rel=2e-3)
    assert not motion.warnings


WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("openmm", "ray"):
            raise ImportError(f"{name} is not there")

sys.meta_path.insert(0, Absent())
"""
"""OpenMM and Ray are as good as not installed."""


def _alone(code: str, *arguments: str) -> str:
    """Output of some code in a Python of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_a_foreign_motion_is_scored_without_openmm_or_ray() -> None:
    """MDTraj, which looks for OpenMM by itself, is only there when files are read."""
    code = """
import sys
import numpy as np
import molmach
from molmach.data import Motion
steps = np.random.default_rng(0).normal(1.2, 0.1, (8, 20))
print(molmach.score(Motion(0.1 * np.arange(20.0), np.cumsum(steps, axis=1))).verdict)
print(sorted({"openmm", "ray", "mdtraj", "numba", "matplotlib"} & sys.modules.keys()))
"""
    assert _alone(code).splitlines() == ["forward", "[]"]


def test_foreign_trajectories_are_read_and_scored_without_openmm_or_ray(made: Made) -> None:
    paths = made.write(".xtc")
    read = f"molmach.read_trajectories({str(made.top)!r}, sys.argv[1:], {made.axle!r}, {made.rotor!r})"
    code = f"""{WITHOUT}
import molmach
result = molmach.score({read})
print(result.velocity.value)
print(sorted({{"openmm", "ray"}} & sys.modules.keys()))
"""
    velocity, loaded = _alone(code, *map(str, paths)).splitlines()
    assert float(velocity) == pytest.approx(score(made.read(paths)).velocity.value, rel=1e-12)
    assert loaded == "[]"


def test_the_command_scores_foreign_trajectories_without_openmm_or_ray(made: Made) -> None:
    paths, folder = made.write(".xtc"), made.folder / "alone"
    files = [part for path in paths for part in ("--traj", str(path))]
    code = f"{WITHOUT}\nfrom molmach.cli.main import run\nrun()"
    arguments = ["score", "--top", str(made.top), *files, "--axle", made.axle, "--rotor", made.rotor]
    document = json.loads(_alone(code, *arguments, "-o", str(folder), "--json"))
    assert document["score"]["velocity"]["value"] == score(made.read(paths)).velocity.value
    assert (folder / "report.html").is_file()
