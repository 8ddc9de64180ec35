"""A campaign's report: whole, self-contained, honest, and sensible in whatever state the campaign is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molmach.building import PLACES, TURNS
from molmach.cli import campaign as command
from molmach.report.campaign.page import write_report
from molmach.report.campaign.pictures import machine_svg, scaffold_of
from molmach.report.campaign.team import Block, explanation
from molmach.report.words import core_seconds, duration, to_its_precision
from molmach.search import State, Trial
from molmach.search.loop.quantities import unit_of
from molmach.search.progress import best_so_far
from molmach.search.record import results
from molmach.search.record.folder import read_campaign
from molmach.search.record.fronts import fronts
from molmach.search.record.ledger import NAME, Ledger, reading
from molmach.search.record.trial import CONFIRMATION
from molmach.search.summary import summary
from tests.helpers.browser import MISSING, Browser
from tests.helpers.ledgers import Scribe, campaign, rows_of
from tests.helpers.pages import EVIL, Checker

TWO = [{"maximise": "velocity"}, {"minimise": "work_rate"}]


def _report(folder: Path) -> str:
    wanted, _ = read_campaign(folder)
    with reading(folder) as ledger:
        return write_report(summary(ledger, wanted, folder), folder / "report.html").read_text(
            encoding="utf-8"
        )


def _sound(text: str) -> Checker:
    """The page as parsed, after checking what holds of every page."""
    checker = Checker(text)
    assert not checker.problems
    assert "script" not in checker.tags
    for reference in checker.references:
        assert reference.startswith(("data:", "#", "machines/")), reference
    assert not re.search(r"@import|url\((?!#)|\bhttps?://|//[a-z]+\.[a-z]", text)
    assert not re.search(r"\bnan\b|\bNone\b|\binf\b", re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL))
    assert len(text) < 5_000_000
    return checker


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished campaign of three agents."""
    scribe = Scribe(campaign(), tmp_path_factory.mktemp("campaign") / "done")
    scribe.search(60)
    design = scribe.space.sample(scribe.rng).replace(R10="no-such-fragment")
    scribe.ledger.add(Trial(0, "random", 0, design, EVIL).refused(State.INFEASIBLE, "R10: no such value"))
    scribe.ledger.note(
        "explained bayesian", f"I believe:\n- R10 matters {EVIL}\n- so does R11\n\nThat is all."
    )
    best = rows_of(scribe.ledger, "SELECT machine FROM evaluations WHERE rung = -1 ORDER BY low DESC")[0][0]
    run = scribe.folder / "machines" / best[:12]
    run.mkdir(parents=True)
    (run / "report.html").write_text("<!doctype html>", encoding="utf-8")
    return scribe.end()


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    """Its report."""
    return _report(folder)


def test_the_page_is_whole_and_needs_nothing_from_outside(page: str) -> None:
    checker = _sound(page)
    assert sum(reference.startswith("machines/") for reference in checker.references) == 2  # headline, table


def test_the_page_shows_the_numbers_of_the_ledger(page: str, folder: Path) -> None:
    wanted, _ = read_campaign(folder)
    with reading(folder) as ledger:
        document = results.document(ledger, wanted, folder)
    best = document["best"][0]
    for estimate in (best["objectives"][0], best["confirmed"]["objectives"][0]):
        value, interval = to_its_precision(estimate["value"], *estimate["ci95"])
        assert f"{value}</span> turn/ns" in page
        assert interval in page
    mirror = best["confirmed"]["controls"]["mirror"]["velocity"]
    assert to_its_precision(mirror["value"], *mirror["ci95"])[0].replace("-", "\u2212") in page
    for text in ("drive off passed", "mirror image passed", "confirmed: forward", best["machine"][:12]):
        assert text in page
    assert f"{document['evaluations']} evaluations" in page
    for agent, row in document["agents"].items():
        assert re.search(rf">{agent}</span></th><td[^>]*>{row['proposals']}</td>", page)
    assert "the integration diverged" in page or not document["failed"]


def test_what_people_and_agents_wrote_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    wanted = campaign().model_copy(update={"description": EVIL})
    scribe = Scribe(wanted, tmp_path / "evil")
    machine = scribe.propose("random", scribe._machine(), rationale=EVIL)
    assert machine is not None
    scribe.evaluate("random", machine, 0, reason=f"{EVIL}: and more")
    other = scribe.propose("bayesian", scribe._machine())
    assert other is not None
    scribe.evaluate("bayesian", other, 0)
    rows_of(scribe.ledger, "UPDATE machines SET smiles = ? WHERE key = ?", (EVIL, other.key))
    scribe.ledger.event("agent_failed", EVIL, EVIL)
    scribe.ledger.note(f"explained {EVIL}", EVIL)
    text = _report(scribe.end())
    assert "".join(_sound(text).texts).count(EVIL) >= 5


