"""Bead-spring rings in MMFF94's functional forms, so that both engines run them as they are.

Bonds, angles and torsions within a ring; buffered 14-7 energies between beads of different rings.
The parameters are our own, see :class:`molmach.building.bead_catenane.BeadCatenane`.
"""

from __future__ import annotations

import json
import math

import numpy as np
from rdkit import Chem

from molmach.building.bead_catenane import BEADS
from molmach.errors import ForceFieldError
from molmach.forcefield.mmff94 import MMFF94
from molmach.forcefield.mmff94_parameters import Ints, MMFF94Parameters, Terms


class BeadSpring(MMFF94):
    """Parameters come with the molecule that :mod:`molmach.building.bead_catenane` makes."""

    def parameters(self, molecule: Chem.Mol) -> MMFF94Parameters:
        """Every interaction of two bead rings.

        Raises
        ------
        ForceFieldError
            The molecule is not made of beads.
        """
        if not molecule.HasProp(BEADS):
            raise ForceFieldError("bead_spring: the molecule is not made of beads; expected a bead_catenane")
        spec = json.loads(molecule.GetProp(BEADS))
        n, m = spec["track_beads"], spec["ring_beads"]
        track, ring = np.arange(n), n + np.arange(m)
        loops = (
            (track, spec["track_bond"], spec["track_bend"]),
            (ring, spec["ring_bond"], spec["ring_bend"]),
        )
        pairs = np.array([(i, j) for i in track for j in ring])
        return MMFF94Parameters(
            bond=_stacked("k r0", [(_rows(a, 2), (spec["bond_stiffness"], r0)) for a, r0, _ in loops]),
            angle=_stacked(
                "k theta0", [(_rows(a, 3), (k, math.pi * (1.0 - 2.0 / len(a)))) for a, _, k in loops]
            ),
            linear_angle=_none("k", 3),
            stretch_bend=_none("k_ij k_kj r0_ij r0_kj theta0", 3),
            out_of_plane=_none("k", 4),
            torsion=_stacked("v1 v2 v3", [(_rows(ring, 4), (0.0, spec["ring_twist"], 0.0))])
            if spec["ring_twist"]
            else _none("v1 v2 v3", 4),
            van_der_waals=_stacked("epsilon r_star", [(pairs, (spec["contact_energy"], spec["contact"]))]),
            electrostatic=_none("qq", 2),
            charges=np.zeros(n + m),
        )


def _rows(atoms: Ints, bodies: int) -> Ints:
    """(n, bodies) neighbours in a row, once around a ring."""
    return np.asarray(np.stack([np.roll(atoms, -shift) for shift in range(bodies)], axis=1))


def _stacked(names: str, parts: list[tuple[Ints, tuple[float, ...]]]) -> Terms:
    atoms = np.concatenate([rows for rows, _ in parts]).astype(np.int64)
    values = np.concatenate([np.tile(value, (len(rows), 1)) for rows, value in parts])
    return Terms(tuple(names.split()), atoms, values.astype(np.float64))


def _none(names: str, bodies: int) -> Terms:
    labels = tuple(names.split())
    return Terms(labels, np.zeros((0, bodies), dtype=np.int64), np.zeros((0, len(labels))))
