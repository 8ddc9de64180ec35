"""Ledgers that were damaged: it is seen, said in one sentence, and the backup is whole."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from molmach import files
from molmach.cli.main import app
from molmach.errors import CampaignError, SpecError
from molmach.search.record import integrity
from molmach.search.record.folder import FILE, check_place, read_campaign, repair
from molmach.search.record.integrity import backups_of, head_of, restore
from molmach.search.record.ledger import NAME, Ledger
from tests.helpers.ledgers import Scribe, campaign

FLIPS, CUTS = 160, 40
"""Damaged copies of one ledger, seeded: a flipped bit each, and the file cut at a random place."""


def _content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as base:
        return [line for line in base.iterdump() if "TRIGGER" not in line]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a campaign of 40 evaluations that was closed as it should be."""
    folder = tmp_path_factory.mktemp("written")
    scribe = Scribe(campaign(), folder)
    scribe.search(40)
    scribe.ledger.commit()
    scribe.ledger.close()
    (folder / FILE).write_text(campaign().to_yaml(), encoding="utf-8")
    return folder


@pytest.fixture
def copied(written: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of its ledger, to damage, which nobody has looked at."""
    integrity._LOOKED_AT.clear()
    shutil.copytree(written, tmp_path / "c")
    yield tmp_path / "c" / NAME
    integrity._LOOKED_AT.clear()


def _looked(path: Path) -> str:
    """What opening a ledger to read says; '' where nothing is wrong."""
    integrity._LOOKED_AT.clear()
    try:
        Ledger(path).close()
    except CampaignError as error:
        return str(error)
    return ""


def test_every_flipped_bit_and_every_cut_is_seen_or_changes_nothing(copied: Path) -> None:
    """200 of them; what is not seen lies where SQLite keeps nothing, and every message names the remedy."""
    rng, whole, content = np.random.default_rng(1), copied.read_bytes(), _content(copied)
    seen = 0
    for number in range(FLIPS + CUTS):
        damaged = bytearray(whole)
        if number < FLIPS:
            damaged[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        else:
            del damaged[int(rng.integers(len(whole))) :]
        copied.write_bytes(damaged)
        said = _looked(copied)
        if said:
            seen += 1
            assert "is damaged" in said
            assert "molmach campaign repair" in said
        else:
            assert _content(copied) == content
    assert seen > 0.35 * FLIPS + 0.95 * CUTS


def test_repair_puts_the_backup_in_place_and_keeps_the_damaged_file(copied: Path, written: Path) -> None:
    damaged = bytearray(copied.read_bytes())
    place = damaged.index(b"velocity")
    damaged[place] ^= 1
    copied.write_bytes(damaged)
    with pytest.raises(CampaignError, match="not as it was written"):
        Ledger(copied, write=True)
    done = CliRunner().invoke(app, ["campaign", "repair", str(copied.parent)])
    assert done.exit_code == 0, done.output
    with closing(Ledger(copied)) as ledger:
        kept = ledger.evaluations()
    assert kept >= 40
    assert f"of {kept} evaluations, is the ledger now" in done.output
    assert copied.with_suffix(".damaged-1.sqlite").read_bytes() == bytes(damaged)
    assert _content(copied) == _content(written / NAME)
    again = CliRunner().invoke(app, ["campaign", "repair", str(copied.parent)])
    assert f"nothing is damaged; the ledger has {kept} evaluations" in again.output
    with closing(Ledger(copied, write=True)) as ledger:
        ledger.event("started")
        ledger.commit()
    assert _looked(copied) == ""


def test_the_copy_before_is_taken_where_the_latest_is_damaged_too(copied: Path) -> None:
    latest, before = backups_of(copied)
    shutil.copyfile(latest, before)
    for path in (copied, latest):
        path.write_bytes(path.read_bytes()[:3000])
    places = repair(copied.parent)
    assert places is not None
    assert places[0] == before
    before.write_bytes(b"")
    copied.write_bytes(b"")
    with pytest.raises(CampaignError, match="no backup beside it is whole"):
        restore(copied)


def test_commits_that_a_cut_log_has_lost_are_missed(tmp_path: Path) -> None:
    """As after a power cut on a disk that had promised too much: the log is gone, the file is whole."""
    scribe = Scribe(campaign(), tmp_path)
    scribe.search(5)
    scribe.ledger.commit()
    ledger = tmp_path / NAME
    shutil.copytree(tmp_path, tmp_path / "then")
    scribe.search(5)
    scribe.ledger.commit()
    shutil.copyfile(head_of(ledger), head_of(tmp_path / "then" / NAME))
    said = _looked(tmp_path / "then" / NAME)
    assert "its last" in said
    assert "commits are missing" in said
    assert _looked(ledger) == ""
    scribe.ledger.close()


def test_a_ledger_that_lacks_commits_goes_on_where_no_backup_has_more(copied: Path) -> None:
    """As where the number of the last one has a wrong digit."""
    kept, number = copied.read_bytes(), head_of(copied).read_text(encoding="utf-8")
    head_of(copied).write_text(f"9{number}", encoding="utf-8")
    assert "commits are missing" in _looked(copied)
    done = CliRunner().invoke(app, ["campaign", "repair", str(copied.parent)])
    assert "no backup has more than the ledger" in done.output
    assert copied.read_bytes() == kept
    assert head_of(copied).read_text(encoding="utf-8") == number
    assert _looked(copied) == ""
    for path in backups_of(copied):
        path.unlink(missing_ok=True)
    head_of(copied).write_text(f"9{number}", encoding="utf-8")
    assert repair(copied.parent) == (copied, None)
    assert _looked(copied) == ""


def test_an_emptied_ledger_is_not_begun_anew(copied: Path) -> None:
    copied.write_bytes(b"")
    with pytest.raises(CampaignError, match="commits are missing"):
        Ledger(copied, write=True)


def test_a_ledger_that_is_out_of_reach_is_not_replaced(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else holds it, which says nothing of what is in it."""
    with closing(sqlite3.connect(copied)) as base:
        base.execute("PRAGMA journal_mode = DELETE")
        base.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, timeout=0.05))
        with pytest.raises(CampaignError, match=r"can't be read \(database is locked\)"):
            repair(copied.parent)
    assert not list(copied.parent.glob("*.damaged-*"))
    assert repair(copied.parent) is None