STATES: dict[str, Callable[[Scribe], object]] = {
    "nothing": lambda s: None,
    "only proposals": lambda s: s.propose("random", s._machine()),
    "only failures": lambda s: _evaluate_some(s, 2, "broke"),
    "one result": lambda s: _evaluate_some(s, 1),
    "one agent": lambda s: s.search(4, confirm=0),
    "unconfirmed": lambda s: s.search(20, confirm=0),
    "failed confirmation": lambda s: _confirm_badly(s),
    "lost confirmation": lambda s: _confirm_badly(s, "lost 3 times: killed"),
}  # fmt: skip


def _evaluate_some(scribe: Scribe, count: int, reason: str = "") -> None:
    """Results of machines at random, or their failures."""
    for _ in range(count):
        machine = scribe.propose("random", scribe._machine())
        assert machine is not None
        scribe.evaluate("random", machine, 0, reason)


def _confirm_badly(scribe: Scribe, reason: str = "") -> None:
    """A confirmation whose mirror image does not turn the other way, or which failed, after a few results."""
    scribe.search(5, confirm=0)
    key, agent = rows_of(scribe.ledger, "SELECT machine, agent FROM evaluations WHERE ok ORDER BY low DESC")[
        0
    ]
    design = scribe.ledger.designs()[key]
    scribe.evaluate(agent, scribe.space.resolve(design), CONFIRMATION, reason)
    if not reason:
        row = rows_of(scribe.ledger, "SELECT controls FROM evaluations WHERE rung = -1")[0][0]
        judged = json.loads(row) | {"verdict": "failed", "warnings": ["the energy books do not close"]}
        judged["mirror"] |= {"passed": False, "statement": "mirror image turns the same way"}
        judged["undriven"]["velocity"] = {"value": None, "ci95": [None, None], "unit": "turn/ns"}
        rows_of(scribe.ledger, "UPDATE evaluations SET controls = ? WHERE rung = -1", (json.dumps(judged),))


SAID = {
    "nothing": "nothing has been measured yet",
    "only proposals": "nothing has been measured yet",
    "only failures": "all 2 evaluations failed",
    "one result": "a number and no claim",
    "one agent": "Unfinished",
    "unconfirmed": "not confirmed",
    "failed confirmation": "mirror image turns the same way",
    "lost confirmation": "lost 3 times",
}


@pytest.mark.parametrize("objectives", [None, TWO], ids=["one", "two"])
@pytest.mark.parametrize("state", STATES)
def test_every_state_gives_a_sensible_page(state: str, objectives: object, tmp_path: Path) -> None:
    agents = ("random",) if state == "one agent" else ("random", "bayesian")
    scribe = Scribe(campaign(agents, objectives), tmp_path / "odd")
    STATES[state](scribe)
    text = _report(scribe.end(kind=""))
    _sound(text)
    assert SAID[state] in text


def test_three_objectives_give_two_fronts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    three = [*TWO, {"maximise": "abs(velocity)"}]
    scribe = Scribe(campaign(objectives=three), tmp_path / "three")
    monkeypatch.setattr(
        scribe, "truth", lambda design: (*Scribe.truth(scribe, design), Scribe.truth(scribe, design)[0])
    )
    scribe.search(20)
    text = _report(scribe.end())
    _sound(text)
    assert text.count("the Pareto front marked") == 2


def test_very_many_evaluations_are_thinned(tmp_path: Path) -> None:
    scribe = Scribe(campaign(tuple(f"agent{k}" for k in range(9)), TWO), tmp_path / "many")
    scribe.flood(5_000)
    folder = scribe.end()
    text = _report(folder)
    _sound(text)
    assert len(text) < 1_500_000


def test_a_curve_goes_back_where_a_longer_run_takes_back_a_promise(tmp_path: Path) -> None:
    scribe = Scribe(campaign(), tmp_path / "curve")
    machine = scribe.propose("random", scribe._machine())
    assert machine is not None
    for rung in (0, 1):
        scribe.evaluate("random", machine, rung)
    rows_of(scribe.ledger, "UPDATE evaluations SET low = 5 - 3 * rung, value = 6, high = 7, seconds = 2")
    curve = best_so_far(scribe.ledger.findings(), 0)["random"]
    assert (curve.evaluations, curve.seconds, curve.bound) == ([1, 2], [2.0, 4.0], [5.0, 2.0])


