"""Motion of a rotor in anyone's trajectory files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from molmach.building import MAX_SAFE_JUMP, largest_jump
from molmach.data.copies import Copies
from molmach.data.motion import Motion
from molmach.data.statistics import Floats
from molmach.errors import Argument, ScoreError
from molmach.scoring.elements import masses_of
from molmach.scoring.frames import (
    LEAST_FRAMES,
    Frames,
    read_frames,
    read_snapshot,
    read_topology,
    topology_positions,
)
from molmach.scoring.images import make_whole, spanning_tree
from molmach.scoring.machine import TOGETHER, Chosen, Machine, machines_of_each, one_machine
from molmach.scoring.selection import (
    EQUILIBRATION,
    FOLLOWER,
    FOLLOWER_AXLE,
    FRAME_INTERVAL,
    ROTOR,
    STRIDE,
    TRAJECTORIES,
    Atoms,
    Selection,
)
from molmach.scoring.sharing import refuse_shared_files, refuse_shared_frames
from molmach.scoring.stator import still_atoms
from molmach.scoring.wheel import STRAIGHT, Wheel, angles_about, breadth, inertia_about, laid_on, lean, spread

_TILT = math.radians(30.0)
"""An axle without such a stator that leans farther than this has no fixed angle."""

_LOOSE = 0.5
"""A stator whose atoms stray by more than this share of its breadth has no shape to lay frames by."""

_HALF_TURN = 0.9 * math.pi
"""Changes of the angle beyond this may be the rest of a turn the other way."""


@overload
def read_trajectories(
    topology: str | Path,
    trajectories: Sequence[str | Path],
    axle: Selection,
    rotor: Selection,
    *,
    follower_axle: Selection | None = None,
    follower: Selection | None = None,
    stator: Selection | None = None,
    frame_interval_ps: float | None = None,
    stride: int = 1,
    equilibration_ps: float = 0.0,
    drop_repeated: bool = False,
    each: Literal["none"] | None = None,
) -> Motion: ...
@overload
def read_trajectories(
    topology: str | Path,
    trajectories: Sequence[str | Path],
    axle: Selection,
    rotor: Selection,
    *,
    follower_axle: Selection | None = None,
    follower: Selection | None = None,
    stator: Selection | None = None,
    frame_interval_ps: float | None = None,
    stride: int = 1,
    equilibration_ps: float = 0.0,
    drop_repeated: bool = False,
    each: Literal["residue", "chain", "molecule"],
) -> Copies: ...
@overload
def read_trajectories(
    topology: str | Path,
    trajectories: Sequence[str | Path],
    axle: Selection,
    rotor: Selection,
    *,
    follower_axle: Selection | None = None,
    follower: Selection | None = None,
    stator: Selection | None = None,
    frame_interval_ps: float | None = None,
    stride: int = 1,
    equilibration_ps: float = 0.0,
    drop_repeated: bool = False,
    each: str | None = None,
) -> Motion | Copies: ...
def read_trajectories(
    topology: str | Path,
    trajectories: Sequence[str | Path],
    axle: Selection,
    rotor: Selection,
    *,
    follower_axle: Selection | None = None,
    follower: Selection | None = None,
    stator: Selection | None = None,
    frame_interval_ps: float | None = None,
    stride: int = 1,
    equilibration_ps: float = 0.0,
    drop_repeated: bool = False,
    each: str | None = None,
) -> Motion | Copies:
    """Unwrapped rotor angles of trajectory files, one file a replica.

    Atoms are 0-based numbers or a selection in MDTraj's language. Machines cut by a periodic cell are
    made whole. Every frame is laid on the first by the stator, where that has a breadth which fixes the
    angle; a straight stator leaves the laboratory's own axes. The angle is the mass-weighted
    least-squares turn of the rotor about the axle; counter-clockwise seen from the axle's head is
    positive.

    Parameters
    ----------
    topology
        A file that MDTraj takes as topology (PDB, GRO, PRMTOP, PSF, ...).
    trajectories
        Files of the same atoms (XTC, TRR, DCD, NetCDF, LAMMPSTRJ, ...), each an independent replica.
    axle
        Two atoms, from -> to, or two selections with ``->`` between them, whose mean places count.
    rotor
        The atoms that turn.
    follower_axle, follower
        The same of a wheel that the rotor turns.
    stator
        What the angle is taken against; by default the atoms that turn in none of these ways and are
        bonded to the chosen ones or in their residues, without those that bonds hold to a turning part
        beside its axle, as its hydrogens.
    frame_interval_ps
        Time between the files' frames; needed where a file has no times of its own: DCD, XYZ, LAMMPSTRJ,
        PDB, an AMBER NetCDF without ``time``, a GRO without ``t=``.
    stride
        Keeps one frame in so many.
    equilibration_ps
        Time at the start of every file that is not measured.
    drop_repeated
        Whether frames that a restart wrote again give way to what it wrote; a file with times that repeat
        is refused otherwise.
    each
        ``residue``, ``chain`` or ``molecule``: the machine is sought in each that has atoms of the rotor, as
        in a crystal or on a surface. ``none``: copies that are chosen turn together as one part. By default
        a selection that takes in several copies is refused.

    Returns
    -------
    Motion | Copies
        From the end of the equilibration to the end of the shortest file; with ``each`` that of every copy.

    Raises
    ------
    ScoreError
        A file can't be read, a selection is wrong or takes in several copies, times are missing, repeat, are
        uneven or do not match, replicas share frames, the rotor's atoms or the stator's do not turn or stay
        together, or the frames are too far apart to tell which way the
        rotor turned between them.
    """
    _check_numbers(stride, frame_interval_ps, equilibration_ps)
    if isinstance(trajectories, str | Path) or len(trajectories) == 0:
        got = f"got {str(trajectories)!r}" if trajectories else "none"
        raise ScoreError(TRAJECTORIES, f": {got}; expected a list of files, one a replica")
    if (follower is None) != (follower_axle is None):
        missing = FOLLOWER if follower is None else FOLLOWER_AXLE
        raise ScoreError(missing, ": missing; expected both or neither of ", FOLLOWER_AXLE, ", ", FOLLOWER)
    chosen = Chosen(axle, rotor, follower_axle, follower, stator)
    top, paths = read_topology(Path(topology)), [Path(path) for path in trajectories]
    snapshot = read_snapshot(paths[0], top)
    if each is None or each == TOGETHER:
        machines = [one_machine(chosen, top, snapshot, together=each == TOGETHER)]
    else:
        machines = machines_of_each(chosen, top, each)
    atoms = np.unique(np.concatenate([machine.atoms for machine in machines]))
    placed = topology_positions(Path(topology), top)
    files = read_frames(paths, top, atoms, frame_interval_ps, stride, drop_repeated, placed)
    _refuse_other_intervals(files, paths)
    refuse_shared_files(paths)
    turning = np.unique([atom for machine in machines for wheel in machine.wheels for atom in wheel.rotor])
    masses = np.full(top.n_atoms, np.nan)
    masses[turning], doubts = masses_of(Path(topology), top, turning, snapshot)
    motions = {
        machine.name: _motion(machine, atoms, files, paths, equilibration_ps, masses[machine.atoms], doubts)
        for machine in machines
    }
    return motions[machines[0].name] if each is None or each == TOGETHER else Copies(each, motions)


def _check_numbers(stride: Any, frame_interval_ps: Any, equilibration_ps: Any) -> None:
    """Refuse what is no number, or none that can be."""
    if not isinstance(stride, Integral) or isinstance(stride, bool):
        raise ScoreError(STRIDE, f" {stride}: expected a whole number")
    if stride < 1:
        raise ScoreError(STRIDE, f" {stride}: expected one or more")
    for argument, value in ((FRAME_INTERVAL, frame_interval_ps), (EQUILIBRATION, equilibration_ps)):
        if value is not None and (not isinstance(value, Real) or isinstance(value, bool)):
            raise ScoreError(argument, f" {value}: expected a number of ps")
    if frame_interval_ps is not None and not 0.0 < frame_interval_ps < math.inf:
        raise ScoreError(FRAME_INTERVAL, f" {frame_interval_ps:g} ps: expected a time above zero")
    if equilibration_ps is None or not 0.0 <= equilibration_ps < math.inf:
        shown = "None" if equilibration_ps is None else f"{equilibration_ps:g} ps"
        raise ScoreError(EQUILIBRATION, f" {shown}: expected zero or more")


def _motion(
    machine: Machine,
    atoms: Atoms,
    files: list[Frames],
    paths: list[Path],
    equilibration_ps: float,
    masses: Floats,
    doubts: tuple[str, ...],
) -> Motion:
    """The motion of one machine.

    Parameters
    ----------
    machine
        Its atoms.
    atoms
        Numbers of the atoms that were read, of which it has some.
    files, paths
        What was read, and from where.
    equilibration_ps
        Not measured.
    masses
        (n_atoms,) u of its atoms; nan where they are not known.
    doubts
        About the masses.
    """
    inside = np.searchsorted(atoms, machine.atoms)
    wheels = [wheel.among(machine.atoms) for wheel in machine.wheels]
    known = not any(np.isnan(masses[wheel.rotor]).any() for wheel in wheels)
    weights = masses if known else np.ones(inside.size)
    whole = [_whole(part, path, inside, files[0]) for part, path in zip(files, paths, strict=True)]
    held, remarks = still_atoms(machine, wheels, [part.positions for part in whole], weights)
    laid, leaning = _laid(wheels[0], held, whole)
    refuse_shared_frames(paths, laid)
    frames, time_ps, warnings = _together(laid, paths, equilibration_ps)
    angles = {wheel.argument: angles_about(wheel, frames, weights) for wheel in wheels}
    for argument, angle in angles.items():
        _refuse_half_turns(argument, angle, float(time_ps[1] - time_ps[0]))
    return Motion(
        time_ps,
        angles.pop(ROTOR),
        followers={str(argument): angle for argument, angle in angles.items()},
        moment_of_inertia=inertia_about(wheels[0], laid[0].positions[0], masses) if known else math.nan,
        warnings=(*warnings, *doubts, *remarks, *leaning),
    )


def _whole(part: Frames, path: Path, inside: Atoms, first: Frames) -> Frames:
    """A file's frames of one machine's atoms, put together as in the first file's first frame."""
    positions = part.positions[:, inside]
    cell = None if first.cells is None else first.cells[0]
    tree = spanning_tree(first.positions[0, inside], cell)
    try:
        return replace(part, positions=make_whole(positions, part.cells, tree))
    except ScoreError as error:
        argument, *said = error.args
        raise ScoreError(argument, f" {path}", *said) from error


