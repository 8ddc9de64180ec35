"""A catenane of beads: two bead-spring rings with binding stations and catalytic sites."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from molmach.spec import fields
from molmach.spec.fields import Section
from molmach.spec.interlocked import StationName

BeadNumber = Annotated[int, Field(strict=True, ge=1, le=500)]


class BeadCatenane(Section):
    """Two linked rings of beads; the second moves around the first, which is held across z.

    A coarse-grained catenane in the spirit of Albaugh & Gingrich, Nat. Commun. 13, 2204 (2022), with
    parameters of our own. Its force field is ``bead_spring``.

    Attributes
    ----------
    track_beads, ring_beads
        Beads of the first and the second ring.
    track_bond, ring_bond
        Bond lengths, nm.
    bond_stiffness
        k of the bonds, E = k d^2 near the minimum, kJ/mol/nm^2.
    track_bend, ring_bend
        k of the angles, E = k a^2 near the polygon's own angle, kJ/mol (per rad^2).
    ring_twist
        Barrier of the second ring's torsions, V in V (1 - cos 2w)/2, kJ/mol: keeps it open and flat.
    bead_mass
        u.
    contact, contact_energy
        r* and epsilon of the buffered 14-7 energy between beads of different rings.
    stations
        Places on the first ring: name -> number of a bead, from 1.
    affinity
        Name -> energy of the second ring at a station, kJ/mol; negative holds it.
    affinity_width
        w of that energy A exp(-d^2/2 w^2), nm, d the distance of the ring's centroid.
    """

    kind: Literal["bead_catenane"]
    track_beads: Annotated[int, Field(strict=True, ge=8, le=500)] = 24
    ring_beads: Annotated[int, Field(strict=True, ge=5, le=100)] = 8
    track_bond: fields.Length = 0.2
    ring_bond: fields.Length = 0.26
    bond_stiffness: fields.Stiffness = 5000.0
    track_bend: fields.Barrier = 50.0
    ring_bend: fields.Barrier = 100.0
    ring_twist: fields.EnergyOrNone = 5.0
    bead_mass: fields.Mass = 50.0
    contact: fields.Length = 0.32
    contact_energy: fields.Barrier = 0.2
    stations: Annotated[dict[StationName, BeadNumber], Field(max_length=50)] = Field(default_factory=dict)
    affinity: dict[StationName, fields.Energy] = Field(default_factory=dict)
    affinity_width: fields.Length = 0.16

    @property
    def parts(self) -> tuple[str, ...]:
        """What the machine's molecules are."""
        return (f"ring of {self.track_beads} beads", f"ring of {self.ring_beads} beads")

    @model_validator(mode="after")
    def _names_exist(self) -> BeadCatenane:
        for name, bead in self.stations.items():
            if bead > self.track_beads:
                raise ValueError(
                    f"stations.{name} is bead {bead}; expected a bead from 1 to {self.track_beads}"
                )
        for name in self.affinity:
            if name not in self.stations:
                known = ", ".join(self.stations) or "none"
                raise ValueError(f"affinity names {name!r}; expected one of the stations {known}")
        return self
