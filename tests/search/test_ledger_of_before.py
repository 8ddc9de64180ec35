"""A campaign's folder that an earlier version has written: read, reported and gone on with."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from molmach.search import CONFIRMATION, Proposal, Result, Space, State, Task
from molmach.search.agents.team import LocalTeam
from molmach.search.loop.book import TrialBook
from molmach.search.loop.driver import Driver
from molmach.search.loop.evaluations import evaluation_of, task_of
from molmach.search.loop.executors import LocalExecutor
from molmach.search.record import results
from molmach.search.record.export import export_table
from molmach.search.record.folder import claim, read_campaign
from molmach.search.record.ledger import NAME, Ledger, reading

BEFORE = Path(__file__).parent / "before"
"""Written by the version before trials: ``ledger.sql`` is its ledger as ``iterdump`` gives it."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder as it was left."""
    with closing(sqlite3.connect(tmp_path / NAME)) as base:
        base.executescript((BEFORE / "ledger.sql").read_text(encoding="utf-8"))
    (tmp_path / "campaign.yaml").write_text((BEFORE / "campaign.yaml").read_text("utf-8"), encoding="utf-8")
    return tmp_path


def test_it_is_read(folder: Path) -> None:
    campaign, source = read_campaign(folder)
    assert source == Path()
    with reading(folder) as ledger:
        document = results.document(ledger, campaign, folder)
        trials = list(ledger.trials())
        findings = list(ledger.findings())
        assert export_table(ledger, folder / "table.csv") == len(findings) == 7
    assert (document["state"], document["evaluations"], document["confirmations"]) == ("finished", 6, 1)
    assert Counter(trial.state for trial in trials)[State.RUNNING] == 4
    assert [finding.rung for finding in findings] == [0, 0, 1, 0, 1, 0, CONFIRMATION]
    first = document["best"][0]
    assert first["machine"].startswith("9c957909189b")
    assert first["confirmed"]["controls"]["verdict"] == findings[-1].controls["verdict"]
    assert all(finding.ok and finding.measured[0].defined and finding.seed > 0 for finding in findings)


def test_it_is_gone_on_with(folder: Path) -> None:
    campaign, source = read_campaign(folder, ["budget.evaluations=14", "confirmation.machines=2"])
    done: list[Task] = []

    def measure(task: Task) -> Result:
        done.append(task)
        share = int(task.machine[:6], 16) / 16**6
        return Result(task.key, {"velocity": [share, share + 1.0, share - 1.0, share]}, "", 1.0, 100)

    with closing(Ledger(folder / NAME, write=True)) as ledger:
        before = list(ledger.findings())
        batches = ledger.answers()
        assert claim(folder, ledger, campaign, source)
        team = LocalTeam(campaign, source)
        Driver(campaign, ledger, LocalExecutor(measure), team, evaluation_of(campaign, source)).run()
        after = list(ledger.findings())
        document = results.document(ledger, campaign, folder)
        assert ledger.answers().items() != batches.items()
    assert after[: len(before)] == before
    assert (document["evaluations"], document["lost"]) == (14, 0)
    known = {(finding.machine, finding.rung) for finding in before}
    assert not known & {(task.machine, task.rung) for task in done}


def test_what_it_tells_apart_stays_apart_and_comes_no_third_time(folder: Path) -> None:
    """Its first and fourth machine are one today, counted from the two ends of the axle."""
    campaign, _ = read_campaign(folder)
    space = Space(campaign)
    with closing(Ledger(folder / NAME, write=True)) as ledger:
        designs = ledger.designs()
        keys = {space.resolve(design).key for design in designs.values()}
        assert (len(designs), len(keys)) == (4, 3)
        book = TrialBook(space, ledger)
        book.recover()
        for machine, design in designs.items():
            other = design.replace(R10=design["R11"], R11=design["R10"])
            entered = [book.enter("random", 9, Proposal(one, "")) for one in (design, other)]
            assert {trial.state for trial in entered} == {State.REPEAT}
            assert {ledger.smiles_of(trial.machine) for trial in entered} == {ledger.smiles_of(machine)}
        assert keys <= set(book.taken_since(0))
        assert set(designs) <= set(book.taken_since(0))


def test_its_machines_keep_their_keys_and_so_their_seeds(folder: Path) -> None:
    campaign, source = read_campaign(folder)
    space, evaluation = Space(campaign), evaluation_of(campaign, source)
    with reading(folder) as ledger:
        designs = ledger.designs()
        for finding in ledger.findings():
            candidate = replace(space.resolve(designs[finding.machine]), key=finding.machine)
            task = task_of(evaluation, candidate, finding.rung)
            assert task is not None
            assert task.seed == finding.seed
