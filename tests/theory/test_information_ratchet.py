"""The exact ratchet against equilibrium, symmetry, thermodynamics, paper limits and a stochastic simulation."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from molmach import theory
from molmach.theory import InformationRatchet, RatchetChain

KT = 2.4943
LENGTH = 4.8


def motor(
    spacing: float = 0.8, fuel: float = 9.0, waste: float = -7.0, **changes: object
) -> InformationRatchet:
    """A strong motor of two motifs; potentials in kT."""
    stations, sites = theory.evenly_spaced_motifs(LENGTH, 2, spacing)
    ratchet = InformationRatchet(
        circumference=LENGTH,
        stations=stations,
        sites=sites,
        diffusion=0.024,
        thermal_energy=KT,
        station_depth=4.0 * KT,
        station_width=0.16,
        block_height=15.0 * KT,
        block_width=0.32,
        hindrance=15.0 * KT,
        hindrance_width=0.65,
        fuel_rate=1.2e-4,
        waste_rate=7.5e-3,
        fuel_potential=fuel * KT,
        waste_potential=waste * KT,
    )
    return dataclasses.replace(ratchet, **changes)  # type: ignore[arg-type]


ratchets = st.builds(
    motor,
    spacing=st.floats(0.0, 2.4),
    fuel=st.floats(-4.0, 9.0),
    waste=st.floats(-9.0, 4.0),
    station_depth=st.floats(0.0, 8.0 * KT),
    station_width=st.floats(0.15, 0.5),
    block_height=st.floats(0.0, 15.0 * KT),
    block_width=st.floats(0.15, 0.5),
    hindrance=st.floats(0.0, 15.0 * KT),
    hindrance_width=st.floats(0.15, 0.8),
    fuel_rate=st.floats(1e-5, 1e-2),
    waste_rate=st.floats(1e-5, 1e-1),
    lateral_spread=st.sampled_from([0.0, 0.06]),
)


@settings(max_examples=40)
@given(ratchets, st.floats(-9.0, 9.0))
def test_without_driving_nothing_flows_and_the_state_is_boltzmanns(
    ratchet: InformationRatchet, potential: float
) -> None:
    """Each flow is below 1e-12 of the free ring's turning over, or of the events each way."""
    still = dataclasses.replace(ratchet, fuel_potential=potential * KT, waste_potential=potential * KT)
    chain = theory.discretise(still, 60)
    state = theory.steady_state(still, 60)
    stationary = theory.stationary_probabilities(chain)
    assert stationary == pytest.approx(chain.boltzmann(), rel=1e-9)
    assert abs(state.current) < 1e-12 * still.diffusion / LENGTH**2 * 60
    assert abs(state.fuel_consumption) < 1e-12 * max(
        float((chain.fuel_adds.T @ stationary).sum()), still.diffusion
    )
    assert state.entropy_production == 0.0
    assert state.directionality == pytest.approx(0.0, abs=1e-9)


@settings(max_examples=40)
@given(ratchets)
def test_rates_obey_local_detailed_balance(ratchet: InformationRatchet) -> None:
    """Ratio of every rate to its reverse: exp of what the step releases, over kT, hindered or not."""
    chain = theory.discretise(ratchet, 24)
    energy = chain.free_energy.ravel()
    for there, back, supplied in (
        (chain.forward, chain.backward, 0.0),
        (chain.fuel_adds, chain.fuel_removes, ratchet.fuel_potential),
        (chain.waste_adds, chain.waste_removes, ratchet.waste_potential),
    ):
        coordinates = there.tocoo()
        source, target = coordinates.coords
        reverse = np.asarray(back.todense())[target, source]
        released = (supplied - energy[target] + energy[source]) / KT
        assert np.log(coordinates.data / reverse) == pytest.approx(released, abs=1e-9)


@settings(max_examples=40)
@given(ratchets)
def test_mirror_image_turns_the_other_way(ratchet: InformationRatchet) -> None:
    here, there = theory.steady_state(ratchet, 60), theory.steady_state(ratchet.mirrored(), 60)
    tiny = 1e-11 * ratchet.diffusion / LENGTH**2 * 60
    assert there.current == pytest.approx(-here.current, rel=1e-6, abs=tiny)
    assert there.diffusion == pytest.approx(here.diffusion, rel=1e-6)
    assert there.fuel_consumption == pytest.approx(here.fuel_consumption, rel=1e-6, abs=1e-12)


@settings(max_examples=60)
@given(ratchets)
def test_precision_costs_what_the_uncertainty_relation_says(ratchet: InformationRatchet) -> None:
    if abs(ratchet.driving) < 0.1 * KT:
        return
    state = theory.steady_state(ratchet, 60)
    assert state.entropy_production > 0.0
    assert state.uncertainty_ratio >= 1.0


