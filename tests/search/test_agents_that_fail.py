"""Agents whose code ends processes, raises what nobody catches, hangs or floods: left out and named."""

from __future__ import annotations

import io
import signal
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from molmach.cli.campaign_view import print_document
from molmach.errors import PluginError, PluginWarning
from molmach.report.campaign.page import report_page
from molmach.search import Result, Task, plugins
from molmach.search.agents.runner import AgentFailedError, Question
from molmach.search.agents.team import LocalTeam
from molmach.search.loop.checking import check
from molmach.search.loop.driver import Driver
from molmach.search.loop.evaluations import evaluation_of
from molmach.search.loop.executors import LocalExecutor
from molmach.search.loop.signals import stop_on_signal
from molmach.search.record import results
from molmach.search.record.ledger import Ledger
from molmach.search.strangers import MOST_PRINTED, UserInterrupt, calling
from molmach.search.summary import summary
from molmach.spec import Campaign
from tests.helpers.ledgers import campaign

AGENT = """
import os, signal, sys, time
from molmach.search import Agent

class Odd(Exception):
    def __str__(self):
        raise SystemExit(0)

class Mine(Agent):
    def __init__(self, space):
        {init}

    def observe(self, trials):
        {observe}

    def propose(self, view, n):
        {propose}

    def explain(self, view):
        {explain}
"""
RAISED = [
    "sys.exit(0)",
    "raise KeyboardInterrupt",
    "raise GeneratorExit",
    "raise BaseException('no')",
    "raise Odd",
]
AT_IMPORT = [
    "import sys; sys.exit(0)",
    "raise BaseException('no')",
    "raise KeyboardInterrupt",
    "raise GeneratorExit",
]


def _campaign(folder: Path, text: str, evaluations: int = 8) -> Campaign:
    (folder / "mine.py").write_text(text, encoding="utf-8")
    content = campaign(("random",), budget={"evaluations": evaluations}).model_dump(
        mode="json", exclude_none=True
    )
    content["agents"].append({"use": "mine.py:Mine", "name": "mine"})
    content["confirmation"]["machines"] = 0
    return Campaign.model_validate(content)


def _measure(task: Task) -> Result:
    share = int(task.machine[:6], 16) / 16**6
    return Result(task.key, {"velocity": [share, share + 1.0, share - 1.0, share]}, "", 1.0, 100)


def _carried_out(asked: Campaign, folder: Path) -> Ledger:
    ledger = Ledger(":memory:", write=True)
    team = LocalTeam(asked, folder)
    driver = Driver(asked, ledger, LocalExecutor(_measure), team, evaluation_of(asked, folder))
    driver.run()
    driver.explain()
    return ledger


def _text(**methods: str) -> str:
    return AGENT.format(
        **{"init": "pass", "observe": "pass", "propose": "return []", "explain": "return ''"} | methods
    )


@pytest.mark.parametrize("method", ["init", "propose"])
@pytest.mark.parametrize("raised", RAISED)
def test_an_agent_that_raises_anything_is_left_out_and_named(
    tmp_path: Path, method: str, raised: str
) -> None:
    asked = _campaign(tmp_path, _text(**{method: raised, "explain": raised}), 12)
    with closing(_carried_out(asked, tmp_path)) as ledger:
        assert ledger.evaluations() == 12
        failure = ledger.agent_failures()["mine"]
    assert (failure["times"], failure["left_out"]) == (3, "failed 3 times in a row")
    assert failure["last"]


@pytest.mark.parametrize("text", AT_IMPORT)
def test_an_agent_that_ends_its_import_is_left_out_at_once_and_named(tmp_path: Path, text: str) -> None:
    asked = _campaign(tmp_path, text)
    with pytest.warns(
        PluginWarning, match=r"agent mine is left out: agents\.use: .*mine\.py can't be imported: "
    ):
        check(asked, tmp_path)
    with closing(_carried_out(asked, tmp_path)) as ledger:
        assert ledger.evaluations() == 8
        failure = ledger.agent_failures()["mine"]
    assert (failure["times"], failure["left_out"]) == (1, "can't be imported")


