"""Motion of a rotor in anyone's trajectory files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from molmach.building import MAX_SAFE_JUMP, largest_jump
from molmach.data.motion import Motion
from molmach.data.statistics import Floats
from molmach.errors import Argument, ScoreError
from molmach.scoring.frames import Frames, read_frames, read_topology
from molmach.scoring.selection import (
    AXLE,
    EQUILIBRATION,
    FOLLOWER,
    FOLLOWER_AXLE,
    FRAME_INTERVAL,
    ROTOR,
    STATOR,
    STRIDE,
    TRAJECTORIES,
    Atoms,
    Selection,
    select,
    select_axle,
)
from molmach.scoring.wheel import STRAIGHT, Wheel, angles_about, breadth, inertia_about, laid_on, lean

_TILT = math.radians(30.0)
"""An axle without such a stator that leans farther than this has no fixed angle."""

_MOST_STATOR = 2000
"""More atoms than this tell no better how the stator lies."""

_HALF_TURN = 0.9 * math.pi
"""Changes of the angle beyond this may be the rest of a turn the other way."""


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
) -> Motion:
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
        bonded to the chosen ones or in their residues.
    frame_interval_ps
        Time between the files' frames; needed for formats that carry none, such as DCD and LAMMPSTRJ.
    stride
        Reads one frame in so many.
    equilibration_ps
        Time at the start of every file that is not measured.

    Returns
    -------
    Motion
        From the end of the equilibration to the end of the shortest file.

    Raises
    ------
    ScoreError
        A file can't be read, a selection is wrong, times do not match, or the frames are too far apart
        to tell which way the rotor turned between them.
    """
    if stride < 1:
        raise ScoreError(STRIDE, f" {stride}: expected one or more")
    if frame_interval_ps is not None and not frame_interval_ps > 0.0:
        raise ScoreError(FRAME_INTERVAL, f" {frame_interval_ps:g} ps: expected a time above zero")
    if not 0.0 <= equilibration_ps < math.inf:
        raise ScoreError(EQUILIBRATION, f" {equilibration_ps:g} ps: expected zero or more")
    if isinstance(trajectories, str | Path) or len(trajectories) == 0:
        got = f"got {str(trajectories)!r}" if trajectories else "none"
        raise ScoreError(TRAJECTORIES, f": {got}; expected a list of files, one a replica")
    if (follower is None) != (follower_axle is None):
        missing = FOLLOWER if follower is None else FOLLOWER_AXLE
        raise ScoreError(missing, ": missing; expected both or neither of ", FOLLOWER_AXLE, ", ", FOLLOWER)
    top = read_topology(Path(topology))
    wheels = [Wheel(ROTOR, *select_axle(AXLE, axle, top), select(ROTOR, rotor, top))]
    if follower is not None and follower_axle is not None:
        ends = select_axle(FOLLOWER_AXLE, follower_axle, top)
        wheels.append(Wheel(FOLLOWER, *ends, select(FOLLOWER, follower, top)))
    held = _stator(stator, top, wheels)
    atoms = np.unique(np.concatenate([held, *(wheel.atoms for wheel in wheels)]))
    paths = [Path(path) for path in trajectories]
    files = read_frames(paths, top, atoms, frame_interval_ps, stride, drop_repeated)
    frames, time_ps, warnings = _together(files, paths, equilibration_ps)
    masses, known = _masses(top, atoms)
    if not known:
        warnings.append(
            "the topology does not give every atom's element, so all atoms have one weight and the moment of "
            "inertia is not known; a topology with elements (PDB, PRMTOP, PSF) gives masses"
        )
    wheels = [wheel.among(atoms) for wheel in wheels]
    reference, inner = frames[0][0], np.searchsorted(atoms, held)
    if held.size >= 3 and breadth(reference[inner]) > STRAIGHT:
        frames = [laid_on(part, reference, inner) for part in frames]
    elif (leaning := max(lean(wheels[0], part) for part in frames)) > _TILT:
        warnings.append(
            f"the stator is straight, so the angle is taken against fixed axes, and the axle leans by up to "
            f"{math.degrees(leaning):.0f} degrees; a stator with atoms beside the axle would follow it"
        )
    angles = {wheel.argument: angles_about(wheel, frames, masses) for wheel in wheels}
    for argument, angle in angles.items():
        _refuse_half_turns(argument, angle, float(time_ps[1] - time_ps[0]))
    return Motion(
        time_ps,
        angles.pop(ROTOR),
        followers={str(argument): angle for argument, angle in angles.items()},
        moment_of_inertia=inertia_about(wheels[0], reference, masses) if known else math.nan,
        warnings=tuple(warnings),
    )


def _masses(topology: Any, atoms: Atoms) -> tuple[Floats, bool]:
    """Masses of atoms, u, and whether they are known; one each where some are not."""
    elements = [topology.atom(int(i)).element for i in atoms]
    if any(element is None or element.mass <= 0.0 for element in elements):
        return np.ones(atoms.size), False
    return np.array([element.mass for element in elements], dtype=np.float64), True


def _stator(chosen: Selection | None, topology: Any, wheels: list[Wheel]) -> Atoms:
    """The atoms of the stator; the chosen atoms' residues and molecules by default, evenly thinned."""
    turning = np.concatenate([wheel.rotor for wheel in wheels])
    if chosen is not None:
        held = select(STATOR, chosen, topology)
        both = np.intersect1d(held, turning)
        if both.size:
            raise ScoreError(STATOR, f" {chosen}: atom {both[0]} turns too; expected atoms that do not turn")
    else:
        known = np.concatenate([wheel.atoms for wheel in wheels])
        held = np.setdiff1d(_bonded_to(known, topology), turning)
    return np.sort(held)[:: -(-held.size // _MOST_STATOR) or 1]


def _bonded_to(atoms: Atoms, topology: Any) -> Atoms:
    """Atoms of the same residues, and all that are bonded to those directly or by others."""
    around: dict[int, list[int]] = {}
    for first, second in topology.bonds:
        around.setdefault(first.index, []).append(second.index)
        around.setdefault(second.index, []).append(first.index)
    residues = {topology.atom(int(i)).residue.index: topology.atom(int(i)).residue for i in atoms}
    left = [atom.index for residue in residues.values() for atom in residue.atoms]
    bonded = set(left)
    while left:
        fresh = set(around.get(left.pop(), ())) - bonded
        bonded |= fresh
        left += fresh
    return np.array(sorted(bonded), dtype=np.int64)


def _together(
    files: list[Frames], paths: list[Path], equilibration_ps: float
) -> tuple[list[Floats], Floats, list[str]]:
    """Measured frames of equal number, their times from zero, and what was left out."""
    interval = files[0].interval_ps
    for path, part in zip(paths, files, strict=True):
        if abs(part.interval_ps - interval) > 1e-3 * interval:
            raise ScoreError(
                TRAJECTORIES,
                f" {path}: its frames are {part.interval_ps:g} ps apart, those of {paths[0]} "
                f"{interval:g} ps; expected the same in every replica",
            )
    lengths = [len(part.positions) for part in files]
    shortest, skipped = min(lengths), math.ceil(equilibration_ps / interval - 1e-6)
    if shortest - skipped < 10:
        raise ScoreError(
            TRAJECTORIES,
            f" {paths[lengths.index(shortest)]}: {max(0, shortest - skipped)} frames are left after an "
            f"equilibration of {equilibration_ps:g} ps; expected at least 10",
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
