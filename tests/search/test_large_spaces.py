"""Spaces of any size: drawn evenly within their limits, gone through without a list, honest when nothing is left."""

from __future__ import annotations

import itertools
import tracemalloc
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from molmach.agents.active_inference import ActiveInference
from molmach.agents.bayesian import Bayesian
from molmach.agents.evolutionary import Evolutionary
from molmach.agents.random import Random
from molmach.agents.reinforcement import Reinforcement
from molmach.agents.symmetry import exchanges
from molmach.errors import SpecError
from molmach.search import Design, Space, View
from molmach.search.agents.interface import Agent, fresh_samples
from molmach.search.loop.checking import check
from molmach.search.space.design import Categorical
from molmach.search.space.fragments import library
from molmach.search.space.limits import machine_mass
from molmach.search.space.mending import mended
from molmach.search.space.order import random_order
from molmach.spec.campaign import Campaign, loads_campaign
from tests.helpers.planted import history, new_and_distinct, space_of, view_of

BIPHENYL = (
    "[CH:1]#[C:2]c1c([*:10])c([*:11])c(-c2c([*:14])c([*:15])c([C:3]#[CH:4])c([*:16])c2[*:17])"
    "c([*:12])c1[*:13]"
)
OTHERS = ("chloro", "bromo", "methyl", "ethyl", "hydroxy", "methoxy", "amino", "nitro")
MEGABYTE = 1e6


def eight_sites(names: tuple[str, ...], constraints: Mapping[str, object], **section: object) -> Campaign:
    """A biphenyl rotor with eight sites and the same substituents at each."""
    content = {
        "name": "large",
        "base": "difluorophenylene-rotor",
        "machine": {"smiles": BIPHENYL},
        "space": {
            "sites": {site: list(names) for site in range(10, 18)},
            "constraints": constraints,
            **section,
        },
        "objectives": {"maximise": "velocity"},
        "racing": {"rungs": [{"replicas": 16, "duration": "25 ps"}]},
        "agents": ["random"],
        "budget": {"evaluations": 100},
    }
    return loads_campaign(content, "large", Path())


def begun(space: Space, taken: frozenset[str] = frozenset(), batch: int = 0) -> View:
    return View(space, (), taken, 1.0, batch, 3)


# orders


