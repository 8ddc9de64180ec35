"""A rotor: the molecule, and which of its atoms are axle, stator and rotor."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, model_validator

from molmach.spec.fields import Section
from molmach.spec.molecule import AtomSet, MapNumber, Smiles, distinct, require_map_numbers


class Rotor(Section):
    """A rotor: one molecule in which one part turns about an axle against another.

    Attributes
    ----------
    smiles
        The molecule; atom-map numbers name atoms. Kept in canonical form.
    axle
        Two map numbers, from -> to. Turning counter-clockwise seen from the axle's head (looking
        back along it) is positive. The two atoms are bonded, or joined by the part that turns.
    stator
        Map numbers of the atoms held by harmonic anchors, enough to hold the axle: three not in
        line, or two along it. Omitted: the heavy atoms on the first axle atom's side (bonded axle),
        or the axle atoms and what hangs on them (path), with their hydrogens where these are needed.
    rotor
        Map numbers of atoms that turn. Omitted: found from the axle.
    reference_atom
        Map number of the atom that lies in the laboratory's xz half-plane with x > 0; fields in
        the plane across the axle refer to it. Omitted: the stator's heavy atom farthest from the
        axle or, where the stator is straight, the rotor's.
    """

    kind: Literal["rotor"]
    smiles: Smiles
    axle: Annotated[tuple[MapNumber, MapNumber], AfterValidator(distinct)]
    stator: AtomSet | None = None
    rotor: AtomSet | None = None
    reference_atom: MapNumber | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """SMILES of the machine's molecules."""
        return (self.smiles,)

    @model_validator(mode="after")
    def _map_numbers_exist(self) -> Rotor:
        for field in ("axle", "stator", "rotor", "reference_atom"):
            value = getattr(self, field)
            numbers = () if value is None else (value,) if isinstance(value, int) else value
            require_map_numbers(field, numbers, self.smiles)
        both = set(self.stator or ()) & set(self.rotor or ())
        if both:
            raise ValueError(f"atom-map number {min(both)} is in both stator and rotor; expected one of them")
        return self