def _with_fuel_parity(chain: RatchetChain) -> np.ndarray:
    """Rates with the parity of the fuel events added to the state: no two reactions then share an edge."""
    same = chain.forward + chain.backward + chain.waste_adds + chain.waste_removes
    other = chain.fuel_adds + chain.fuel_removes
    return np.asarray(sparse.block_array([[same, other], [other, same]]).todense())


@pytest.mark.parametrize(("fuel", "waste"), [(9.0, -7.0), (2.0, 0.0), (-4.0, 1.0)])
def test_entropy_production_is_schnakenbergs(fuel: float, waste: float) -> None:
    """The driving's dissipation against the sum over all edges of flow times affinity."""
    ratchet = motor(fuel=fuel, waste=waste)
    chain = theory.discretise(ratchet, 24)
    exact = theory.entropy_production(_with_fuel_parity(chain))
    assert theory.steady_state(ratchet, 24).entropy_production == pytest.approx(exact, rel=1e-9)
    dense = theory.stationary_distribution(np.asarray(chain.rates().todense()))
    assert theory.stationary_probabilities(chain) == pytest.approx(dense, rel=1e-9)


@pytest.mark.parametrize("spacing", [0.8, 1.8])
def test_current_and_diffusion_are_the_tilted_generators_derivatives(spacing: float) -> None:
    ratchet = motor(spacing, waste_potential=0.0, fuel_rate=0.05, fuel_potential=4.0 * KT)
    chain = theory.discretise(ratchet, 24)
    rates = np.asarray(chain.rates().todense())

    def growth(tilt: float) -> float:
        weights = np.expm1(tilt / 24) * chain.forward + np.expm1(-tilt / 24) * chain.backward
        tilted = rates + np.asarray(weights.todense()) - np.diag(rates.sum(axis=1))
        return float(np.linalg.eigvals(tilted).real.max())

    step = 0.1
    values = [growth(k * step) for k in (-2, -1, 0, 1, 2)]
    first = (values[0] - 8 * values[1] + 8 * values[3] - values[4]) / (12 * step)
    second = (-values[0] + 16 * values[1] - 30 * values[2] + 16 * values[3] - values[4]) / (12 * step**2)
    state = theory.steady_state(ratchet, 24)
    assert state.current == pytest.approx(first, rel=1e-3, abs=1e-9)
    assert state.diffusion == pytest.approx(0.5 * second, rel=1e-3)


def test_converges_with_the_grid_as_its_square() -> None:
    currents = [theory.steady_state(motor(), points).current for points in (60, 120, 240, 480)]
    errors = np.diff(currents)
    assert errors[:-1] / errors[1:] == pytest.approx([4.0, 4.0], rel=0.15)
    assert currents[2] == pytest.approx(currents[3], rel=1e-3)


def test_without_groups_diffuses_as_lifson_and_jackson() -> None:
    """D / (<exp U/kT> <exp -U/kT>) on the stations alone; free where they have no depth."""
    free = theory.steady_state(motor(station_depth=0.0, block_height=0.0))
    assert free.diffusion == pytest.approx(0.024 / LENGTH**2, rel=1e-9)
    ratchet = motor(block_height=0.0)
    bound = theory.steady_state(ratchet)
    boltzmann = np.exp(-theory.discretise(ratchet, 2000).free_energy[0] / KT)
    exact = 0.024 / LENGTH**2 / (boltzmann.mean() * (1.0 / boltzmann).mean())
    assert bound.diffusion == pytest.approx(exact, rel=1e-3)
    assert bound.current == pytest.approx(0.0, abs=1e-12)


def test_lateral_motion_widens_a_shallow_well_as_on_paper() -> None:
    """The Gaussian average of exp(-d^2 / 2 w^2), d^2 = c^2 (1 + u/R) + u^2 + z^2 with chord c, in closed form."""
    width, spread, radius = 0.2, 0.06, LENGTH / (2.0 * math.pi)
    ratchet = motor(
        station_depth=1e-5, station_width=width, stations=(0.0,), sites=(1.0,), lateral_spread=spread
    )
    energy = theory.discretise(ratchet, 120).free_energy[0]
    chord = 2.0 * radius * np.sin(np.arange(120) * math.pi / 120)
    both = width**2 + spread**2
    exponent = -(chord**2) / (2.0 * width**2) + chord**4 * spread**2 / (8.0 * radius**2 * width**2 * both)
    assert energy / -1e-5 == pytest.approx(width**2 / both * np.exp(exponent), rel=1e-4, abs=1e-9)


