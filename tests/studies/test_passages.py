"""Rates of passages between stations, against a double well in which they can be counted."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from molmach.building import coordinate_of
from molmach.data.stations import StationMap
from molmach.data.statistics import student_factor
from molmach.errors import SpecError
from molmach.spec import load
from molmach.studies.kinetics.rates import eyring_barrier, eyring_rate
from molmach.studies.profile import Crossing, profile
from molmach.studies.profile.joining import EVERYONE, Joined, Samples, joined, profile_of
from molmach.studies.profile.passages import PER_SECOND, Shooting, aimed, barriers, crossing_of, sides_of
from molmach.studies.profile.shooting import Barrier, Gun, Shots, Surfaces, held_inputs
from molmach.studies.profile.windows import window_protocol
from molmach.theory import passages
from tests.helpers.machines import built

Floats = NDArray[np.float64]

HEIGHT, TILT = 4.0, 0.4
FRICTION, STEP, SAMPLING = 2.0, 0.02, 5
GRID = np.linspace(-2.2, 2.2, 8801)
STATIONS = StationMap(("left", "right"), np.array([-1.0, 1.0]), 0.3, None)
BARRIER = Barrier(-1.0, 1.0, STATIONS.core, 0.0)
CENTRES = np.linspace(-1.4, 1.4, 9)


def _energy(x: Floats) -> Floats:
    """Two wells at -1 and 1 with some 4 kT between them, kT; the unit of length is the wells' own."""
    return HEIGHT * (x**2 - 1.0) ** 2 + TILT * x


def _wells(x: Floats) -> Floats:
    """(9, ...) Gaussian windows, kT."""
    return -5.0 * np.exp(-0.5 * ((x - CENTRES.reshape(-1, *[1] * x.ndim)) / 0.35) ** 2)


