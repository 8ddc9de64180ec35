"""Whether anchors hold a machine's axles, and leave what turns about them free."""

from __future__ import annotations

import numpy as np
from rdkit import Chem

from molmach.building.assembly import Floats
from molmach.building.roles import Roles, Wheel
from molmach.errors import BuildError

MAX_AXLE_BEND_DEG = 25.0
"""Largest angle between the axle and the bond on which the rotor hangs."""

MIN_ANCHOR_SPREAD_NM = 0.02

MAX_BEARING_NM = 0.03
"""Anchored atoms of a turning part lie no farther from its axle, so that they do not hinder it."""


def _line(molecule: Chem.Mol, wheel: Wheel) -> tuple[Floats, Floats, Floats]:
    """All positions, (n_atoms, 3) nm; a wheel's axle as its first atom's place and its unit vector, (3,)."""
    positions = np.asarray(molecule.GetConformer().GetPositions()) / 10.0
    first, second = positions[list(wheel.axle)]
    return positions, first, (second - first) / np.linalg.norm(second - first)


def holds(stator: tuple[int, ...], molecule: Chem.Mol, wheel: Wheel) -> bool:
    """Whether anchors fix the direction of an axle: three atoms not in line, or two along the axle."""
    positions, _, along = _line(molecule, wheel)
    anchors = positions[list(stator)]
    spread = np.linalg.svd(anchors - anchors.mean(axis=0))
    breadths = np.append(spread.S, [0.0, 0.0]) / np.sqrt(len(anchors))
    return bool(
        breadths[1] > MIN_ANCHOR_SPREAD_NM
        or (
            breadths[0] > MIN_ANCHOR_SPREAD_NM
            and abs(float(spread.Vh[0] @ along)) > np.cos(np.radians(MAX_AXLE_BEND_DEG))
        )
    )


def check_bearings(molecule: Chem.Mol, roles: Roles) -> None:
    """Raise BuildError for an anchored atom of a turning part beside that part's axle."""
    for wheel in roles.wheels.values():
        positions, origin, along = _line(molecule, wheel)
        for i in sorted(set(roles.stator) & set(wheel.atoms)):
            arm = positions[i] - origin
            distance = float(np.linalg.norm(arm - (arm @ along) * along))
            if distance > MAX_BEARING_NM:
                atom = molecule.GetAtomWithIdx(i)
                number = atom.GetAtomMapNum()
                raise BuildError(
                    f"machine.stator: atom-map number {number} ({atom.GetSymbol()}) turns about an axle that "
                    f"it lies {distance:.2f} nm beside, so that its anchor stops the turning; expected atoms "
                    f"that stand still, or that lie on the axle (within {MAX_BEARING_NM:g} nm)"
                )


def check_axles(molecule: Chem.Mol, roles: Roles) -> None:
    """Raise BuildError for an axle that is not held, or on which its wheel does not hang straight."""
    for where, wheel in roles.wheels.items():
        if not holds(roles.stator, molecule, wheel):
            raise BuildError(
                f"machine.stator: the anchored atoms lie on a line beside {where}, about which that axle "
                "itself can swing; expected three anchored atoms not in line, or two along the axle"
            )
        positions, _, along = _line(molecule, wheel)
        for end, neighbour in _hangers(molecule, wheel):
            bond = positions[neighbour] - positions[end]
            cosine = abs(float(bond @ along)) / float(np.linalg.norm(bond))
            bend = float(np.degrees(np.arccos(min(1.0, cosine))))
            if bend > MAX_AXLE_BEND_DEG:
                raise BuildError(
                    f"{where}: the bond on which the rotor hangs makes {bend:.0f} degrees "
                    f"with the axle; expected a straight axle (at most {MAX_AXLE_BEND_DEG:.0f} degrees)"
                )


def _hangers(molecule: Chem.Mol, wheel: Wheel) -> list[tuple[int, int]]:
    """Bonds from the axle's standing atoms to the wheel's."""
    return [
        (end, neighbour.GetIdx())
        for end in wheel.axle
        if end not in wheel.atoms
        for neighbour in molecule.GetAtomWithIdx(end).GetNeighbors()
        if neighbour.GetIdx() in wheel.atoms
    ]
