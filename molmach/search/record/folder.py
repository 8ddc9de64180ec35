"""A campaign's folder: where it is, whose it is, and what is read of it again."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from molmach.errors import Argument, CampaignError, SpecError
from molmach.files import network_file_system, write_text
from molmach.search.record.archive import remove_half_unpacked
from molmach.search.record.integrity import backups_of, damaged, restore
from molmach.search.record.ledger import LOCK, NAME, Ledger, locked, reading
from molmach.spec import Campaign, load_campaign
from molmach.spec.campaign import WHAT
from molmach.spec.reading import override, read_mapping, read_text, validate
from molmach.studies.folder import OUT

FILE = "campaign.yaml"
FREE = {"budget", "confirmation", "description", "name"}
"""Sections that may change when a campaign is gone on with: they change no evaluation."""


def folder_of(campaign: Campaign, out: str | Path | None) -> Path:
    """Where a campaign is kept; by default ``campaigns/<name>-<first twelve characters of the key>``."""
    if out is not None:
        return Path(out).resolve()
    return Path("campaigns").resolve() / f"{campaign.name}-{campaign.key[:12]}"


def check_place(folder: Path) -> None:
    """Refuse a folder with other things in it; what a run that was killed at its start has left is none.

    Raises
    ------
    SpecError
        It is something else, or lies on a network file system.
    """
    require_local(folder, OUT)
    try:
        if not folder.exists() or (folder / NAME).exists():
            return
        foreign = not folder.is_dir() or {path.name for path in folder.iterdir()} - {LOCK}
    except OSError as error:
        raise SpecError(OUT, f" {folder}: can't be read ({error.strerror})") from error
    if foreign:
        raise SpecError(OUT, f" {folder}: exists and is not a campaign of molmach; choose another folder")


def require_local(place: Path, argument: Argument) -> None:
    """Refuse to keep a database on a network file system.

    Raises
    ------
    SpecError
        It is one, on which SQLite's locks and its log can't be trusted.
    """
    if kind := network_file_system(place):
        raise SpecError(
            argument,
            f" {place}: lies on a network file system ({kind}), on which SQLite's locks and log can't be "
            "trusted; expected a place on a disk of the computer that this command runs on (nodes of a "
            "cluster need not see it)",
        )


def claim(folder: Path, ledger: Ledger, campaign: Campaign, source: Path) -> bool:
    """Note in the ledger what it is for, or check that it is for the same; whether it was there before.

    What a killed driver left half written there is removed.

    Parameters
    ----------
    folder, ledger, campaign
        Of the campaign.
    source
        Folder where relative files of agents start.

    Raises
    ------
    SpecError
        The folder holds another campaign.
    """
    before, wanted = ledger.noted("campaign"), _identity(campaign)
    if before is not None and before != wanted:
        raise SpecError(
            OUT,
            f" {folder}: holds another campaign; only {', '.join(sorted(FREE))} may change when one is "
            "gone on with; choose another folder",
        )
    remove_half_unpacked(folder)
    ledger.note("campaign", wanted)
    ledger.note("source", str(source.resolve()))
    write_text(folder / FILE, campaign.to_yaml())
    ledger.commit()
    return before is not None


def _identity(campaign: Campaign) -> str:
    content = json.loads(campaign.canonical())
    return json.dumps({k: v for k, v in content.items() if k not in FREE}, sort_keys=True)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """What keeps a campaign from writing, as one error.

    Raises
    ------
    SpecError
        The folder can't be written, and holds no campaign yet.
    CampaignError
        It can't be written any more.
    """
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        if isinstance(error, ConnectionError):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        if not os.path.exists(folder / NAME):  # noqa: PTH110 a folder that can't be read raises nothing
            raise SpecError(
                f"{folder}: can't be written ({reason}); expected a writable ", OUT, " folder"
            ) from error
        raise CampaignError(
            f"{folder}: can't be written ({reason}); what was finished before is kept, and 'molmach campaign "
            "resume' goes on when there is room"
        ) from error


def repair(folder: Path) -> tuple[Path, Path | None] | None:
    """Put the latest whole backup in the place of a campaign's ledger that is damaged.

    Returns
    -------
    places
        As :func:`molmach.search.record.integrity.restore` gives them; None where nothing is damaged.

    Raises
    ------
    CampaignError
        The folder holds no campaign or can't be written, another process is running it, or no backup is
        whole.
    """
    ledger = folder / NAME
    if not any(path.is_file() for path in (ledger, *backups_of(ledger))):
        raise CampaignError(f"{folder}: holds no campaign; expected the folder of 'molmach campaign run'")
    try:
        with closing(locked(folder / LOCK)):
            return restore(ledger)
    except (OSError, sqlite3.OperationalError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CampaignError(
            f"{folder}: can't be written ({reason}); expected a writable folder with room for a copy of the "
            "ledger; then 'molmach campaign repair' goes on"
        ) from error


def read_campaign(folder: Path, overrides: Iterable[str] = ()) -> tuple[Campaign, Path]:
    """The campaign that a folder holds, and where its agents' files are.

    Raises
    ------
    CampaignError
        The folder holds none, or its ledger is missing or damaged.
    """
    file = folder / FILE
    if not (folder / NAME).is_file() and any(path.is_file() for path in backups_of(folder / NAME)):
        raise damaged(folder / NAME, "it is missing")
    if not (folder / NAME).is_file() or not file.is_file():
        raise CampaignError(f"{folder}: holds no campaign; expected the folder of 'molmach campaign run'")
    content = read_mapping(read_text(file, str(file), WHAT), str(file), Campaign)
    for change in overrides:
        override(content, change)
    with reading(folder) as ledger:
        source = Path(ledger.noted("source") or ".")
    return validate(content, str(file), Campaign), source


def find_campaign(file_or_folder: Path, overrides: Iterable[str] = ()) -> tuple[Campaign, Path, Path]:
    """Campaign, its folder, and where its agents' files are, from its file or its folder."""
    if file_or_folder.is_dir():
        campaign, source = read_campaign(file_or_folder, overrides)
        return campaign, file_or_folder.resolve(), source
    campaign = load_campaign(file_or_folder, overrides)
    return campaign, folder_of(campaign, None), file_or_folder.parent
