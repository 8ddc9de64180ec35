"""Scans: what can be scanned, the points' numbers, their resumption, and where regimes meet."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import iv, logit
from typer.testing import CliRunner

import molmach
from molmach import theory
from molmach.building import TURNS, RotorAngle
from molmach.cli.main import app
from molmach.cli.options import OPTIONS
from molmach.data import Motion
from molmach.engine import Progress
from molmach.errors import SimulationError, SpecError
from molmach.scoring.motion import velocity_samples
from molmach.search.loop.quantities import quantity_of
from molmach.spec import Spec, load
from molmach.studies.scan import Point, Scan
from molmach.studies.scan.axes import axes_of, parse_over
from molmach.studies.scan.law import fit_law
from molmach.studies.scan.monotone import crossing, rising
from molmach.studies.scan.plan import plan_scan
from molmach.studies.scan.thresholds import (
    LEAST_SHARE,
    LEVELS,
    Row,
    Threshold,
    one_dimensional_thresholds,
    thresholds_of_row,
)
from molmach.units import DEBYE, TURN, VOLT_PER_NM, thermal_energy
from tests.helpers.command_line import command
from tests.helpers.machines import ROTOR
from tests.helpers.waiting import wait_until

OVER = {"drive.field": "0.25..4 V/nm log 5", "drive.frequency": "80 GHz, 160 GHz"}
SETTINGS = ["protocol.replicas=16", "protocol.equilibration=5 ps", "protocol.seed=11"]

MISTAKES = [
    ([], "--over: got 0 keys (none); expected one (a curve) or two (a diagram)"),
    (["drive.field"], "--over drive.field: expected KEY=VALUES, with values such as '1 V/nm, 2 V/nm', or a range"),
    (["drive.field="], "expected KEY=VALUES"),
    (["drive.field=1 V/nm", "drive.field=2 V/nm"], "drive.field stands twice"),
    (["drive.field=1 V/nm", "drive.frequency=1 GHz", "drive.phase=0 deg"], "got 3 keys"),
    (["drive.feild=1 V/nm"], "--over drive.feild=1 V/nm: drive.feild: unknown key; did you mean 'field'?"),
    (["drive.field=1 GHz"], "drive.field: got '1 GHz'; expected an electric field with its unit"),
    (["drive.field=1, 2"], "drive.field: got 1; expected an electric field with its unit"),
    (["drive.field=1 V/nm,,2 V/nm"], "got '1 V/nm,,2 V/nm'; expected values such as"),
    (["drive.field=1..2 V/nm"], "got '1..2 V/nm'; expected values such as"),
    (["drive.field=1..2 V/nm log"], "expected values such as"),
    (["drive.field=1..2 V/nm log 1"], "expected 2 to 1000 values"),
    (["drive.field=2..1 V/nm log 8"], "expected the lower end of the range first"),
    (["drive.field=0..1 V/nm log 8"], "expected both ends above zero, or linear"),
    (["drive.field=1..2 parsec log 8"], "drive.field: got '1 parsec'; expected an electric field"),
    (["drive.field=1 V/nm, 1000 MV/m"], "'1 V/nm' and '1000 MV/m' are the same"),
    (["drive.frequency=-50..50 GHz linear 3"], "drive.frequency: got 0 GHz; expected a frequency other than zero"),
    (["drive.kind=rotating_field"], "not a number or quantity"),
    (["machine.smiles=CC"], "--over machine.smiles=CC"),
    (["name.first=1"], "name is a value, not a section"),
    (["protocol.seed=1, 2"], "--over protocol.seed: can't be scanned"),
    (["protocol.replicas=2, 4"], "--over protocol.replicas: can't be scanned"),
    (["protocol.timestep=2 fs, 3 fs"], "expected a whole multiple of timestep"),
]  # fmt: skip


@pytest.mark.parametrize(("over", "message"), MISTAKES)
def test_a_mistake_is_one_message_that_says_what_is_accepted(over: list[str], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        plan_scan(load(ROTOR), parse_over(over), 20.0)
    assert message in caught.value.worded(OPTIONS)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--over", "drive.field=strong"], "--over drive.field=strong: drive.field: got 'strong'"),
        (["--over", "drive.field=1 V/nm", "--cycles", "0"], "--cycles 0: expected a number above zero"),
        (["--over", "drive.field=1 V/nm", "--cycles", "nan"], "--cycles nan: expected a number above zero"),
        (["--over", "drive.field=1 V/nm", "--cycles", "3", "--duration", "9 ps"], "expected one of them"),
        (["--over", "protocol.duration=9 ps", "--cycles", "3"], "protocol.duration is scanned"),
        (["--over", "protocol.friction=1 /ps", "--set", "drive={kind: none}", "--cycles", "3"], "no frequency"),
        (["--over", "drive.field=1 V/nm", "--workers", "0"], "--workers 0: expected one or more"),
        (["--over", "drive.frequency=50000 GHz"], "fewer than 20 steps"),
    ],
)  # fmt: skip
def test_the_command_refuses_before_it_simulates(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["scan", ROTOR, *arguments, "-o", str(tmp_path / "scan")])
    assert isinstance(done.exception, SpecError), done.output
    assert message in done.exception.worded(OPTIONS)
    assert not list(tmp_path.iterdir())


def test_ranges_and_lists_give_ascending_values_in_molmachs_units() -> None:
    spec = load(ROTOR)
    field, frequency = axes_of(
        spec, {"drive.field": "0.1..10 V/nm log 3", "drive.frequency": ["1 THz", "20 GHz"]}
    )
    assert field.values == pytest.approx((0.1, 1.0, 10.0))
    assert (field.unit, frequency.unit) == ("V/nm", "GHz")
    assert frequency.values == (20.0, 1000.0)
    assert axes_of(spec, {"protocol.temperature": "100..300 K linear 3"})[0].values == (100.0, 200.0, 300.0)
    assert axes_of(spec, {"drive.phase": "-90..90 deg linear 3"})[0].values == (-90.0, 0.0, 90.0)
    assert axes_of(spec, {"drive.field": "1e-3..1e-1V/nm log 2"})[0].values == (0.001, 0.1)


def test_points_last_as_many_periods_as_asked_and_no_less_than_a_hundred_samples() -> None:
    spec = load(ROTOR)
    plan = plan_scan(spec, {"drive.frequency": "-30 GHz, 10 GHz, 1000 GHz"}, 7.0)
    assert [p.spec.protocol.duration for p in plan.points] == pytest.approx([233.4, 700.0, 10.0])
    assert len({p.spec.protocol.seed for p in plan.points}) == 3
    fixed = plan_scan(spec, {"drive.frequency": "10 GHz, 20 GHz"}, None)
    assert {p.spec.protocol.duration for p in fixed.points} == {200.0}


def test_a_points_numbers_do_not_depend_on_the_grid_it_stands_in() -> None:
    spec = load(ROTOR)
    wide = plan_scan(spec, {"drive.field": "1 V/nm, 2 V/nm", "drive.frequency": "50 GHz, 60 GHz"}, 5.0)
    other = plan_scan(spec, {"drive.frequency": "60 GHz", "drive.field": "2 V/nm, 3 V/nm"}, 5.0)
    assert wide.points[3].spec == other.points[0].spec
    assert wide.key != other.key


# ---- thresholds ---------------------------------------------------------------------------------------


def test_rising_curves_are_scipys_isotonic_regression() -> None:
    rng = np.random.default_rng(1)
    values, weights = rng.normal(size=(20, 9)), rng.uniform(0.2, 3.0, 9)
    for fitted, curve in zip(rising(values, weights), values, strict=True):
        np.testing.assert_allclose(fitted, optimize.isotonic_regression(curve, weights=weights).x, atol=1e-12)


def _followed(reduced_field: np.ndarray) -> np.ndarray:
    """Of an overdamped dipole at low frequency: the mobility of a cosine potential is 1/I_0^2."""
    return np.asarray(1.0 - 1.0 / iv(0, reduced_field) ** 2)


EXACT = {name: optimize.brentq(lambda x, lag=lag: 1.0 / iv(0, x) ** 2 - lag, 0.1, 5.0) for name, lag in LEVELS.items()}  # fmt: skip


def test_the_fit_finds_the_thresholds_of_an_exact_curve_from_eight_fields() -> None:
    fields = np.geomspace(0.4, 8.0, 8)
    for name, lag in LEVELS.items():
        curve = logit(np.clip(_followed(fields), LEAST_SHARE, 1.0 - LEAST_SHARE))
        found = math.exp(crossing(np.log(fields), curve[None], logit(1.0 - lag))[0])
        assert found == pytest.approx(EXACT[name], rel=0.005)


def test_references_have_the_low_frequency_limit_of_the_mobility() -> None:
    found = one_dimensional_thresholds(0.05, 2.4943, 50.0, 2.96, 7.03)
    for name, field in found.items():
        assert 7.03 * field / 2.4943 == pytest.approx(EXACT[name], rel=4e-3)
    for friction in (1.0, 5.0):  # less friction only lowers them
        lighter = one_dimensional_thresholds(0.05, 2.4943, friction, 2.96, 7.03)
        assert all(lighter[name] < field for name, field in found.items())


def _row(rng: np.random.Generator, fields: np.ndarray, replicas: int, noise: float, seed: int) -> Row:
    samples = _followed(fields)[:, None] + noise * rng.normal(size=(fields.size, replicas))
    errors = stats.sem(samples, axis=1)
    return Row(None, 10.0, fields, samples.mean(axis=1), errors, replicas, 1.0, EXACT, (seed,))


@pytest.mark.parametrize(("replicas", "noise"), [(4, 0.1), (64, 0.4)])
def test_intervals_of_thresholds_cover_the_truth(replicas: int, noise: float) -> None:
    """100 repeats of a nominal 95 %: fewer than 88 have a chance of 3e-3 each; the seed is fixed."""
    rng = np.random.default_rng(3)
    hits = dict.fromkeys(LEVELS, 0)
    for seed in range(100):
        for found in thresholds_of_row(_row(rng, np.geomspace(0.3, 6.0, 8), replicas, noise, seed)):
            low, high = found.ci95
            outside = (math.isfinite(low) and EXACT[found.name] < low) or EXACT[found.name] > high
            hits[found.name] += not outside
    assert min(hits.values()) >= 88, hits


def test_nothing_is_extrapolated() -> None:
    rng = np.random.default_rng(4)
    weak = {t.name: t for t in thresholds_of_row(_row(rng, np.geomspace(0.1, 0.7, 5), 16, 0.05, 1))}
    strong = {t.name: t for t in thresholds_of_row(_row(rng, np.geomspace(2.5, 9.0, 5), 16, 0.05, 1))}
    for name in LEVELS:
        assert (weak[name].where, strong[name].where) == ("above the scan", "below the scan")
        for found in (weak[name], strong[name]):
            assert math.isnan(found.field)
            assert found.to_json()["field"] == {"value": None, "ci95": [None, None], "unit": "V/nm"}


def test_a_law_is_found_again() -> None:
    rng = np.random.default_rng(5)
    thresholds = []
    for nu in (10.0, 20.0, 50.0, 100.0, 200.0, 300.0):
        field = 1.5 * 0.35 * (1.0 + (nu / 70.0) ** 2) ** 0.45
        draws = field * (1.0 + 0.01 * rng.normal(size=1000))
        low, high = np.quantile(draws, [0.025, 0.975])
        thresholds.append(
            Threshold("synchronous", nu, nu, field, (low, high), "within the scan", 0.35, field, draws)
        )
    law = fit_law(thresholds)
    assert law is not None
    for found, true in ((law.intercept, 1.5), (law.corner, 70.0), (law.power, 0.9)):
        assert found[0] == pytest.approx(true, rel=0.02)
        assert found[1] < true < found[2]
    assert law.field(np.array([50.0]), 0.35)[0] == pytest.approx(thresholds[2].field, rel=1e-3)
    assert fit_law(thresholds[:4]) is None


# ---- scans that are simulated -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    """Five fields by two frequencies, 8 cycles each, with one worker."""
    spec = load(ROTOR, SETTINGS)
    return molmach.scan(spec, OVER, tmp_path_factory.mktemp("scan") / "a", cycles=8, workers=1)


@pytest.mark.parametrize("drive", ["rotating_field", "alternating_field"])
@pytest.mark.parametrize("unit", [1.0, 1.0 / 360.0], ids=["turns", "degrees"])
def test_a_point_follows_its_drive_as_the_registry_has_it(
    drive: str, unit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the coordinate is counted in, and whatever way is forward under a drive without a sense."""
    spec = load("difluorophenylene-rotor", [f"drive={{kind: {drive}, field: 1 V/nm, frequency: 50 GHz}}"])
    monkeypatch.setattr(RotorAngle, "scale", replace(TURNS, unit_size=TURN * unit))
    rng = np.random.default_rng(3)
    angle = np.cumsum(rng.normal(-0.1, 0.05, (4, 101)), axis=1)
    motion = Motion(0.5 * np.arange(101.0), angle, RotorAngle.scale)
    point = Point((1.0,), spec, velocity_samples(motion), {}, 1.0, 1.0, 0.0)
    turns = velocity_samples(Motion(motion.time_ps, angle, TURNS))
    expected = turns / 50.0 if drive == "rotating_field" else np.abs(turns) / 50.0
    np.testing.assert_allclose(point.shares_followed, expected)
    followed = quantity_of("followed")
    assert followed is not None
    estimate = followed.estimate({"followed": expected})
    assert (point.followed.value, *point.followed.ci95) == pytest.approx((estimate.value, *estimate.ci95))
    failed = replace(point, velocities=np.zeros(0))
    assert math.isnan(failed.followed.value)


