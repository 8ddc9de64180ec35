"""Rotors, axles and stators chosen amiss, and frames and elements of another kind than they seem."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mdtraj
import numpy as np
import pytest

from molmach import read_trajectories, score
from molmach.errors import ScoreError
from molmach.scoring.atom_types import elements_of_types
from molmach.scoring.frames import Frames
from molmach.scoring.sharing import refuse_shared_frames

INTERVAL, FRAMES = 0.1, 200
RING = ("F1", "C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8", "C9", "C10", "F2", "H1", "H2", "H3", "H4")
PLACES = 0.1 * np.array(
    [
        [2.384, 0.0, -1.352], [1.213, 0.0, -0.696], [0.009, 0.0, -1.402], [0.0, 0.0, -2.833],
        [-0.009, 0.0, -4.034], [-1.2, 0.0, -0.7], [-1.2, 0.0, 0.7], [0.009, 0.0, 1.402],
        [0.0, 0.0, 2.833], [-0.009, 0.0, 4.034], [1.213, 0.0, 0.696], [2.384, 0.0, 1.352],
        [-0.008, 0.0, -5.099], [-2.148, 0.0, -1.236], [-2.148, 0.0, 1.236], [-0.008, 0.0, 5.099],
    ]
)  # fmt: skip
"""1,4-diethynyl-2,3-difluorobenzene along z, nm, which turns as a whole."""
BONDS = (
    (0, 1), (1, 2), (1, 10), (2, 3), (2, 5), (3, 4), (4, 12), (5, 6), (5, 13), (6, 7), (6, 14), (7, 8),
    (7, 10), (8, 9), (9, 15), (10, 11),
)  # fmt: skip
SMALL = np.array(
    [
        [0.0, 0.0, 0.0], [0.0, 0.0, 0.15], [0.12, 0.0, 0.2], [-0.12, 0.0, 0.2], [0.12, 0.0, 0.32],
        [0.1, 0.0, -0.1], [-0.1, 0.05, -0.1], [0.0, 0.12, -0.15],
    ]
)  # fmt: skip
SMALL_BONDS = ((0, 1), (1, 2), (1, 3), (2, 4), (0, 5), (0, 6), (0, 7))
"""An axle of two atoms, a rotor of three at its head, a stator of three at its tail."""

Floats = np.ndarray[Any, Any]


def topology(names: tuple[str, ...], bonds: tuple[tuple[int, int], ...], copies: int = 1) -> Any:
    top = mdtraj.Topology()
    for _ in range(copies):
        residue = top.add_residue("ROT", top.add_chain())
        atoms = [top.add_atom(n, mdtraj.element.get_by_symbol(n[0]), residue) for n in names]
        for first, second in bonds:
            top.add_bond(atoms[first], atoms[second])
    return top


NAMES = ("C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8")


def turned(places: Floats, atoms: list[int], seed: int) -> Floats:
    angles = _angles(seed)
    frames = np.repeat(places[None], FRAMES, axis=0)
    z = (places[atoms, 0] + 1j * places[atoms, 1]) * np.exp(1j * angles)[:, None]
    frames[:, atoms, 0], frames[:, atoms, 1] = z.real, z.imag
    return frames


def _angles(seed: int) -> Floats:
    angles = np.cumsum(np.random.default_rng(seed).normal(0.05, 0.05, FRAMES))
    return np.asarray(angles - angles[0])


TRUE = float(np.mean([_angles(k)[-1] for k in range(2)]) / (2 * np.pi) / (INTERVAL * (FRAMES - 1)) * 1e3)


def save(path: Path, frames: Floats, top: Any, cell: float = 0.0) -> Path:
    trajectory = mdtraj.Trajectory(frames, top, time=INTERVAL * np.arange(len(frames)))
    if cell:
        trajectory.unitcell_vectors = np.repeat(cell * np.eye(3)[None], len(frames), axis=0)
    trajectory.save(str(path))
    return path


def small(
    folder: Path, ending: str = ".xtc", scale: float = 1.0, cell: float = 0.0
) -> tuple[Path, list[Path]]:
    top = topology(NAMES, SMALL_BONDS)
    frames = [scale * turned(SMALL, [2, 3, 4], k) for k in range(2)]
    if cell:
        frames = [part - cell * np.floor(part / cell) for part in frames]
    paths = [save(folder / f"r{k}{ending}", part, top, cell) for k, part in enumerate(frames)]
    return save(folder / "top.pdb", SMALL[None], top), paths


def velocity(top: Path, paths: list[Path], axle: Any, rotor: Any, **options: Any) -> float:
    return float(score(read_trajectories(top, paths, axle, rotor, **options)).velocity.value)


@pytest.mark.parametrize("rotor", ["0,1,2,5,6,7,10,11", "0,1,2,5,6,7,10,11,13,14", "0,11", "13", "all"])
def test_a_rotors_own_hydrogens_are_no_stator(tmp_path: Path, rotor: str) -> None:
    top = topology(RING, BONDS)
    paths = [save(tmp_path / f"h{k}.xtc", turned(PLACES, list(range(16)), k), top) for k in range(2)]
    motion = read_trajectories(save(tmp_path / "h.pdb", PLACES[None], top), paths, "3,8", rotor)
    assert score(motion).velocity.value == pytest.approx(TRUE, rel=0.01)
    whole = rotor == "all" or "13,14" in rotor
    assert any("bonded to the rotor beside its axle" in text for text in motion.warnings) != whole


@pytest.mark.parametrize("rotor", ["2,3,4", "4", "2", "3,4"])
def test_a_part_of_the_rotor_turns_as_the_whole(tmp_path: Path, rotor: str) -> None:
    top, paths = small(tmp_path)
    assert velocity(top, paths, "0,1", rotor) == pytest.approx(TRUE, rel=0.01)


def test_a_stator_that_turns_and_a_rotor_that_stands_are_refused(tmp_path: Path) -> None:
    top, paths = small(tmp_path)
    with pytest.raises(ScoreError, match=r"^stator: turns with the rotor \(atoms 3"):
        velocity(top, paths, "0,1", "2,4", stator="3,5,6")
    with pytest.raises(ScoreError, match=r"^rotor: its atoms do not turn together"):
        velocity(top, paths, "0,1", "all")


@pytest.mark.parametrize(
    ("axle", "rotor", "named"),
    [
        ("0,1", "10,11,12", "of a molecule beside the axle"),
        ("0,1", "2,3,11", "do not turn together"),
        ("0,9", "2,3,4", "turns about another line"),
    ],
)
def test_atoms_of_several_molecules_by_number(tmp_path: Path, axle: str, rotor: str, named: str) -> None:
    top, aside, paths = topology(NAMES, SMALL_BONDS, 2), np.array([1.2, 0.0, 0.0]), []
    for k in range(2):
        other = turned(SMALL * [1, -1, 1], [2, 3, 4], 7 + k) * [1, -1, 1] + aside
        paths.append(
            save(tmp_path / f"w{k}.xtc", np.concatenate([turned(SMALL, [2, 3, 4], k), other], 1), top)
        )
    file = save(tmp_path / "two.pdb", np.concatenate([SMALL, SMALL + aside])[None], top)
    assert velocity(file, paths, "0,1", "2,3,4") == pytest.approx(TRUE, rel=0.01)
    with pytest.raises(ScoreError, match=named):
        velocity(file, paths, axle, rotor)


def test_a_cell_smaller_than_the_machine_is_refused(tmp_path: Path) -> None:
    for cell in (0.3, 0.45, 0.55):
        with pytest.raises(ScoreError, match="smaller than the machine"):
            velocity(*small(tmp_path, cell=cell), "0,1", "2,3,4")
    assert velocity(*small(tmp_path, cell=0.75), "0,1", "2,3,4") == pytest.approx(TRUE, rel=0.01)


def test_coordinates_in_another_unit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match=r"r0\.xtc: .* seem to be in angstrom; expected nm"):
        velocity(*small(tmp_path, scale=10.0), "0,1", "2,3,4")
    with pytest.raises(ScoreError, match=r"r0\.xyz: .* seem to be in nm; expected angstrom"):
        velocity(*small(tmp_path, ".xyz", scale=0.1), "0,1", "2,3,4", frame_interval_ps=INTERVAL)


@pytest.mark.parametrize("ending", [".xtc", ".dcd"])
def test_still_and_empty_frames_are_refused(tmp_path: Path, ending: str) -> None:
    top, paths = small(tmp_path, ending)
    for name, rows, named in (
        ("end", slice(50, None), "frames 49 to 199 are all the same"),
        ("middle", slice(50, 80), "frames 49 to 79 are all the same"),
        ("empty", slice(50, 51), r"frame 50 is empty: .*\(1 such"),
    ):
        frames = turned(SMALL, [2, 3, 4], 0)
        frames[rows] = 0.0 if name == "empty" else frames[49]
        path = save(tmp_path / f"{name}{ending}", frames, topology(NAMES, SMALL_BONDS))
        with pytest.raises(ScoreError, match=named):
            velocity(top, [path, paths[1]], "0,1", "2,3,4", frame_interval_ps=INTERVAL)


def test_numbers_that_leave_nothing_are_refused(tmp_path: Path) -> None:
    top, paths = small(tmp_path)
    cases: list[tuple[dict[str, Any], str]] = [
        ({"stride": 10**9}, "1 of its 200 frames are left"),
        ({"stride": 1.5}, "^stride 1.5: expected a whole number"),
        ({"frame_interval_ps": "0.1"}, "expected a number of ps"),
        ({"equilibration_ps": "x"}, "expected a number of ps"),
    ]
    for options, named in cases:
        with pytest.raises(ScoreError, match=named):
            velocity(top, paths, "0,1", "2,3,4", **options)


def _replica(frames: Floats, start: float | None) -> Frames:
    return Frames(frames, None, 2 * INTERVAL, start, 0.0)


def test_interleaved_frames_are_of_one_run() -> None:
    """And sixty pairs of rotors in step with one drive, or walking by themselves, are not (none refused of 3000)."""
    run = turned(SMALL, [2, 3, 4], 0)
    for starts in ((0.0, INTERVAL), (None, None)):
        for pieces in ((run[::2], run[1::2]), (run[1::2], run[2::2])):
            pair = [_replica(part, start) for part, start in zip(pieces, starts, strict=True)]
            with pytest.raises(ScoreError, match="lie between those of"):
                refuse_shared_frames([Path("a"), Path("b")], pair)
    rng = np.random.default_rng(5)
    for k in range(60):
        rate, noise = rng.uniform(0.01, 0.5), rng.uniform(0.01, 0.3)
        pair = []
        for _ in range(2):
            w = noise * rng.normal(size=FRAMES)
            angles = rate * np.arange(FRAMES) + (w if k % 2 else np.cumsum(w))
            z = (SMALL[2:5, 0] + 1j * SMALL[2:5, 1]) * np.exp(1j * angles)[:, None]
            pair.append(_replica(np.stack([z.real, z.imag, np.zeros_like(z.real)], axis=-1), 0.0))
        refuse_shared_frames([Path("a"), Path("b")], pair)


@pytest.mark.parametrize(
    ("types", "names", "symbols"),
    [
        ("C.ar C.ar Cl Cl C.3 C.3 C.3 N.pl3", "C1 C2 X1 X2 C3 C4 C5 N6", "C C Cl Cl C C C N"),
        ("ca ca ca cd cl ns c3 hc", "C1 C2 C3 C4 X5 N6 C7 H8", "C C C C Cl N C H"),
        ("CG2R61 CG2R61 CLGR1 BRGR1 NG311 OG2D1 SG311 HGA3", "C1 C2 X1 X2 N5 O6 S7 H8", "C C Cl Br N O S H"),
        ("CA CA NA NB OS CT HO HC", "C1 C2 N3 N4 O5 C6 H7 H8", None),
        (
            "opls_145 opls_145 opls_145 opls_145 opls_154 opls_135 opls_140 opls_140",
            "C1 C2 N3 N4 O5 C6 H7 H8",
            None,
        ),
    ],
)
def test_types_of_a_mol2_file_tell_elements_or_names_do(
    tmp_path: Path, types: str, names: str, symbols: str | None
) -> None:
    file = tmp_path / "top.mol2"
    atoms = [
        f"{k + 1} {name} {x:.4f} {y:.4f} {z:.4f} {kind} 1 ROT 0.0"
        for k, (name, kind, (x, y, z)) in enumerate(
            zip(names.split(), types.split(), 10 * SMALL, strict=True)
        )
    ]
    bonds = [f"{k + 1} {i + 1} {j + 1} 1" for k, (i, j) in enumerate(SMALL_BONDS)]
    head = ["@<TRIPOS>MOLECULE", "ROT", "8 7 1 0 0", "SMALL", "NO_CHARGES", "", "@<TRIPOS>ATOM"]
    file.write_text("\n".join([*head, *atoms, "@<TRIPOS>BOND", *bonds]) + "\n")
    told = elements_of_types(file)
    assert (None if told is None else " ".join(told.values())) == symbols
    _, paths = small(tmp_path)
    read = (symbols or "C C N N O C H H").split()
    expected = 0.12**2 * sum(mdtraj.element.get_by_symbol(symbol).mass for symbol in read[2:5])
    assert read_trajectories(file, paths, "0,1", "2,3,4").moment_of_inertia == pytest.approx(
        expected, rel=2e-3
    )


@pytest.mark.parametrize(
    ("name", "nearest", "doubted"),
    [("CR1", 0.16, True), ("OS1", 0.17, True), ("SN1", 0.17, True), ("BE1", 0.165, True), ("CR1", 0.15, False),
     ("OS1", 0.143, False), ("NA1", 0.15, False), ("CA1", 0.153, False)],
)  # fmt: skip
def test_a_name_near_a_short_bond_is_doubted(
    tmp_path: Path, name: str, nearest: float, doubted: bool
) -> None:
    places = SMALL.copy()
    places[3] = [-nearest, 0.0, 0.15]
    top = topology((*NAMES[:3], name, *NAMES[4:]), SMALL_BONDS)
    file = save(tmp_path / "top.gro", places[None], top)
    paths = [save(tmp_path / f"g{k}.xtc", turned(places, [2, 3, 4], k), top) for k in range(2)]
    motion = read_trajectories(file, paths, "0,1", "2,3,4")
    assert any(f"{name}: read as {name[0]}, not" in text for text in motion.warnings) == doubted
    assert np.isfinite(motion.moment_of_inertia)
