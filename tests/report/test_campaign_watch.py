"""Watching a campaign that another process carries out: in lines, and as a live page."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from molmach.cli.campaign_watch import dashboard as dashboard_of
from molmach.cli.main import app
from molmach.errors import CampaignError
from molmach.search.record import following
from molmach.search.record.following import Follower
from tests.helpers.browser import MISSING, Browser
from tests.helpers.ledgers import Scribe, campaign
from tests.helpers.waiting import GENEROUS, wait_until


@pytest.fixture
def scribe(tmp_path: Path) -> Iterator[Scribe]:
    """A campaign at work."""
    scribe = Scribe(campaign(), tmp_path / "campaign")
    scribe.search(12, confirm=0)
    scribe.ledger.commit()
    yield scribe
    scribe.ledger.close()


def more(scribe: Scribe, evaluations: int) -> None:
    """Results that have come in."""
    scribe.search(evaluations, confirm=1)
    scribe.ledger.commit()


class Clock:
    """Stands in for the module ``time``: it is as late as the test says."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


def test_a_follower_sees_what_is_new_and_the_end(scribe: Scribe) -> None:
    follower = Follower(scribe.folder)
    assert follower.words == "running: 13 evaluations"
    assert not follower.look()
    more(scribe, 5)
    assert follower.look()
    assert follower.evaluations >= 18
    assert not follower.over
    scribe.ledger.event("finished", text="all evaluations of the budget are done")
    scribe.ledger.commit()
    assert follower.look()
    assert follower.over
    assert follower.words.startswith("finished: ")
    assert "all evaluations of the budget are done" in follower.last


def test_a_campaign_without_a_sign_of_life_is_said_to_be_so(
    scribe: Scribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(following, "time", clock)
    follower = Follower(scribe.folder)
    for seconds in ("124.0", "125.0"):
        clock.now += 0.7 * following._SILENT_SECONDS
        scribe.ledger.note("wall_seconds", seconds)  # as the driver does, even when nothing comes back
        scribe.ledger.commit()
        follower.look()
        assert not follower.over
    clock.now += 1.1 * following._SILENT_SECONDS
    assert follower.over
    assert "'molmach campaign resume' goes on from there" in follower.words


def test_a_live_page_follows_the_ledger_and_ends_with_the_campaign(scribe: Scribe) -> None:
    (scribe.folder / "machines" / "abc").mkdir(parents=True)
    (scribe.folder / "machines" / "abc" / "report.html").write_text("a run's report", encoding="utf-8")
    dashboard = dashboard_of(scribe.campaign, scribe.folder, interval=0.1, linger=GENEROUS)
    thread = threading.Thread(target=dashboard.serve)
    thread.start()
    try:
        assert dashboard.url.startswith("http://127.0.0.1:")

        def fetch(path: str) -> str:
            with urllib.request.urlopen(dashboard.url + path, timeout=GENEROUS) as answer:
                return str(answer.read().decode())

        first = json.loads(fetch("state"))
        assert first == {"version": 1, "text": "running: 13 evaluations", "over": False}
        assert "13 evaluations" in fetch("")
        assert fetch("machines/abc/report.html") == "a run's report"
        for path in (
            "ledger.sqlite",
            "machines/../campaign.yaml",
            "machines/%2e%2e/ledger.sqlite",
            "/etc/passwd",
        ):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                fetch(path)
        more(scribe, 6)
        scribe.ledger.event("finished", text="done")
        scribe.ledger.commit()
        wait_until(lambda: json.loads(fetch("state"))["over"], "the page knows that the campaign has ended")
        wait_until(lambda: "Finished: done." in fetch(""), "the end is drawn")
    finally:
        dashboard.stop()
        thread.join(timeout=GENEROUS)
    assert not thread.is_alive()
    with pytest.raises(urllib.error.URLError):
        fetch("state")


def test_the_page_of_a_campaign_that_has_ended_is_served_no_longer_than_told(scribe: Scribe) -> None:
    scribe.ledger.event("finished", text="done")
    scribe.ledger.commit()
    dashboard_of(scribe.campaign, scribe.folder, interval=0.1, linger=0.0).serve()  # returns by itself


@pytest.mark.slow
@MISSING
def test_a_live_page_stays_as_the_reader_left_it_while_results_come_in(
    scribe: Scribe, browser: Browser
) -> None:
    dashboard = dashboard_of(scribe.campaign, scribe.folder, interval=0.1, linger=GENEROUS)
    thread = threading.Thread(target=dashboard.serve)
    thread.start()
    try:
        page = browser.open(dashboard.url, 1280)
        live, evaluations = (
            "document.querySelector('#live').textContent",
            "document.querySelector('main').textContent",
        )
        page.wait_for(f"{live} === 'running: 13 evaluations'")
        assert page.value("document.querySelectorAll('svg.plot').length") >= 3
        page.value("window.kept = true; document.querySelector('main details').open = true; scrollTo(0, 300)")
        before = page.value(evaluations)
        more(scribe, 6)
        page.wait_for(f"{evaluations} !== {json.dumps(before)}")
        assert page.value("[window.kept, document.querySelector('main details').open, scrollY]") == [
            True,
            True,
            300,
        ]
        scribe.ledger.event("finished", text="done")
        scribe.ledger.commit()
        page.wait_for(f"{live}.startsWith('finished: ')")
        assert not page.errors
        assert {urlsplit(url).netloc for url in page.requests} == {urlsplit(dashboard.url).netloc}
        page.close()
    finally:
        dashboard.stop()
        thread.join(timeout=GENEROUS)
    assert not thread.is_alive()


def test_a_port_that_is_taken_is_named(scribe: Scribe) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CampaignError, match=f"^port {port}: can't be listened on"):
            dashboard_of(scribe.campaign, scribe.folder, port)


def test_the_command_prints_lines_where_there_is_no_terminal(scribe: Scribe) -> None:
    scribe.ledger.event("finished", text="done")
    scribe.ledger.commit()
    result = CliRunner().invoke(app, ["campaign", "watch", str(scribe.folder)])
    assert result.exit_code == 0, result.output
    assert result.output.strip() == "finished: 13 evaluations"