def _step(x: Floats, v: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """One of a particle of mass 1 in a bath of friction 2 (BAOAB)."""

    def force(at: Floats) -> Floats:
        return -4.0 * HEIGHT * at * (at**2 - 1.0) - TILT

    decay = math.exp(-FRICTION * STEP)
    v = v + 0.5 * STEP * force(x)
    x = x + 0.5 * STEP * v
    v = decay * v + math.sqrt(1.0 - decay**2) * rng.normal(size=x.shape)
    x = x + 0.5 * STEP * v
    return x, v + 0.5 * STEP * force(x)


def _came_to(
    x: Floats, v: Floats, counts: Callable[[Floats], Floats], rng: np.random.Generator
) -> tuple[NDArray[np.int64], Floats]:
    """Which well is reached, and how much the places before it count, looked at every fifth step."""
    ends, along = np.zeros(x.size, dtype=np.int64), np.zeros(x.size)
    while not ends.all():
        for _ in range(SAMPLING):
            x, v = _step(x, v, rng)
        ends = np.where(ends == 0, BARRIER.ends(x), ends)
        along += np.where(ends == 0, counts(x), 0.0)
    return ends, along


def _drawn(count: int, bias: Floats | float, rng: np.random.Generator) -> Floats:
    """Independent places of the double well under a bias given on the grid, kT."""
    cumulative = np.cumsum(np.exp(-_energy(GRID) - bias))
    return np.interp(rng.random(count), cumulative / cumulative[-1], GRID)


@functools.cache
def _counted() -> tuple[float, float]:
    """Passages from left to right per time and particle, counted, and their standard error over particles."""
    rng = np.random.default_rng(2)
    x, v = _drawn(2500, 0.0, rng), rng.normal(size=2500)
    visits = np.empty((2500, 1600))
    for sample in range(visits.shape[1]):
        for _ in range(SAMPLING):
            x, v = _step(x, v, rng)
        visits[:, sample] = x
    forward, backward = STATIONS.steps(STATIONS.visits(visits))
    rate = 0.5 * (forward + backward) / (visits.shape[1] * SAMPLING * STEP)
    return float(rate.mean()), float(stats.sem(rate))


@pytest.mark.parametrize(
    "counts",
    [
        lambda x: np.where(BARRIER.between(x), 1.0, 0.0),
        lambda x: np.where(np.abs(x) < 0.1, 1.0, 0.0),
        lambda x: np.where((x > 0.2) & (x < 0.6), 1.0 + x, 0.0),
    ],
    ids=["evenly", "at the top", "on one side"],
)
def test_passages_are_those_that_are_counted_however_places_count(counts: Callable[[Floats], Floats]) -> None:
    """Within 4 standard errors: three alarms in 50,000."""
    rng = np.random.default_rng(3)
    chance = np.exp(-_energy(GRID))
    weighed = chance / chance.sum() * counts(GRID)
    x = rng.choice(GRID, size=5000, p=weighed / weighed.sum())
    v = rng.normal(size=x.size)
    (forward, before), (backward, behind) = (_came_to(x, way * v, counts, rng) for way in (1.0, -1.0))
    along = counts(x) + before + behind
    each = weighed.sum() * np.where(forward * backward < 0, 0.5 / along, 0.0) / (SAMPLING * STEP)
    counted, error = _counted()
    assert abs(each.mean() - counted) < 4.0 * math.hypot(error, stats.sem(each))
    together = passages(np.full(x.size, weighed.sum() / x.size), forward, backward, along, SAMPLING * STEP)
    assert together == pytest.approx(each.mean())


def _windowed(rng: np.random.Generator, replicas: int = 8, frames: int = 60) -> Samples:
    place = np.array([
        [_drawn(frames, bias, rng) for _ in range(replicas)] for bias in _wells(GRID)
    ])  # fmt: skip
    return Samples(place, _wells(place), {"undriven": np.zeros(place.shape)})


def _crossed(rng: np.random.Generator, shots: int = 400) -> Crossing:
    """Windows of the double well joined, and shots from between its wells by its own dynamics."""
    ensemble = joined(_windowed(rng))
    ((barrier,), reasons) = barriers(profile_of(ensemble, STATIONS, 1.0).states["undriven"], STATIONS)
    assert barrier is not None
    assert not reasons
    shooting = aimed(ensemble, "undriven", barrier, shots, (1, 0, 0))
    start = ensemble.samples.place[tuple(shooting.frames.T)]
    v = rng.normal(size=start.size)
    (forward, before), (backward, behind) = (
        _came_to(start, way * v, shooting.surfaces, rng) for way in (1.0, -1.0)
    )
    fired = Shots(np.abs(v), forward, backward, shooting.surfaces(start) + before + behind)
    first, second = sides_of(ensemble.samples.place, [barrier.top])
    return crossing_of(
        ensemble, "undriven", ("left", "right"), (first, second), shooting, fired, 300.0, SAMPLING * STEP
    )


def test_rates_from_windows_and_shots_are_those_that_are_counted() -> None:
    """8 repeats: the mean within 4 standard errors, the 95 % intervals of both ways hold in 11 of 16 or more
    (chance alone fails that once in 5,000), and the way back is slower by the wells' free energies."""
    rng = np.random.default_rng(5)
    crossings = [_crossed(rng) for _ in range(8)]
    passages, error = _counted()
    weight = np.exp(-_energy(GRID))
    left = weight[GRID < 0.0].sum() / weight.sum()
    held = 0
    for name, share in (("left", left), ("right", 1.0 - left)):
        truth = PER_SECOND * passages / share
        logs = np.log([crossing.rates[name].value for crossing in crossings])
        assert abs(logs.mean() - math.log(truth)) < 4.0 * math.hypot(stats.sem(logs), error / passages)
        held += sum(c.rates[name].ci95[0] <= truth <= c.rates[name].ci95[1] for c in crossings)
    assert held >= 11
    for crossing in crossings:
        ratio = crossing.rates["right"].value / crossing.rates["left"].value
        assert ratio == pytest.approx(left / (1.0 - left), rel=0.25)
        for name, rate in crossing.rates.items():
            assert eyring_rate(crossing.activation[name].value, 300.0) == pytest.approx(rate.value)
            assert crossing.activation[name].ci95[0] < crossing.activation[name].value
        assert 0.2 < crossing.transmission.value < 1.0
        assert Crossing.of_json(crossing.to_json()) == crossing
        assert not crossing.warnings


def test_shots_start_where_the_ring_is_least_often() -> None:
    """And all replicas have as many, the same ones when asked again."""
    ensemble = joined(_windowed(np.random.default_rng(6)))
    shooting = aimed(ensemble, "undriven", BARRIER, 100, (1, 0, 0))
    assert np.bincount(shooting.frames[:, 1]).tolist() == [13] * 8
    start = ensemble.samples.place[tuple(shooting.frames.T)]
    assert BARRIER.between(start).all()
    assert np.mean(np.abs(start) < 0.35) > 0.6
    again = aimed(ensemble, "undriven", BARRIER, 100, (1, 0, 0))
    assert np.array_equal(shooting.frames, again.frames)


def test_what_has_no_barrier_says_why() -> None:
    curve = profile_of(joined(_windowed(np.random.default_rng(7))), STATIONS, 1.0).states["undriven"]
    near = StationMap(("a", "b", "c"), np.array([-1.0, -0.97, 1.0]), 0.012, None)
    between, (reason,) = barriers(curve, near)
    assert [part is None for part in between] == [True, False]
    assert "a and b lie so near to each other" in reason
    sides = sides_of(np.array([-1.2, -0.98, 0.9]), [None, 0.0])
    assert [side.tolist() for side in sides] == [
        [True, True, False],
        [True, True, False],
        [False, False, True],
    ]


def test_shares_have_the_errors_that_their_intervals_are_of() -> None:
    curve = profile_of(joined(_windowed(np.random.default_rng(8))), STATIONS, 1.0).states["undriven"]
    for share in curve.shares.values():
        assert share.ci95[1] - share.value == pytest.approx(student_factor(8) * share.error)


def test_a_shot_counts_as_its_frame_does_without_a_replica() -> None:
    """Where the others give its frame no weight it stands for nothing, and what rests on it has no interval."""
    place = np.array([[[-0.1], [-0.1]], [[0.1], [0.1]]])
    weights = {EVERYONE: np.full((2, 2, 1), 0.25), 0: np.zeros((2, 2, 1)), 1: np.zeros((2, 2, 1))}
    weights[0][1, 1] = 1.0
    weights[1][:, 0] = 0.5
    ensemble = Joined(Samples(place, np.zeros((2, 2, 2, 1)), {}), {"held": weights}, 1.0)
    surfaces = Surfaces(np.array([-0.7, 0.7]), np.ones(1), BARRIER)
    shooting = Shooting(surfaces, np.array([[0, 0, 0], [0, 1, 0]]))
    fired = Shots(np.ones(2), np.array([1, 1]), np.array([-1, -1]), np.ones(2))
    sides = (place < 0.0, place >= 0.0)
    crossing = crossing_of(ensemble, "held", ("left", "right"), sides, shooting, fired, 300.0, 0.1)
    assert crossing.rates["right"].value == pytest.approx(0.5 * PER_SECOND / 0.1 / 0.5)
    assert np.isnan(crossing.rates["right"].ci95).all()
    assert "so that it has no interval" in crossing.warnings[0]


@pytest.mark.parametrize("rate", [1e-9, 1.0, 1e12])
def test_eyrings_barrier_is_the_rates_own(rate: float) -> None:
    assert eyring_rate(eyring_barrier(rate, 293.0), 293.0) == pytest.approx(rate)
    assert math.isnan(eyring_barrier(0.0, 293.0))


@pytest.fixture(scope="module")
def gun(tmp_path_factory: pytest.TempPathFactory, kernels: None) -> Gun:
    """Shoots from the switched shuttle as built towards places on the two sides of its ring."""
    spec, assembly = load("switched-diketone-shuttle"), built("switched-diketone-shuttle")
    protocol = window_protocol(spec.protocol, 20.0)
    place = float(coordinate_of(assembly)(assembly.positions_nm))
    barrier = Barrier(place - 0.3, place + 0.3, 0.28, place)
    inputs = held_inputs(assembly, spec.drive, "on", protocol)
    surfaces = Surfaces(np.array([place - 0.3, place + 0.3]), np.ones(1), barrier)
    return Gun(inputs, assembly, protocol, surfaces, (0, 0), tmp_path_factory.mktemp("gun") / "shots")


def test_a_shot_is_the_same_whoever_fires_it_and_is_fired_once(gun: Gun) -> None:
    """In one thread or two, alone or among others."""
    places = np.repeat(gun.assembly.positions_nm[None], 20, axis=0)
    done: list[int] = []
    shots = gun.shoot(places, 2, done.append)
    assert done == [20]
    assert np.all(shots.speeds > 0.0)
    assert set(shots.forward) | set(shots.backward) == {-1, 1}
    (file,) = gun.folder.iterdir()
    before = file.stat().st_mtime_ns
    assert np.array_equal(gun.shoot(places, 1).forward, shots.forward)
    assert file.stat().st_mtime_ns == before
    file.unlink()
    few = gun.shoot(places[:3], 1)
    np.testing.assert_allclose(few.speeds, shots.speeds[:3], rtol=1e-9)
    np.testing.assert_allclose(few.along, shots.along[:3], rtol=1e-9)
    assert np.array_equal(few.forward, shots.forward[:3])
    assert np.array_equal(few.backward, shots.backward[:3])


def test_a_held_switch_pulls_as_its_state_does() -> None:
    """Held on or off, the first forces are those of the state, whatever throws of the switch do later."""
    spec, assembly = load("switched-diketone-shuttle"), built("switched-diketone-shuttle")
    off, on = (held_inputs(assembly, spec.drive, state, spec.protocol).switching for state in ("off", "on"))
    assert np.array_equal(off.off, off.on)
    assert np.array_equal(on.off, on.on)
    assert np.array_equal(off.off[0], [-25.0, 0.0])
    assert np.array_equal(on.on[0], [0.0, -25.0])


def test_shots_that_can_not_be_are_refused() -> None:
    for shots in (-1, 2.5, True):
        with pytest.raises(SpecError, match=f"shots {shots}: expected a whole number, 0 or more"):
            profile(load("switched-diketone-shuttle"), shots=shots)  # type: ignore[arg-type]
    for window in (math.nan, math.inf, 1e12):
        with pytest.raises(SpecError, match=r"window of .* ps: expected at least ten"):
            profile(load("switched-diketone-shuttle"), window)
    one = ["machine.stations={left: [1]}", "machine.start=[left]", "drive={kind: none}"]
    with pytest.raises(SpecError, match="one station"):
        profile(load("switched-diketone-shuttle", one), shots=10)
