"""A rotor: the molecule, and which of its atoms are axle, stator and rotor."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from molmach.spec.fields import PartName, Section
from molmach.spec.molecule import AtomSet, MapNumber, Smiles, distinct, require_map_numbers


def _not_zero(ratio: float) -> float:
    if ratio == 0.0:
        raise ValueError(
            "got 0; expected a ratio other than zero, negative where the wheels turn opposite ways"
        )
    return ratio


class Follower(Section):
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


class Rotor(Section):
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
        Map numbers of atoms that turn. Omitted: found from the axle.
    reference_atom
        Map number of the atom that lies in the laboratory's xz half-plane with x > 0; fields in
        the plane across the axle refer to it. Omitted: the stator's heavy atom farthest from the
        axle or, where the stator is straight, the rotor's.
    followers
        Name -> a wheel that the rotor turns.
    """

    kind: Literal["rotor"]
    smiles: Smiles
    axle: Annotated[tuple[MapNumber, MapNumber], AfterValidator(distinct)]
    stator: AtomSet | None = None
    rotor: AtomSet | None = None
    reference_atom: MapNumber | None = None
    followers: Annotated[dict[PartName, Follower], Field(default_factory=dict, max_length=10)]

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
        for name, follower in self.followers.items():
            require_map_numbers(f"followers.{name}.axle", follower.axle, self.smiles)
        both = set(self.stator or ()) & set(self.rotor or ())
        if both:
            raise ValueError(f"atom-map number {min(both)} is in both stator and rotor; expected one of them")
        return self