def test_where_no_agent_is_left_the_campaign_is_refused(tmp_path: Path) -> None:
    asked = _campaign(tmp_path, AT_IMPORT[0])
    alone = asked.model_copy(update={"agents": asked.agents[1:]})
    with pytest.raises(PluginError, match=r"mine\.py can't be imported: SystemExit: 0"):
        check(alone, tmp_path)


def test_an_import_that_does_not_end_is_given_up_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugins, "IMPORT_SECONDS", 0.2)
    asked = _campaign(tmp_path, "open(__file__ + '.log', 'a').write('x')\nwhile True:\n    pass\n")
    with pytest.warns(PluginWarning, match=r"can't be imported: TooLongError: no answer within 0\.2 s"):
        check(asked, tmp_path)
    with closing(_carried_out(asked, tmp_path)) as ledger:
        assert ledger.agent_failures()["mine"]["left_out"] == "can't be imported"
    assert (tmp_path / "mine.py.log").read_text(encoding="utf-8") == "x"


def test_an_agent_that_hangs_is_given_up_after_a_while(tmp_path: Path) -> None:
    team = LocalTeam(_campaign(tmp_path, _text(propose="time.sleep(600)")), tmp_path, 0.2)
    team.ask("mine", Question(0, 1, 1.0))
    answer = team.answers()["mine"]
    assert isinstance(answer, AgentFailedError)
    assert str(answer) == "no answer within 0.2 s"
    assert team.busy == frozenset()


def test_what_an_agent_prints_is_shown_to_a_limit_and_never_on_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = _campaign(
        tmp_path, _text(propose="print('x' * 10**6); print('y', file=sys.stderr); return []"), 4
    )
    _carried_out(asked, tmp_path).close()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("x") <= MOST_PRINTED * shown.err.count("is not shown")
    assert "y" not in shown.err


def test_an_agent_that_was_given_up_shows_wherever_agents_do(tmp_path: Path) -> None:
    """In the document, the table and the report, though it has proposed nothing."""
    asked = _campaign(tmp_path, _text(propose="raise SystemExit"), 4)
    with closing(_carried_out(asked, tmp_path)) as ledger:
        document = results.document(ledger, asked, tmp_path)
        page = report_page(summary(ledger, asked, tmp_path), tmp_path / "report.html")
    given_up = {name: row["given_up"] for name, row in document["agents"].items()}
    assert given_up == {"random": None, "mine": "failed 3 times in a row"}
    assert document["agents"]["mine"]["proposals"] == 0
    out = io.StringIO()
    print_document(document, Console(file=out, width=200))
    assert "mine (given up)" in out.getvalue()
    assert "random (given up)" not in out.getvalue()
    assert page.count("given up: failed 3 times in a row") == 1


def test_the_users_own_interrupt_comes_through(tmp_path: Path) -> None:
    """Two of them, as at the terminal: the first lets what is in hand come back, the second ends at once."""
    press = "os.kill(os.getpid(), signal.SIGINT)"
    asked = _campaign(tmp_path, _text(propose=f"{press}; {press}; time.sleep(5); return []"))
    ledger = Ledger(":memory:", write=True)
    team = LocalTeam(asked, tmp_path)
    driver = Driver(asked, ledger, LocalExecutor(_measure), team, evaluation_of(asked, tmp_path))
    with closing(ledger), stop_on_signal(driver), pytest.raises(UserInterrupt):
        driver.run()


def test_an_interrupt_while_a_file_is_imported_is_the_users(tmp_path: Path) -> None:
    asked = _campaign(tmp_path, "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(UserInterrupt):
            check(asked, tmp_path)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_call_within_another_leaves_that_its_time() -> None:
    handler = signal.getsignal(signal.SIGALRM)
    with calling(50.0):
        with calling(20.0):
            assert signal.getitimer(signal.ITIMER_REAL)[0] <= 20.0
        assert 20.0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 50.0
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0
    assert signal.getsignal(signal.SIGALRM) == handler


def test_code_is_called_in_other_threads_without_a_limit() -> None:
    seen: list[bool] = []

    def run() -> None:
        with calling(1.0):
            seen.append(sys.stdout is not sys.__stdout__)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert seen == [True]
