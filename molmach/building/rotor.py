"""Building a rotor and laying it into the laboratory frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from molmach.building.assembly import Assembly, Floats, Follower
from molmach.building.embed import conformer_seed, embed
from molmach.building.roles import Roles, Wheel, find_roles
from molmach.errors import BuildError
from molmach.spec import Rotor, Spec

MAX_AXLE_BEND_DEG = 25.0
"""Largest angle between the axle and the bond on which the rotor hangs."""

MIN_OFF_AXIS_NM = 0.05
MIN_ANCHOR_SPREAD_NM = 0.02

MAX_BEARING_NM = 0.03
"""Anchored atoms of a turning part lie no farther from its axle, so that they do not hinder it."""


def build_rotor(spec: Spec, machine: Rotor) -> Assembly:
    """Build a rotor in three dimensions.

    The conformer comes from the protocol's seed; the same spec gives the same coordinates.

    Raises
    ------
    BuildError
        The molecule has no conformer or no force-field types, its axle is in a ring or bent, or
        nothing turns about it.
    """
    molecule = embed(machine.smiles, conformer_seed(spec.protocol.seed), spec.protocol.build_field)
    roles = find_roles(molecule, machine)
    _lay_on_z(molecule, roles)
    if machine.stator is None and not _holds(roles.stator, molecule, roles.rotor):
        moving = {i for wheel in roles.wheels.values() for i in wheel.atoms}
        roles = replace(roles, stator=tuple(sorted(set(range(molecule.GetNumAtoms())) - moving)))
    _check_bearings(molecule, roles)
    _check_axles(molecule, roles)
    followers = {
        name: Follower(
            wheel.axle,
            _free(wheel, roles),
            machine.followers[name].teeth,
            machine.followers[name].gear_ratio,
        )
        for name, wheel in roles.followers.items()
    }
    return Assembly(
        spec.name,
        "rotor",
        molecule,
        roles.rotor.axle,
        roles.stator,
        _free(roles.rotor, roles),
        spec.protocol.build_field,
        followers=followers,
    )


def _free(wheel: Wheel, roles: Roles) -> tuple[int, ...]:
    """A wheel's atoms without the anchored ones on its axle."""
    return tuple(i for i in wheel.atoms if i not in roles.stator)


def _lay_on_z(molecule: Chem.Mol, roles: Roles) -> None:
    positions = np.asarray(molecule.GetConformer().GetPositions())
    first, second = positions[list(roles.rotor.axle)]
    z = (second - first) / np.linalg.norm(second - first)
    origin = 0.5 * (first + second)
    centred = positions - origin
    across = centred - np.outer(centred @ z, z)
    reference = _reference_atom(molecule, roles, across)
    x = across[reference]
    if np.linalg.norm(x) < 10 * MIN_OFF_AXIS_NM:
        if roles.reference_atom is None:
            raise BuildError(
                "machine.axle: all of the rotor lies on the axle, so its turning can't be seen; "
                "expected a rotor with atoms beside the axle"
            )
        raise BuildError(
            f"machine.reference_atom: atom {reference} ({molecule.GetAtomWithIdx(reference).GetSymbol()}) "
            "lies on the axle; expected an atom beside it"
        )
    to_frame(molecule, origin, x, z)


def to_frame(molecule: Chem.Mol, origin: Floats, x: Floats, z: Floats) -> None:
    """Move a conformer so that ``origin`` lies at zero, ``x`` and the unit vector ``z`` on the axes.

    All in angstrom, (3,); ``x`` has any length and is at right angles to ``z``.
    """
    x = x / np.linalg.norm(x)
    frame = np.eye(4)
    frame[:3, :3] = np.stack([x, np.cross(z, x), z])
    frame[:3, 3] = -frame[:3, :3] @ origin
    rdMolTransforms.TransformConformer(molecule.GetConformer(), frame)


def _reference_atom(molecule: Chem.Mol, roles: Roles, across: Floats) -> int:
    """The atom that defines x: as named, else the farthest heavy atom of the stator, else of the rotor."""
    if roles.reference_atom is not None:
        return roles.reference_atom
    distance = np.linalg.norm(across, axis=1)
    for part in (roles.stator, roles.rotor.atoms):
        heavy = [i for i in part if molecule.GetAtomWithIdx(i).GetAtomicNum() > 1]
        farthest = max(heavy, key=lambda i: (round(distance[i], 2), -i), default=None)
        if farthest is not None and distance[farthest] >= 10 * MIN_OFF_AXIS_NM:
            return farthest
    return max(roles.rotor.atoms, key=lambda i: (round(distance[i], 2), -i))


def _line(molecule: Chem.Mol, wheel: Wheel) -> tuple[Floats, Floats, Floats]:
    """All positions, (n_atoms, 3) nm; a wheel's axle as its first atom's place and its unit vector, (3,)."""
    positions = np.asarray(molecule.GetConformer().GetPositions()) / 10.0
    first, second = positions[list(wheel.axle)]
    return positions, first, (second - first) / np.linalg.norm(second - first)


def _holds(stator: tuple[int, ...], molecule: Chem.Mol, wheel: Wheel) -> bool:
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


def _check_bearings(molecule: Chem.Mol, roles: Roles) -> None:
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


def _check_axles(molecule: Chem.Mol, roles: Roles) -> None:
    """Raise BuildError for an axle that is not held, or on which its wheel does not hang straight."""
    for where, wheel in roles.wheels.items():
        if not _holds(roles.stator, molecule, wheel):
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