def _reference(point: Point) -> float:
    """Mean velocity of the one-dimensional rotor of the same inertia, friction and dipole, turn/ns."""
    protocol = point.spec.protocol
    velocity = theory.inertial_rotating_field_velocity(
        TURN * point.frequency * 1e-3,
        thermal_energy(protocol.temperature),
        protocol.friction,
        point.moment_of_inertia,
        point.rotor_dipole * DEBYE * VOLT_PER_NM * point.values[0],
    )
    return velocity / TURN * 1e3


def test_every_point_agrees_with_the_exact_one_dimensional_rotor(finished: Scan) -> None:
    """Ten points within 4.5 standard errors over 16 replicas: a false alarm in all is 0.4 %; the seed is fixed."""
    for point in finished.points:
        error = stats.sem(point.velocities)
        assert abs(point.velocities.mean() - _reference(point)) < 4.5 * error, point.values


def test_regimes_run_from_random_to_synchronous_and_thresholds_lie_between(finished: Scan) -> None:
    assert finished.shape == (5, 2)
    assert finished.regime[0].tolist() == ["random thermal"] * 2
    assert finished.regime[-1].tolist() == ["synchronous"] * 2
    assert np.all(finished.followed[-1] > 0.95)
    assert finished.velocity_ci95.shape == (5, 2, 2)
    assert len(finished.thresholds) == 4
    by_name = {(t.name, t.frequency): t for t in finished.thresholds}
    for frequency in (80.0, 160.0):
        low, high = by_name["break_off", frequency], by_name["synchronous", frequency]
        assert low.field < high.field
        for found in (low, high):  # 1.7 times the half interval: a false alarm is below 1 % for each of four
            half = 0.5 * (found.ci95[1] - found.ci95[0])
            assert abs(found.field - found.reference) < 1.7 * half + 0.03 * found.reference


