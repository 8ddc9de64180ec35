"""Drawings: nothing that says too much, and rings round what goes through them."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from molmach.building.assembly import Assembly
from molmach.building.layout import CLASH, lay_flat
from molmach.building.picture import draw
from molmach.building.placing import combine


def solid(smiles: str) -> Chem.Mol:
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    rdDistGeom.EmbedMolecule(molecule, randomSeed=1)
    Chem.AssignStereochemistryFrom3D(molecule)
    return molecule


def svg(smiles: str) -> str:
    return draw(Assembly("x", "rotor", solid(smiles), (0, 1), (0, 1), (2, 3), "MMFF94"))


@pytest.mark.parametrize(
    ("smiles", "wedges"),
    [
        ("C#CC12CCC(C#C)(CC1)CC2", False),
        ("C#CC12CC(C1)(C2)C#C", False),
        ("C#CC12CC3CC(C1)CC(C3)(C2)C#C", False),
        ("C#CC12c3ccccc3C(C#C)(c3ccccc13)c1ccccc12", False),
        ("C#C[C@H](C)c1ccc(C#C)cc1", True),
        ("C#C[C@H]1CC[C@@H](C#C)CC1", True),
        ("C1CC[C@H]2CCCC[C@@H]2C1", True),
    ],
)
def test_wedges_stand_where_another_isomer_is_possible(smiles: str, wedges: bool) -> None:
    """In RDKit's SVG a wedge is a filled triangle, a hashed one more than six strokes of one bond."""
    drawing = svg(smiles)
    strokes = Counter(re.findall(r"class='bond-(\d+) ", drawing))
    assert ("Z' style='fill:#000000" in drawing or max(strokes.values()) > 6) == wedges


def test_a_bicyclooctane_has_no_label_and_shows_its_three_bridges() -> None:
    assert "<text" not in svg("C#CC12CCC(C#C)(CC1)CC2")
    molecule = Chem.RemoveHs(solid("C#CC12CCC(C#C)(CC1)CC2"))
    lay_flat(molecule)
    flat = np.asarray(molecule.GetConformer().GetPositions())
    apart = np.linalg.norm(flat[:, None] - flat[None], axis=-1) + 9.0 * np.eye(len(flat))
    assert apart.min() > CLASH
    for ring in molecule.GetRingInfo().AtomRings():
        around = flat[list(ring)]
        for before, at, after in zip(np.roll(around, 1, 0), around, np.roll(around, -1, 0), strict=True):
            cosine = (
                np.dot(before - at, after - at) / np.linalg.norm(before - at) / np.linalg.norm(after - at)
            )
            assert cosine > -0.985


def test_a_ring_is_drawn_round_the_part_of_the_thread_that_it_is_on() -> None:
    thread, ring = solid("CC(C)(C)CCCCCCCCCCCCC(C)(C)C"), solid("C1COCCOCCOCCOCCOCCOCCOCCO1")
    on = 12  # an atom of the chain
    shift = thread.GetConformer().GetPositions()[on] - ring.GetConformer().GetPositions()[:24].mean(axis=0)
    pair = combine(
        [
            (thread, thread.GetConformer().GetPositions()),
            (ring, ring.GetConformer().GetPositions() + shift),
        ]
    )
    size = thread.GetNumHeavyAtoms()
    pair = Chem.RemoveHs(pair)
    lay_flat(pair)
    flat = np.asarray(pair.GetConformer().GetPositions())
    centre = flat[size:].mean(axis=0)
    assert np.linalg.norm(flat[on] - centre) < 2.0
    ends = flat[[0, size - 1]] - centre
    assert np.all(np.linalg.norm(ends, axis=1) > np.linalg.norm(flat[size:] - centre, axis=1).max())


def test_linked_rings_are_drawn_linked() -> None:
    """Each has atoms inside the other's outline and outside it."""
    first, second = solid("C1COCCOCCOCCOCCOCCOCCOCCO1"), solid("C1CCCCCCCCCCCCCCCCCCCCCCC1")
    pair = Chem.RemoveHs(combine([(m, m.GetConformer().GetPositions()) for m in (first, second)]))
    lay_flat(pair)
    flat = np.asarray(pair.GetConformer().GetPositions())
    rings = flat[:24], flat[24:]
    for ring, other in (rings, rings[::-1]):
        centre = other.mean(axis=0)
        radius = np.linalg.norm(other - centre, axis=1).mean()
        inside = np.linalg.norm(ring - centre, axis=1) < radius
        assert 0.1 < inside.mean() < 0.9
