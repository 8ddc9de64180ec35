"""Saddles of relatives, laid on another motor by the scaffold that they share."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from molmach.spec import load
from molmach.studies.kinetics.forms import Alkene, Form, superposed
from molmach.studies.kinetics.level import Floats
from molmach.studies.kinetics.relatives import Relative, carried, unpacked
from molmach.studies.kinetics.search import alkene_of
from molmach.studies.kinetics.symmetry import same_shape

METHYL = "C[C@@H]1CCc2ccccc2[C:1]1=[C:2](C)C"
IMAGE = "C[C@H]1CCc2ccccc2[C:1]1=[C:2](C)C"
ETHYL = "CC[C@@H]1CCc2ccccc2[C:1]1=[C:2](C)C"
FLUORO = "C[C@]1(F)CCc2ccccc2[C:1]1=[C:2](C)C"
SMALLER = "C[C@@H]1Cc2ccccc2[C:1]1=[C:2](C)C"


@cache
def motor(smiles: str) -> tuple[Alkene, Form]:
    """A motor and one of its forms."""
    alkene = alkene_of(load("methyltetralin-isopropylidene-motor", [f"machine.smiles={smiles}"]))
    molecule = Chem.Mol(alkene.molecule)
    rdDistGeom.EmbedMolecule(molecule, randomSeed=1)
    rdForceFieldHelpers.MMFFOptimizeMolecule(molecule)
    return alkene, Form(0.0, molecule.GetConformer().GetPositions() / 10.0)


def relative(smiles: str) -> Relative:
    """A motor with a saddle made up: its form, bent a little; the direction is any."""
    alkene, form = motor(smiles)
    rng = np.random.default_rng(3)
    tangent = rng.normal(size=form.positions.shape)
    bent = form.positions + 0.002 * rng.normal(size=form.positions.shape)
    return Relative(alkene, bent[None], (tangent / np.linalg.norm(tangent))[None])


def apart(one: Floats, other: Floats) -> float:
    """Root mean square distance of two structures, laid on each other, nm."""
    return float(np.sqrt(np.mean(np.sum((superposed(other, one, one) - other) ** 2, axis=1))))


def test_a_motor_is_its_own_relative() -> None:
    known = relative(METHYL)
    alkene, form = motor(METHYL)
    ((saddle, direction),) = carried(known, alkene, form)
    assert apart(saddle, known.saddles[0]) < 2e-3  # strained bonds give way
    assert np.allclose(direction, known.tangents[0])


def test_a_mirror_image_serves_as_well() -> None:
    known = relative(METHYL)
    alkene, form = motor(IMAGE)
    ((saddle, direction),) = carried(known, alkene, form)
    numbers = np.array([atom.GetAtomicNum() for atom in alkene.molecule.GetAtoms()])
    assert same_shape(numbers, saddle, -known.saddles[0], mirrors=False, within=0.02)
    assert np.allclose(np.linalg.norm(direction), 1.0)


@pytest.mark.parametrize("smiles", [ETHYL, FLUORO])
def test_what_is_shared_lies_as_in_the_relative_and_the_stereocentre_is_the_new_motors(smiles: str) -> None:
    known = relative(METHYL)
    alkene, form = motor(smiles)
    ((saddle, direction),) = carried(known, alkene, form)
    core = Chem.MolFromSmarts("CC1CCc2ccccc2C1=C(C)C")
    there = known.alkene.molecule.GetSubstructMatch(core)
    numberings = alkene.molecule.GetSubstructMatches(core, uniquify=False)
    assert min(apart(saddle[list(n)], known.saddles[0][list(there)]) for n in numberings) < 5e-3
    assert np.linalg.norm(direction) == pytest.approx(1.0)
    molecule = Chem.Mol(alkene.molecule)
    molecule.RemoveAllConformers()
    conformer = Chem.Conformer(len(saddle))
    conformer.SetPositions(10.0 * saddle)
    molecule.AddConformer(conformer)
    Chem.AssignStereochemistryFrom3D(molecule)
    tags = [Chem.FindMolChiralCenters(m, useLegacyImplementation=False) for m in (molecule, alkene.molecule)]
    assert tags[0] == tags[1]


def test_another_ring_has_nothing_to_give() -> None:
    alkene, form = motor(SMALLER)
    assert carried(relative(METHYL), alkene, form) == []


def test_what_was_packed_is_the_same_and_what_was_not_is_left_aside() -> None:
    known = relative(METHYL)
    again = unpacked(known.packed())
    assert again is not None
    assert (again.alkene.content, again.alkene.isomer) == (known.alkene.content, known.alkene.isomer)
    assert np.array_equal(again.saddles, known.saddles)
    assert np.array_equal(again.tangents, known.tangents)
    assert unpacked(b"anything") is None
    assert unpacked(known.packed()[:-40]) is None
