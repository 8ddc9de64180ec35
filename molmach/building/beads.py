"""Building a catenane of beads."""

from __future__ import annotations

import json

import numpy as np
from rdkit import Chem
from rdkit.Geometry import Point3D

from molmach.building.assembly import MASS, Assembly, Floats, Track
from molmach.spec import BeadCatenane, Spec

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


def build_beads(spec: Spec, machine: BeadCatenane) -> Assembly:
    """Two linked polygons: one around the origin in the xy plane, one around its first station."""
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
