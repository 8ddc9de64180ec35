"""Whether a ledger is what was written into it: digests of its rows, the number of its last commit, backups.

SQLite's own check finds broken pages, not a changed digit in a row, and a log that was cut reads as if its
last commits had never been. So every row has a digest, kept by triggers in a table beside it, and the number
of the last commit is kept in a small file too.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from molmach.errors import CampaignError
from molmach.files import whole_file, write_text

BACKUP_SECONDS = 60.0
"""A driver copies its ledger this often while something is written, and when it ends."""

_SHARE = 0.05
"""Copies of a large ledger are made more rarely, so that they take no more of the driver's time."""

COMMITS = "commits"
"""The note of how many commits there were."""

_FUNCTION, _DIGESTS = "molmach_digest", "digests"


def head_of(ledger: Path) -> Path:
    """The file with the number of a ledger's last commit."""
    return ledger.with_suffix(".head")


def backups_of(ledger: Path) -> tuple[Path, Path]:
    """Copies of a ledger, the later one first."""
    return ledger.with_suffix(".backup.sqlite"), ledger.with_suffix(".backup-before.sqlite")


def digest_rows(base: sqlite3.Connection) -> None:
    """See that every row that is written from now on has its digest, and those that are there.

    A ledger of before, which has none, gets them. To be called in a transaction, for a table of which only
    some rows have digests is taken for damage.
    """
    base.create_function(_FUNCTION, -1, _digest, deterministic=True)
    base.execute(
        f"CREATE TABLE IF NOT EXISTS {_DIGESTS} (name TEXT, row TEXT, digest TEXT NOT NULL, "
        "PRIMARY KEY (name, row)) WITHOUT ROWID"
    )
    kept = {name for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")}
    for name, keys, columns in _tables(base):
        if f"{name}_inserted" in kept:
            continue
        new = _statement(name, keys, columns)
        base.execute(f"INSERT OR REPLACE INTO {_DIGESTS} SELECT {_values(name, keys, columns)} FROM {name}")
        base.execute(f"CREATE TRIGGER {name}_inserted AFTER INSERT ON {name} BEGIN {new}; END")
        base.execute(f"CREATE TRIGGER {name}_updated AFTER UPDATE ON {name} BEGIN {new}; END")
        where = f"name = '{name}' AND row = {_row(keys, 'OLD.')}"
        base.execute(
            f"CREATE TRIGGER {name}_deleted AFTER DELETE ON {name} BEGIN "
            f"DELETE FROM {_DIGESTS} WHERE {where}; END"
        )
    base.execute(f"DELETE FROM {_DIGESTS} WHERE name = ?", (_SCHEMA,))
    rows = [(_SCHEMA, name, _digest(kind, sql)) for name, kind, sql in base.execute(_DEFINED)]
    base.executemany(f"INSERT INTO {_DIGESTS} VALUES (?, ?, ?)", rows)


_SCHEMA = "sqlite_master"
_DEFINED = f"SELECT name, type, sql FROM {_SCHEMA} ORDER BY name"


def _tables(base: sqlite3.Connection) -> list[tuple[str, list[str], list[str]]]:
    """Name, columns of the primary key, and all columns of every table that has digests."""
    names = [
        name
        for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        if name != _DIGESTS and not name.startswith("sqlite_")
    ]
    tables = []
    for name in names:
        columns = list(base.execute(f"PRAGMA table_info({name})"))
        keys = [column[1] for column in sorted(columns, key=lambda c: int(c[5])) if column[5]]
        tables.append((name, keys, [column[1] for column in columns]))
    return tables


def _row(keys: list[str], of: str = "") -> str:
    """SQL that names a row by its primary key."""
    return " || '|' || ".join(f"CAST({of}{key} AS TEXT)" for key in keys)


def _values(name: str, keys: list[str], columns: list[str], of: str = "") -> str:
    listed = ", ".join(f"{of}{column}" for column in columns)
    return f"'{name}', {_row(keys, of)}, {_FUNCTION}({listed})"


def _statement(name: str, keys: list[str], columns: list[str]) -> str:
    return f"INSERT OR REPLACE INTO {_DIGESTS} VALUES ({_values(name, keys, columns, 'NEW.')})"


def _digest(*values: Any) -> str:
    return hashlib.blake2b(repr(values).encode(), digest_size=8).hexdigest()


def damage(base: sqlite3.Connection, ledger: Path | None = None) -> str:
    """What is wrong with an open ledger, in a few words; '' where nothing is.

    Parameters
    ----------
    base
        The database.
    ledger
        Its file, to compare the number of its last commit; None to leave that out.

    Raises
    ------
    sqlite3.OperationalError
        It can't be read now, which says nothing of what is in it (:func:`out_of_reach`).
    """
    last = 0 if ledger is None else _last_commit(ledger)  # before the look, for commits come before it
    try:
        base.execute("BEGIN")  # one look, whatever a driver writes meanwhile
        try:
            (said,) = base.execute("PRAGMA integrity_check(1)").fetchone()
            if said != "ok":
                return str(said)
            commits = _commits(base)
            if commits < last:
                return f"its last {last - commits} of {last} commits are missing"
            return _changed_rows(base)
        finally:
            base.rollback()
    except (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError) as error:
        if out_of_reach(error):
            raise
        return str(error)


_NO_ACCESS = frozenset(
    (
        sqlite3.SQLITE_AUTH, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM, sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_READONLY,
    )
)  # fmt: skip
_PRIMARY = 0xFF
"""The part of SQLite's extended numbers of errors that says the kind."""


def out_of_reach(error: BaseException) -> bool:
    """Whether an error says that a database can't be reached: it is locked, or its folder can't be used."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & _PRIMARY in _NO_ACCESS


def unreadable(path: Path, error: BaseException) -> CampaignError:
    """The error of a ledger, or a copy of one, that can't be reached."""
    return CampaignError(
        f"{path}: can't be read ({error}); expected a file that no other program holds, in a folder that may "
        "be written to"
    )


def _changed_rows(base: sqlite3.Connection) -> str:
    tables = _tables(base)
    if not base.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_DIGESTS,)).fetchone():
        return ""
    kept: dict[str, dict[str, str]] = {}
    for name, row, digest in base.execute(f"SELECT name, row, digest FROM {_DIGESTS}"):
        kept.setdefault(name, {})[row] = digest
    defined = {name: _digest(kind, sql) for name, kind, sql in base.execute(_DEFINED)}
    if _SCHEMA in kept and defined != kept.pop(_SCHEMA):
        return "a table is not as it was made"
    for name, keys, columns in tables:
        known = kept.pop(name, {})
        for row, *values in base.execute(f"SELECT {_row(keys)}, {', '.join(columns)} FROM {name}"):
            if known.pop(row, None) != _digest(*values):
                return f"row {row} of {name} is not as it was written"
        if known:
            return f"row {next(iter(known))} of {name} is missing"
    return f"table {next(iter(kept))} is missing" if kept else ""


