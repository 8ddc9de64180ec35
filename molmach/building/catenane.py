"""A catenane: two linked rings, of which the second moves around the first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from rdkit import Chem

from molmach.building.assembly import Assembly, Floats, Track
from molmach.building.contour import between, nearness
from molmach.building.embed import checked_molecule, conformer_seed
from molmach.building.frame import to_frame
from molmach.building.interlock import link_rings
from molmach.building.interlocked import ThreadedKind, atoms_by_name, loops_of, mapped
from molmach.building.linking import macrocycle
from molmach.building.scale import TURNS, Scale
from molmach.building.strain import strains
from molmach.building.threadable import check_catenane
from molmach.spec import MachineSection, Spec
from molmach.spec.machine import Stations
from molmach.spec.molecule import AtomSet, Smiles, require_map_numbers
from molmach.units import TURN

_ANCHORS_OF_A_RING = 3


class Catenane(MachineSection):
    """Two linked rings: the second moves around the first.

    Attributes
    ----------
    rings
        SMILES of the two macrocycles. The first is the track: it is held, its mean plane across z.
    stations
        Places along the first ring: name -> atom-map numbers of the first ring.
    held
        Map numbers of atoms of the first ring held by harmonic anchors. Omitted: three atoms
        evenly spaced along the ring, which hold its place and plane and let it breathe.
    """

    molecules = ("rings",)

    kind: Literal["catenane"]
    rings: tuple[Smiles, Smiles]
    stations: Stations = Field(default_factory=dict)
    held: AtomSet | None = None

    @model_validator(mode="after")
    def _names_exist(self) -> Catenane:
        for name, numbers in self.stations.items():
            require_map_numbers(f"stations.{name}", numbers, self.rings[0])
        if self.held is not None:
            require_map_numbers("held", self.held, self.rings[0])
        return self


@dataclass(frozen=True, eq=False)
class Circumrotation:
    """Angle of a ring around the ring that it is linked with, rad.

    The place of its centroid along the track's contour, as a
    :class:`~molmach.building.rotaxane.RingPosition` has it, on the circle whose circumference is the
    contour's length. Counter-clockwise seen from +z is positive.

    Attributes
    ----------
    loop, path
        Atom indices of the moving ring and, in order and closed by repeating the first, of the track.
    phase
        (n_path,) angles of the track's atoms, rad, monotonic.
    """

    scale: ClassVar[Scale] = TURNS
    parity: ClassVar[int] = -1

    loop: NDArray[np.int64]
    path: NDArray[np.int64]
    phase: Floats

    @classmethod
    def of(cls, assembly: Assembly) -> Circumrotation:
        """The coordinate of a catenane's second ring."""
        track = assembly.require_track()
        path = np.array([*track.path, track.path[0]])
        places = assembly.positions_nm[path]
        lengths = np.linalg.norm(np.diff(places, axis=0), axis=1)
        along = np.concatenate([[0.0], np.cumsum(lengths)]) / lengths.sum()
        area = np.sum(places[:-1, 0] * places[1:, 1] - places[1:, 0] * places[:-1, 1])
        return cls(np.array(track.loops[0]), path, math.copysign(TURN, area) * along)

    def __call__(self, positions_nm: Floats) -> Floats:
        """Angle in (-pi, pi], rad; ``positions_nm`` is (..., n_atoms, 3)."""
        weights = nearness(positions_nm, self.loop, self.path)
        return np.asarray(np.angle(weights @ np.exp(1j * between(self.phase[:, None])[:, 0])))


class CatenaneKind(ThreadedKind):
    """Its coordinate is the second ring's angle around the first, which is held across z."""

    spec = Catenane
    coordinate = Circumrotation
    turned_by_torque = True
    track = "closed"
    part_names: ClassVar[Mapping[str, str]] = {
        **ThreadedKind.part_names,
        "rotor": "moving ring",
        "axle": "track",
    }

    def build(self, spec: Spec) -> Assembly:
        """Link the rings, relax, prove that they are linked, and lay the first one across z.

        Raises
        ------
        BuildError
            See :func:`molmach.building.interlock.link_rings`.
        """
        machine = spec.machine
        assert isinstance(machine, Catenane)
        field, seed = spec.protocol.build_field, conformer_seed(spec.protocol.seed)
        rings = [checked_molecule(ring, field, f"machine.rings.{i}") for i, ring in enumerate(machine.rings)]
        check_catenane(rings)
        molecule = link_rings(rings, seed, field)
        path = tuple(macrocycle(rings[0]))
        loops, members = loops_of(molecule, rings[1:], first=rings[0].GetNumAtoms())
        _lay_ring_across_z(molecule, path)
        if machine.held is not None:
            held = mapped(rings[0], machine.held)
        else:
            held = tuple(path[k * len(path) // _ANCHORS_OF_A_RING] for k in range(_ANCHORS_OF_A_RING))
        track = Track(path, tuple(loops), atoms_by_name(rings[0], machine.stations))
        strain = strains(molecule, [("rings.0", "ring"), ("rings.1", "ring")], field)
        return Assembly(
            spec.name, "catenane", molecule, (), tuple(sorted(held)), members[0], field, track, strain=strain
        )

    def check(self, machine: Catenane) -> None:
        """Whether rings of these formulas can be linked (:mod:`molmach.building.threadable`)."""
        check_catenane([Chem.AddHs(Chem.MolFromSmiles(ring)) for ring in machine.rings])


def _lay_ring_across_z(molecule: Chem.Mol, path: tuple[int, ...]) -> None:
    """The ring's mean plane across z, its centroid the origin, x towards its first atom.

    z points so that the path runs counter-clockwise.
    """
    positions = np.asarray(molecule.GetConformer().GetPositions(), dtype=np.float64)
    centroid = positions[list(path)].mean(axis=0)
    spokes = positions[list(path)] - centroid
    z = np.cross(spokes, np.roll(spokes, -1, axis=0)).sum(axis=0)
    z /= np.linalg.norm(z)
    to_frame(molecule, centroid, spokes[0] - (spokes[0] @ z) * z, z)
