"""A rotor: one molecule in which one part turns about an axle against another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, Field, model_validator
from rdkit import Chem

from molmach.building.assembly import Assembly, Floats, Follower
from molmach.building.bearings import check_axles, check_bearings, holds
from molmach.building.conformations import shapes_of
from molmach.building.embed import checked_molecule, conformer_seed, conformers_of
from molmach.building.ends import counted_from_either_end
from molmach.building.frame import to_frame
from molmach.building.kinds import MachineKind
from molmach.building.roles import Roles, Wheel, find_roles
from molmach.building.rotor_angle import RotorAngle
from molmach.building.strain import rotor_strain
from molmach.errors import BuildError
from molmach.spec import MachineSection, Spec
from molmach.spec.fields import PartName, Section
from molmach.spec.molecule import AtomSet, MapNumber, Smiles, distinct, require_map_numbers

MIN_OFF_AXIS_NM = 0.05

_ALIKE_NM = 0.03
"""Atoms of a flat stator stand off its plane by no more, anchored and relaxed."""


def _not_zero(ratio: float) -> float:
    if ratio == 0.0:
        raise ValueError(
            "got 0; expected a ratio other than zero, negative where the wheels turn opposite ways"
        )
    return ratio


class FollowerSection(Section):
    """A wheel that the rotor turns, as one gear another.

    Attributes
    ----------
    axle
        Two map numbers, from -> to, as a rotor's.
    teeth
        Teeth of this wheel. It has slipped by one when it is that share of a turn away from where
        meshing would have it.
    gear_ratio
        Turns of this wheel to a turn of the rotor when they mesh: rotor's teeth over its own,
        negative for two wheels whose axles both lead away from where they meet.
    """

    axle: Annotated[tuple[MapNumber, MapNumber], AfterValidator(distinct)]
    teeth: Annotated[int, Field(strict=True, ge=1, le=100)]
    gear_ratio: Annotated[float, Field(strict=False), AfterValidator(_not_zero)] = -1.0


class Rotor(MachineSection):
    """A rotor: one molecule in which one part turns about an axle against another.

    Attributes
    ----------
    smiles
        The molecule; atom-map numbers name atoms. Kept in canonical form.
    axle
        Two map numbers, from -> to. Turning counter-clockwise seen from the axle's head (looking
        back along it) is positive. The two atoms are bonded, or joined by the part that turns.
        Where the second atom is one of the rotor's own, as the far bridgehead of a wheel is, the
        rotor hangs on the first by one bond.
    stator
        Map numbers of the atoms held by harmonic anchors, enough to hold every axle: three not in
        line, or two along it. An atom of a turning part may be held where it lies on the axle, as
        in a bearing. Omitted: the heavy atoms on the first axle atom's side (bonded axle), or the
        axle atoms and what hangs on them (path), with their hydrogens where these are needed.
    rotor
        Map numbers of atoms that turn. Omitted: found from the axle. Where several parts join the axle's two
        atoms, as in a cage around a rotor, they say which of them turns.
    reference_atom
        Map number of the atom that lies in the laboratory's xz half-plane with x > 0; fields in
        the plane across the axle refer to it. Omitted: the stator's heavy atom farthest from the
        axle or, where the stator is straight, the rotor's.
    followers
        Name -> a wheel that the rotor turns.
    """

    molecules = ("smiles",)

    kind: Literal["rotor"]
    smiles: Smiles
    axle: Annotated[tuple[MapNumber, MapNumber], AfterValidator(distinct)]
    stator: AtomSet | None = None
    rotor: AtomSet | None = None
    reference_atom: MapNumber | None = None
    followers: Annotated[dict[PartName, FollowerSection], Field(default_factory=dict, max_length=10)]

    @model_validator(mode="after")
    def _map_numbers_exist(self) -> Rotor:
        for field in ("axle", "stator", "rotor", "reference_atom"):
            value = getattr(self, field)
            numbers = () if value is None else (value,) if isinstance(value, int) else value
            require_map_numbers(field, numbers, self.smiles)
        for name, follower in self.followers.items():
            require_map_numbers(f"followers.{name}.axle", follower.axle, self.smiles)
        both = set(self.stator or ()) & set(self.rotor or ())
        if both:
            raise ValueError(f"atom-map number {min(both)} is in both stator and rotor; expected one of them")
        return self


class RotorKind(MachineKind):
    """Its coordinate is the angle about the axle, which lies on z; anchors hold the stator."""

    spec = Rotor
    coordinate = RotorAngle
    turned_by_torque = True
    part_names: ClassVar[Mapping[str, str]] = {
        **MachineKind.part_names,
        "rotor": "rotor",
        "stator": "stator, anchored",
    }

    def follower_names(self, machine: Any) -> tuple[str, ...]:
        """Those of the section."""
        return tuple(machine.followers)

    def build(self, spec: Spec) -> Assembly:
        """Build a rotor in three dimensions.

        The conformers come from the protocol's seed; the same spec gives the same coordinates. The first is
        the built structure, the others give the further shapes in which replicas start.

        Raises
        ------
        BuildError
            The molecule has no conformer or no force-field types, its axle is in a ring or bent, or
            nothing turns about it.
        """
        machine = spec.machine
        assert isinstance(machine, Rotor)
        field = spec.protocol.build_field
        given = checked_molecule(machine.smiles, field, "machine.smiles", partial(_turning, machine))
        conformers = conformers_of(given, conformer_seed(spec.protocol.seed), field)
        molecule = Chem.Mol(conformers[0].molecule)
        roles = find_roles(molecule, machine)
        roles = replace(roles, reference_atom=_lay_on_z(molecule, roles))
        if machine.stator is None and not holds(roles.stator, molecule, roles.rotor):
            moving = {i for wheel in roles.wheels.values() for i in wheel.atoms}
            roles = replace(roles, stator=tuple(sorted(set(range(molecule.GetNumAtoms())) - moving)))
        check_bearings(molecule, roles)
        check_axles(molecule, roles)
        followers = {
            name: Follower(
                wheel.axle,
                _free(wheel, roles),
                machine.followers[name].teeth,
                machine.followers[name].gear_ratio,
            )
            for name, wheel in roles.followers.items()
        }
        assembly = Assembly(
            spec.name,
            "rotor",
            molecule,
            roles.rotor.axle,
            roles.stator,
            _free(roles.rotor, roles),
            field,
            followers=followers,
            strain=(rotor_strain("smiles", molecule, [conformer.energy for conformer in conformers]),),
        )

        def lay(conformer: Chem.Mol) -> None:
            _lay_on_z(conformer, roles)
            check_bearings(conformer, roles)
            check_axles(conformer, roles)

        achiral, temperature = assembly.achiral_with_roles, spec.protocol.temperature
        return replace(assembly, shapes=shapes_of(assembly, conformers, lay, achiral, temperature))

    def check(self, machine: Rotor) -> None:
        """Whether something turns about the axle, by the bonds alone."""
        find_roles(Chem.AddHs(Chem.MolFromSmiles(machine.smiles)), machine)

    def from_the_other_end(self, machine: Rotor) -> tuple[MachineSection, ...]:
        """Those of :func:`molmach.building.ends.counted_from_either_end`."""
        return tuple(
            machine.model_copy(update={"smiles": smiles}) for smiles in counted_from_either_end(machine)
        )

    def line_is_named(self, machine: Rotor) -> bool:
        """Whether the section names its reference atom."""
        return machine.reference_atom is not None

    def own_mirror_image(self, assembly: Assembly) -> bool:
        """The molecule is achiral, and the anchors that hold it stand alike on both sides of the plane."""
        if not assembly.achiral_with_roles:
            return False
        held = assembly.positions_nm[list(assembly.stator)]
        elements = np.array([assembly.molecule.GetAtomWithIdx(i).GetAtomicNum() for i in assembly.stator])
        apart = np.linalg.norm(held[:, None] - held * [1.0, -1.0, 1.0], axis=-1)
        return bool(((apart < _ALIKE_NM) & (elements[:, None] == elements)).any(axis=1).all())


def _turning(machine: Rotor, molecule: Chem.Mol) -> set[frozenset[int]]:
    """The bonds about which a rotor and its followers turn."""
    bonds = set()
    for wheel in find_roles(molecule, machine).wheels.values():
        if molecule.GetBondBetweenAtoms(*wheel.axle) is not None:
            bonds.add(frozenset(wheel.axle))
            continue
        for end in (i for i in wheel.axle if i not in wheel.atoms):
            neighbours = molecule.GetAtomWithIdx(end).GetNeighbors()
            bonds |= {frozenset((end, a.GetIdx())) for a in neighbours if a.GetIdx() in wheel.atoms}
    return bonds


def _free(wheel: Wheel, roles: Roles) -> tuple[int, ...]:
    """A wheel's atoms without the anchored ones on its axle."""
    return tuple(i for i in wheel.atoms if i not in roles.stator)


def _lay_on_z(molecule: Chem.Mol, roles: Roles) -> int:
    """Lay a conformer into the frame; gives the atom that defines x."""
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
    return reference


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
