"""Markov models of an angle against exact chains and exactly solvable diffusions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from molmach import Motion
from molmach.analysis import MarkovModel, chapman_kolmogorov, implied_timescales, markov_model
from molmach.analysis.affinity import counted_affinity
from molmach.building import PLACES, Assembly
from molmach.data import Series
from molmach.errors import ScoreError
from molmach.spec import Spec, load
from molmach.theory import (
    currents,
    ring_affinity,
    ring_currents,
    ring_velocity,
    stationary_distribution,
    stratonovich_velocity,
)
from molmach.units import TURN, thermal_energy

pytest.importorskip("deeptime", reason="the extra notebook is not installed")

Floats = np.ndarray[Any, np.dtype[np.float64]]

FOLD, HEIGHT, FORCE = 3, 2.0, 0.5
"""U = (HEIGHT/2) cos(FOLD x) and a constant torque, in kT; D = 1 rad^2/ps."""


def _potential(x: Floats) -> Floats:
    return np.asarray(0.5 * HEIGHT * np.cos(FOLD * x))


def _brownian(height: float, force: float, replicas: int, duration_ps: float, seed: int) -> Motion:
    """Overdamped motion, Euler-Maruyama with 2 fs, a sample every 20 fs, after 5 ps."""
    rng, step, every = np.random.default_rng(seed), 2e-3, 10
    x = rng.uniform(0.0, TURN, replicas)
    samples: list[Floats] = []
    noise = math.sqrt(2.0 * step)
    for k in range(round((duration_ps + 5.0) / step) + 1):
        if k * step >= 5.0 and k % every == 0:
            samples.append(x)
        x = (
            x
            + step * (force + 0.5 * height * FOLD * np.sin(FOLD * x))
            + noise * rng.standard_normal(replicas)
        )
    coordinate = np.array(samples).T
    return Motion(step * every * np.arange(float(coordinate.shape[1])), coordinate)


@pytest.fixture(scope="module")
def tilted() -> Motion:
    return _brownian(HEIGHT, FORCE, 48, 120.0, seed=5)


def _error(estimate: Any, replicas: int) -> float:
    """Standard error behind a 95 % interval of Student's."""
    return float((estimate.ci95[1] - estimate.ci95[0]) / 2.0 / stats.t.ppf(0.975, replicas - 1))


