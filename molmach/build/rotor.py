"""Building a rotor and laying it into the laboratory frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from molmach.build.assembly import Assembly, Floats
from molmach.build.embed import conformer_seed, embed
from molmach.build.roles import Roles, find_roles
from molmach.errors import BuildError
from molmach.spec import Rotor, Spec

MAX_AXLE_BEND_DEG = 25.0
"""Largest angle between the axle and the bond on which the rotor hangs."""

MIN_OFF_AXIS_NM = 0.05
MIN_ANCHOR_SPREAD_NM = 0.02


def build_rotor(spec: Spec, machine: Rotor) -> Assembly:
    """Build a rotor in three dimensions.

    The conformer comes from the protocol's seed; the same spec gives the same coordinates.

    Raises
    ------
    BuildError
        The molecule has no conformer or no force-field types, its axle is in a ring or bent, or
        nothing turns about it.
    """
    molecule = embed(machine.smiles, conformer_seed(spec.protocol.seed), spec.protocol.force_field)
    roles = find_roles(molecule, machine)
    _lay_on_z(molecule, roles)
    assembly = Assembly(
        spec.name, "rotor", molecule, roles.axle, roles.stator, roles.rotor, spec.protocol.force_field
    )
    if machine.stator is None and not _axle_is_held(assembly):
        still = set(range(molecule.GetNumAtoms())) - set(roles.rotor)
        assembly = replace(assembly, stator=tuple(sorted(still)))
    _check_geometry(assembly)
    return assembly


def _lay_on_z(molecule: Chem.Mol, roles: Roles) -> None:
    positions = np.asarray(molecule.GetConformer().GetPositions())
    first, second = positions[list(roles.axle)]
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
    for part in (roles.stator, roles.rotor):
        heavy = [i for i in part if molecule.GetAtomWithIdx(i).GetAtomicNum() > 1]
        farthest = max(heavy, key=lambda i: (round(distance[i], 2), -i), default=None)
        if farthest is not None and distance[farthest] >= 10 * MIN_OFF_AXIS_NM:
            return farthest
    return max(roles.rotor, key=lambda i: (round(distance[i], 2), -i))


def _axle_is_held(assembly: Assembly) -> bool:
    """Whether the anchors fix the axle's direction: three atoms not in line, or two along the axle."""
    anchors = assembly.positions_nm[list(assembly.stator)]
    spread = np.linalg.svd(anchors - anchors.mean(axis=0))
    breadths = np.append(spread.S, [0.0, 0.0]) / np.sqrt(len(anchors))
    along = abs(float(spread.Vh[0, 2]))
    return bool(
        breadths[1] > MIN_ANCHOR_SPREAD_NM
        or (breadths[0] > MIN_ANCHOR_SPREAD_NM and along > np.cos(np.radians(MAX_AXLE_BEND_DEG)))
    )


def _check_geometry(assembly: Assembly) -> None:
    positions = assembly.positions_nm
    if not _axle_is_held(assembly):
        raise BuildError(
            "machine.stator: the anchored atoms lie on a line beside the axle, about which the axle "
            "itself can swing; expected three anchored atoms not in line, or two along the axle"
        )
    rotor = set(assembly.rotor)
    for end in assembly.axle:
        if end in rotor:
            continue
        for neighbour in assembly.molecule.GetAtomWithIdx(end).GetNeighbors():
            if neighbour.GetIdx() not in rotor:
                continue
            bond = positions[neighbour.GetIdx()] - positions[end]
            bend = float(np.degrees(np.arccos(min(1.0, abs(bond[2]) / np.linalg.norm(bond)))))
            if bend > MAX_AXLE_BEND_DEG:
                raise BuildError(
                    f"machine.axle: the bond on which the rotor hangs makes {bend:.0f} degrees "
                    f"with the axle; expected a straight axle (at most {MAX_AXLE_BEND_DEG:.0f} degrees)"
                )