def _last_commit(ledger: Path) -> int:
    """By the file beside the ledger; 0 where there is none, or it is none of ours."""
    try:
        return int(head_of(ledger).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0


def _commits(base: sqlite3.Connection) -> int:
    """How many there were by the ledger itself; 0 in one of before they were numbered."""
    if not base.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        return 0
    row = base.execute("SELECT value FROM meta WHERE key = ?", (COMMITS,)).fetchone()
    return int(row[0]) if row else 0


class Keeper:
    """Numbers a ledger's commits and copies it now and then.

    Parameters
    ----------
    base
        The database, open to write.
    ledger
        Its file.
    """

    def __init__(self, base: sqlite3.Connection, ledger: Path) -> None:
        self._base, self._ledger = base, ledger
        self._commits = _commits(base)
        self._copied = -1
        self._due = time.monotonic() + BACKUP_SECONDS

    def commit(self) -> None:
        """Commit what was written, with its number; copy the ledger where that is due."""
        if self._base.in_transaction:
            number = self._commits + 1
            self._base.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (COMMITS, str(number)))
            self._base.commit()
            self._commits = number
            write_text(head_of(self._ledger), f"{number}\n")
        if time.monotonic() >= self._due:
            self.copy()

    def copy(self) -> None:
        """Copy the ledger, where something was written since the last copy; the one before is kept too.

        Raises
        ------
        CampaignError
            What is in the file is not what was written.
        """
        if self._copied == self._commits:
            return
        started = time.monotonic()
        latest, before = backups_of(self._ledger)
        with whole_file(latest) as target:
            source = f"{self._ledger.resolve().as_uri()}?mode=ro"
            with closing(sqlite3.connect(target)) as copy:
                with closing(sqlite3.connect(source, uri=True)) as committed:
                    committed.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
                if wrong := damage(copy):
                    raise damaged(self._ledger, wrong)
            if latest.exists():
                with whole_file(before) as older:
                    shutil.copyfile(latest, older)
        self._copied = self._commits
        now = time.monotonic()
        self._due = now + max(BACKUP_SECONDS, (now - started) / _SHARE)