def test_a_repair_that_fails_has_changed_nothing(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied.write_bytes(copied.read_bytes()[:3000])
    before = {path.name: path.read_bytes() for path in copied.parent.iterdir()}

    def full(source: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfile", full)
        with pytest.raises(CampaignError, match=r"can't be written \(No space left"):
            repair(copied.parent)
    assert {name: (copied.parent / name).read_bytes() for name in before} == before
    assert repair(copied.parent) is not None


def test_a_repair_that_was_killed_on_its_way_goes_on(copied: Path, written: Path) -> None:
    """The damaged ledger is aside already, and the backup is not yet in its place."""
    copied.replace(copied.with_suffix(".damaged-1.sqlite"))
    with pytest.raises(CampaignError, match=r"damaged \(it is missing\); 'molmach campaign repair"):
        read_campaign(copied.parent)
    assert repair(copied.parent) == (backups_of(copied)[0], None)
    assert _content(copied) == _content(written / NAME)
    assert read_campaign(copied.parent)


def test_a_running_campaign_is_not_repaired(copied: Path) -> None:
    with (
        closing(Ledger(copied, write=True)),
        pytest.raises(CampaignError, match="another process is running"),
    ):
        repair(copied.parent)
    with pytest.raises(CampaignError, match="holds no campaign"):
        repair(copied.parent.parent)


def test_copies_are_made_now_and_then_and_of_what_is_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "BACKUP_SECONDS", 0.0)
    monkeypatch.setattr(integrity, "_SHARE", 1e9)
    scribe = Scribe(campaign(), tmp_path)
    scribe.search(3)
    scribe.ledger.commit()
    latest, before = backups_of(tmp_path / NAME)
    first = _content(latest)
    scribe.search(3)
    assert _content(latest) == first
    scribe.ledger.commit()
    assert _content(before) == first
    assert len(_content(latest)) > len(first)
    scribe.ledger.event("not committed")
    scribe.ledger.close()
    assert "not committed" not in "".join(_content(latest))


def test_a_network_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the table of mounts: the mount that lies nearest counts, the later one of two at one place."""
    shared, local = tmp_path / "shared folder", tmp_path / "shared folder" / "scratch"
    local.mkdir(parents=True)
    escaped = str(shared).replace(" ", "\\040")
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        f"30 22 0:40 / {escaped} rw - ext4 /dev/sdb1 rw\n"
        f"31 22 0:41 / {escaped} rw,noatime master:2 - nfs4 server:/home rw\n"
        f"32 31 8:2 / {escaped}/scratch rw - xfs /dev/sdc1 rw\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(files, "MOUNTS", mounts)
    assert files.network_file_system(shared / "campaign") == "nfs4"
    assert files.network_file_system(local / "campaign") == ""
    assert files.network_file_system(tmp_path) == ""
    with pytest.raises(SpecError, match=r"lies on a network file system \(nfs4\)"):
        check_place(shared / "campaign")
    check_place(local / "campaign")
    monkeypatch.setattr(files, "MOUNTS", tmp_path / "none")
    assert files.network_file_system(shared) == ""


def _without_digests(ledger: Path) -> None:
    """Make it one of before there were any."""
    with closing(sqlite3.connect(ledger)) as base:
        for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            base.execute(f"DROP TRIGGER {name}")
        base.execute("DROP TABLE digests")
        base.execute("DROP TABLE seen")
        base.commit()


def test_digests_that_were_half_made_are_none(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill among them leaves a ledger of before, which is whole."""
    _without_digests(copied)
    with monkeypatch.context() as patch:
        patch.setattr(integrity, "_values", lambda *names: "nothing like SQL")
        with pytest.raises(sqlite3.OperationalError):
            Ledger(copied, write=True)
    assert _looked(copied) == ""
    Ledger(copied, write=True).close()
    assert _looked(copied) == ""


def test_a_ledger_of_before_gets_its_digests(copied: Path) -> None:
    _without_digests(copied)
    assert _looked(copied) == ""
    Ledger(copied, write=True).close()
    with closing(sqlite3.connect(copied)) as base:
        base.create_function("molmach_digest", -1, lambda *values: "of something else")
        base.execute("UPDATE machines SET agent = 'nobody'")
        base.commit()
    assert "of machines is not as it was written" in _looked(copied)
