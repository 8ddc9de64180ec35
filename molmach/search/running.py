"""Running a campaign: its folder, its executor, going on after whatever happened."""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, redirect_stdout
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from molmach.errors import Argument, CampaignError, InfeasibleError, SpecError
from molmach.files import write_text
from molmach.report.campaign.page import write_report
from molmach.search.agents.registry import check_agent
from molmach.search.agents.team import LocalTeam
from molmach.search.loop.driver import Conductor, Snapshot
from molmach.search.loop.evaluation import job_for
from molmach.search.loop.executors import LocalExecutor
from molmach.search.record import results
from molmach.search.record.cache import Store
from molmach.search.record.ledger import NAME, Ledger
from molmach.search.space.space import Space
from molmach.spec import Campaign, load_campaign
from molmach.spec.campaign import WHAT
from molmach.spec.reading import override, read_mapping, read_text, validate
from molmach.studies.folder import OUT
from molmach.studies.provenance import versions

EXECUTORS = ("local", "ray")
FILE = "campaign.yaml"
_FREE = {"budget", "confirmation", "description", "name"}
"""Sections that may change when a campaign is gone on with: they change no evaluation."""


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
) -> dict[str, Any]:
    """Carry out a campaign, or go on with it where it was left.

    Parameters
    ----------
    campaign
        What to search.
    out
        Its folder; default ``campaigns/<name>-<first twelve characters of the key>``.
    source
        Folder where relative files of agents start.
    executor
        ``ray``, or ``local`` (in this process, one evaluation after the other).
    address
        A Ray cluster to join; by default one is started on this machine.
    cores
        Cores of the cluster that is started; default all.
    store
        SQLite file of evaluations shared with other campaigns; default ``evaluations.sqlite`` beside
        the campaign's folder.
    watch
        Called with a snapshot as results come in.

    Returns
    -------
    document
        As :func:`molmach.search.record.results.document`, with ``resumed`` and the path of the ``report``.

    Raises
    ------
    SpecError, CampaignError
        The campaign can't be carried out.
    """
    if executor not in EXECUTORS:
        raise SpecError(Argument("executor"), f" {executor}: accepted: {', '.join(EXECUTORS)}")
    check(campaign, Path(source))
    folder = folder_of(campaign, out)
    _check_place(folder)
    shelf = Path(store) if store is not None else folder.parent / "evaluations.sqlite"
    with (
        _writing(folder),
        closing(Ledger(folder / NAME, write=True)) as ledger,
        closing(Store(shelf)) as shared,
    ):
        resumed = _claim(folder, ledger, campaign, Path(source))
        _note_sitting(ledger, executor)
        with _hands(executor, address, cores, campaign, Path(source)) as (hands, team):
            conductor = Conductor(campaign, ledger, hands, team, folder, shared, watch)
            with _stop_on_signal(conductor):
                conductor.run()
                for agent, text in conductor.explain().items():
                    ledger.note(f"explained {agent}", text)
                ledger.commit()
        page = write_report(ledger, campaign, folder)
        return {**results.document(ledger, campaign, folder), "resumed": resumed, "report": str(page)}


def check(campaign: Campaign, source: Path) -> Space:
    """Find what is wrong with a campaign before anything is started; its space.

    Raises
    ------
    SpecError
        Space, objectives, agents or rungs can't be taken.
    """
    space = Space(campaign)
    for agent in campaign.agents:
        check_agent(agent, source)
    rng = np.random.default_rng(0)
    problem = "no design"
    for _ in range(200):
        try:
            candidate = space.resolve(space.sample(rng))
        except InfeasibleError as error:
            problem = str(error)
            continue
        for rung in (*range(len(campaign.racing.rungs)), -1):
            job_for(campaign, candidate, rung)
        return space
    raise SpecError(f"space: none of 200 designs at random is a machine; the last one: {problem}")


def folder_of(campaign: Campaign, out: str | Path | None) -> Path:
    """Where a campaign is kept."""
    if out is not None:
        return Path(out).resolve()
    return Path("campaigns").resolve() / f"{campaign.name}-{campaign.key[:12]}"


