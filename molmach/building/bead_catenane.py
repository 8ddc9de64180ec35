"""A catenane of beads: two bead-spring rings with binding stations and catalytic sites."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator
from rdkit import Chem
from rdkit.Geometry import Point3D

from molmach.building.assembly import MASS, Assembly, Floats, Track
from molmach.building.catenane import Circumrotation
from molmach.building.interlocked import ThreadedKind
from molmach.spec import MachineSection, Spec, fields
from molmach.spec.machine import StationName

BEADS = "beads"
"""Property of a molecule of beads: its machine's section of the spec, as JSON of numbers in MD units."""

_MECHANICS = (
    "track_beads",
    "ring_beads",
    "track_bond",
    "ring_bond",
    "bond_stiffness",
    "track_bend",
    "ring_bend",
    "ring_twist",
    "contact",
    "contact_energy",
)

BeadNumber = Annotated[int, Field(strict=True, ge=1, le=500)]


class BeadCatenane(MachineSection):
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


class BeadCatenaneKind(ThreadedKind):
    """As a catenane, but of beads, which have no charges."""

    spec = BeadCatenane
    coordinate = Circumrotation
    turned_by_torque = True
    track = "closed"
    part_names: ClassVar[Mapping[str, str]] = {
        **ThreadedKind.part_names,
        "rotor": "moving ring",
        "stator": "track, anchored",
        "axle": "track",
    }

    def build(self, spec: Spec) -> Assembly:
        """Two linked polygons: one around the origin in the xy plane, one around its first station."""
        machine = spec.machine
        assert isinstance(machine, BeadCatenane)
        n, m = machine.track_beads, machine.ring_beads
        start = machine.stations.get(next(iter(machine.affinity), ""), 1) - 1
        molecule = _chained(machine, np.concatenate([_track(machine), _ring(machine, start)]))
        track, ring = tuple(range(n)), tuple(range(n, n + m))
        return Assembly(
            spec.name,
            "bead_catenane",
            molecule,
            (),
            track,
            ring,
            spec.protocol.build_field,
            Track(
                track,
                (ring,),
                {name: (bead - 1,) for name, bead in machine.stations.items()},
                {name: (energy, machine.affinity_width) for name, energy in machine.affinity.items()},
            ),
        )

    def charges(self, assembly: Assembly) -> Floats:
        """(n_beads,) zeros."""
        return np.zeros(assembly.molecule.GetNumAtoms())

    def formula(self, assembly: Assembly) -> str:
        """The numbers of beads in stator and rotor, which have no chemical formula."""
        return f"{len(assembly.stator)} + {len(assembly.rotor)} beads"


def _radius(bond: float, beads: int) -> float:
    return float(0.5 * bond / np.sin(np.pi / beads))


def _track(machine: BeadCatenane) -> Floats:
    turn = 2.0 * np.pi * np.arange(machine.track_beads) / machine.track_beads
    return _radius(machine.track_bond, machine.track_beads) * np.stack(
        [np.cos(turn), np.sin(turn), np.zeros_like(turn)], axis=1
    )


def _ring(machine: BeadCatenane, start: int) -> Floats:
    """A polygon whose axis is the track's tangent at a bead."""
    outward = np.array(
        [
            np.cos(2.0 * np.pi * start / machine.track_beads),
            np.sin(2.0 * np.pi * start / machine.track_beads),
            0.0,
        ]
    )
    turn = 2.0 * np.pi * (np.arange(machine.ring_beads) + 0.5) / machine.ring_beads
    circle = np.cos(turn)[:, None] * outward + np.sin(turn)[:, None] * np.array([0.0, 0.0, 1.0])
    centre = _radius(machine.track_bond, machine.track_beads) * outward
    return np.asarray(centre + _radius(machine.ring_bond, machine.ring_beads) * circle)


def _chained(machine: BeadCatenane, positions_nm: Floats) -> Chem.Mol:
    """The beads as a molecule; a bead is drawn as a carbon atom without hydrogens and has its own mass."""
    editable = Chem.RWMol()
    for _ in positions_nm:
        bead = Chem.Atom(6)
        bead.SetNoImplicit(True)
        bead.SetDoubleProp(MASS, machine.bead_mass)
        editable.AddAtom(bead)
    n = machine.track_beads
    for first, count in ((0, n), (n, machine.ring_beads)):
        for i in range(count):
            editable.AddBond(first + i, first + (i + 1) % count, Chem.BondType.SINGLE)
    conformer = Chem.Conformer(len(positions_nm))
    for i, (x, y, z) in enumerate((10.0 * positions_nm).tolist()):
        conformer.SetAtomPosition(i, Point3D(x, y, z))
    molecule = editable.GetMol()
    molecule.AddConformer(conformer)
    molecule.UpdatePropertyCache(strict=False)
    Chem.FastFindRings(molecule)
    molecule.SetProp(BEADS, json.dumps({name: getattr(machine, name) for name in _MECHANICS}))
    Chem.CreateAtomDoublePropertyList(molecule, MASS)
    return molecule
