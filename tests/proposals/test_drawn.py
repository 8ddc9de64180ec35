"""The right axle comes first: of twenty molecules as chemists paste them, and of the library's."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from molmach import suggest
from molmach.errors import SpecError
from molmach.proposals import Proposal
from molmach.proposals.axles import find_axles
from tests.helpers.drawn import Drawn, key_of, of_the_library, pasted

PASTED = pasted()
ROTORS = [*(one for one in PASTED if one.kind == "rotor"), *of_the_library()]
NONE = [one for one in PASTED if one.kind == "none"]
QUICK = ("fluorotolane", "nitrobiphenyl")

_NEXT_TO = 2
"""Bonds between an atom that is asked for and a station's."""


def test_the_list_is_of_twenty_half_of_them_literature() -> None:
    assert len(PASTED) == 20
    assert len({one.name for one in PASTED}) == 20


@pytest.mark.parametrize("drawn", ROTORS, ids=lambda drawn: drawn.name)
def test_the_right_axle_is_the_first_by_the_formula_alone(drawn: Drawn) -> None:
    molecule = Chem.MolFromSmiles(drawn.pasted[0])
    assert key_of(molecule, find_axles(molecule)[0].atoms) in drawn.axles


@pytest.mark.parametrize("drawn", NONE, ids=lambda drawn: drawn.name)
def test_a_molecule_in_which_nothing_turns_is_told_so(drawn: Drawn) -> None:
    with pytest.raises(SpecError, match=r"has no axle: its .*; expected a double bond"):
        suggest(*drawn.pasted)


@pytest.mark.parametrize("drawn", [d for d in PASTED if d.name in QUICK], ids=lambda drawn: drawn.name)
def test_the_right_axle_is_the_first_as_built(drawn: Drawn) -> None:
    assert _is_right(suggest(*drawn.pasted)[0], drawn)


@pytest.mark.slow
def test_the_right_machine_is_first_for_seventeen_of_twenty() -> None:
    right = []
    for drawn in PASTED:
        try:
            right.append(_is_right(suggest(*drawn.pasted)[0], drawn))
        except SpecError:
            right.append(drawn.kind == "none")
    assert sum(right) >= 17, [one.name for one, is_right in zip(PASTED, right, strict=True) if not is_right]


def _is_right(proposal: Proposal, drawn: Drawn) -> bool:
    """Whether a proposal that can be built is of the kind, about the axle, or at the stations, that is asked for."""
    section = proposal.section(proposal.isomers[0])
    if proposal.problem or section["kind"] != drawn.kind:
        return False
    if drawn.axles:
        return key_of(proposal.molecule, proposal.atoms) in drawn.axles
    return all(_has_station(proposal, text) for text in drawn.stations)


def _has_station(proposal: Proposal, text: str) -> bool:
    wanted = Chem.MolFromSmiles(text)
    match = proposal.molecule.GetSubstructMatch(wanted)
    asked = [match[atom.GetIdx()] for atom in wanted.GetAtoms() if atom.GetAtomMapNum()]
    distance = np.asarray(Chem.GetDistanceMatrix(proposal.molecule))
    return bool((distance[np.ix_(asked, proposal.atoms)].min(axis=1) <= _NEXT_TO).all())
