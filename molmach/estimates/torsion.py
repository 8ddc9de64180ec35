"""The hindering potential of a built rotor: its energy along a turn, everything else relaxed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdForceFieldHelpers

from molmach.building import Assembly, coordinate_of
from molmach.building.bearings import MAX_BEARING_NM
from molmach.building.rotor import MIN_OFF_AXIS_NM
from molmach.units import DEBYE, KCAL

Floats = NDArray[np.float64]

POINTS = 36
"""Angles of a scan: ten degrees apart, where the narrowest barrier of an ortho group is some forty wide."""

_STEPS = 500
_HOLDING = 1000.0
"""kcal/(mol rad^2): a torsion that a barrier of 100 kJ/mol pushes is held to within a degree or two."""


@dataclass(frozen=True, eq=False)
class TorsionScan:
    """A turn of a rotor in steps, relaxed at each.

    Attributes
    ----------
    angle
        (n,) the machine's coordinate, rad, from the built structure's zero; ascending, less than a turn.
    energy
        (n,) of the force field and the anchors, kJ/mol; the least is zero.
    inertia
        (n,) about the axle, u nm^2.
    dipole
        (n, 2) across the axle in the frame that turns with the rotor, debye.
    closing
        Energy after the whole turn less that before it, kJ/mol: what the scan has not relaxed alike.
    """

    angle: Floats
    energy: Floats
    inertia: Floats
    dipole: Floats
    closing: float


def is_hindered(assembly: Assembly) -> bool:
    """Whether anything but the rotor lies off the axle; if nothing does, no angle differs from another.

    What may lie in a bearing is on the axle: substituents bend an alkyne at its end by half as much.
    """
    rest = sorted(set(range(assembly.molecule.GetNumAtoms())) - set(assembly.rotor))
    return bool(np.hypot(*assembly.positions_nm[rest, :2].T).max(initial=0.0) > MAX_BEARING_NM)


def torsion_scan(assembly: Assembly, anchor: float, points: int = POINTS) -> TorsionScan:
    """Turn the rotor of a built machine once around, in steps from its built structure.

    At each step the rotor is turned rigidly and everything is relaxed in the force field that machines are
    built with, the stator held by the machine's anchors and one torsion about the axle at the step's angle.

    Parameters
    ----------
    assembly
        The machine, its axle on z.
    anchor
        Force constant of the anchors, kJ/(mol nm^2).
    points
        Angles of the turn; fewer are quicker, and may miss how high a narrow barrier is.
    """
    molecule, coordinate = Chem.Mol(assembly.molecule), coordinate_of(assembly)
    built, rotor, stator = assembly.positions_nm, list(assembly.rotor), list(assembly.stator)
    charges, masses = assembly.charges, assembly.masses
    angles, energies, inertias, dipoles = [], [], [], []
    for positions, energy in _relaxed(assembly, molecule, anchor, points):
        held = 0.5 * anchor * float(np.sum((positions[stator] - built[stator]) ** 2))
        angle = float(coordinate(positions))
        across = positions[rotor, :2]
        angles.append(angle)
        energies.append(energy + held)
        inertias.append(float(masses[rotor] @ np.sum(across**2, axis=1)))
        dipoles.append(turned(charges[rotor] @ across / DEBYE, -angle))
    unwrapped, levels = np.unwrap(angles), np.array(energies)
    sense = np.argsort(unwrapped[:-1], kind="stable")
    return TorsionScan(
        unwrapped[:-1][sense],
        levels[:-1][sense] - levels[:-1].min(),
        np.array(inertias)[:-1][sense],
        np.array(dipoles)[:-1][sense],
        float(levels[-1] - levels[0]),
    )


def turned(vector: Floats, angle: float) -> Floats:
    """(2,) a vector across the axle, turned forward by an angle, rad."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([c * vector[0] - s * vector[1], s * vector[0] + c * vector[1]])


def _relaxed(
    assembly: Assembly, molecule: Chem.Mol, anchor: float, points: int
) -> Iterator[tuple[Floats, float]]:
    """(positions, nm; energy, kJ/mol) at each step of a turn and at its end."""
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule, mmffVariant=assembly.force_field)
    conformer, torsion = molecule.GetConformer(), _torsion(assembly)
    start = _torsion_degrees(conformer.GetPositions(), torsion)
    step = 360.0 / points
    for number in range(points + 1):
        if number:
            _turn(conformer, assembly.rotor, math.radians(step))
        target = (start + step * number + 180.0) % 360.0 - 180.0
        field = rdForceFieldHelpers.MMFFGetMoleculeForceField(molecule, properties)
        field.Initialize()
        field.MMFFAddTorsionConstraint(*torsion, False, target, target, _HOLDING)
        for atom in assembly.stator:
            field.MMFFAddPositionConstraint(atom, 0.0, anchor / KCAL / 100.0)
        field.Minimize(maxIts=_STEPS, forceTol=1e-3, energyTol=1e-5)
        positions = np.asarray(conformer.GetPositions(), dtype=np.float64)
        free = rdForceFieldHelpers.MMFFGetMoleculeForceField(molecule, properties)
        yield positions / 10.0, KCAL * free.CalcEnergy(positions.ravel().tolist())


def _turn(conformer: Chem.Conformer, atoms: tuple[int, ...], angle: float) -> None:
    """Turn atoms rigidly about z."""
    for atom in atoms:
        place = conformer.GetAtomPosition(atom)
        x, y = turned(np.array([place.x, place.y]), angle)
        conformer.SetAtomPosition(atom, (float(x), float(y), place.z))


def _torsion(assembly: Assembly) -> tuple[int, int, int, int]:
    """An atom beside the axle that stays, the axle's two, and one that turns; neighbours where it can."""
    tail, head = assembly.axle
    moving = set(assembly.rotor) - {tail, head}
    staying = set(range(assembly.molecule.GetNumAtoms())) - moving - {tail, head}
    return _beside(assembly, staying, tail), tail, head, _beside(assembly, moving, head)


def _beside(assembly: Assembly, atoms: set[int], end: int) -> int:
    """Of some atoms the one farthest off the axle among an axle atom's neighbours, or else among all."""
    off = np.hypot(*assembly.positions_nm[:, :2].T)
    bonded = {int(n.GetIdx()) for n in assembly.molecule.GetAtomWithIdx(end).GetNeighbors()} & atoms
    near = {atom for atom in bonded if off[atom] > MIN_OFF_AXIS_NM}
    return max(sorted(near or atoms), key=lambda atom: (round(float(off[atom]), 6), -atom))


def _torsion_degrees(positions: Floats, torsion: tuple[int, int, int, int]) -> float:
    """Angle between the outer two of four atoms about z."""
    first, last = positions[torsion[0]], positions[torsion[3]]
    return math.degrees(math.atan2(last[1], last[0]) - math.atan2(first[1], first[0]))
