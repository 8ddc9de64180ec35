"""Rotor angles from anyone's trajectory files, read by MDTraj."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mdtraj
import numpy as np

from molmach.build import across, unwrap
from molmach.errors import ScoreError
from molmach.score.statistics import Floats

_STRAIGHT = 0.02
"""A stator thinner than this (nm, second principal spread) gives no angle about the axle."""


def angles_of_trajectories(
    topology: Path,
    trajectories: Sequence[Path],
    axle: tuple[int, int],
    rotor: Sequence[int],
    others: Sequence[int] = (),
) -> tuple[Floats, Floats]:
    """Unwrapped rotor angles of trajectory files, one file a replica.

    Every frame is laid on the first by the atoms that do not turn, where these have a breadth that
    fixes the angle; a straight stator leaves the laboratory's own axes. The angle is the
    mass-weighted least-squares turn of the rotor about the axle; counter-clockwise seen from the
    axle's second atom is positive.

    Parameters
    ----------
    topology
        A file that MDTraj takes as topology (PDB, GRO, PRMTOP, ...).
    trajectories
        Files of the same atoms (XTC, DCD, TRR, ...), at least two, with equal frame times.
    axle
        0-based indices of two atoms, from -> to.
    rotor
        0-based indices of the atoms that turn.
    others
        0-based indices of atoms that turn about other axles.

    Returns
    -------
    angle
        (n_replicas, n_frames) rad.
    time_ps
        (n_frames,) ps.

    Raises
    ------
    ScoreError
        A file can't be read, atoms are out of range, or lengths differ.
    """
    for path in (topology, *trajectories):
        if not path.is_file():
            raise ScoreError(f"{path}: no such file; expected a topology or trajectory that MDTraj reads")
    loaded = [_load(path, topology) for path in trajectories]
    n_atoms = loaded[0].n_atoms
    for flag, atoms in (("--axle", axle), ("--rotor", rotor), ("--follower", others)):
        wrong = [i for i in atoms if not 0 <= i < n_atoms]
        if wrong:
            raise ScoreError(f"{flag}: got atom {wrong[0]}; expected 0-based indices from 0 to {n_atoms - 1}")
    if axle[0] == axle[1]:
        raise ScoreError(f"--axle: got atom {axle[0]} twice; expected two different atoms")
    times = [trajectory.time for trajectory in loaded]
    for path, time in zip(trajectories, times, strict=True):
        if time.shape != times[0].shape or not np.allclose(time - time[0], times[0] - times[0][0], atol=1e-3):
            raise ScoreError(
                f"{path}: frame times differ from {trajectories[0]}; expected the same in every replica"
            )
    still = np.setdiff1d(np.arange(n_atoms), [*rotor, *others])
    angles = [_angle(trajectory, loaded[0], axle, np.array(rotor), still) for trajectory in loaded]
    return unwrap(np.array(angles)), np.asarray(times[0] - times[0][0], dtype=np.float64)


def _load(path: Path, topology: Path) -> Any:
    try:
        return mdtraj.load(str(path), top=str(topology))
    except Exception as error:  # MDTraj's readers raise whatever their formats raise
        raise ScoreError(f"{path}: MDTraj can't read it with topology {topology}: {error}") from error


def _angle(
    trajectory: Any,
    first: Any,
    axle: tuple[int, int],
    rotor: np.ndarray[Any, Any],
    stator: np.ndarray[Any, Any],
) -> Floats:
    reference = first.xyz[0].astype(np.float64)
    if stator.size >= 3 and _breadth(reference[stator]) > _STRAIGHT:
        trajectory = trajectory.superpose(first, frame=0, atom_indices=stator)
    xyz = trajectory.xyz.astype(np.float64)
    frame = across(reference[axle[1]] - reference[axle[0]])
    masses = np.array(
        [atom.element.mass if atom.element is not None else 1.0 for atom in first.topology.atoms]
    )

    def plane(coordinates: Floats) -> np.ndarray[Any, Any]:
        centred = coordinates[..., rotor, :] - coordinates[..., list(axle), :].mean(axis=-2, keepdims=True)
        flat = centred @ frame.T
        return np.asarray(flat[..., 0] + 1j * flat[..., 1])

    built = plane(reference)
    if np.max(np.abs(built)) < _STRAIGHT:
        raise ScoreError("--rotor: all atoms lie on the axle; expected atoms beside it")
    return np.asarray(np.angle(plane(xyz) @ (masses[rotor] * built.conj())))


def _breadth(points: Floats) -> float:
    """Second principal root-mean-square spread of points, nm."""
    return float(np.linalg.svd(points - points.mean(axis=0), compute_uv=False)[1] / np.sqrt(len(points)))