def test_the_folder_is_whole(finished: Scan) -> None:
    assert finished.folder is not None
    names = {path.name for path in finished.folder.iterdir()}
    assert names == {
        "scan.csv",
        "scan.json",
        "diagram.svg",
        "diagram.png",
        "report.html",
        "machine.yaml",
        "points",
    }
    assert not list(finished.folder.parent.glob("*.unfinished"))
    rows = list(csv.DictReader((finished.folder / "scan.csv").open()))
    assert len(rows) == 10
    assert float(rows[0]["drive.field [V/nm]"]) == 0.25
    assert float(rows[9]["velocity [turn/ns]"]) == pytest.approx(finished.velocity[4, 1], rel=1e-6)
    document = json.loads((finished.folder / "scan.json").read_text())
    assert document["schema"] == "molmach.scan/1"
    assert document["controlled"] is False
    assert [axis["key"] for axis in document["axes"]] == list(OVER)
    page = (finished.folder / "report.html").read_text()
    assert all(s.startswith(("data:", "#")) for s in re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", page))
    assert "prefers-color-scheme: dark" in page
    assert "$" not in page


def test_a_finished_scan_is_read_back_and_another_is_refused(finished: Scan) -> None:
    assert finished.folder is not None
    spec = load(ROTOR, SETTINGS)
    reports: list[Progress] = []
    again = molmach.scan(spec, OVER, finished.folder, cycles=8, progress=reports.append)
    assert not reports
    np.testing.assert_array_equal(again.velocity, finished.velocity)
    assert [t.to_json() for t in again.thresholds] == [t.to_json() for t in finished.thresholds]
    with pytest.raises(SpecError, match="holds another scan"):
        molmach.scan(spec, OVER, finished.folder, cycles=9)
    with pytest.raises(SpecError, match="is no finished scan of molmach"):
        molmach.scan(spec, OVER, finished.folder / "points")


def test_two_processes_do_not_share_a_scan(tmp_path: Path) -> None:
    with (
        plan_scan(load(ROTOR, SETTINGS), OVER, None).folder(tmp_path / "scan").held(),
        pytest.raises(SimulationError, match="another molmach process"),
    ):
        molmach.scan(load(ROTOR, SETTINGS), OVER, tmp_path / "scan")


def test_a_killed_scan_in_another_order_loses_nothing_and_ends_with_the_same_numbers(
    finished: Scan, tmp_path: Path
) -> None:
    """Whatever the order, the number of workers and the processes that it took."""
    folder, work = tmp_path / "scan", tmp_path / "scan.unfinished"
    turned = {"drive.frequency": "160 GHz, 80 GHz", "drive.field": "4 V/nm, 0.25 V/nm, 1 V/nm"}
    options = [option for key, values in turned.items() for option in ("--over", f"{key}={values}")]
    options += [option for setting in SETTINGS for option in ("--set", setting)]
    words = command("scan", ROTOR, *options, "--cycles", "8", "--workers", "1", "-o", str(folder))
    process = subprocess.Popen(words, start_new_session=True)
    try:
        wait_until(lambda: len(list(work.glob("points/*.json"))) >= 2, "two points are stored")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    kept = {path.name: path.stat().st_mtime_ns for path in work.glob("points/*.json")}
    assert 2 <= len(kept) < 6
    assert not folder.exists()
    again = molmach.scan(load(ROTOR, SETTINGS), turned, folder, cycles=8, workers=2)
    now = {path.name: path.stat().st_mtime_ns for path in folder.glob("points/*.json")}
    assert kept.items() <= now.items()
    assert len(now) == 6
    here = {point.values: point for point in finished.points}
    for point in again.points:
        frequency, field = point.values
        np.testing.assert_array_equal(point.velocities, here[field, frequency].velocities)
    assert again.thresholds[0].where == "within the scan"


def test_a_point_that_fails_is_a_hole_that_says_why(tmp_path: Path) -> None:
    settings = ["protocol.replicas=2", "protocol.equilibration=0 ps"]
    found = molmach.scan(
        load(ROTOR, settings), {"drive.field": "1 V/nm, 100000 V/nm"}, tmp_path / "scan", cycles=1, workers=1
    )
    assert "coordinates became infinite" in found.points[1].problem
    assert found.points[0].problem == ""
    assert np.isnan(found.velocity).tolist() == [False, True]
    assert any("100000 V/nm" in warning for warning in found.warnings)


def test_a_torques_curve_is_the_drag(tmp_path: Path) -> None:
    """Velocity = torque/(friction inertia), within 4 standard errors at three torques: 0.3 % false alarms."""
    settings = ["drive={kind: constant_torque, torque: 1 kJ/mol}", "protocol.duration=20 ps", *SETTINGS]
    done = CliRunner().invoke(
        app,
        ["scan", ROTOR, "--over", "drive.torque=-10..10 kJ/mol linear 3", "-o", str(tmp_path / "s"), "--json"]
        + [option for setting in settings for option in ("--set", setting)],
    )
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    spec: Spec = load(ROTOR)
    inertia = molmach.build(spec).moment_of_inertia()
    assert document["thresholds"] == []
    for point in document["points"]:
        drag = point["values"][0] / (2.0 * inertia) / TURN * 1e3
        low, high = point["velocity"]["ci95"]
        error = 0.5 * (high - low) / stats.t.ppf(0.975, 15)
        assert abs(point["velocity"]["value"] - drag) < 4.0 * error
        assert point["regime"] is None
    assert (tmp_path / "s" / "diagram.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_diagram_follows_the_exact_rotor(tmp_path: Path) -> None:
    """Six fields by five frequencies with 48 replicas.

    Every threshold within 4 standard errors of the exact rotor's, with 4 % for the molecule's vibrations
    (a false alarm in all is below 1e-3); the law's intercepts likewise. The seed is fixed.
    """
    over = {"drive.field": "0.2..2.4 V/nm log 6", "drive.frequency": "15..240 GHz log 5"}
    found = molmach.scan(load(ROTOR, ["protocol.replicas=48"]), over, tmp_path / "scan")
    assert len(found.thresholds) == 10
    for threshold in found.thresholds:
        error = 0.25 * (threshold.ci95[1] - threshold.ci95[0])
        assert threshold.where == "within the scan"
        assert abs(threshold.field - threshold.reference) < 4.0 * error + 0.04 * threshold.reference
    assert len(found.laws) == 2
    for law, exact in zip(found.laws, (0.906, 1.388), strict=True):
        assert law.holds
        assert abs(law.intercept[0] - exact) < (law.intercept[2] - law.intercept[1]) + 0.02
