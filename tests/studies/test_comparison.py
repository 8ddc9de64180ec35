"""Runs side by side: differences that are there are told, others are not, and the page says all of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from molmach.data.statistics import holm, interval_of_difference, p_value_of_difference
from molmach.errors import ScoreError, SpecError
from molmach.studies.comparison import compare, write_comparison
from molmach.studies.run_folder import read_document
from tests.helpers.browser import MISSING, Browser
from tests.helpers.command_line import json_here, run_here
from tests.helpers.finished import turning_run
from tests.helpers.pages import Checker


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """At 50 turn/ns; at 50 again with other noise; at 30 in a slower field."""
    place = tmp_path_factory.mktemp("runs")
    slower = {"drive.frequency": "30 GHz"}
    return (
        turning_run(place / "a", 50.0, seed=1),
        turning_run(place / "b", 50.0, seed=2),
        turning_run(place / "c", 30.0, seed=3, changes=slower),
    )


def test_a_difference_that_is_there_is_told_and_none_is_made_up(runs: tuple[Path, Path, Path]) -> None:
    same, slower = compare(runs).differences
    assert (same.label, same.reference, slower.label) == ("b", "a", "c")
    assert same.p_value > 0.05
    assert slower.p_value < 1e-6
    assert slower.low < -20.0 < slower.high


def test_the_page_has_verdicts_conditions_and_what_is_unlike(
    runs: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    page = tmp_path / "pages" / "comparison.html"
    write_comparison(compare(runs), page)
    checked = Checker(page.read_text(encoding="utf-8"))
    assert checked.problems == []
    text = " ".join(checked.texts)
    assert "3 runs compared" in text
    assert "frequency 30 GHz" in text
    assert "drive.frequency" in text
    assert "protocol.temperature" not in text
    reports = [link for link in checked.references if link.endswith("report.html")]
    assert [(page.parent / link).resolve().parent for link in reports] == [run.resolve() for run in runs]


@MISSING
@pytest.mark.parametrize(("width", "dark"), [(400, True), (1280, False)])
def test_a_browser_shows_it_without_a_fault_and_within_its_width(
    runs: tuple[Path, Path, Path], tmp_path: Path, browser: Browser, width: int, dark: bool
) -> None:
    page = tmp_path / "comparison.html"
    write_comparison(compare(runs), page)
    shown = browser.open(page, width, dark=dark)
    assert shown.value("document.documentElement.scrollWidth") <= width
    assert shown.value("document.querySelectorAll('.runs article').length") == 3
    shown.close()


def test_the_command_gives_a_document_and_a_page(runs: tuple[Path, Path, Path], tmp_path: Path) -> None:
    document = json_here("compare", *map(str, runs), "-o", str(tmp_path / "c.html"))
    assert [run["verdict"] for run in document["runs"]] == [
        read_document(folder)["score"]["verdict"] for folder in runs
    ]
    assert len(document["differences"]) == 2
    assert (tmp_path / "c.html").is_file()


def test_what_can_not_be_compared_is_one_sentence(runs: tuple[Path, Path, Path], tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="got 1 run folder; expected 2 to 20 to compare"):
        compare(runs[:1])
    with pytest.raises(SpecError, match=r"a twice; expected different run folders"):
        compare([runs[0], runs[0]])
    with pytest.raises(ScoreError, match="not a finished run folder"):
        compare([runs[0], tmp_path])
    ended = run_here("compare", str(runs[0]))
    assert (ended.returncode, "molmach: got 1 run folder" in ended.stderr) == (2, True)


def test_folders_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    first, second = turning_run(tmp_path / "x" / "run", 50.0), turning_run(tmp_path / "y" / "run", 50.0)
    assert [part.label for part in compare([first, second]).parts] == ["x/run", "y/run"]


def test_intervals_of_differences_hold_the_true_one_nineteen_times_in_twenty() -> None:
    """2000 pairs of 6 and 12 replicas; the count of misses is binomial, and beyond 4 sigma by chance 6e-5."""
    rng = np.random.default_rng(4)
    missed = 0
    for _ in range(2000):
        first, second = rng.normal(1.0, 1.0, 6), rng.normal(0.0, 2.0, 12)
        _, low, high = interval_of_difference(first, second)
        missed += not low <= 1.0 <= high
    assert abs(missed - 100) < 4.0 * (2000 * 0.05 * 0.95) ** 0.5


def test_the_interval_and_the_test_agree() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        first, second = rng.normal(0.8, 1.0, 8), rng.normal(0.0, 1.0, 8)
        _, low, high = interval_of_difference(first, second)
        assert (low > 0.0 or high < 0.0) == (p_value_of_difference(first, second) < 0.05)


def test_holm_is_never_smaller_than_each_and_never_larger_than_bonferroni() -> None:
    rng = np.random.default_rng(6)
    p_values = rng.random(7).tolist()
    for alone, adjusted in zip(p_values, holm(p_values), strict=True):
        assert alone <= adjusted <= min(1.0, 7 * alone) + 1e-12
