"""Following a campaign that another process carries out, by its ledger alone."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

from molmach.search.record.ledger import NAME, Ledger
from molmach.search.record.reader import SAID
from molmach.search.record.rows import Event

_SILENT_SECONDS = 60.0
"""The driver writes its clock every second or so, and what an evaluation found as soon as it is back."""


class Follower:
    """Sees what is new in a campaign's folder.

    Parameters
    ----------
    folder
        The campaign's.

    Attributes
    ----------
    evaluations, state, last
        As of the last look: evaluations of whatever rung, ``running``, ``finished`` or ``stopped``, and the
        last event in words.

    Raises
    ------
    CampaignError
        There is no ledger.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / NAME
        self._mark: tuple[Any, ...] = ()
        self._alive_at = time.monotonic()
        self._clock = ""
        self.evaluations = 0
        self.state = "running"
        self.last = ""
        self.look()

    def look(self) -> bool:
        """Read the ledger; whether something is new since the last look."""
        with closing(Ledger(self._file)) as ledger:
            self.evaluations = ledger.evaluations()
            last = ledger.last_event(but=SAID) or Event(0, 0.0, "", "", "")
            clock = ledger.noted("wall_seconds") or ""
            explained = len(ledger.explanations())
        self.state = last.kind if last.kind in ("finished", "stopped") else "running"
        self.last = " ".join(part for part in (last.kind.replace("_", " "), last.who, last.text) if part)
        mark = (self.evaluations, last.number, explained)
        changed = mark != self._mark
        if changed or clock != self._clock:
            self._alive_at = time.monotonic()
        self._mark, self._clock = mark, clock
        return changed

    @property
    def silent(self) -> bool:
        """Whether the driver gives no sign of life: it was killed, or its machine is gone."""
        return self.state == "running" and time.monotonic() - self._alive_at > _SILENT_SECONDS

    @property
    def over(self) -> bool:
        """Whether nothing more will come, unless somebody resumes the campaign."""
        return self.state != "running" or self.silent

    @property
    def words(self) -> str:
        """What the campaign is doing, in a line."""
        done = f"{self.evaluations:,} evaluations"
        if self.silent:
            return f"no sign of life; {done} are kept, and 'molmach campaign resume' goes on from there"
        return f"{self.state}: {done}"