def _laid(wheel: Wheel, held: Atoms, files: list[Frames]) -> tuple[list[Frames], list[str]]:
    """Frames laid on the first by the stator; as they are, with a warning, where it is straight and leans."""
    reference = files[0].positions[0]
    if held.size >= 3 and (size := breadth(reference[held])) > STRAIGHT:
        laid = [replace(part, positions=laid_on(part.positions, reference, held)) for part in files]
        strain = max(spread(part.positions[:, held]) for part in laid)
        if strain <= _LOOSE * size:
            return laid, []
        return laid, [
            f"the stator does not keep its shape: its atoms stray by {strain:.2f} nm where it is {size:.2f} "
            "nm broad, so the angle is uncertain; atoms that keep their distances would be a better stator"
        ]
    leaning = max(lean(wheel, part.positions) for part in files)
    if leaning <= _TILT:
        return files, []
    return files, [
        f"the stator is straight, so the angle is taken against fixed axes, and the axle leans by up to "
        f"{math.degrees(leaning):.0f} degrees; a stator with atoms beside the axle would follow it"
    ]


def _refuse_other_intervals(files: list[Frames], paths: list[Path]) -> None:
    interval = files[0].interval_ps
    for path, part in zip(paths, files, strict=True):
        if abs(part.interval_ps - interval) > 1e-3 * interval:
            raise ScoreError(
                TRAJECTORIES,
                f" {path}: its frames are {part.interval_ps:g} ps apart, those of {paths[0]} "
                f"{interval:g} ps; expected the same in every replica",
            )


