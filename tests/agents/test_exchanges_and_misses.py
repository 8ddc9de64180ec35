"""Active inference where several structures explain the same, and where theory says how wrong it may be."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from molmach.agents.active_inference import prediction
from molmach.agents.inference.expected_free_energy import Outlook
from molmach.agents.inference.generative_model import THEORY, GenerativeModel, columns
from molmach.agents.inference.growth import exchange, inferred, log_weight
from molmach.agents.inference.message_passing import Evidence
from molmach.agents.inference.structures import learn
from molmach.search import Space
from tests.helpers.planted import NOISE, UNLIKE_ENDS, space_of

Floats = NDArray[np.float64]
SITES = (10, 11, 12, 13)
EXCESS = 10.0


@pytest.fixture(scope="module")
def space() -> Space:
    return space_of(UNLIKE_ENDS, sites={site: ["hydrogen", "fluoro", "cyano"] for site in SITES})


def all_codes(model: GenerativeModel) -> Floats:
    rows = np.array(list(itertools.product(range(3), repeat=4)), dtype=np.float64)
    return np.concatenate([rows, np.zeros((len(rows), 5))], axis=1)


def outlier(space: Space, seed: int) -> tuple[GenerativeModel, Floats, Evidence]:
    """Sums of effects, but for one machine that stands out by five of their spreads: (2, 2, 2, 2)."""
    rng = np.random.default_rng(seed)
    model = GenerativeModel(space)
    codes = all_codes(model)
    effects = rng.normal(size=(4, 3))
    true = np.asarray(sum(effects[site][codes[:, site].astype(int)] for site in range(4)))
    matches = (codes[:, :4] == 2).sum(axis=1)
    rest = rng.permutation(np.flatnonzero(matches < 2))[:40]
    known = np.append(rest, len(codes) - 1)
    values = true[known] + NOISE * rng.normal(size=len(known))
    values[-1] += EXCESS
    return model, codes[known], Evidence.of(values, np.full(len(known), NOISE))


def test_a_machine_that_stands_out_is_no_single_pairs_doing(space: Space) -> None:
    """All six pairs of its values explain it alike, whichever of them was thought of first."""
    model, codes, evidence = outlier(space, 1)
    bases = model.bases(codes)
    factors = (model.factors.bias, *model.factors.effects, model.factors.interactions[0])
    features = {factor.name: columns(factor, bases) for factor in model.factors.all}
    first = frozenset(factor.name for factor in factors)
    entries = {first: (factors, inferred(factors, features, evidence))}
    exchange(entries, model.factors.all, features, evidence)
    pairs = {f.name for kept, _ in entries.values() for f in kept if f.order == 2}
    assert pairs == {factor.name for factor in model.factors.interactions}
    weights = [log_weight(*entry) for entry in entries.values()]
    assert len(entries) == 6
    assert np.ptp(weights) < 3.0


def test_no_measurement_tells_more_of_the_structure_than_their_entropy(space: Space) -> None:
    """Which is why only candidates that it could make the best are looked at closely."""
    model, codes, evidence = outlier(space, 2)
    understanding = learn(model, codes, evidence)
    outlook = Outlook(understanding, model.bases(all_codes(model)), NOISE**2)
    told = outlook.structure(np.arange(81))
    assert len(understanding.structures) > 1
    assert 0.0 <= told.min() < told.max() <= outlook.most_structure + 1e-6


def test_with_theory_effects_are_in_units_of_the_error_that_it_states(space: Space) -> None:
    model = GenerativeModel(space)
    codes = all_codes(model)
    told = np.array([np.zeros(81), np.random.default_rng(4).uniform(0.5, 3.0, 81)])
    bases, plain = model.bases(codes, told), model.bases(codes)
    for with_it, without in zip(model.informed.interactions, model.factors.interactions, strict=True):
        ratio = columns(with_it, bases)[columns(without, plain) > 0.0] / told[1]
        assert np.ptp(ratio) < 0.2 * ratio.mean()
    (theory,) = [factor for factor in model.informed.effects if factor.name == THEORY]
    assert columns(theory, bases) == pytest.approx(0.0)


def test_groups_tell_in_which_sense_theory_misses_where_it_doubts_itself(space: Space) -> None:
    """Its misses are as large as it says, and one site tells their sign: half as large once 24 are known."""
    rng = np.random.default_rng(6)
    model = GenerativeModel(space)
    codes = all_codes(model)
    said, sd = rng.normal(0.0, 1.0, 81), rng.choice([0.05, 3.0], 81)
    true = said + sd * np.array([-1.0, 0.3, 1.0])[codes[:, 1].astype(int)]
    order = rng.permutation(81)
    known, others = order[:24], order[24:]
    evidence = Evidence.of(true[known], np.full(24, NOISE))
    told = np.array([(said - evidence.centre), sd]) / evidence.scale
    understanding = learn(model, codes[known], evidence, told[:, known])
    assert understanding.trust > 0.9
    both = np.array([said, sd])
    misses = [prediction(model, understanding, codes[i], both[:, i])[0] - true[i] for i in others]
    assert np.sqrt(np.mean(np.square(misses))) < 0.5 * np.sqrt(np.mean((said - true)[others] ** 2))
