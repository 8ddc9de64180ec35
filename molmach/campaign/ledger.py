"""The ledger: every proposal, evaluation, failure and cost of a campaign, in one SQLite file.

There is one writer, the campaign's driver, who holds a lock beside the file; readers are free at any
time (write-ahead log). Every commit is synced to disk, so what is in the ledger survives a power cut.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from molmach.campaign.agent import Finding, Proposal
from molmach.campaign.design import Design
from molmach.campaign.evaluation import Job, Outcome
from molmach.campaign.quantities import Measured
from molmach.errors import CampaignError

FORMAT = "molmach.ledger/1"
NAME = "ledger.sqlite"


@dataclass(frozen=True)
class Queued:
    """A proposal of a machine that nobody had proposed; ``id`` is its number in the ledger."""

    id: int
    agent: str
    machine: str
    proposal: Proposal


@dataclass(frozen=True)
class Entry:
    """An evaluation in the ledger; :attr:`measured` has one value for each objective, greater is better."""

    key: str
    machine: str
    agent: str
    rung: int
    reason: str
    measured: tuple[Measured, ...]
    seconds: float
    steps: int
    reused: bool

    @property
    def ok(self) -> bool:
        """Whether it gave numbers."""
        return not self.reason


class Ledger:
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
        There is no ledger to read, the file is not one, or another process writes it.
    """

    def __init__(self, path: str | Path, *, write: bool = False) -> None:
        self.path = Path(path)
        self._lock: Any = None
        in_memory = str(path) == ":memory:"
        if not write and not self.path.is_file():
            raise CampaignError(f"{path}: no such ledger; expected a campaign's folder")
        if write and not in_memory:
            self._lock = _locked(self.path.with_suffix(".lock"))
        try:
            self._base = sqlite3.connect(path if write else f"file:{path}?mode=ro", uri=not write)
            self._prepare(write)
        except sqlite3.DatabaseError as error:
            raise CampaignError(f"{path}: not a ledger of molmach ({error})") from error

    def _prepare(self, write: bool) -> None:
        self._base.execute("PRAGMA busy_timeout = 10000")
        if write:
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            if not self._base.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
                script = files("molmach.campaign").joinpath("ledger.sql").read_text("utf-8")
                self._base.executescript(f"BEGIN; {script} COMMIT;")
                self.note("format", FORMAT)
                self.commit()
        found = self.noted("format")
        if found != FORMAT:
            raise CampaignError(f"{self.path}: format {found}; this version reads {FORMAT}")

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()
        if self._lock is not None:
            self._lock.close()

    def commit(self) -> None:
        """Make what was written so far last."""
        self._base.commit()

    # what is written

    def note(self, key: str, value: str) -> None:
        """Keep a text under a key."""
        self._base.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def event(self, kind: str, who: str = "", text: str = "") -> None:
        """Record that something happened."""
        self._base.execute(
            "INSERT INTO events (time, kind, who, text) VALUES (?, ?, ?, ?)", (time.time(), kind, who, text)
        )

    def add_machine(self, key: str, smiles: str, design: Design, agent: str) -> None:
        """Record a machine that nobody had proposed."""
        self._base.execute(
            "INSERT OR IGNORE INTO machines VALUES (?, ?, ?, ?)", (key, smiles, design.to_json(), agent)
        )

    def add_proposal(
        self, agent: str, batch: int, proposal: Proposal, machine: str | None, state: str, reason: str = ""
    ) -> int:
        """Record a proposal; returns its number."""
        cursor = self._base.execute(
            "INSERT INTO proposals (agent, batch, machine, design, rationale, mean, sd, state, reason, made) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                agent, batch, machine, proposal.design.to_json(), proposal.rationale,
                proposal.mean, proposal.sd, state, reason, time.time(),
            ),
        )  # fmt: skip
        return int(cursor.lastrowid or 0)

    def mark_started(self, proposal: int) -> None:
        """A proposal has left its queue."""
        self._base.execute("UPDATE proposals SET state = 'started' WHERE id = ?", (proposal,))

    def add_evaluation(
        self, job: Job, agent: str, outcome: Outcome, measured: Sequence[Measured], reused: bool
    ) -> bool:
        """Record a finished evaluation; False if it was there already."""
        first = measured[0] if measured else None
        numbers = (None,) * 4 if first is None else (first.value, first.error, first.low, first.high)
        others = json.dumps([[m.value, m.error, m.low, m.high] for m in measured[1:]])
        cursor = self._base.execute(
            "INSERT OR IGNORE INTO evaluations (key, machine, agent, rung, seed, ok, reason, value, error, "
            "low, high, others, controls, seconds, steps, reused, finished) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                job.key, job.machine, agent, job.rung, str(job.spec.protocol.seed), not outcome.reason,
                outcome.reason, *numbers, others, json.dumps(outcome.controls),
                outcome.seconds, outcome.steps, reused, time.time(),
            ),
        )  # fmt: skip
        if cursor.rowcount != 1:
            return False
        self._base.execute("INSERT INTO samples VALUES (?, ?)", (job.key, json.dumps(outcome.samples)))
        return True

    # what is read

    def noted(self, key: str) -> str | None:
        """The text under a key."""
        row = self._base.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a query."""
        return self._base.execute(sql, values).fetchall()

    def entries(self) -> Iterator[Entry]:
        """Evaluations in the order in which they were finished."""
        rows = self._base.execute(
            "SELECT key, machine, agent, rung, ok, reason, value, error, low, high, others, seconds, steps, "
            "reused FROM evaluations ORDER BY id"
        )
        for key, machine, agent, rung, ok, reason, *numbers, others, seconds, steps, reused in rows:
            first = [Measured(*numbers)] if ok and None not in numbers else []
            rest = [Measured(*values) for values in json.loads(others)]
            yield Entry(key, machine, agent, rung, reason, (*first, *rest), seconds, steps, bool(reused))

    def designs(self) -> dict[str, Design]:
        """The design of every machine."""
        rows = self._base.execute("SELECT key, design FROM machines")
        return {key: Design.from_json(design) for key, design in rows}

    def proposals(self, state: str) -> list[Queued]:
        """Proposals in a state, in the order in which they were made."""
        rows = self._base.execute(
            "SELECT id, agent, machine, design, rationale, mean, sd FROM proposals "
            "WHERE state = ? ORDER BY id",
            (state,),
        )
        return [
            Queued(number, agent, machine, Proposal(Design.from_json(design), rationale, mean, sd))
            for number, agent, machine, design, rationale, mean, sd in rows
        ]

    def batches(self) -> dict[str, int]:
        """How often each agent has been asked."""
        return {
            key.removeprefix("asked "): int(value)
            for key, value in self._base.execute("SELECT key, value FROM meta WHERE key LIKE 'asked %'")
        }

    def samples(self, key: str) -> dict[str, list[float]]:
        """One number a replica of each quantity of an evaluation."""
        row = self._base.execute("SELECT samples FROM samples WHERE key = ?", (key,)).fetchone()
        return {} if row is None else dict(json.loads(row[0]))

    def infeasible(self) -> Iterator[Finding]:
        """What agents were told of designs that are no machines."""
        rows = self._base.execute(
            "SELECT agent, design, reason FROM proposals WHERE state = 'infeasible' ORDER BY id"
        )
        for agent, design, reason in rows:
            yield Finding(Design.from_json(design), "", agent, 0, (), (), False, reason)


class Store:
    """Evaluations of all campaigns beside each other, by their keys: none is done twice.

    Parameters
    ----------
    path
        The SQLite file; several campaigns may use it at once.
    """

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path, timeout=30.0)
        self._base.execute("PRAGMA journal_mode = WAL")
        self._base.execute(
            "CREATE TABLE IF NOT EXISTS outcomes (key TEXT PRIMARY KEY, reason TEXT NOT NULL, "
            "samples TEXT NOT NULL, seconds REAL NOT NULL, steps INTEGER NOT NULL) WITHOUT ROWID"
        )
        self._base.commit()

    def get(self, key: str) -> Outcome | None:
        """What came of an evaluation, if any campaign has done it."""
        row = self._base.execute(
            "SELECT reason, samples, steps FROM outcomes WHERE key = ?", (key,)
        ).fetchone()
        return None if row is None else Outcome(key, dict(json.loads(row[1])), row[0], 0.0, row[2])

    def put(self, outcomes: Iterable[Outcome]) -> None:
        """Keep what came of evaluations."""
        rows = [(o.key, o.reason, json.dumps(o.samples), o.seconds, o.steps) for o in outcomes]
        if rows:
            with self._base:
                self._base.executemany("INSERT OR IGNORE INTO outcomes VALUES (?, ?, ?, ?, ?)", rows)

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()


def _locked(path: Path) -> Any:
    path.parent.mkdir(parents=True, exist_ok=True)
    stream = path.open("w")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        stream.close()
        raise CampaignError(
            f"{path.parent}: another process is running this campaign; wait for it, or read it with "
            "'molmach campaign status'"
        ) from error
    return stream


@contextmanager
def reading(folder: Path) -> Iterator[Ledger]:
    """A campaign's ledger, to read."""
    with contextlib.closing(Ledger(folder / NAME)) as ledger:
        yield ledger
