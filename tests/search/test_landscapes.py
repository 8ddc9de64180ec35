"""The landscapes of ``benchmarks/landscapes``: their optima are what they say, and campaigns can search them."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors

from benchmarks.landscapes.courses import course
from benchmarks.landscapes.formula import campaign
from benchmarks.landscapes.kinds import KINDS, landscape
from benchmarks.landscapes.molecules import descriptors
from molmach.search import Space

QUICK = tuple(kind for kind in KINDS if kind != "property")
"""Without the kind that looks at 4096 molecules first."""


@pytest.mark.parametrize("kind", QUICK)
def test_no_design_is_better_than_the_optimum_and_some_reach_the_goal(kind: str) -> None:
    chosen = landscape(kind, 3)
    space = Space(campaign(chosen, ["random"], 10, 4))
    rng = np.random.default_rng(1)
    found = [chosen.value(dict(space.sample(rng).values)) for _ in range(300)]
    assert chosen.reached(found)[-1] <= chosen.optimum
    assert chosen.regret(float(chosen.reached(found)[-1])) > 0.0
    assert chosen.goal < chosen.optimum
    if chosen.goal_share is not None:
        as_good = (chosen.everything[:, 0] >= chosen.goal).sum()
        assert as_good == pytest.approx(chosen.goal_share * len(chosen.everything), abs=1)


@pytest.mark.parametrize("kind", QUICK)
def test_a_seed_makes_another_landscape_and_not_another_noise(kind: str) -> None:
    first, again, other = landscape(kind, 0), landscape.__wrapped__(kind, 0), landscape(kind, 1)
    assert np.array_equal(first.everything, again.everything)
    if first.numbers:
        assert max(abs(np.array(first.best_numbers) - np.array(other.best_numbers))) > 0.05
    else:
        assert first.everything[:, 0].argmax() != other.everything[:, 0].argmax()


def test_about_two_fifths_of_the_infeasible_kind_can_not_be_measured() -> None:
    for seed in range(5):
        chosen = landscape("infeasible", seed)
        assert 1.0 - len(chosen.everything) / 6**5 == pytest.approx(0.4, abs=0.04)


def test_everything_near_the_decoy_is_worse_than_the_target() -> None:
    chosen = landscape("deceptive", 2)
    best = np.argsort(-chosen.everything[:, 0])[:17]
    designs = np.stack(np.unravel_index(best, (4,) * 5), axis=1)
    target, decoy = designs[0], designs[16]
    assert ((designs[:16] != target).sum(axis=1) <= 1).all()
    assert (target != decoy).sum() >= 4


def test_descriptors_are_those_of_the_molecule_that_the_campaign_makes() -> None:
    fragments = (("hydrogen", "cyano"), ("methoxy", "isopropyl"))
    table = descriptors(fragments)
    chosen = landscape("additive", 0)
    full = tuple(fragments) + (("hydrogen",),) * 4
    space = Space(campaign(chosen, ["random"], 10, 4))
    assert space.size == 8**6
    rows = [(a, b) for a in full[0] for b in full[1]]
    designs = [
        {f"R{10 + site}": name for site, name in enumerate([a, b, *("hydrogen",) * 4])} for a, b in rows
    ]
    for row, values in zip(table, designs, strict=True):
        molecule = Chem.MolFromSmiles(
            space.resolve(space.sample(np.random.default_rng(0)).replace(**values)).smiles
        )
        assert row == pytest.approx(
            [Crippen.MolLogP(molecule), rdMolDescriptors.CalcTPSA(molecule), Descriptors.MolWt(molecule)]
        )


def test_a_search_is_the_same_again_and_says_what_it_reached() -> None:
    first, again = (course("infeasible", 0, "random") for _ in range(2))
    assert {**first, "seconds": 0} == {**again, "seconds": 0}
    assert 20 <= first["failed"] <= 60
    assert 0.0 <= first["regret"] < 1.0
    assert first["predictions"]["random"][0] > 40
