"""Running a campaign: the record, the loop and the report, one after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any

from molmach.errors import Argument
from molmach.files import is_there
from molmach.report.campaign.page import NAME as PAGE
from molmach.report.campaign.page import write_report
from molmach.search.loop.checking import check, check_new
from molmach.search.loop.driver import Driver
from molmach.search.loop.evaluations import evaluation_of
from molmach.search.loop.executors import check_start, executor_class
from molmach.search.loop.executors.supervised import Supervised
from molmach.search.loop.signals import stop_on_signal
from molmach.search.loop.snapshot import Snapshot
from molmach.search.record import results
from molmach.search.record.cache import Store
from molmach.search.record.folder import check_place, claim, folder_of, require_local, writing
from molmach.search.record.ledger import NAME, Ledger
from molmach.search.summary import summary
from molmach.spec import Campaign
from molmach.studies.provenance import versions


def run_campaign(
    campaign: Campaign,
    out: str | Path | None = None,
    *,
    source: str | Path = ".",
    executor: str = "ray",
    address: str | None = None,
    cores: int | None = None,
    store: str | Path | None = None,
    watch: Callable[[Snapshot], None] | None = None,
    say: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Carry out a campaign, or go on with it where it was left.

    Parameters
    ----------
    campaign
        What to search.
    out
        Its folder; default ``campaigns/<name>-<first twelve characters of the key>``.
    source
        Folder where relative files of agents, evaluations and executors start.
    executor
        ``ray``, ``local`` (in this process, one evaluation after the other), another registered name, or
        ``file.py:Class``.
    address
        A Ray cluster to join; by default one is started on this machine.
    cores
        Cores of the cluster that is started; default all.
    store
        SQLite file of evaluations shared with other campaigns; default ``evaluations.sqlite`` beside
        the campaign's folder. What is built for theory stands in ``structures.sqlite`` beside it.
    watch
        Called with a snapshot as results come in.
    say
        Called with each line on what happens to the campaign as a whole, such as a node that is left out;
        by default it is printed on standard error.

    Returns
    -------
    document
        As :func:`molmach.search.record.results.document`, with ``resumed`` and the path of the ``report``.

    Raises
    ------
    SpecError, CampaignError
        The campaign can't be carried out.
    """
    source = Path(source)
    chosen = executor_class(executor, source)
    check_start(chosen, cores, address)
    space = check(campaign, source)
    folder = folder_of(campaign, out)
    check_place(folder)
    if not is_there(folder / NAME):
        check_new(campaign, space, source)
    shared = Path(store) if store is not None else folder.parent / "evaluations.sqlite"
    require_local(shared, Argument("store"))
    theory = str(shared.with_name("structures.sqlite").resolve()) if campaign.theory.use else None
    with (
        writing(folder),
        closing(Ledger(folder / NAME, write=True)) as ledger,
        closing(Store(shared)) as evaluations,
    ):
        resumed = claim(folder, ledger, campaign, source)
        ledger.note_session(executor.rpartition("/")[2], versions())
        with (
            redirect_stdout(sys.stderr),  # standard output is for the document; workers and agents print too
            closing(Supervised(chosen, cores, address)) as workers,
            closing(workers.team(campaign, source)) as team,
        ):
            driver = Driver(
                campaign,
                ledger,
                workers,
                team,
                evaluation_of(campaign, source),
                folder,
                evaluations,
                watch,
                theory=theory,
                say=say or _print,
            )
            with stop_on_signal(driver):
                driver.run()
                if not driver.stopping:
                    for agent, text in driver.explain().items():
                        ledger.note_explanation(agent, text)
                    ledger.commit()
        page = write_report(summary(ledger, campaign, folder), folder / PAGE)
        return {**results.document(ledger, campaign, folder), "resumed": resumed, "report": str(page)}


def _print(line: str) -> None:
    print(f"molmach: {line}", file=sys.stderr, flush=True)
