"""The ledger: every proposal, evaluation, failure and cost of a campaign, in one SQLite file.

There is one writer, the campaign's driver, who holds a lock beside the file; readers are free at any
time (write-ahead log). Every commit is synced to disk, so what is in the ledger survives a power cut.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from molmach.errors import CampaignError
from molmach.files import hold
from molmach.identity import Identity
from molmach.search.record.integrity import (
    Keeper,
    damage,
    damaged,
    digest_rows,
    looked_at,
    out_of_reach,
    unreadable,
)
from molmach.search.record.reader import CODE, STARTED, WORDS, LedgerReader
from molmach.search.record.result import Samples
from molmach.search.record.rows import Foretold
from molmach.search.record.trial import Finding, State, Trial

FORMAT = "molmach.ledger/1"
OPINIONS = "ledger_opinions.sql"
NAME = "ledger.sqlite"
LOCK = "ledger.lock"
EITHER_END = "machines are the same from either end of the axle"
"""Noted in a ledger in which no machine stands twice because its axle was counted from both ends."""


_THEORY = (
    "CREATE TABLE IF NOT EXISTS theory (machine TEXT PRIMARY KEY, means TEXT NOT NULL, sds TEXT NOT NULL, "
    "model TEXT NOT NULL) WITHOUT ROWID"
)
"""What a ledger lacks that was begun before theory was kept."""


_SEEN = "CREATE TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY, seen TEXT NOT NULL) WITHOUT ROWID"
"""Values behind utilities, of objectives with a window or a target; JSON, null of the others."""

_CODES = "CREATE TABLE IF NOT EXISTS codes (key TEXT PRIMARY KEY, code TEXT NOT NULL) WITHOUT ROWID"
"""By which code each evaluation was done: digests of what is noted as :class:`molmach.identity.Identity`."""


class Ledger(LedgerReader):
    """A campaign's ledger.

    Parameters
    ----------
    path
        The SQLite file; ``:memory:`` for one that is forgotten.
    write
        Whether to write. Then the file is made if it is not there, and nobody else may write.

    Raises
    ------
    CampaignError
        There is no ledger to read, the file is not one or can't be read, or another process writes it.
    """

    def __init__(self, path: str | Path, *, write: bool = False) -> None:
        self.path = Path(path)
        self._lock: Any = None
        if not write and not self.path.is_file():
            raise CampaignError(f"{path}: no such ledger; expected a campaign's folder")
        if write and str(path) != ":memory:":
            self._lock = locked(self.path.with_suffix(".lock"))
        try:
            place = str(path) if write else f"{self.path.resolve().as_uri()}?mode=ro"
            super().__init__(sqlite3.connect(place, uri=not write))
            self._keeper: Keeper | None = None
            self._prepare(write)
        except BaseException as error:
            with contextlib.suppress(AttributeError):  # where it has not come to be opened
                self._base.close()
            self._unlock()
            if not write and out_of_reach(error):
                raise unreadable(self.path, error) from error
            if isinstance(error, sqlite3.DatabaseError) and not (write and _is_about_the_disk(error)):
                raise damaged(self.path, str(error)) from error
            raise

    def _prepare(self, write: bool) -> None:
        self._base.execute("PRAGMA busy_timeout = 10000")
        named = str(self.path) != ":memory:"
        if named and (write or not looked_at(self.path)) and (problem := damage(self._base, self.path)):
            raise damaged(self.path, problem)
        if write and not self._base.execute("SELECT 1 FROM sqlite_master").fetchone():
            script = _script("ledger.sql")
            mark = f"INSERT INTO meta VALUES ('format', '{FORMAT}'), ('{EITHER_END}', 'yes');"
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.executescript(f"BEGIN; {script} {mark} COMMIT;")
        written = self.noted("format")
        if written != FORMAT:
            raise CampaignError(f"{self.path}: format {written}; this version reads {FORMAT}")
        if write:
            self._base.execute("PRAGMA synchronous = FULL")
            # A ledger of before is gone on with. All at once, for a table that lacks its digest is damage.
            opinions = "" if self._has_opinions() else _script(OPINIONS)
            self._base.executescript(f"BEGIN IMMEDIATE; {_THEORY}; {_SEEN}; {_CODES}; {opinions}")
            digest_rows(self._base)
            self._base.commit()
            if named:
                self._keeper = Keeper(self._base, self.path)

    def close(self) -> None:
        """Let go of the file, a copy of which is made first."""
        try:
            if self._keeper is not None:
                self._keeper.copy()
        finally:
            self._base.close()
            self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.close()

    @property
    def dirty(self) -> bool:
        """Whether something was written since the last commit."""
        return self._base.in_transaction

    def commit(self) -> None:
        """Make what was written so far last.

        Raises
        ------
        CampaignError
            It was time for a copy, and what is in the file is not what was written.
        """
        if self._keeper is None:
            self._base.commit()
        else:
            self._keeper.commit()

    def rollback(self) -> None:
        """Forget what was written since the last commit."""
        self._base.rollback()

    def note(self, key: str, value: str) -> None:
        """Keep a text under a key."""
        self._base.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def note_answers(self, agent: str, times: int) -> None:
        """Keep how often an agent has answered."""
        self.note(f"asked {agent}", str(times))

    def note_explanation(self, agent: str, text: str) -> None:
        """Keep what an agent believes."""
        self.note(f"explained {agent}", text)

    def note_code(self, code: Identity) -> None:
        """Keep what a digest of evaluations stands for."""
        self.note(f"{CODE}{code.digest}", json.dumps(code.to_json(), sort_keys=True))

    def note_session(self, executor: str, versions: Mapping[str, str]) -> None:
        """Keep with what the campaign is gone on with, where it differs from the last time."""
        session = {"executor": executor, "versions": dict(versions)}
        before = self.sessions()
        if not before or before[-1] != session:
            self.note("sittings", json.dumps([*before, session]))
            self.commit()

    def event(self, kind: str, who: str = "", text: str = "") -> None:
        """Record an event: its kind, the agent it is about, and details."""
        self._base.execute(
            "INSERT INTO events (time, kind, who, text) VALUES (?, ?, ?, ?)", (time.time(), kind, who, text)
        )

    def add(self, trial: Trial) -> Trial:
        """Record a trial, and its machine where nobody had proposed it; the trial with its number."""
        made, design, word = time.time(), trial.design.to_json(), WORDS.get(trial.state, STARTED)
        cursor = self._base.execute(
            "INSERT INTO proposals (agent, batch, machine, design, rationale, mean, sd, state, reason, made) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                trial.agent, trial.batch, trial.machine or None, design, trial.rationale,
                trial.mean, trial.sd, word, trial.reason, made,
            ),
        )  # fmt: skip
        number = int(cursor.lastrowid or 0)
        if trial.others:
            self._base.executemany(
                "INSERT INTO opinions VALUES (?, ?, ?, ?)",
                [(number, k, *opinion) for k, opinion in enumerate(trial.opinions) if None not in opinion],
            )
        if trial.state not in (State.INFEASIBLE, State.REPEAT):
            self._base.execute(
                "INSERT OR IGNORE INTO machines VALUES (?, ?, ?, ?)",
                (trial.machine, trial.smiles, design, trial.agent),
            )
        return replace(trial, number=number, made=made)

    def mark_started(self, trial: Trial) -> None:
        """A trial has left its queue."""
        self._base.execute("UPDATE proposals SET state = 'started' WHERE id = ?", (trial.number,))

    def foretell(self, machine: str, foretold: Foretold) -> None:
        """Record what theory says of a machine."""
        self._base.execute(
            "INSERT OR REPLACE INTO theory VALUES (?, ?, ?, ?)",
            (machine, json.dumps(foretold.means), json.dumps(foretold.sds), foretold.model),
        )

    def forget(self, keys: Iterable[str]) -> None:
        """Take evaluations out of the record, so that they are done again."""
        rows = [(key,) for key in keys]
        for table in ("evaluations", "samples", "seen", "codes"):
            self._base.executemany(f"DELETE FROM {table} WHERE key = ?", rows)

    def add_finding(self, finding: Finding, samples: Samples) -> bool:
        """Record what an evaluation found; False if it was there already."""
        first = finding.measured[0] if finding.measured else None
        numbers = (None,) * 4 if first is None else (first.value, first.error, first.low, first.high)
        others = json.dumps([[m.value, m.error, m.low, m.high] for m in finding.measured[1:]])
        cursor = self._base.execute(
            "INSERT OR IGNORE INTO evaluations (key, machine, agent, rung, seed, ok, reason, value, error, "
            "low, high, others, controls, seconds, steps, reused, finished) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                finding.key, finding.machine, finding.agent, finding.rung, str(finding.seed), finding.ok,
                finding.reason, *numbers, others, json.dumps(finding.controls), finding.seconds,
                finding.steps, finding.reused, finding.finished,
            ),
        )  # fmt: skip
        if cursor.rowcount != 1:
            return False
        self._base.execute("INSERT INTO samples VALUES (?, ?)", (finding.key, json.dumps(samples)))
        if finding.code:
            self._base.execute("INSERT INTO codes VALUES (?, ?)", (finding.key, finding.code))
        if any(m.seen is not None for m in finding.measured):
            seen = json.dumps([None if m.seen is None else astuple(m.seen) for m in finding.measured])
            self._base.execute("INSERT INTO seen VALUES (?, ?)", (finding.key, seen))
        return True


def _script(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _is_about_the_disk(error: sqlite3.Error) -> bool:
    """Whether an error is about the disk or the folder, and not about what is in the file."""
    return isinstance(error, sqlite3.OperationalError) and "no such" not in str(error)


def locked(path: Path) -> Any:
    """Hold a campaign's lock; to be closed.

    Raises
    ------
    CampaignError
        Another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return hold(path)
    except BlockingIOError as error:
        raise CampaignError(
            f"{path.parent}: another process is running this campaign; wait for it, or read it with "
            "'molmach campaign status'"
        ) from error


@contextmanager
def reading(folder: Path) -> Iterator[Ledger]:
    """A campaign's ledger, to read as it stands at the first look, whatever its driver writes meanwhile."""
    with contextlib.closing(Ledger(folder / NAME)) as ledger:
        ledger._base.execute("BEGIN")
        yield ledger
