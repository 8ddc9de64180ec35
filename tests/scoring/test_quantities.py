"""The registry of quantities: one value and one interval wherever a quantity is asked for."""

from __future__ import annotations

import math
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molmach.building import PLACES, TURNS, Scale, build, coordinate_of
from molmach.data import Motion, Performance, Run, Series
from molmach.data.intervals import Jackknife, Student
from molmach.data.observed import Observed
from molmach.data.quantity import Quantity, named, ratio
from molmach.data.statistics import jackknife_estimate
from molmach.drives import model
from molmach.drives.chemical_fuel import ChemicalFuel
from molmach.scoring import energetics, motion, quantities, score
from molmach.scoring.energetics import ENERGY_BALANCE
from molmach.scoring.motion import DIRECTIONALITY, MOTION
from molmach.search.loop.evaluations import evaluation_of
from molmach.search.loop.objectives import Objectives
from molmach.search.loop.quantities import QUANTITIES, Expression, quantity_of, samples_of
from molmach.spec import load
from molmach.spec.campaign import Objective
from molmach.units import thermal_energy
from tests.helpers.ledgers import campaign

MACHINES = {
    "field": ("difluorophenylene-rotor", []),
    "alternating": (
        "difluorophenylene-rotor",
        ["drive={kind: alternating_field, field: 1 V/nm, frequency: 50 GHz}"],
    ),
    "load": (
        "difluorophenylene-rotor",
        ["drive={kind: constant_torque, torque: 10 kJ/mol, load: 2 kJ/mol}"],
    ),
    "light": ("dimethylindane-indanedione-motor", []),
    "fuel": ("catenane-motor", []),
    "rotaxane": ("switched-diketone-shuttle", []),
    "gear": ("triptycyl-ether-gear", []),
}
OWN = {
    "field": {"lag_per_turn", "net_turns"},
    "alternating": {"lag_per_turn"},
    "load": {"load_power", "efficiency"},
    "light": {"photon_rate", "quantum_yield", "turns_per_photon"},
    "fuel": {"fuel_rate", "chemical_power", "turns_per_fuel", "uncertainty_ratio"},
    "rotaxane": {"occupancy_left", "shuttling_rate", "net_displacement", "forward_steps", "switching_rate"},
    "gear": {"velocity_second", "gear_ratio_second", "slips_second"},
}
"""What the score of each has that not every score has."""


def _walk(rng: np.random.Generator, scale: Scale, replicas: int, samples: int = 200) -> np.ndarray[Any, Any]:
    """Coordinates of a drifting walk, or of a ring that goes to and fro between its stations."""
    if scale.period is None:
        return 0.9 + 0.8 * np.sin(np.cumsum(rng.normal(0.0, 0.3, (replicas, samples + 1)), axis=1))
    steps = rng.normal(rng.normal(0.0, 0.05), 0.15, (replicas, samples)) * scale.period
    return np.concatenate([np.zeros((replicas, 1)), np.cumsum(steps, axis=1)], axis=1)


