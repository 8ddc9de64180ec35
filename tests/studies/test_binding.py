"""How well stations hold rings: the energy of parts put together, and what a search leaves open."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from molmach.building.conformers import minimise
from molmach.errors import SpecError
from molmach.spec import load
from molmach.studies.binding import _alternating, _lowest, binding


def test_what_is_refused() -> None:
    shuttle = load("diketone-shuttle")
    with pytest.raises(SpecError, match=r"station: got 'middle'; expected one of left, right"):
        binding(shuttle, station="middle")
    with pytest.raises(SpecError, match=r"machine.kind: a rotor has no single ring"):
        binding(load("difluorophenylene-rotor"))
    with pytest.raises(SpecError, match="searches: got 1"):
        binding(shuttle, searches=1)
    with pytest.raises(SpecError, match="got 'CCSD'; accepted: MMFF94, GFN2-xTB"):
        binding(shuttle, "CCSD")


def test_parts_that_are_minimised_together_feel_each_other() -> None:
    """Water beside an ammonium ion is bound by more than 50 kJ/mol, less than by 150."""
    pair = Chem.AddHs(Chem.MolFromSmiles("[NH4+].O"))
    alone = [Chem.AddHs(Chem.MolFromSmiles(part)) for part in ("[NH4+]", "O")]
    energies = []
    for molecule in (pair, *alone):
        rdDistGeom.EmbedMolecule(molecule, randomSeed=1)
        ((converged, energy, _),) = minimise(molecule, "MMFF94")
        assert converged
        energies.append(energy)
    assert -150.0 < energies[0] - energies[1] - energies[2] < -50.0


def test_halves_of_a_search_have_starts_of_both_kinds() -> None:
    bound, free = [Chem.MolFromSmiles("C") for _ in range(5)], [Chem.MolFromSmiles("N") for _ in range(4)]
    kinds = ["C" if molecule.GetAtomWithIdx(0).GetAtomicNum() == 6 else "N"
             for molecule in _alternating(bound, free)]  # fmt: skip
    assert sorted(kinds) == ["C"] * 5 + ["N"] * 4
    assert kinds[:8:2].count("C") == kinds[1:8:2].count("C") == 2
    assert _lowest(np.array([3.0, 1.0, 2.0, 5.0])) == (1.0, 1.0)


@pytest.mark.slow
def test_a_station_that_attracts_holds_and_equal_stations_hold_alike() -> None:
    """A crown ether on an ammonium ion is bound by hundreds of kJ/mol in the gas phase, on a carbonyl by tens;
    two equal stations agree within four times the searches' errors."""
    left, right = (binding(load("diketone-shuttle"), searches=12, station=name) for name in ("left", "right"))
    strong = binding(load("ammonium-bipyridinium-shuttle"), searches=8)
    assert strong.energy < -150.0 < left.energy < -20.0
    assert abs(left.energy - right.energy) < 4.0 * np.hypot(left.error, right.error)