def _ring(n: int, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    rates = np.zeros((n, n))
    for i in range(n):
        rates[i, (i + 1) % n], rates[(i + 1) % n, i] = rng.uniform(0.5, 3.0, 2)
    return rates


@pytest.mark.parametrize("n", [3, 4, 7, 10])
def test_affinity_and_current_of_a_ring_are_those_of_the_chain_with_rates(n: int) -> None:
    rates = _ring(n, n)
    step = 1e-3
    chain = np.eye(n) + step * (rates - np.diag(rates.sum(axis=1)))
    assert ring_affinity(chain) == pytest.approx(ring_affinity(rates), abs=1e-9)
    exact = currents(rates)[0, 1]
    np.testing.assert_allclose(ring_currents(chain) / step, exact, rtol=1e-8)
    assert ring_velocity(chain) / step == pytest.approx(exact, rel=1e-8)
    assert np.sign(ring_affinity(rates)) == np.sign(exact)


def test_currents_of_long_steps_pass_every_boundary_alike() -> None:
    rng = np.random.default_rng(1)
    chain = rng.dirichlet(np.ones(9), 9)
    passed = ring_currents(chain)
    np.testing.assert_allclose(passed, passed[0], rtol=1e-9)
    assert passed[0] == pytest.approx(ring_velocity(chain))


def test_rings_without_a_way_back_have_no_affinity() -> None:
    one_way = np.roll(np.eye(4), 1, axis=1)
    assert ring_affinity(one_way) == math.inf
    assert ring_affinity(one_way.T) == -math.inf
    assert math.isnan(ring_affinity(np.eye(4)))


def _walk(chain: Floats, replicas: int, steps: int, rng: np.random.Generator) -> Motion:
    """Unwrapped angles at the cells' middles of chains on a ring."""
    n = len(chain)
    cumulated = np.cumsum(chain, axis=1)
    cell = rng.choice(n, replicas, p=stationary_distribution(chain))
    place = cell.astype(np.int64)
    series = [place]
    for draw in rng.random((steps, replicas)):
        following = (cumulated[cell] < draw[:, None]).sum(axis=1)
        hop = (following - cell + 1) % n - 1
        place, cell = place + hop, following
        series.append(place)
    return Motion(np.arange(steps + 1.0), (np.array(series).T + 0.5) * TURN / n)


def test_counts_of_any_lag_give_the_rings_affinity() -> None:
    """Expected counts of exact chains, so that nothing but the formula is tested."""
    from scipy.linalg import expm

    for n, lag in ((5, 0.05), (12, 0.3), (24, 0.4), (24, 1.0)):
        rates = _ring(n, n)
        chain = expm(lag * (rates - np.diag(rates.sum(axis=1))))
        flow = stationary_distribution(rates)[:, None] * chain
        assert counted_affinity(flow * 1e9) == pytest.approx(ring_affinity(rates), abs=2e-3)  # type: ignore[arg-type]


def test_intervals_of_affinity_and_velocity_cover_the_truth_as_often_as_they_say() -> None:
    """150 sets of 8 replicas; 95 % intervals miss 7.5 on average, over 18 by chance once in 2000."""
    rates = _ring(5, 3)
    chain = np.eye(5) + 0.1 * (rates - np.diag(rates.sum(axis=1)))
    rng = np.random.default_rng(17)
    missed = {"affinity": 0, "velocity": 0}
    exact = {"affinity": ring_affinity(chain), "velocity": ring_velocity(chain) * 1e3}
    for _ in range(150):
        model = markov_model(_walk(chain, 8, 400, rng), cells=5, lag_ps=1.0)
        for name in missed:
            low, high = getattr(model, name).ci95
            missed[name] += not low <= exact[name] <= high
    assert max(missed.values()) <= 18, missed


def test_the_matrix_is_the_maximum_of_the_likelihood(tilted: Motion) -> None:
    model = markov_model(tilted, cells=12, lag_ps=0.1)
    total = model.counts.sum(axis=0)
    np.testing.assert_allclose(model.transition_matrix, total / total.sum(axis=1, keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(model.stationary, model.msm.stationary_distribution, rtol=1e-6)


def test_a_tilted_washboard_costs_the_torque_times_the_turn(tilted: Motion) -> None:
    """Affinity 2 pi F / kT: within 4 standard errors (false alarm 6e-5) and what cells leave unseen."""
    cells, lag = 30, 0.1
    model = markov_model(tilted, cells, lag)
    exact = TURN * FORCE
    unseen = (TURN / cells) ** 2 / (12.0 * lag)
    found = model.affinity
    assert abs(found.value - exact) < 4.0 * _error(found, tilted.replicas) + unseen * exact
    assert _error(found, tilted.replicas) < 0.05 * exact
    assert found.ci95[0] > 0.0
    heat = model.dissipation
    assert heat.value == pytest.approx(found.value * model.velocity.value)


def test_velocity_is_stratonovichs(tilted: Motion) -> None:
    """At any lag, within 4 standard errors (false alarm 6e-5 each)."""
    exact = stratonovich_velocity(_potential, FORCE, 1.0, 1.0) / TURN * 1e3
    for lag in (0.02, 0.1, 0.2):
        model = markov_model(tilted, 24, lag)
        assert abs(model.velocity.value - exact) < 4.0 * _error(model.velocity, tilted.replicas)
        np.testing.assert_allclose(model.currents, model.currents[0], rtol=1e-6)
        assert model.currents[0] == pytest.approx(model.velocity.value, rel=1e-6)


def _fine_chain(force: float, n: int = 720) -> Floats:
    """Rates of the diffusion on a fine grid, Scharfetter-Gummel: detailed balance of the tilted potential."""
    x = np.arange(n) * TURN / n
    h = TURN / n
    rise = _potential(x + h) - _potential(x) - force * h
    rates = np.zeros((n, n))
    here, there = np.arange(n), (np.arange(n) + 1) % n
    rates[here, there] = rise / np.expm1(rise) / h**2
    rates[there, here] = -rise / np.expm1(-rise) / h**2
    return rates


def test_the_steady_state_is_the_fokker_planck_equations(tilted: Motion) -> None:
    """Each cell within 5 standard errors over replicas (12 cells: false alarm 7e-6)."""
    model = markov_model(tilted, 12, 0.1)
    exact = stationary_distribution(_fine_chain(FORCE)).reshape(12, 60).sum(axis=1)
    for k, expected in enumerate(exact):
        found = model.estimate(lambda chain, k=k: float(stationary_distribution(chain)[k]), "1")  # type: ignore[misc]
        assert abs(found.value - expected) < 5.0 * _error(found, tilted.replicas)


def test_committors_are_those_of_the_diffusion(tilted: Motion) -> None:
    """q(x) = int_a^x e^V / int_a^b e^V between the sets, V = U - F x, on either side of them.

    A set that is looked at once a lag lies 0.5826 sqrt(2 D lag) deeper (Broadie, Glasserman & Kou, Math.
    Finance 7, 325 (1997)). Within 0.03, about twice the sampling error.
    """
    cells, lag = 72, 0.02
    model = markov_model(tilted, cells, lag)
    half = 6.0 * TURN / cells
    source = model.cells_between(-half, half)
    sink = model.cells_between(math.pi - half, math.pi + half)
    assert source == [*range(6), *range(66, 72)]
    assert sink == list(range(30, 42))
    q = model.committor(source, sink)
    assert set(q[source]) == {0.0}
    assert set(q[sink]) == {1.0}

    def weight(x: Floats) -> Floats:
        return np.asarray(np.exp(_potential(x) - FORCE * x))

    seen = half - 0.5826 * math.sqrt(2.0 * lag)
    for low, high, into in ((seen, math.pi - seen, True), (math.pi + seen, TURN - seen, False)):
        grid = np.linspace(low, high, 4001)
        share = np.concatenate([[0.0], np.cumsum(0.5 * (weight(grid[1:]) + weight(grid[:-1])))])
        share /= share[-1]
        inside = (model.centres > low) & (model.centres < high) & (q > 0.0) & (q < 1.0)
        exact = np.interp(model.centres[inside], grid, share if into else 1.0 - share)
        np.testing.assert_allclose(q[inside], exact, atol=0.03)


def test_without_drive_there_is_no_affinity_and_balance_is_detailed() -> None:
    """Within 4 standard errors (false alarm 6e-5 each)."""
    motion = _brownian(HEIGHT, 0.0, 48, 60.0, seed=8)
    model = markov_model(motion, 24, 0.1)
    assert abs(model.affinity.value) < 4.0 * _error(model.affinity, motion.replicas)
    assert abs(model.velocity.value) < 4.0 * _error(model.velocity, motion.replicas)


def test_a_free_rotors_modes_decay_and_turn_as_they_must() -> None:
    """exp(i x): decay 1/D, frequency v; both within 4 standard errors by the jackknife."""
    motion = _brownian(0.0, 1.0, 48, 60.0, seed=9)
    model = markov_model(motion, 24, 0.2)

    def mode(chain: Floats) -> complex:
        values = np.linalg.eigvals(chain)
        return complex(values[np.argsort(-np.abs(values))][1])

    decay = model.estimate(lambda chain: -math.log(abs(mode(chain))) / model.lag_ps, "1/ps")
    turning = model.estimate(lambda chain: abs(np.angle(mode(chain))) / model.lag_ps, "rad/ps")
    assert abs(decay.value - 1.0) < 4.0 * _error(decay, 48) + (TURN / 24) ** 2 / 12
    assert abs(turning.value - 1.0) < 4.0 * _error(turning, 48)
    times, frequencies = model.relaxation(2)
    assert times[0] == pytest.approx(1.0 / decay.value)
    assert abs(frequencies[0]) == pytest.approx(turning.value / TURN * 1e3)


def test_passage_from_well_to_well_takes_as_long_as_counted(tilted: Motion) -> None:
    """From the middle of a half turn out of it, against the diffusion's exact time; edges as for committors."""
    n, cells, lag = 720, 72, 0.02
    deeper = round(0.5826 * math.sqrt(2.0 * lag) * n / TURN)
    inside = np.arange(-deeper, n // 2 + deeper) % n
    rates = _fine_chain(FORCE, n)
    generator = rates - np.diag(rates.sum(axis=1))
    exact = np.linalg.solve(generator[np.ix_(inside, inside)], -np.ones(inside.size))
    model = markov_model(tilted, cells, lag)
    source, sink = [cells // 4 - 1, cells // 4], list(range(cells // 2, cells))
    found = model.mean_passage_ps(source, sink)
    assert found == pytest.approx(float(exact[deeper + n // 4]), rel=0.06)


def test_chapman_kolmogorov_finds_a_lag_too_short(tilted: Motion) -> None:
    """Three wide cells forget nothing in 20 fs; thirty cells at 0.2 ps pass (false alarm 1 in 100)."""
    good = chapman_kolmogorov(tilted, markov_model(tilted, 30, 0.2))
    assert good.passed
    assert np.max(np.abs(good.predicted - good.seen)) < 0.01
    hasty = chapman_kolmogorov(tilted, markov_model(tilted, 3, 0.02))
    assert not hasty.passed
    slow = implied_timescales(tilted, [0.02, 0.2, 0.4], cells=3, modes=1)[:, 0]
    assert slow[0] < slow[1]
    assert slow[0] < slow[2]


def test_the_lag_of_its_own_choice_spreads_over_three_cells(tilted: Motion) -> None:
    model = markov_model(tilted)
    steps = round(model.lag_ps / 0.02)
    spread = [np.std(tilted.coordinate[:, k:] - tilted.coordinate[:, :-k]) for k in (steps - 1, steps)]
    assert spread[0] < 3 * TURN / 36 <= spread[1]


def test_a_molecule_under_a_torque_pays_for_it(
    rotor_spec: Spec, rotor: Assembly, run_series: Callable[..., Series]
) -> None:
    """4 kJ/mol on the difluorophenylene rotor in thick friction: affinity 2 pi tau / kT.

    Within 4 standard errors (false alarm 6e-5), what the cells hide and what inertia adds.
    """
    torque, friction, lag, cells = 4.0, 10.0, 2.0, 24
    spec = load(
        "difluorophenylene-rotor",
        [f"drive={{kind: constant_torque, torque: {torque} kJ/mol}}", f"protocol.friction={friction} /ps",
         "protocol.replicas=48", "protocol.duration=150 ps", "protocol.equilibration=5 ps"],
    )  # fmt: skip
    series = run_series(rotor, spec.drive, spec.protocol)
    motion = Motion(series.time_ps, series.coordinate)
    model = markov_model(motion, cells, lag)
    kT = thermal_energy(spec.protocol.temperature)
    exact = TURN * torque / kT
    diffusion = kT / (friction * rotor.moment_of_inertia())
    hidden = (TURN / cells) ** 2 / (12.0 * diffusion * lag)
    found = model.affinity
    allowed = 4.0 * _error(found, motion.replicas) + exact * max(hidden, 1.0 / (friction * lag))
    assert abs(found.value - exact) < allowed
    assert allowed < 0.3 * exact
    work = torque * TURN / kT * model.velocity.value
    assert model.dissipation.value == pytest.approx(work, rel=0.2)


def test_what_has_no_chain_is_refused(tilted: Motion) -> None:
    places = Motion(tilted.time_ps, tilted.coordinate, scale=PLACES)
    still = Motion(tilted.time_ps, 0.01 * np.sin(tilted.coordinate))
    rarely = Motion(40.0 * tilted.time_ps[::400], tilted.coordinate[:, ::400])
    cases: list[tuple[Callable[[], Any], str]] = [
        (lambda: markov_model(places), "expected an angle"),
        (lambda: markov_model(tilted, cells=2), "at least 3"),
        (lambda: markov_model(tilted, lag_ps=0.03), "multiple of the 0.02 ps"),
        (lambda: markov_model(tilted, lag_ps=60.0), "up to a quarter"),
        (lambda: markov_model(still), "spreads over less than 3 cells"),
        (lambda: markov_model(still, lag_ps=0.1), "does not go on from every cell"),
        (lambda: markov_model(rarely, lag_ps=float(rarely.time_ps[1])), "over half a turn"),
        (lambda: markov_model(tilted, lag_ps=0.1).committor([1, 2], [2]), "two sets apart"),
        (lambda: markov_model(tilted, lag_ps=0.1).mean_passage_ps([], [2]), "two sets apart"),
    ]
    for attempt, message in cases:
        with pytest.raises(ScoreError, match=message):
            attempt()


def test_a_one_way_ring_has_no_interval() -> None:
    motion = Motion(np.arange(50.0), np.tile((np.arange(50) + 0.5) * TURN / 6, (4, 1)))
    model = markov_model(motion, 6, 1.0)
    assert isinstance(model, MarkovModel)
    assert model.velocity.value == pytest.approx(1e3 / 6)
    assert model.affinity.value == math.inf
    assert math.isnan(model.affinity.ci95[0])