def _totals(rng: np.random.Generator, drawn: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.concatenate([np.zeros((len(drawn), 1)), np.cumsum(drawn, axis=1)], axis=1)


@pytest.fixture(scope="session")
def assemblies() -> dict[str, tuple[Any, Any]]:
    loaded = {name: load(system, changes) for name, (system, changes) in MACHINES.items()}
    return {name: (spec, build(spec)) for name, spec in loaded.items()}


def _run(spec: Any, assembly: Any, seed: int, replicas: int = 6) -> Run:
    """A run whose series are drawn, with everything that a series can have."""
    rng, shape = np.random.default_rng(seed), (replicas, 200)
    coordinate = _walk(rng, coordinate_of(assembly).scale, replicas)
    followers = [-coordinate + rng.normal(0.0, 0.4, coordinate.shape) for _ in assembly.followers]
    series = Series(
        time_ps=0.5 * np.arange(201.0),
        coordinate=coordinate,
        heat=_totals(rng, rng.normal(0.9, 3.0, shape)),
        drive_work=_totals(rng, rng.normal(1.0, 3.0, shape)),
        load_work=_totals(rng, rng.normal(-0.1, 0.3, shape)),
        events=_totals(rng, rng.poisson(0.05, shape).astype(np.float64)),
        energy_change=rng.normal(0.0, 3.0, replicas),
        temperature=rng.normal(301.0, 2.0, replicas),
        intact=np.ones(replicas, dtype=np.bool_),
        followers=np.array(followers) if followers else np.zeros((0, 0, 0)),
    )
    return Run(spec, assembly, spec.drive, series, Performance(1.0, 1.0, "native", "Reference", 1))


@pytest.mark.parametrize("machine", MACHINES)
@settings(max_examples=8)
@given(seed=st.integers(0, 10_000))
def test_a_quantity_has_one_value_and_interval_in_score_and_campaign(
    assemblies: dict[str, tuple[Any, Any]], machine: str, seed: int
) -> None:
    run = _run(*assemblies[machine], seed)
    result, samples = score(run), samples_of(run)
    dynamics = evaluation_of(campaign(), Path())
    assert result.estimates.keys() >= OWN[machine] | {"velocity", "directionality", "work_rate"}
    assert ("peclet" in result.estimates) == (run.spec.machine.kind != "rotaxane")
    for name, estimate in result.estimates.items():
        name = name.replace("-", "_")  # as an expression takes it
        measured = Expression(name).measure(samples)
        numbers = (measured.value, measured.low, measured.high)
        assert numbers == pytest.approx((estimate.value, *estimate.ci95), rel=1e-15, nan_ok=True), name
        worse = Objectives([Objective(minimise=name)], dynamics).measure(samples)[0]
        assert (worse.value, worse.low, worse.high) == pytest.approx(
            (-estimate.value, -estimate.ci95[1], -estimate.ci95[0]), rel=1e-15, nan_ok=True
        )


@pytest.mark.parametrize("machine", MACHINES)
def test_everything_that_the_registry_has_of_a_run_can_be_an_objective(
    assemblies: dict[str, tuple[Any, Any]], machine: str
) -> None:
    run = _run(*assemblies[machine], 1)
    observed = Observed.of(run)
    samples = quantities.samples_of(observed)
    own = model(run.drive).quantities()
    everything = (*quantities.quantities_of(observed), *quantities.COMMON, *own)
    known = {q.name: q for q in everything if q.known_from(samples) and "{" not in q.name}
    assert len(known) > 15
    for name, quantity in known.items():
        expected = quantity.estimate(samples)
        measured = Expression(name.replace("-", "_")).measure(samples_of(run))
        assert (measured.value, measured.error) == pytest.approx(
            (expected.value, expected.error), nan_ok=True
        )


def test_objectives_keep_the_names_that_they_had() -> None:
    assert all(quantity_of(name) is not None for name in QUANTITIES)
    assert quantity_of("bananas") is None
    assert named((*MOTION,), "net_turns").unit == "turn"  # type: ignore[union-attr]


def test_names_are_each_quantity_s_own(assemblies: dict[str, tuple[Any, Any]]) -> None:
    """Nothing is said twice: quantities of one name are one."""
    seen: dict[str, Quantity] = {}
    for quantity in (*quantities.COMMON, *quantities.drive_quantities()):
        assert seen.setdefault(quantity.name, quantity) == quantity


samples = st.lists(st.floats(-100.0, 100.0), min_size=3, max_size=30)


@given(samples)
def test_the_jackknife_of_a_mean_is_students_interval(values: list[float]) -> None:
    array = np.array(values)
    ours, exact = (way.estimate([array], lambda m: m) for way in (Jackknife(), Student()))
    assert ours.value == exact.value
    assert (ours.error, *ours.ci95) == pytest.approx((exact.error, *exact.ci95), abs=1e-9)
    by_numbers = jackknife_estimate(lambda chosen: float(array[chosen].mean()), array.size, "")
    assert (by_numbers.value, by_numbers.error) == pytest.approx((exact.value, exact.error), abs=1e-9)


def test_a_value_that_is_not_finite_is_one_thing_in_every_jackknife() -> None:
    """It stands as it is, without an interval or an error."""
    array = np.array([0.0, 0.0, 0.0])
    with np.errstate(divide="ignore"):
        ours = Jackknife().estimate([array], lambda mean: 1.0 / mean)
        by_numbers = jackknife_estimate(lambda chosen: float(1.0 / array[chosen].mean()), 3, "")
    for found in (ours, by_numbers):
        assert (found.value, *map(math.isnan, (*found.ci95, found.error))) == (math.inf, True, True, True)


counts = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=12)