@pytest.mark.parametrize("count", [1, 2, 7, 300, 1024, 1025])
def test_an_order_has_every_number_once(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for listed in (65_536, 0):  # as a list, and as a network that is followed
        monkeypatch.setattr("molmach.search.space.order._LISTED", listed)
        order = random_order(count, np.random.default_rng(count))
        assert sorted(map(order, range(count))) == list(range(count))


def test_places_of_a_long_order_are_even_and_independent() -> None:
    """200 first numbers of 500 orders of 10^30: Kolmogorov's p of all, and correlation of neighbours.

    Level 1e-3 each, fixed seeds.
    """
    count = 10**30
    drawn = np.array(
        [
            [random_order(count, np.random.default_rng(seed))(k) / count for k in range(20)]
            for seed in range(50)
        ]
    )
    assert stats.kstest(drawn.ravel(), "uniform").pvalue > 1e-3
    assert stats.pearsonr(drawn[:, :-1].ravel(), drawn[:, 1:].ravel()).pvalue > 1e-3


# limits that add up


def weights(space: Space, designs: list[Design]) -> np.ndarray:
    return np.array([machine_mass(space.written(design).machine) for design in designs])


def test_200_billion_designs_within_a_weight_are_drawn_in_little_memory() -> None:
    space = Space(eight_sites(tuple(library())[:26], {"molecular_weight": 420}))
    assert space.size == 26**8
    fresh_samples(begun(space), 1)  # what RDKit and the tables keep is there now
    tracemalloc.start()
    designs = fresh_samples(begun(space), 30)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * MEGABYTE
    assert new_and_distinct(begun(space), designs)
    assert len(designs) == 30
    assert np.all(weights(space, designs)[:, 0] <= 420.0)


def test_counts_of_designs_within_limits_are_those_of_going_through_all() -> None:
    for constraints in (
        {"molecular_weight": 190},
        {"heavy_atoms": 13},
        {"molecular_weight": 190, "heavy_atoms": 13},
    ):
        space = space_of(constraints=constraints)
        machines = [design for design in space.enumerate() if space.is_machine(design)]
        drawing = space.drawing
        assert drawing.within is not None
        assert drawing.count is not None
        assert 0 < len(machines) < (space.size or 0)
        # Steps of weight are rounded down: what is counted beside the machines is heavier by a step a site.
        assert len(machines) <= drawing.count <= len(machines) + 0.02 * (space.size or 0)
        counted = [drawing.at(number) for number in range(drawing.count)]
        assert len(set(counted)) == drawing.count
        assert set(machines) <= set(counted)
        named = [v for v in space.variables if isinstance(v, Categorical)]
        table = np.array([[v.values.index(str(d[v.name])) for v in named] for d in space.enumerate()])
        held = [d for d, light in zip(space.enumerate(), space.light_enough(table), strict=True) if light]
        assert held == machines


def test_designs_within_a_limit_are_drawn_evenly() -> None:
    """Chi-square of 20 draws a design; level 1e-3, fixed seed. One left out or drawn twice as often shows."""
    space = space_of(constraints={"molecular_weight": 190})
    machines = [design for design in space.enumerate() if space.is_machine(design)]
    rng, counts = np.random.default_rng(12), Counter[Design]()
    while counts.total() < 20 * len(machines):
        design = space.sample(rng)
        if space.is_machine(design):
            counts[design] += 1
    assert stats.chisquare([counts[design] for design in machines]).pvalue > 1e-3


def test_a_choice_of_parts_brings_its_own_weight_and_sites() -> None:
    """An axle of one ring with four sites, or of two with two of them, the others being left out."""
    one = "[CH:1]#[C:2]c1c([*:10])c([*:11])c([C:3]#[CH:4])c([*:12])c1([*:13])"
    two = "[CH:1]#[C:2]c1c([*:10])c([*:11])c(-c2ccc([C:3]#[CH:4])cc2)cc1"
    options = {"ring": {"one": {"machine.smiles": one}, "two": {"machine.smiles": two}}}
    sites = {site: ["hydrogen", "fluoro", "chloro"] for site in (10, 11, 12, 13)}
    space = space_of(sites=sites, choices=options, constraints={"molecular_weight": 230})
    machines = {design for design in space.enumerate() if space.is_machine(design)}
    drawing = space.drawing
    assert drawing.count is not None
    assert {drawing.at(n) for n in range(drawing.count)} == machines
    assert {design["ring"] for design in machines} == {"one", "two"}
    assert 0 < len(machines) < 162


def test_numbers_beyond_the_sites_are_free() -> None:
    parameters = {
        "drive.frequency": {"low": "10 GHz", "high": "400 GHz", "scale": "log"},
        "protocol.seed": {"low": 1, "high": 3, "scale": "integer"},
    }
    space = space_of(parameters=parameters, constraints={"molecular_weight": 190})
    assert space.drawing.count is None
    designs = fresh_samples(begun(space), 12)
    assert len(designs) == 12
    assert len({design["drive.frequency"] for design in designs}) == 12
    whole = space_of(
        parameters={"protocol.seed": parameters["protocol.seed"]}, constraints={"heavy_atoms": 13}
    )
    assert whole.drawing.count == 3 * space_of(constraints={"heavy_atoms": 13}).drawing.count  # type: ignore[operator]


# all of a small space, and nothing more


@pytest.mark.parametrize("constraints", [{}, {"molecular_weight": 190}, {"forbidden": ["C#N"]}])
def test_asking_again_and_again_finds_every_machine_once(constraints: dict[str, object]) -> None:
    space = space_of(constraints=constraints)
    machines = {space.resolve(d).key for d in space.enumerate() if space.is_machine(d)}
    taken: list[str] = []
    for batch in itertools.count():
        designs = fresh_samples(begun(space, frozenset(taken), batch), 64, tries=2)
        taken += [space.resolve(design).key for design in designs]
        if len(designs) < 64:
            break
    assert len(taken) == len(set(taken))
    assert set(taken) == machines
    assert fresh_samples(begun(space, frozenset(taken)), 1) == []


# constraints that chance hardly meets


def test_one_machine_in_a_million_is_found() -> None:
    """Of ten substituents at eight sites patterns forbid all but two at each: 2.6 designs of a million are left."""
    constraints = {"forbidden": ["[Cl,Br]", "[O,N]", "[CX4]"]}
    allowed = ("hydrogen", "fluoro")
    space = Space(eight_sites(allowed + OTHERS, constraints))
    designs = fresh_samples(begun(space), 4, tries=2)
    assert len(designs) == 4
    assert all(set(dict(design.values).values()) <= set(allowed) for design in designs)
    assert new_and_distinct(begun(space), designs)


def test_what_cannot_be_met_is_said_in_one_sentence() -> None:
    with pytest.raises(SpecError) as heavy:
        check(eight_sites(OTHERS, {"molecular_weight": 100}), Path())
    assert "the lightest of its designs has 314 u" in str(heavy.value)
    assert "\n" not in str(heavy.value)
    with pytest.raises(SpecError) as forbidden:
        check(eight_sites(OTHERS[:3], {"forbidden": ["c"]}), Path())
    assert "designs that were looked at" in str(forbidden.value)
    assert "\n" not in str(forbidden.value)


def test_mending_ends_at_a_machine_or_says_that_it_found_none() -> None:
    space = Space(eight_sites(("hydrogen", "fluoro", *OTHERS), {"forbidden": ["[Cl,Br,I]"]}))
    rng = np.random.default_rng(1)
    design = Design.of(dict.fromkeys((f"R{site}" for site in range(10, 18)), "chloro"))
    found, looks = mended(space, design, rng, 500)
    assert found is not None
    assert space.is_machine(found)
    assert 1 < looks < 500
    assert mended(space, found, rng, 500) == (found, 1)
    assert space.excess(found) == 0.0 < space.excess(design)
    nowhere = Space(eight_sites(OTHERS[:3], {"forbidden": ["c"]}))
    assert mended(nowhere, nowhere.sample(rng), rng, 50)[0] is None


# agents


@pytest.mark.slow
@pytest.mark.parametrize("kind", [Random, Bayesian, Evolutionary, Reinforcement, ActiveInference])
def test_agents_search_a_large_space_within_a_weight(kind: type[Agent]) -> None:
    """Eight of a million designs are light enough: what is proposed is, and it is not all drawn at random."""
    space = Space(eight_sites(tuple(library())[:26], {"molecular_weight": 330}))
    trials = history(space, 9, lambda design: (float(dict(design.values)["R10"] == "hydrogen"),))
    proposals = kind(space).propose(view_of(space, trials), 2)
    assert len(proposals) == 2
    assert new_and_distinct(view_of(space, trials), [proposal.design for proposal in proposals])
    if kind is not Random:
        assert not all("at random" in proposal.rationale for proposal in proposals)


def test_exchanges_of_very_many_sites_are_looked_for_in_bounds() -> None:
    """Sixteen sites with the same values have 46 million ways of exchanging pairs, which nobody lists."""
    chain = "[C:3]#[CH:4]"
    for number, first in enumerate(range(10, 26, 4), start=1):
        a, b, c, d = (f"[*:{site}]" for site in range(first, first + 4))
        chain = f"c{number}c({a})c({b})c({chain})c({c})c{number}{d}"
    sites = {site: ["hydrogen", "fluoro"] for site in range(10, 26)}
    space = space_of("[CH:1]#[C:2]" + chain, sites=sites)
    tracemalloc.start()
    assert len(exchanges(space)) >= 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 * MEGABYTE
