"""The ledger: every proposal, evaluation, failure and cost of a campaign, in one SQLite file.

There is one writer, the campaign's driver, who holds a lock beside the file; readers are free at any
time (write-ahead log). Every commit is synced to disk, so what is in the ledger survives a power cut.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from molmach.errors import CampaignError
from molmach.files import hold
from molmach.search.agents.interface import Finding, Proposal
from molmach.search.loop.evaluation import Job, Outcome
from molmach.search.loop.quantities import Measured
from molmach.search.space.design import Design

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
    time: float

    @property
    def ok(self) -> bool:
        """Whether it gave numbers."""
        return not self.reason


@dataclass(frozen=True)
class Unbuildable:
    """A proposal in the ledger that was no machine."""

    finding: Finding
    time: float


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
            place = str(path) if write else f"{self.path.resolve().as_uri()}?mode=ro"
            self._base = sqlite3.connect(place, uri=not write)
            self._prepare(write)
        except BaseException as error:
            self._unlock()
            if isinstance(error, sqlite3.DatabaseError) and not (write and _is_about_the_disk(error)):
                raise CampaignError(f"{path}: not a ledger of molmach ({error})") from error
            raise

    def _prepare(self, write: bool) -> None:
        self._base.execute("PRAGMA busy_timeout = 10000")
        if write and not self._base.execute("SELECT 1 FROM sqlite_master").fetchone():
            script = files(__package__).joinpath("ledger.sql").read_text("utf-8")
            mark = f"INSERT INTO meta VALUES ('format', '{FORMAT}');"
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.executescript(f"BEGIN; {script} {mark} COMMIT;")
        found = self.noted("format")
        if found != FORMAT:
            raise CampaignError(f"{self.path}: format {found}; this version reads {FORMAT}")
        if write:
            self._base.execute("PRAGMA synchronous = FULL")

    def close(self) -> None:
        """Let go of the file."""
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
        """Make what was written so far last."""
        self._base.commit()

    def rollback(self) -> None:
        """Forget what was written since the last commit."""
        self._base.rollback()

    # what is written

    def note(self, key: str, value: str) -> None:
        """Keep a text under a key."""
        self._base.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def note_asked(self, agent: str, times: int) -> None:
        """Keep how often an agent has answered."""
        self.note(f"asked {agent}", str(times))

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

    def last(self, kind: str) -> str:
        """Who and what of the latest event of a kind; '' if there is none."""
        rows = self.query("SELECT who, text FROM events WHERE kind = ? ORDER BY id DESC LIMIT 1", (kind,))
        return ": ".join(part for part in rows[0] if part) if rows else ""

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
            "reused, finished FROM evaluations ORDER BY id"
        )
        for key, machine, agent, rung, ok, reason, *numbers, others, seconds, steps, reused, when in rows:
            first = [Measured(*numbers)] if ok and None not in numbers else []
            rest = [Measured(*values) for values in json.loads(others)]
            yield Entry(
                key, machine, agent, rung, reason, (*first, *rest), seconds, steps, bool(reused), when
            )

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

    def owners(self) -> list[tuple[str, str]]:
        """(machine, agent who proposed it first), in the order in which they were proposed."""
        return self.query(
            "SELECT machine, agent FROM proposals WHERE state IN ('queued', 'started') ORDER BY id"
        )

    def batches(self) -> dict[str, int]:
        """How often each agent has answered."""
        return {
            key.removeprefix("asked "): int(value)
            for key, value in self._base.execute("SELECT key, value FROM meta WHERE key LIKE 'asked %'")
        }

    def samples(self, key: str) -> dict[str, list[float]]:
        """One number a replica of each quantity of an evaluation."""
        row = self._base.execute("SELECT samples FROM samples WHERE key = ?", (key,)).fetchone()
        return {} if row is None else dict(json.loads(row[0]))

    def infeasible(self) -> Iterator[Unbuildable]:
        """Proposals that were no machines, in the order in which they were made."""
        rows = self._base.execute(
            "SELECT agent, design, reason, made FROM proposals WHERE state = 'infeasible' ORDER BY id"
        )
        for agent, design, reason, made in rows:
            finding = Finding(Design.from_json(design), "", agent, 0, (), (), False, reason)
            yield Unbuildable(finding, made)

    def history(self) -> Iterator[Entry | Unbuildable]:
        """Evaluations and proposals that were no machines, in the order in which agents heard of them."""
        streams: tuple[Iterator[Entry | Unbuildable], ...] = (self.entries(), self.infeasible())
        return heapq.merge(*streams, key=lambda past: past.time)


def _is_about_the_disk(error: sqlite3.Error) -> bool:
    """Whether an error is about the disk or the folder, and not about what is in the file."""
    return isinstance(error, sqlite3.OperationalError) and "no such" not in str(error)


def _locked(path: Path) -> Any:
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
    """A campaign's ledger, to read."""
    with contextlib.closing(Ledger(folder / NAME)) as ledger:
        yield ledger
