"""The built-in force fields against what every force field must obey; and force fields that do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rdkit import Chem

from molmach import forcefield
from molmach.building import build
from molmach.forcefield import CompiledForce, Group
from molmach.forcefield.mmff94 import MMFF94
from molmach.forcefield.mmff94_parameters import MMFF94Parameters
from molmach.forcefield.particles import Particles
from molmach.lanes.compiler import compiled
from molmach.lanes.memory import add3
from molmach.lanes.types import splat
from molmach.spec import load
from molmach.testing import check_force_field
from tests.helpers.energies import strained

_MOLECULES = ("CCO", "c1ccccc1C#N", "C=C(N)C.O")


@pytest.mark.parametrize("name", ["MMFF94", "MMFF94s"])
def test_mmff94_obeys(name: str) -> None:
    check_force_field(name, [strained(smiles) for smiles in _MOLECULES])


def test_the_bead_spring_obeys() -> None:
    check_force_field("bead_spring", [build(load("catenane-motor")).molecule])


def test_every_force_field_of_ours_is_checked_and_says_what_it_is_for() -> None:
    assert forcefield.get("MMFF94s").builds_with == "MMFF94s"
    assert forcefield.get("bead_spring").kinds == ("bead_catenane",)
    assert forcefield.get("MMFF94").kinds is None


class _WrongTerms(MMFF94):
    def energy_terms(self, molecule: Chem.Mol) -> dict[str, float]:
        return {**super().energy_terms(molecule), "bond": 0.0}


class _Field(MMFF94):
    """Pulls every atom to the origin."""

    def energy_terms(self, molecule: Chem.Mol) -> dict[str, float]:
        own = super().energy_terms(molecule)
        positions = molecule.GetConformer().GetPositions() / 10.0
        return {**own, "bond": own["bond"] + float(np.sum(positions**2))}

    def openmm_forces(self, molecule: Chem.Mol, copies: int = 1) -> list[Any]:
        import openmm

        force = openmm.CustomExternalForce("x^2+y^2+z^2")
        for i in range(copies * molecule.GetNumAtoms()):
            force.addParticle(i, [])
        force.setForceGroup(Group.BOND)
        return [*super().openmm_forces(molecule, copies), force]


class _OneCopy(MMFF94):
    def openmm_forces(self, molecule: Chem.Mol, copies: int = 1) -> list[Any]:
        return super().openmm_forces(molecule)


class _LostMass(MMFF94):
    def particles(self, molecule: Chem.Mol, **options: Any) -> Particles:
        own = super().particles(molecule, **options)
        heavier = 1.0 if options.get("hydrogen_mass") else 0.0
        return Particles(own.masses + heavier, own.fixed_atoms, own.fixed_lengths)


class _Tolerant(MMFF94):
    def parameters(self, molecule: Chem.Mol) -> MMFF94Parameters:
        if molecule.GetNumAtoms() == 1:
            return super().parameters(Chem.MolFromSmiles("[Na+]"))
        return super().parameters(molecule)


@compiled
def _push(tables: Any, scratch: Any, high: Any, low: Any, force: Any, energy: Any) -> None:
    one = splat(1.0)
    add3(force, 0, one, one, one)


class _WrongKernel(MMFF94):
    def compiled(self) -> CompiledForce:
        own = super().compiled()
        return CompiledForce(own.tables, own.scratch, _push, own.terms)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (_WrongTerms, "bond is 0 kJ/mol by energy_terms"),
        (_Field, "moved as a whole"),
        (_OneCopy, "forces on copy 1 of 2 differ"),
        (_LostMass, "hydrogen_mass changes the mass"),
        (_Tolerant, "takes a dummy atom"),
        (_WrongKernel, "kJ/mol compiled"),
    ],
)
def test_what_does_not_hold_is_named(wrong: Callable[[str], MMFF94], message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_force_field(wrong("wrong"), [strained("CCO")])


def test_no_molecule_is_no_check() -> None:
    with pytest.raises(AssertionError, match="expected at least one"):
        check_force_field("MMFF94", [])
