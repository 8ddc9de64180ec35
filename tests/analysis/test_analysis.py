"""Tables, plots and views for notebooks."""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import molmach
from molmach import Motion, Run, analysis, read_run, score, simulate
from molmach.building import PLACES, Assembly
from molmach.errors import MissingExtraError, ScoreError
from molmach.search import Finding
from molmach.spec import load
from molmach.units import TURN, thermal_energy
from tests.helpers.browser import MISSING, Browser
from tests.helpers.ledgers import Scribe, campaign, rows_of
from tests.helpers.machines import ROTOR

Floats = np.ndarray[Any, np.dtype[np.float64]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A rotor that follows a strong field, read back from its folder."""
    changes = ["protocol.replicas=6", "protocol.duration=40 ps", "drive.field=4 V/nm", "drive.phase=30 deg"]
    done = simulate(load(ROTOR, changes), tmp_path_factory.mktemp("analysis") / "run")
    assert done.run_dir is not None
    return read_run(done.run_dir)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    objectives = [{"maximise": "velocity"}, {"minimise": "dissipation"}]
    scribe = Scribe(campaign(objectives=objectives), tmp_path_factory.mktemp("campaign"))
    scribe.search(60)
    scribe.ledger.note("explained bayesian", "cyano is good")
    scribe.ledger.note("explained random", "")
    return scribe.end()


def test_a_run_becomes_a_dataset_with_units(run: Run) -> None:
    pytest.importorskip("xarray")
    data = analysis.to_xarray(run)
    assert list(data["condition"].values) == ["machine", "undriven", "mirror"]
    assert data["coordinate"].dims == ("condition", "replica", "time")
    for name, part in {"machine": run, **run.controls}.items():
        chosen = data.sel(condition=name)
        for variable in (
            "coordinate",
            "heat",
            "drive_work",
            "load_work",
            "events",
            "temperature",
            "energy_change",
        ):
            np.testing.assert_array_equal(chosen[variable].values, getattr(part.series, variable))
    assert data["time"].attrs["units"] == "ps"
    assert data["coordinate"].attrs["units"] == "rad"
    assert data["heat"].attrs["units"] == "kJ/mol"
    assert data.attrs["key"] == run.spec.key
    turns = data["coordinate"].isel(time=-1) - data["coordinate"].isel(time=0)
    velocity = float(turns.sel(condition="machine").mean()) / TURN / 40e-3
    assert velocity == pytest.approx(score(run).velocity.value)


def test_a_motion_with_a_second_wheel_becomes_a_dataset() -> None:
    pytest.importorskip("xarray")
    angle = np.cumsum(np.ones((3, 20)), axis=1)
    motion = Motion(np.arange(20.0), angle, followers={"second": -angle})
    data = analysis.to_xarray(motion)
    np.testing.assert_array_equal(data["follower_angle"].sel(follower="second").values, -angle)
    assert score(motion).estimates["gear_ratio_second"].value == pytest.approx(-1.0)


def test_a_score_becomes_a_frame(run: Run) -> None:
    pytest.importorskip("pandas")
    result = score(run)
    frame = analysis.to_frame(result)
    velocity = frame[frame["quantity"] == "velocity"].set_index("condition")
    assert list(velocity.index) == ["machine", "undriven", "mirror"]
    assert velocity.loc["machine", "value"] == result.velocity.value
    assert velocity.loc["machine", "p_value"] == result.p_value
    assert velocity.loc["mirror", "low"] == result.controls["mirror"].velocity.ci95[0]
    machine = frame[frame["condition"] == "machine"]
    assert set(machine["quantity"]) >= set(result.estimates)
    assert frame.attrs["verdict"] == result.verdict == "forward"
    assert frame.attrs["controls_passed"] == {"undriven": True, "mirror": True}


def test_a_ledger_becomes_frames_in_the_sense_that_was_asked_for(folder: Path) -> None:
    pytest.importorskip("pandas")
    tables = molmach.open_ledger(folder)
    from molmach.search.record.ledger import NAME, Ledger

    ledger = Ledger(folder / NAME)
    entries = list(ledger.findings())
    assert len(tables.evaluations) == len(entries) >= 60
    for (_, row), entry in zip(tables.evaluations.iterrows(), entries, strict=True):
        assert row["machine"] == entry.machine
        assert row["ok"] == entry.ok
        if entry.ok:
            first, second = entry.measured
            assert row["velocity"] == first.value
            assert (row["dissipation"], row["dissipation.low"]) == (-second.value, -second.high)
            assert row["dissipation.low"] <= row["dissipation"] <= row["dissipation.high"]
        else:
            assert math.isnan(row["velocity"])
            assert row["reason"]
    counts = dict(rows_of(ledger, "SELECT state, COUNT(*) FROM proposals GROUP BY state"))
    assert tables.proposals["state"].value_counts().to_dict() == counts
    designs = [json.loads(text)[0] for (text,) in rows_of(ledger, "SELECT design FROM proposals ORDER BY id")]
    assert tables.proposals["design.R10"].tolist() == [dict(design)["R10"] for design in designs]
    assert tables.evaluations["design.drive.frequency"].notna().all()
    assert tables.events["kind"].tolist()[0] == "started"
    assert str(tables.evaluations["finished"].dtype).endswith("UTC]")
    assert (tables.evaluations["rung"] == -1).sum() == 3
    assert tables.evaluations.loc[tables.evaluations["rung"] == -1, "verdict"].eq("forward").all()
    assert tables.campaign.name == "made-up"
    assert tables.beliefs == {"bayesian": "cyano is good"}
    ledger.close()


def test_a_number_alone_stands_beside_those_of_replicas(tmp_path: Path) -> None:
    """Lists of other lengths, as a ledger may have them, are filled up with nan."""
    pytest.importorskip("pandas")
    scribe = Scribe(campaign(), tmp_path)
    machine = scribe.propose("random", scribe._machine())
    assert machine is not None
    measured = scribe.measure(machine.design, 1.0)
    finding = Finding("key", machine.key, "random", 0, "", measured, 1.0, 1, False, 0.0)
    scribe.ledger.add_finding(finding, {"velocity": [1.0, 2.0, 3.0], "barrier": [5.0]})
    samples = molmach.open_ledger(scribe.end()).samples
    assert samples["replica"].tolist() == [0, 1, 2]
    assert samples["velocity"].tolist() == [1.0, 2.0, 3.0]
    assert samples["barrier"].isna().tolist() == [False, True, True]


def test_an_empty_ledger_becomes_empty_frames(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    tables = molmach.open_ledger(Scribe(campaign(), tmp_path).end("stopped"))
    assert len(tables.evaluations) == len(tables.proposals) == len(tables.samples) == 0
    assert {"velocity", "velocity.low", "machine"} <= set(tables.evaluations.columns)


def _plots(run: Run) -> dict[str, Callable[[Axes | None], Axes]]:
    still = run.controls["undriven"]
    motion = Motion(run.series.time_ps, run.series.coordinate, followers={"second": -run.series.coordinate})
    return {
        "angles": lambda ax: analysis.plot_angles(run, ax),
        "angles of a motion": lambda ax: analysis.plot_angles(motion, ax),
        "velocity": lambda ax: analysis.plot_velocity(run, score(run), ax),
        "velocity of a motion": lambda ax: analysis.plot_velocity(motion, score(motion), ax),
        "free energy": lambda ax: analysis.plot_free_energy(still, ax),
        "lag": lambda ax: analysis.plot_lag(run, ax),
    }


def test_plots_draw_where_they_are_told_and_return_the_axes(run: Run) -> None:
    from matplotlib import pyplot

    for name, plot in _plots(run).items():
        ax = Figure().subplots()
        assert plot(ax) is ax, name
        own = plot(None)
        assert isinstance(own, Axes)
        assert own.get_xlabel(), name
        assert isinstance(own.figure, Figure)
        assert own.figure.number in pyplot.get_fignums()
        pyplot.close("all")
    polar = Figure().subplots(subplot_kw={"projection": "polar"})
    assert analysis.plot_polar(run, polar) is polar
    with pytest.raises(ValueError, match="polar"):
        analysis.plot_polar(run, Figure().subplots())


def test_the_areas_of_a_rose_are_shares_of_the_time(run: Run) -> None:
    ax = Figure().subplots(subplot_kw={"projection": "polar"})
    analysis.plot_polar(run, ax, bins=12)
    counts, _ = np.histogram(run.series.coordinate % TURN, bins=12, range=(0.0, TURN))
    heights = np.array([bar.get_height() for bar in ax.patches])  # type: ignore[attr-defined]
    np.testing.assert_allclose(heights**2 / np.sum(heights**2), counts / counts.sum())


def test_the_free_energy_is_the_potential_that_was_sampled() -> None:
    """Independent samples of exp(-2 cos x); 12 bins within 3 half-intervals (false alarm 1e-6)."""
    rng = np.random.default_rng(3)
    draws = rng.uniform(0.0, TURN, (24, 40_000))
    kept = [row[rng.random(row.size) < np.exp(-2.0 * np.cos(row) - 2.0)][:5000] for row in draws]
    motion = Motion(np.arange(5000.0), np.array(kept))
    centres, profile, half = analysis.free_energy(motion, 12)
    exact = 2.0 * np.cos(centres)
    width = np.sinh(math.pi / 12) / (math.pi / 12)  # bins are wide; their shares differ from the middle's
    np.testing.assert_array_less(
        np.abs(profile - (exact - exact.min())), 3.0 * half + 2.0 * abs(math.log(width))
    )
    empty = analysis.free_energy(Motion(np.arange(5000.0), np.array(kept) % 1.0), 12)
    assert np.isnan(empty[1]).sum() == 10


def test_a_synchronous_rotor_lags_as_its_drag_demands(run: Run) -> None:
    """mu E sin(lag) = g I w holds on average; 4 standard errors over replicas (false alarm 6e-5 at most)."""
    lag = analysis.field_lag(run)
    assert np.all(np.abs(lag) <= math.pi)
    assembly, protocol = run.assembly, run.spec.protocol
    dipole_energy = float(np.linalg.norm(assembly.rotor_dipole_debye)) * 0.0208194 * 4.0 * 96.4853
    drag = protocol.friction * assembly.moment_of_inertia() * TURN * 50e-3
    balance = dipole_energy * np.sin(lag).mean(axis=1)
    error = balance.std(ddof=1) / math.sqrt(run.replicas)
    assert abs(balance.mean() - drag) < 4.0 * error + 0.1 * drag
    assert error < 0.5 * drag
    spread = thermal_energy(protocol.temperature) / dipole_energy
    assert np.var(lag) == pytest.approx(spread, rel=0.25)
    mirrored = analysis.field_lag(run.controls["mirror"])
    assert np.sin(mirrored).mean() > 0.0


def test_a_lag_needs_a_field_and_a_dipole(run: Run) -> None:
    with pytest.raises(ScoreError, match="expected one under a rotating field"):
        analysis.field_lag(run.controls["undriven"])
    with pytest.raises(ScoreError, match="expected an angle"):
        analysis.plot_polar(Motion(np.arange(9.0), np.zeros((2, 9)), scale=PLACES))


def test_a_view_holds_every_frame_and_colours_every_part(run: Run) -> None:
    pytest.importorskip("py3Dmol")
    view = partial(analysis.view, script="local.js")  # what 3Dmol.js itself holds is not counted
    film = view(run, replica=1, most_frames=10)._make_html()
    frames = film.count("$$$$")
    assert 5 <= frames <= 10
    indices = [json.loads(part) for part in re.findall(r'"index": (\[[^]]*\])', film)]
    assert list(run.assembly.rotor) in indices
    assert list(run.assembly.stator) in indices
    assert "animate" in film
    assert film != view(run, condition="mirror", replica=1, most_frames=10)._make_html()
    still = view(run.assembly)._make_html()
    assert still.count("$$$$") == 1
    assert "loadScriptAsync('local.js')" in still
    assert len(still) < 100_000
    with pytest.raises(ScoreError, match="the run has machine, undriven, mirror"):
        analysis.view(run, condition="left")
    with pytest.raises(ScoreError, match="0 to 5"):
        analysis.view(run, replica=6)


@pytest.mark.slow
@MISSING
def test_a_browser_shows_views_without_the_network(run: Run, browser: Browser, tmp_path: Path) -> None:
    """Two in one page, beside module loaders such as notebooks bring."""
    pytest.importorskip("py3Dmol")
    loaders = "<script>var exports = {}, module = {exports}, define = () => {}; define.amd = {};</script>"
    everything: tuple[Run | Assembly, ...] = (run, run.assembly)
    views = "".join(
        f"<div id='view{number}'>{analysis.view(shown)._make_html()}</div>"
        for number, shown in enumerate(everything)
    )
    assert "THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS" in views
    path = tmp_path / "views.html"
    path.write_text(f"<meta charset='utf-8'>{loaders}{views}", encoding="utf-8")
    page = browser.open(path, 800)
    page.wait_for("document.querySelectorAll('canvas').length === 2")
    for number in range(2):
        red, green, blue = np.moveaxis(page.picture(f"#view{number}"), -1, 0)
        amber = (red > 1.15 * green) & (green > 1.3 * blue)
        assert amber.sum() > 1000, f"no rotor is drawn in view {number}"
    assert not page.errors
    assert not page.requests
    page.close()


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("xarray", lambda run, folder: analysis.to_xarray(run)),
        ("pandas", lambda run, folder: analysis.to_frame(score(run))),
        ("pandas", lambda run, folder: molmach.open_ledger(folder)),
        ("py3Dmol", lambda run, folder: analysis.view(run)),
        ("deeptime.markov", lambda run, folder: analysis.markov_model(run)),
    ],
)
def test_a_missing_package_is_named_with_its_extra(
    package: str, call: Callable[[Run, Path], Any], run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        MissingExtraError, match=rf"{package.split('.')[0]}: pip install 'molmach\[notebook\]'"
    ):
        call(run, folder)


def test_the_code_of_the_documentation_runs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("xarray", "pandas", "py3Dmol", "deeptime"):
        pytest.importorskip(package)
    from matplotlib import pyplot

    text = (Path(__file__).parents[2] / "docs" / "analysis.md").read_text()
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL))
    assert run.run_dir is not None
    shutil.copytree(run.run_dir, tmp_path / "runs" / "demo")
    monkeypatch.chdir(tmp_path)
    code = (
        code.replace("lag_ps=2.0", "lag_ps=0.5")
        .replace("[1.0, 2.0, 4.0]", "[0.5, 1.0]")
        .replace("cells=24", "cells=12")
    )
    exec(compile(code, "docs/analysis.md", "exec"), {})
    assert (tmp_path / "lag.png").is_file()
    pyplot.close("all")
