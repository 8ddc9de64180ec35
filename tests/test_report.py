"""The report page: whole, self-contained, and shown by a browser."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from molmach.experiment import simulate
from molmach.spec import load

from .conftest import ROTOR


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = load(ROTOR, ["protocol.replicas=4", "protocol.duration=8 ps", "protocol.equilibration=1 ps"])
    spec = spec.model_copy(update={"description": 'a <b>bold</b> & tricky "description" $name'})
    run = simulate(spec, tmp_path_factory.mktemp("report") / "run")
    assert run.run_dir is not None
    return run.run_dir / "report.html"


def test_the_page_needs_nothing_from_outside(page: Path) -> None:
    text = page.read_text()
    sources = re.findall(r"""(?:src|href)\s*=\s*["']([^"']*)""", text)
    assert all(source.startswith(("data:", "#")) for source in sources)
    assert "@import" not in text
    assert "url(" not in text


def test_the_page_holds_verdict_controls_parameters_and_provenance(page: Path) -> None:
    text = page.read_text()
    assert "a &lt;b&gt;bold&lt;/b&gt; &amp; tricky" in text
    for wanted in (
        "undriven",
        "mirror",
        "95 % interval",
        "drive.field",
        "1 V/nm",
        "protocol.seed",
        "versions.openmm",
        "<svg",
        "moment_of_inertia",
    ):
        assert wanted in text
    assert "$" not in re.sub(r"data:[^\"]*|\$name", "", text)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="Debian package chromium is not installed")
def test_a_browser_shows_the_page(page: Path, tmp_path: Path) -> None:
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    picture = tmp_path / "page.png"
    command = [
        "chromium",
        *flags.split(),
        profile,
        "--window-size=1100,1600",
        f"--screenshot={picture}",
        page.as_uri(),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    from matplotlib import image

    pixels = image.imread(picture)
    assert pixels.shape[:2] == (1600, 1100)
    inked = (pixels[..., :3].min(axis=2) < 0.9).mean()
    assert 0.01 < inked < 0.6
    amber = (abs(pixels[..., :3] - [0.98, 0.78, 0.46]).max(axis=2) < 0.06).sum()
    assert amber > 500  # the drawn rotor