def _together(
    files: list[Frames], paths: list[Path], equilibration_ps: float
) -> tuple[list[Floats], Floats, list[str]]:
    """Measured frames of equal number, their times from zero, and what was left out."""
    interval = files[0].interval_ps
    lengths = [len(part.positions) for part in files]
    shortest, skipped = min(lengths), math.ceil(equilibration_ps / interval - 1e-6)
    if shortest - skipped < LEAST_FRAMES:
        raise ScoreError(
            TRAJECTORIES,
            f" {paths[lengths.index(shortest)]}: {max(0, shortest - skipped)} frames are left after an "
            f"equilibration of {equilibration_ps:g} ps; expected at least {LEAST_FRAMES}",
        )
    warnings = [doubt for part in files for doubt in part.doubts]
    if max(lengths) > shortest:
        warnings.append(
            f"the trajectories have {shortest} to {max(lengths)} frames; the first {shortest} of each count"
        )
    time_ps = interval * np.arange(shortest - skipped, dtype=np.float64)
    return [part.positions[skipped:shortest] for part in files], time_ps, warnings


def _refuse_half_turns(argument: Argument, angle: Floats, interval_ps: float) -> None:
    """Refuse frames so far apart that a turn a replica may have been counted the wrong way."""
    count = int(np.sum(np.abs(np.diff(angle, axis=-1)) > _HALF_TURN))
    if count >= len(angle):
        raise ScoreError(
            TRAJECTORIES,
            ": ",
            argument,
            f"'s angle changes by nearly half a turn between frames {interval_ps:g} ps apart, "
            f"{count} times; which way it turned can't be told; expected frames at most "
            f"{interval_ps * MAX_SAFE_JUMP / largest_jump(angle) / 2:.2g} ps apart",
        )
