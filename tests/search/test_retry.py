"""Evaluations that are done again: those that failed for no fault of theirs, and those that other code did."""

from __future__ import annotations

import json
import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from molmach.cli.options import OPTIONS
from molmach.errors import CampaignError, SpecError
from molmach.identity import identity
from molmach.search import Result, Task
from molmach.search.record.cache import Store
from molmach.search.record.ledger import NAME, Ledger
from molmach.search.record.retrying import OTHER_CODE, retry
from tests.helpers.command_line import run_here
from tests.search.test_driver import carry_out, document, entries, measure, searched

MISSING = "worker: No module named 'molmach'"


def campaign_with(folder: Path, broken: bool, evaluations: int = 60) -> dict[str, tuple[object, ...]]:
    """What a campaign has in its ledger, a third of it spoiled by a computer without molmach, or none."""

    def evaluation(task: Task) -> Result:
        if broken and task.machine < "5":
            return Result(task.key, reason="diverged" if task.machine < "2" else MISSING)
        return measure(task)

    folder.mkdir(exist_ok=True)
    with closing(Store(folder.parent / "evaluations.sqlite")) as store:
        ledger, _ = carry_out(
            searched(budget={"evaluations": evaluations}), folder / NAME, evaluation, store=store
        )
    with closing(ledger):
        return entries(ledger)


def test_what_was_recorded_as_failed_by_mistake_is_done_again(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    before = campaign_with(folder, broken=True)
    spoiled = {key for key, row in before.items() if row[3] == MISSING}
    diverged = {key for key, row in before.items() if row[3] == "diverged"}
    assert len(spoiled) > 5
    assert diverged
    assert retry(folder, ["no MODULE named"]) == {MISSING: len(spoiled)}
    with closing(Ledger(folder / NAME)) as ledger:
        assert entries(ledger) == {key: row for key, row in before.items() if key not in spoiled}
        assert ledger.event_counts()["retried"] == 1
    after = campaign_with(folder, broken=False, evaluations=90)  # longer runs of others come before
    machines = {row[0] for key, row in before.items() if key in spoiled}
    again = {row[0]: row for row in after.values() if row[0] in machines and row[2] == 0}
    assert set(again) == machines
    assert all(not row[3] for row in again.values())
    assert {key: after[key] for key in diverged} == {key: before[key] for key in diverged}


def test_what_is_asked_for_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    before = campaign_with(folder, broken=True)
    for options, words in (
        ((), r"^expected --reason with a part of a reason, or --all; failures:\n  \d+ times: .worker"),
        (
            ("--reason", "nobody says so"),
            r"^--reason 'nobody says so': nothing failed for such a reason; failures:",
        ),
    ):
        done = run_here("campaign", "retry", str(folder), *options)
        assert done.returncode == 2
        assert re.search(words, done.stderr.removeprefix("molmach: ")), done.stderr
    done = run_here("campaign", "retry", str(folder), "--all", "--json")
    failed = sum(bool(row[3]) for row in before.values())
    assert json.loads(done.stdout)["retried"] == failed
    with pytest.raises(SpecError, match="there is nothing to do again; no evaluation has failed") as caught:
        retry(folder, everything=True)
    assert caught.value.worded(OPTIONS)
    with pytest.raises(CampaignError, match="holds no campaign"):
        retry(tmp_path / "nowhere", everything=True)


def test_a_running_campaign_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    campaign_with(folder, broken=True)
    with closing(Ledger(folder / NAME, write=True)), pytest.raises(CampaignError, match="another process"):
        retry(folder, everything=True)


def test_what_other_code_has_done_is_done_again(tmp_path: Path) -> None:
    """A ledger in which the first third was written by an earlier version, and says so."""
    folder = tmp_path / "c"
    before = campaign_with(folder, broken=False)
    earlier = replace(identity(), version="0.0.9")
    with closing(Ledger(folder / NAME, write=True)) as ledger:
        old = [finding.key for finding in ledger.findings()][:20]
        codes = ledger.codes()
        assert set(codes) == set(before)
        assert document(ledger, searched())["codes"] == [{"evaluations": len(before), **identity().to_json()}]
        ledger.note_code(earlier)
        ledger._base.executemany(
            "UPDATE codes SET code = ? WHERE key = ?", [(earlier.digest, k) for k in old]
        )
        ledger.commit()
        assert ledger.by_code() == {earlier.digest: 20, identity().digest: len(before) - 20}
    assert retry(folder, other_code=True) == {OTHER_CODE: 20}
    campaign_with(folder, broken=False)
    with closing(Ledger(folder / NAME)) as ledger:
        assert ledger.by_code() == {identity().digest: len(before)}
