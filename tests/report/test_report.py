"""The report page: whole, self-contained, and shown by a browser with the machine in motion."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from molmach import drives
from molmach.building import coordinate_of
from molmach.data.storage import load_trajectory
from molmach.drives.rotating_field import RotatingField
from molmach.errors import ScoreError
from molmach.report import write_report
from molmach.report.film import MOST_FRAMES, film_of
from molmach.scoring import score
from molmach.spec import load
from molmach.studies.run_folder import read_document, read_run
from molmach.studies.simulation import simulate
from molmach.units import thermal_energy
from tests.helpers.browser import MISSING, Browser, Page
from tests.helpers.machines import ROTOR

LARGEST = 5_000_000
"""Bytes that the page of an ordinary run stays below."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the rotor, with controls."""
    changes = ["replicas=4", "duration=8 ps", "equilibration=1.5 ps", "frames=0.5 ps"]
    spec = load(ROTOR, [f"protocol.{change}" for change in changes])
    spec = spec.model_copy(update={"description": 'a <b>bold</b> & tricky "description" $name'})
    run = simulate(spec, tmp_path_factory.mktemp("report") / "run")
    assert run.run_dir is not None
    return run.run_dir


@pytest.fixture(scope="module")
def beads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the coarse-grained catenane, without controls."""
    changes = ["replicas=2", "duration=100 ps", "equilibration=10 ps", "frames=10 ps"]
    spec = load("catenane-motor", [f"protocol.{change}" for change in changes])
    run = simulate(spec, tmp_path_factory.mktemp("beads") / "run", controls=False)
    assert run.run_dir is not None
    return run.run_dir


def _film(folder: Path) -> dict[str, Any]:
    """What the page of a run gives its script."""
    text = (folder / "report.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="film">(.*?)</script>', text)
    assert found is not None
    return dict(json.loads(found[1]))


def _without_programs(folder: Path) -> str:
    text = (folder / "report.html").read_text(encoding="utf-8")
    return re.sub(r"<script\b.*?</script>|<pre class=\"licence\".*?</pre>", "", text, flags=re.DOTALL)


def test_the_page_needs_nothing_from_outside(folder: Path) -> None:
    text = _without_programs(folder)
    sources = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", text)
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert not re.search(r"@import|url\((?!#)|https?://", text)
    assert (folder / "report.html").stat().st_size < LARGEST


def test_the_page_holds_verdict_controls_parameters_and_provenance(folder: Path) -> None:
    text = _without_programs(folder)
    assert "a &lt;b&gt;bold&lt;/b&gt; &amp; tricky" in text
    for wanted in (
        "drive off",
        "mirror",
        "95 % interval",
        "drive.field",
        "1 V/nm",
        "protocol.seed",
        "versions.openmm",
        "<svg",
        "moment_of_inertia",
        "free energy",
        "potential of mean occupancy",
    ):
        assert wanted in text
    assert "$" not in text.replace("$name", "")


def test_drive_temperature_and_duration_stand_beside_the_verdict(folder: Path) -> None:
    result = re.search(r'<section class="claim".*?</section>', _without_programs(folder), re.DOTALL)
    assert result
    for wanted in (
        "rotating field, field 1 V/nm, frequency 50 GHz",
        "300 K",
        "4 replicas of 8 ps after 1.5 ps",
    ):
        assert wanted in result[0]


def test_the_viewer_is_the_pinned_one_and_its_licences_go_with_it(folder: Path) -> None:
    vendor = files("molmach.report") / "vendor"
    for line in (vendor / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert (vendor / "3Dmol-min.js").read_text(encoding="utf-8") in text
    assert "University of Pittsburgh" in text
    assert "THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS" in text


def test_the_film_is_the_replica_nearest_to_the_mean_to_a_picometre(folder: Path) -> None:
    run, film = read_run(folder), _film(folder)
    net = run.series.coordinate[:, -1] - run.series.coordinate[:, 0]
    replica = int(np.argmin(np.abs(net - net.mean())))
    stored, time_ps = load_trajectory(folder, replica)
    numbers = np.frombuffer(base64.b64decode(film["coordinates"]), dtype="<i2")
    shown = film["step"] * numbers.reshape(film["frames"], -1, 3) / 10.0
    np.testing.assert_allclose(shown, stored, atol=1e-3)
    np.testing.assert_allclose(film["time"], time_ps, atol=1e-4)
    turned = coordinate_of(run.assembly)(stored.astype(np.float64)) / (2.0 * np.pi)
    slipped = (np.array(film["motion"]) - (turned - turned[0]) + 0.5) % 1.0 - 0.5
    assert np.max(np.abs(slipped)) < 1e-3


def test_the_arrow_is_the_field_that_acts_at_the_frame(folder: Path) -> None:
    run, film = read_run(folder), _film(folder)
    angle = np.arctan2(*np.array(film["field"])[:, 1::-1].T)
    assert isinstance(run.spec.drive, RotatingField)
    expected = 2.0 * np.pi * run.spec.drive.frequency * 1e-3 * (1.5 + np.array(film["time"]))
    np.testing.assert_allclose(np.cos(angle - expected), 1.0, atol=1e-6)
    terms = drives.terms(run.drive, run.assembly, thermal_energy(300.0))
    np.testing.assert_allclose(terms.field_at(np.zeros(1))[0], terms.cosine)
    quarter = 0.5 * np.pi / terms.angular_frequency
    np.testing.assert_allclose(terms.field_at(np.array([quarter]))[0], terms.sine, atol=1e-9)


def test_long_films_are_thinned_only_as_far_as_turning_can_be_seen(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = read_run(folder)
    spec = load(ROTOR, ["protocol.sampling=1 ps", "protocol.duration=1 ns"])
    time_ps = np.linspace(0.0, 1000.0, 1001)
    frames = np.zeros((time_ps.size, run.assembly.molecule.GetNumAtoms(), 3), dtype=np.float32)
    monkeypatch.setattr("molmach.report.film.load_trajectory", lambda *_: (frames, time_ps))
    for turns_a_ns, stride in ((0.5, 5), (160.0, 1)):
        motion = np.tile(2.0 * np.pi * turns_a_ns * 1e-3 * time_ps, (4, 1))
        series = replace(run.series, coordinate=motion, time_ps=time_ps)
        film = film_of(replace(run, spec=spec, series=series), folder)
        assert film.time_ps.size == MOST_FRAMES
        assert film.time_ps[1] == stride


def test_a_missing_trajectory_is_one_clear_error(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(folder, copy)
    for path in copy.glob("trajectory*.xtc"):
        path.write_bytes(b"nothing")
    run = read_run(copy)
    with pytest.raises(ScoreError, match="not a trajectory of molmach"):
        write_report(run, score(run), read_document(copy)["provenance"], copy)


def _coloured(page: Page, part: str) -> int:
    """Pixels of the stage whose hue is that of a part's colour."""
    text = page.value(f"getComputedStyle(document.documentElement).getPropertyValue('--{part}').trim()")
    wanted = np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    pixels = page.picture("#stage")
    length = np.linalg.norm(pixels, axis=-1)
    likeness = (pixels @ wanted) / (length * np.linalg.norm(wanted) + 1e-9)
    return int(np.sum((likeness > 0.995) & (length > 0.25)))


