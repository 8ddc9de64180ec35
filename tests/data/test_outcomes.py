"""Forms that a coordinate dwells in, and what becomes of them at each photon, where the outcome is known."""

from __future__ import annotations

import numpy as np
import pytest

from molmach.data.intervals import ExactShareOfCounts
from molmach.data.outcomes import form_changes
from molmach.data.quantity import ratio
from molmach.data.wells import wells_of
from molmach.units import TURN

LIFE_PS = 0.5
ABSORPTION = 0.05


def _lit(
    rng: np.random.Generator, forms: list[float], chance: float, replicas: int, duration_ps: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Coordinate, photons and times of a machine that goes on to its next form with a chance at each photon.

    An excited one swings about half-way between; the ground state librates by nine degrees. Returns the share
    of all photons after which the form was another one, too.
    """
    step = 0.02
    time_ps = np.arange(round(duration_ps / step) + 1) * step
    angle, photons = np.zeros((replicas, time_ps.size)), np.zeros((replicas, time_ps.size))
    changed, absorbed = 0, 0
    for replica in range(replicas):
        place, form, now = np.zeros(time_ps.size), 0, 0.0
        while True:
            start = now + rng.exponential(1.0 / ABSORPTION)
            end = start + rng.exponential(LIFE_PS)
            place[time_ps >= now] = forms[form]
            if start >= duration_ps:
                break
            turns = rng.random() < chance
            absorbed, changed = absorbed + 1, changed + turns
            photons[replica, time_ps >= start] += 1.0
            after = (form + turns) % len(forms)
            between = 0.5 * (forms[form] + forms[after] + TURN * (after < form))
            place[(time_ps >= start) & (time_ps < end)] = between + rng.normal(0.0, 0.5)
            form, now = after, end
        angle[replica] = place + rng.normal(0.0, 0.16, time_ps.size)
    return np.unwrap(angle, axis=1), photons, time_ps, changed / absorbed


@pytest.mark.parametrize(
    "forms", [[0.0, 0.5 * TURN], [0.1, 0.1 + 0.3 * TURN], [0.0, 0.3 * TURN, 0.65 * TURN]]
)
def test_the_yield_is_the_outcome_of_photons_whatever_the_sampling(forms: list[float]) -> None:
    """Samples 0.02, 0.1 and 1 ps apart of the same motion; a form at 0.30 of a turn is one. Some 1000 photons.

    At 0.02 ps all but the last photon of each replica is known. At 1 ps a sample may be of the excited state that
    came before: the tolerance is two standard errors of such a share, the seed fixed.
    """
    angle, photons, time_ps, chance = _lit(np.random.default_rng(1), forms, 0.471, 40, 500.0)
    error = np.sqrt(chance * (1.0 - chance) / photons[:, -1].sum())
    for stride in (1, 5, 50):
        taken = slice(None, None, stride)
        changes, known = form_changes(angle[:, taken], photons[:, taken], time_ps[taken], TURN, LIFE_PS)
        measured = ExactShareOfCounts().estimate([changes, known], ratio)
        assert abs(measured.value - chance) < 2.0 * error, stride
        assert 0.0 <= measured.ci95[0] < measured.value < measured.ci95[1] <= 1.0
        assert known.sum() > 0.85 * photons[:, -1].sum()


def test_a_machine_that_never_changes_has_no_yield_and_a_bound_on_it() -> None:
    angle, photons, time_ps, _ = _lit(np.random.default_rng(2), [0.0, 0.5 * TURN], 0.0, 4, 200.0)
    measured = ExactShareOfCounts().estimate(
        list(form_changes(angle, photons, time_ps, TURN, LIFE_PS)), ratio
    )
    assert measured.value == 0.0
    assert measured.ci95[0] == 0.0
    assert 3.0 / photons[:, -1].sum() < measured.ci95[1] < 6.0 / photons[:, -1].sum()
    dark = ExactShareOfCounts().estimate(
        list(form_changes(angle, 0.0 * photons, time_ps, TURN, LIFE_PS)), ratio
    )
    assert np.isnan(dark.value)


def test_wells_are_told_apart_by_barriers_and_not_by_noise() -> None:
    """Wells at 0.02, 0.32 and 0.7 of a turn, one of them with 1 % of the samples; a flat ring has one well."""
    rng = np.random.default_rng(3)
    parts = [
        rng.normal(centre * TURN, 0.15, count) for centre, count in ((0.02, 6000), (0.32, 90), (0.7, 2910))
    ]
    wells = wells_of(np.concatenate(parts), TURN)
    assert sorted(np.round(wells.peaks / TURN % 1.0, 1)) == [0.0, 0.3, 0.7]
    for number, part in enumerate(parts):
        assert len(np.unique(wells.visits(part))) == 1, number
    for size in (200, 20_000):
        assert wells_of(rng.uniform(-20.0, 20.0, size), TURN).count == 1
    shallow = rng.normal(0.0, 1.0, 4000)
    assert wells_of(shallow, None).count == 1
    apart = np.concatenate([rng.normal(1.0, 0.1, 4000), rng.normal(2.0, 0.1, 400)])
    assert wells_of(apart, None).peaks == pytest.approx([1.0, 2.0], abs=0.06)


def test_a_look_into_the_next_well_is_no_visit() -> None:
    rng = np.random.default_rng(4)
    wells = wells_of(np.concatenate([rng.normal(x, 0.1, 4000) for x in (1.0, 2.0)]), None)
    path = np.array([[1.0, 1.1, 1.55, 1.0, 1.55, 1.9, 2.0, 1.45, 2.0, 1.0]])
    assert wells.visits(path).tolist() == [[0, 0, 0, 0, 0, 1, 1, 1, 1, 0]]