def damaged(ledger: Path, problem: str) -> CampaignError:
    """The error of a ledger that is not what was written, and what helps."""
    folder = ledger.parent
    times = [time.localtime(path.stat().st_mtime) for path in backups_of(ledger) if path.is_file()]
    if not times:
        return CampaignError(
            f"{ledger}: not a ledger of molmach, or not whole ({problem}), and there is no backup beside it; "
            "expected a file that nothing but molmach has written"
        )
    return CampaignError(
        f"{ledger}: is damaged ({problem}); 'molmach campaign repair {folder}' puts the backup of "
        f"{time.strftime('%Y-%m-%d %H:%M:%S', times[0])} in its place"
    )


def restore(ledger: Path) -> tuple[Path, Path | None] | None:
    """Put the latest whole backup in a damaged ledger's place; nobody else may have it open.

    Returns
    -------
    places
        The backup that was taken, and where the damaged ledger is now (None: there was none). The ledger
        itself where only its last commits are missing and no backup has more of them. None where it is whole.

    Raises
    ------
    CampaignError
        No backup is whole either, or one of the files can't be reached.
    OSError
        The folder can't be written. Then nothing is changed, or the next call goes on from there.
    """
    if not (problem := _problem(ledger, ledger)):
        return None
    chosen = next((path for path in backups_of(ledger) if path.is_file() and not _problem(path)), None)
    most = 0 if chosen is None else _commits_in(chosen)
    if ledger.is_file() and not _problem(ledger) and (kept := _commits_in(ledger)) >= most:
        write_text(head_of(ledger), f"{kept}\n")
        return ledger, None
    if chosen is None:
        raise CampaignError(
            f"{ledger}: is damaged ({problem}), and no backup beside it is whole; what machines were worth "
            "may still be in the evaluations that campaigns share: a new campaign takes it from there"
        )
    with whole_file(ledger) as target:
        shutil.copyfile(chosen, target)
        with closing(sqlite3.connect(target)) as base:
            base.execute("PRAGMA journal_mode = WAL")
            commits = _commits(base)
        aside = _set_aside(ledger)
        write_text(head_of(ledger), f"{commits}\n")
    return chosen, aside


def _problem(path: Path, ledger: Path | None = None) -> str:
    """What is wrong with a file; '' where nothing is."""
    if not path.is_file():
        return "it is missing"
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
            if not base.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                return "it has no tables"
            return damage(base, ledger)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        if out_of_reach(error):
            raise unreadable(path, error) from error
        return str(error)


def _commits_in(path: Path) -> int:
    """How many a whole file has."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
        return _commits(base)


def _set_aside(ledger: Path) -> Path | None:
    """Rename a damaged ledger and its log; where it is now."""
    if not ledger.exists():
        return None
    number = 1
    while (aside := ledger.with_suffix(f".damaged-{number}.sqlite")).exists():
        number += 1
    for ending in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{ledger}{ending}").replace(f"{aside}{ending}")
    ledger.replace(aside)
    return aside


_LOOKED_AT: set[Path] = set()


def looked_at(path: Path) -> bool:
    """Whether this process has looked at a ledger before; from now on it has."""
    place = path.resolve()
    if place in _LOOKED_AT:
        return True
    _LOOKED_AT.add(place)
    return False