def test_current_grows_with_driving_from_zero() -> None:
    """More fuel, more turns; the response at equilibrium is of first order in the driving."""
    currents = [
        theory.steady_state(motor(fuel=-7.0 + dmu)).current for dmu in (0.0, 1e-3, 2e-3, 4.0, 8.0, 16.0)
    ]
    assert np.all(np.diff(currents) > 0.0)
    assert currents[2] == pytest.approx(2.0 * currents[1], rel=0.01)


def test_spacing_of_station_and_site_sets_the_direction() -> None:
    """Sites just ahead of a station drive forward; as far behind the next one, backward; halfway, nowhere."""
    ahead, halfway, behind = (theory.steady_state(motor(spacing)) for spacing in (0.8, 1.2, 1.6))
    assert ahead.directionality > 0.5
    assert behind.current == pytest.approx(-ahead.current, rel=1e-6)
    assert abs(halfway.current) < 1e-10 * ahead.current


def test_narrow_groups_reverse_within_the_half_motif() -> None:
    """A reversal that is no mirror image: the site stays on the same side of its station."""
    near, far = (
        theory.steady_state(
            motor(
                spacing,
                fuel=8.0,
                waste=-8.0,
                station_depth=2.6 * KT,
                block_width=0.15,
                hindrance_width=0.375,
                fuel_rate=3.3e-4,
                waste_rate=0.063,
            )
        )
        for spacing in (0.4, 1.0)
    )
    assert near.directionality > 0.2
    assert far.directionality < -0.1


def test_agrees_with_a_stochastic_simulation() -> None:
    """400 runs of 8 ns by Gillespie's algorithm from the exact stationary state; each mean within 4.4 standard
    errors and the variance within the chi-square bounds (false alarm 1e-5 each, 4e-5 together).
    """
    points, replicas, horizon = 24, 400, 8000.0
    ratchet = motor()
    chain = theory.discretise(ratchet, points)
    exact = theory.steady_state(ratchet, points)
    rates = np.asarray(chain.rates().todense())
    total = rates.sum(axis=1)
    cumulative = np.cumsum(rates / total[:, None], axis=1)
    fuel_share = np.asarray((chain.fuel_adds + chain.fuel_removes).todense()) / np.where(
        rates > 0, rates, 1.0
    )
    rng = np.random.default_rng(21)
    state = rng.choice(len(total), replicas, p=theory.stationary_probabilities(chain))
    time, steps, fuel = np.zeros(replicas), np.zeros(replicas, dtype=int), np.zeros(replicas, dtype=int)
    start = state % points
    station = np.full(replicas, np.iinfo(np.int64).min)
    forward, backward = np.zeros(replicas), np.zeros(replicas)
    while True:
        time += rng.exponential(1.0 / total[state])
        running = time < horizon
        if not running.any():
            break
        draw = rng.random(replicas)
        following = np.minimum((cumulative[state] <= draw[:, None]).sum(axis=1), len(total) - 1)
        following = np.where(running, following, state)
        moved = (following - state) % points
        steps += np.where(moved == 1, 1, np.where(moved == points - 1, -1, 0))
        groups = np.bitwise_count(following // points).astype(int) - np.bitwise_count(state // points)
        by_fuel = rng.random(replicas) < fuel_share[state, following]
        fuel += np.where(by_fuel, groups, 0)
        state = following
        at, rest = np.divmod(start + steps, points // 2)
        known = station > np.iinfo(np.int64).min
        forward += (rest == 0) & known & (at > station)
        backward += (rest == 0) & known & (at < station)
        station = np.where(rest == 0, at, station)
    turns = steps / points

    def deviation(sample: np.ndarray, mean: float) -> float:
        return float(abs(sample.mean() - mean) / (sample.std(ddof=1) / math.sqrt(replicas)))

    assert deviation(turns, exact.current * horizon) < 4.4
    assert deviation(fuel, exact.fuel_consumption * horizon) < 4.4
    assert deviation(forward - backward - exact.directionality * (forward + backward), 0.0) < 4.4
    scaled = turns.var(ddof=1) / (2.0 * exact.diffusion * horizon)
    assert abs(scaled - 1.0) < 4.4 * math.sqrt(2.0 / (replicas - 1)) + 0.02


@pytest.mark.parametrize(
    ("name", "value"),
    [("diffusion", 0.0), ("block_width", -0.1), ("fuel_rate", math.inf), ("lateral_spread", -1.0)],
)
def test_refuses_what_has_no_meaning(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} .* {value}"):
        motor(**{name: value})