def _check_place(folder: Path) -> None:
    """Refuse a folder with other things in it; what a run that was killed at its start has left is none."""
    if not folder.exists() or (folder / NAME).exists():
        return
    lock = Path(NAME).with_suffix(".lock").name
    if not folder.is_dir() or {path.name for path in folder.iterdir()} - {lock}:
        raise SpecError(OUT, f" {folder}: exists and is not a campaign of molmach; choose another folder")


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """What keeps a campaign from writing, as one error."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        if isinstance(error, ConnectionError):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CampaignError(
            f"{folder}: can't be written ({reason}); what was finished before is kept, and 'molmach campaign "
            "resume' goes on when there is room"
        ) from error


def _claim(folder: Path, ledger: Ledger, campaign: Campaign, source: Path) -> bool:
    """Note in the ledger what it is for, or check that it is for the same; whether it was there before."""
    found = ledger.noted("campaign")
    wanted = _identity(campaign)
    if found is not None and found != wanted:
        raise SpecError(
            OUT,
            f" {folder}: holds another campaign; only {', '.join(sorted(_FREE))} may change when one is "
            "gone on with; choose another folder",
        )
    ledger.note("campaign", wanted)
    ledger.note("source", str(source.resolve()))
    write_text(folder / FILE, campaign.to_yaml())
    ledger.commit()
    return found is not None


def _note_sitting(ledger: Ledger, executor: str) -> None:
    """Keep with which versions and executor the campaign is gone on with, where they are new."""
    sittings = json.loads(ledger.noted("sittings") or "[]")
    sitting = {"executor": executor, "versions": versions()}
    if not sittings or sittings[-1] != sitting:
        ledger.note("sittings", json.dumps([*sittings, sitting]))
        ledger.commit()


def _identity(campaign: Campaign) -> str:
    content = json.loads(campaign.canonical())
    return json.dumps({k: v for k, v in content.items() if k not in _FREE}, sort_keys=True)


def read_campaign(folder: Path, overrides: Iterable[str] = ()) -> tuple[Campaign, Path]:
    """The campaign that a folder holds, and where its agents' files are.

    Raises
    ------
    CampaignError
        The folder holds none.
    """
    file = folder / FILE
    if not (folder / NAME).is_file() or not file.is_file():
        raise CampaignError(f"{folder}: holds no campaign; expected the folder of 'molmach campaign run'")
    content = read_mapping(read_text(file, str(file), WHAT), str(file), Campaign)
    for change in overrides:
        override(content, change)
    ledger = Ledger(folder / NAME)
    source = Path(ledger.noted("source") or ".")
    ledger.close()
    return validate(content, str(file), Campaign), source


def find_campaign(file_or_folder: Path, overrides: Iterable[str] = ()) -> tuple[Campaign, Path, Path]:
    """Campaign, its folder, and where its agents' files are, from its file or its folder."""
    if file_or_folder.is_dir():
        campaign, source = read_campaign(file_or_folder, overrides)
        return campaign, file_or_folder.resolve(), source
    campaign = load_campaign(file_or_folder, overrides)
    return campaign, folder_of(campaign, None), file_or_folder.parent


@contextmanager
def _hands(
    executor: str, address: str | None, cores: int | None, campaign: Campaign, source: Path
) -> Iterator[tuple[Any, Any]]:
    """Executor and team."""
    if executor == "local":
        yield LocalExecutor(), LocalTeam(campaign, source)
        return
    import ray

    from molmach.search.loop.executors.cluster import ClusterExecutor, ClusterTeam, connect

    team = None
    with redirect_stdout(sys.stderr):  # where Ray's own threads tell of workers that died
        try:
            connect(address, cores)
            team = ClusterTeam(campaign, source)
            yield ClusterExecutor(), team
        finally:
            if team is not None:
                team.close()
            ray.shutdown()


@contextmanager
def _stop_on_signal(conductor: Conductor) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM lets what is in hand come back, a second one ends at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        if conductor.stopping:
            raise KeyboardInterrupt
        conductor.stopping = True

    if threading.current_thread() is not threading.main_thread():  # which alone hears of signals
        yield
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


__all__ = ["EXECUTORS", "check", "find_campaign", "folder_of", "read_campaign", "run_campaign"]