def _place(page: Page, style: str) -> float:
    return float(page.value(f"document.getElementById('dot').style.{style}").rstrip("%"))


@MISSING
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (400, True)])
def test_a_browser_shows_the_machine_turning(folder: Path, browser: Browser, width: int, dark: bool) -> None:
    film = _film(folder)
    last = film["frames"] - 1
    page = browser.open(folder / "report.html", width, dark=dark, still=True)
    assert page.value("document.documentElement.scrollWidth") <= width
    assert page.value("getComputedStyle(document.body).backgroundColor") == (
        "rgb(20, 24, 29)" if dark else "rgb(255, 255, 255)"
    )
    for part in ("rotor", "stator", "field"):
        assert _coloured(page, part) > 30, f"no {part} is drawn"

    first = page.picture("#stage")
    assert page.value("document.getElementById('scrub').value") == "0"
    page.click("#play")
    page.wait_for("Number(document.getElementById('scrub').value) >= 3")
    page.click("#play")
    frame = int(page.value("document.getElementById('scrub').value"))
    assert np.mean(np.abs(page.picture("#stage") - first) > 0.1) > 0.002  # the machine has moved
    assert _place(page, "left") == pytest.approx(100.0 * frame / last, abs=0.01)
    low, high = film["limits"][2:]
    assert _place(page, "top") == pytest.approx(
        100.0 * (high - film["motion"][frame]) / (high - low), abs=0.01
    )
    assert page.value("document.getElementById('play').textContent") == "Play"

    page.click("#plot", across=0.75)
    assert int(page.value("document.getElementById('scrub').value")) == round(0.75 * last)
    page.value("document.getElementById('scrub').focus()")
    page.press("ArrowLeft")
    assert int(page.value("document.getElementById('scrub').value")) == round(0.75 * last) - 1
    assert f"{film['time'][round(0.75 * last) - 1]:.1f} ps" in page.value(
        "document.getElementById('now').textContent"
    )

    before = page.picture("#stage")
    page.click("#look")
    assert np.mean(np.abs(page.picture("#stage") - before) > 0.1) > 0.002
    assert not page.errors
    assert not page.requests
    page.close()


@MISSING
def test_the_page_plays_by_itself_unless_the_reader_prefers_stillness(folder: Path, browser: Browser) -> None:
    page = browser.open(folder / "report.html", 1280)
    page.value("document.getElementById('stage').scrollIntoView()")
    page.wait_for("Number(document.getElementById('scrub').value) > 0")
    page.close()


@MISSING
def test_a_browser_shows_a_catenane_of_beads(beads: Path, browser: Browser) -> None:
    page = browser.open(beads / "report.html", 1280, still=True)
    for part in ("rotor", "stator", "station"):
        assert _coloured(page, part) > 300, f"no {part} is drawn"
    assert "fuel" in page.value("document.getElementById('now').textContent")
    assert not page.errors
    page.close()


@MISSING
def test_without_webgl_the_page_says_so_and_the_plot_still_works(
    folder: Path, tmp_path: Path, browser: Browser
) -> None:
    without = "<script>HTMLCanvasElement.prototype.getContext = () => null;</script>"
    path = tmp_path / "report.html"
    text = (folder / "report.html").read_text(encoding="utf-8")
    path.write_text(text.replace("<title>", f"{without}<title>", 1), encoding="utf-8")
    page = browser.open(path, 1280, still=True)
    assert "WebGL" in page.value("document.getElementById('stage').textContent")
    page.click("#plot", across=0.5)
    assert int(page.value("document.getElementById('scrub').value")) == round(
        0.5 * (_film(folder)["frames"] - 1)
    )
    assert not page.errors
    page.close()