@given(counts)
def test_an_interval_of_directionality_holds_its_value_and_stays_within_one(
    drawn: list[tuple[int, int]],
) -> None:
    forward, backward = (np.array(part, dtype=np.float64) for part in zip(*drawn, strict=True))
    estimate = DIRECTIONALITY.estimate({"forward": forward, "backward": backward})
    if not forward.sum() + backward.sum():
        assert math.isnan(estimate.value)
        return
    low, high = estimate.ci95
    assert -1.0 <= low <= estimate.value <= high <= 1.0
    assert high - low > 0.0
    turned = DIRECTIONALITY.estimate({"forward": backward, "backward": forward})
    assert (turned.value, *turned.ci95) == pytest.approx((-estimate.value, -high, -low), abs=1e-12)


def test_few_turns_one_way_are_no_certainty_in_a_campaign_either() -> None:
    measured = Expression("directionality").measure({"forward": [1, 1, 1], "backward": [0, 0, 0]})
    assert measured.value == 1.0
    assert measured.low == pytest.approx(2 * 0.025 ** (1 / 3) - 1)  # Clopper-Pearson, 3 of 3
    assert measured.error > 0.0


def test_a_run_with_controls_is_gone_through_once(
    assemblies: dict[str, tuple[Any, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim's motion is taken once, each control's once, and the claim's energies once."""
    taken: list[str] = []
    for module, name in ((energetics, "entropy_rates"), (motion, "diffusions")):
        take = getattr(module, name)

        def counted(*given: Any, name: str = name, take: Any = take) -> Any:
            taken.append(name)
            return take(*given)

        monkeypatch.setattr(module, name, counted)
    claim, undriven, mirror = (_run(*assemblies["gear"], seed) for seed in (1, 2, 3))
    result = score(replace(claim, controls={"undriven": undriven, "mirror": mirror}))
    assert result.controls.keys() == {"undriven", "mirror"}
    assert (taken.count("diffusions"), taken.count("entropy_rates")) == (3, 1)


def test_what_can_t_be_told_is_not_a_number() -> None:
    """No work, no spread, no events, no motion: nan in scores and objectives alike, and no infinities."""
    zero, one = [0.0] * 4, [1.0, 2.0, 3.0, 4.0]
    still = dict.fromkeys(("velocity", "diffusion", "work_rate", "event_rate", "forward", "backward"), zero)
    for name in (
        "peclet",
        "efficiency",
        "turns_per_event",
        "uncertainty_ratio",
        "precision",
        "directionality",
    ):
        quantity = quantity_of(name)
        assert quantity is not None
        estimate = quantity.estimate({"load_power": one, "entropy_rate": one, "input_power": zero, **still})
        assert math.isnan(estimate.value)
        assert all(math.isnan(end) for end in estimate.ci95)


def test_a_ratio_leaves_nothing_infinite() -> None:
    assert np.isnan(ratio(np.array([1.0, 0.0]), np.array([0.0, 0.0]))).all()
    assert ratio(np.array([1.0]), np.array([4.0])).tolist() == [0.25]


def test_entropy_is_what_is_spent_and_not_the_heat_of_what_was_spent(
    assemblies: dict[str, tuple[Any, Any]],
) -> None:
    """Fuel: its free energy and the load's work over T. Other drives: their work, the load's too, over T.

    Heat is the same in the steady state, but for what the integrator leaks.
    """
    fuelled = _run(*assemblies["fuel"], 3)
    series, kT = fuelled.series, thermal_energy(fuelled.spec.protocol.temperature)
    assert isinstance(fuelled.drive, ChemicalFuel)
    spent = fuelled.drive.chemical_potential * series.events[:, -1] + series.load_work[:, -1]
    taken = quantities.samples_of(Observed.of(fuelled))
    np.testing.assert_allclose(taken["entropy_rate"], spent / kT / 0.1)
    turned = _run(*assemblies["load"], 3)
    work = turned.series.drive_work[:, -1] + turned.series.load_work[:, -1]
    np.testing.assert_allclose(quantities.samples_of(Observed.of(turned))["entropy_rate"], work / kT / 0.1)
    ratio_in_score = score(fuelled).estimates["uncertainty_ratio"]
    means = {name: taken[name].mean() for name in ("diffusion", "entropy_rate", "velocity")}
    assert ratio_in_score.value == pytest.approx(
        means["diffusion"] * means["entropy_rate"] / means["velocity"] ** 2
    )


def test_a_machine_at_equilibrium_has_no_price_of_its_current_and_says_so(
    assemblies: dict[str, tuple[Any, Any]],
) -> None:
    spec, assembly = assemblies["fuel"]
    still = spec.model_copy(update={"drive": spec.drive.model_copy(update={"chemical_potential": 0.0})})
    run = _run(still, assembly, 3)
    idle = replace(run.series, load_work=0.0 * run.series.load_work)
    estimate = score(replace(run, series=idle)).estimates["uncertainty_ratio"]
    assert math.isnan(estimate.value)
    assert estimate.to_json()["value"] is None
    assert "at equilibrium" in estimate.to_json()["undefined"]
    loaded = still.model_copy(update={"drive": still.drive.model_copy(update={"load": 1.0})})
    run = _run(loaded, assembly, 3)
    steady = replace(run.series, load_work=np.abs(run.series.load_work) + np.arange(201.0))
    assert score(replace(run, series=steady)).estimates["uncertainty_ratio"].value > 0.0


def test_an_efficiency_is_of_what_the_drive_gives_against_a_load_that_resists(
    assemblies: dict[str, tuple[Any, Any]],
) -> None:
    """Fuel is an input like work; a load that drives the machine makes it no engine, and neither does no input."""
    spec, assembly = assemblies["fuel"]
    loaded = spec.model_copy(update={"drive": spec.drive.model_copy(update={"load": 1.0})})
    run = _run(loaded, assembly, 5)
    time = np.linspace(0.0, 1.0, 201)
    resisting = replace(run.series, load_work=-np.outer(np.linspace(2.0, 3.0, 6), time))
    fuel = spec.drive.chemical_potential * resisting.events[:, -1].mean()
    estimate = score(replace(run, series=resisting)).estimates["efficiency"]
    assert estimate.value == pytest.approx(2.5 / fuel)
    assert estimate.ci95[0] < estimate.value < estimate.ci95[1] <= 1.0
    overrun = replace(resisting, load_work=-resisting.load_work)
    lost = score(replace(run, series=overrun)).estimates["efficiency"].to_json()
    assert lost["value"] is None
    assert "the load drives the machine" in lost["undefined"]
    unfuelled = replace(resisting, events=0.0 * resisting.events)
    assert (
        score(replace(run, series=unfuelled)).estimates["efficiency"].undefined == "the drive spends nothing"
    )


def test_books_that_miss_name_a_remedy_that_the_machine_has(assemblies: dict[str, tuple[Any, Any]]) -> None:
    """Beads have no bonds to hydrogen that could be fixed, and neither are there any left where they are."""
    for machine, constraints, fixes in (
        ("fuel", "none", False),
        ("field", "none", True),
        ("field", "h-bonds", False),
    ):
        spec, assembly = assemblies[machine]
        protocol = spec.protocol.model_copy(update={"constraints": constraints, "timestep": 0.01})
        run = _run(spec.model_copy(update={"protocol": protocol}), assembly, 3)
        time = np.linspace(0.0, 100.0, 201)
        series = replace(
            run.series, heat=np.tile(1.08 * time, (6, 1)), drive_work=np.tile(time, (6, 1)),
            load_work=0.0 * run.series.load_work, events=0.0 * run.series.events, energy_change=np.zeros(6),
        )  # fmt: skip
        (warning,) = [w for w in score(replace(run, series=series)).warnings if "books" in w]
        assert ("h-bonds" in warning) is fixes, machine
        assert "a protocol.timestep of 5.2 fs" in warning
        assert "80 kJ/mol/ns are no heat" in warning


def test_the_lag_behind_a_field_without_a_sense_is_the_mirror_image_s(
    assemblies: dict[str, tuple[Any, Any]],
) -> None:
    for machine, same in (("alternating", True), ("field", False)):
        run = _run(*assemblies[machine], 4)
        other = replace(run, series=replace(run.series, coordinate=-run.series.coordinate))
        here, there = (score(part).estimates["lag_per_turn"] for part in (run, other))
        assert (here.value == pytest.approx(there.value)) is same
        if not same:
            assert 1.0 - here.value == pytest.approx(there.value - 1.0)


LINE = replace(PLACES, unit="cell", unit_size=0.5, event="hop")
RING = replace(TURNS, unit="lap", unit_size=3.0, period=3.0, event="lap", own_unit="m")


def test_a_coordinate_that_molmach_does_not_know_is_scored_by_what_it_says_of_itself() -> None:
    rng = np.random.default_rng(2)
    time_ps = np.arange(401.0)
    places = np.cumsum(rng.normal(0.01, 0.05, (8, 401)), axis=1)
    open_line = score(Motion(time_ps, places, LINE)).estimates
    assert list(open_line) == ["velocity", "net_displacement", "mean_position", "diffusion"]
    assert open_line["velocity"].unit == "cell/ns"
    assert math.isnan(open_line["velocity"].value)
    assert open_line["net_displacement"].value == pytest.approx((places[:, -1] - places[:, 0]).mean() / 0.5)
    closed = score(Motion(time_ps, places, RING)).estimates
    assert {"net_laps", "forward_laps", "backward_laps", "directionality"} <= closed.keys()
    net = closed["forward_laps"].value - closed["backward_laps"].value
    assert abs(net - closed["net_laps"].value) < 1.0
    assert closed["peclet"].unit == "1"


def test_an_occupancy_that_is_not_known_has_no_interval() -> None:
    occupancy = quantity_of("occupancy_left")
    assert occupancy is not None
    never = occupancy.estimate({"occupancy_left": [math.nan, 0.5, 0.5]})
    assert math.isnan(never.value)
    assert all(math.isnan(end) for end in never.ci95)
    assert occupancy.estimate({"occupancy_left": [1.0, 1.0, 0.9]}).ci95[1] == 1.0


def test_energy_books_that_balance_miss_nothing() -> None:
    books = {"missing": [0.0, 0.0, 0.0], "through_work": [1.0, 2.0, 3.0], "through_heat": [1.0, 2.0, 3.0]}
    estimate = ENERGY_BALANCE.estimate({**books, "through_events": [9.0, 9.0, 9.0]})
    assert (estimate.value, *estimate.ci95) == (0.0, 0.0, 0.0)


def test_the_list_in_the_documentation_is_the_registry_s() -> None:
    generated = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "make_quantities.py"))
    assert generated["PAGE"].read_text(encoding="utf-8") == generated["page"]()
    text = generated["page"]()
    for quantity in (*quantities.COMMON, *quantities.drive_quantities()):
        shown = quantity.name.replace("{unit}", "UNIT").replace("{event}", "EVENT").replace("{name}", "NAME")
        assert f"| `{shown}` |" in text