points = st.lists(st.tuples(*[st.integers(0, 5)] * 2), max_size=30)


@given(points)
def test_the_front_is_who_is_dominated_by_nobody(drawn: list[tuple[int, int]]) -> None:
    array = np.array(drawn, dtype=float).reshape(-1, 2)
    counts = [int(np.sum(np.all(array >= p, axis=1) & np.any(array > p, axis=1))) for p in array]
    assert [number == 0 for number in fronts(array, 1)] == [count == 0 for count in counts]


def test_explanations_keep_lists_paragraphs_and_columns() -> None:
    found = explanation("One\ntwo\n\n- a\n  more\n- b\n1. c\n\nname   value\nR10    3\n\n## Head <b>")
    assert found.blocks == (
        Block("paragraph", ("One", "two")),
        Block("list", ("a more", "b", "c")),
        Block("columns", ("name   value", "R10    3")),
        Block("paragraph", ("Head <b>",)),
    )
    assert not found.cut
    long = explanation("x" * 1_000_000)
    assert long.cut
    assert sum(len(line) for block in long.blocks for line in block.lines) < 30_000


def test_numbers_have_the_digits_that_their_interval_allows() -> None:
    assert to_its_precision(49.4657, 48.65, 50.281) == ("49.47", "48.65 to 50.28")
    assert to_its_precision(16.65, 3.15, 30.16) == ("17", "3 to 30")
    assert to_its_precision(-0.01, -4.2, 4.2) == ("0.0", "-4.2 to 4.2")
    assert to_its_precision(-0.2, -42.0, 42.0) == ("0", "-42 to 42")
    assert to_its_precision(-0.0, None, None) == ("0", "")
    assert [core_seconds(s) for s in (0.6, 2.0, 1234.5)] == [
        "1 core second", "2 core seconds", "1,234 core seconds"
    ]  # fmt: skip
    assert to_its_precision(12345.6, 12000.0, 12700.0) == ("12346", "12000 to 12700")
    assert to_its_precision(float("nan"), None, None) == ("not defined", "")
    assert to_its_precision(3.0, None, None) == ("3", "")
    assert [duration(s) for s in (3.2, 200.0, 7500.0)] == ["3 s", "3 min 20 s", "2 h 05 min"]


def test_units_of_objectives_are_those_of_any_kind_of_machine() -> None:
    assert unit_of("abs(velocity)", PLACES) == "nm/ns"
    assert unit_of("velocity - work_rate", TURNS) == ""
    dial = replace(TURNS, unit="degree", unit_size=TURNS.unit_size / 360.0)
    assert unit_of("velocity", dial) == "degree/ns"
    assert unit_of("peclet", dial) == "1/degree"
    assert unit_of("net_degrees", dial) == "degree"


def test_the_command_writes_where_it_is_told_and_links_from_there(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "elsewhere" / "page.html"
    out.parent.mkdir()
    command.report(folder, out)
    links = [r for r in Checker(out.read_text(encoding="utf-8")).references if r.endswith("report.html")]
    assert links
    assert all((out.parent / link).is_file() for link in links)


def test_status_tells_the_same_in_words(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    command.show_status(folder)
    shown = capsys.readouterr().out
    assert all(len(line) <= 80 for line in shown.splitlines() if "folder" not in line)
    for text in ("finished", "passed", "R10 ", "bayesian", "core seconds"):
        assert text in shown


def test_a_folder_reads_back_with_its_sites(folder: Path) -> None:
    wanted, _ = read_campaign(folder)
    assert sorted(wanted.space.sites) == [10, 11, 12, 13]
    assert Ledger(folder / NAME).noted("format")


@MISSING
@pytest.mark.parametrize("width", [400, 1280])
def test_a_browser_shows_the_page_without_errors_requests_or_overflow(
    page: str, tmp_path: Path, browser: Browser, width: int
) -> None:
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    shown = browser.open(path, width, dark=True)
    assert shown.value("document.documentElement.scrollWidth") <= width
    assert shown.value("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 29)"
    assert shown.value("document.querySelectorAll('svg.plot').length") >= 6
    assert not shown.errors
    assert not shown.requests
    shown.close()


def test_a_cage_in_a_campaign_s_picture_has_no_wedges_and_no_labels() -> None:
    drawing = machine_svg("C#C[C@]12CC[C@](C#C)(CC1)CC2", scaffold_of("C#CC12CCC([*:10])(CC1)CC2"))
    strokes = Counter(re.findall(r"class='bond-(\d+) ", drawing))
    assert 0 < max(strokes.values()) <= 6
    assert "Z' style='fill:#000000" not in drawing
    assert "<text" not in drawing
