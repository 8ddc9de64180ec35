"""A campaign for those who watch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from molmach.search.record.trial import Measured

_SECONDS = 0.25
"""Least time between two snapshots: what eyes follow."""

_SHARE = 0.05
"""Of the driver's time, that goes into snapshots at most."""


@dataclass(frozen=True)
class Snapshot:
    """A campaign at a moment, for those who watch."""

    evaluations: int
    in_hand: int
    failures: int
    core_seconds: float
    wall_seconds: float
    budget_left: float
    best: tuple[tuple[str, int, tuple[Measured, ...]], ...]
    agents: dict[str, dict[str, float]]
    phase: str


class Watcher:
    """Shows snapshots, but not too often.

    Parameters
    ----------
    watch
        Called with each; None where nobody watches.
    """

    def __init__(self, watch: Callable[[Snapshot], None] | None) -> None:
        self._watch = watch
        self._next = -math.inf

    def show(self, take: Callable[[], Snapshot]) -> None:
        """Take a snapshot and show it, if it is time."""
        started = time.monotonic()
        if self._watch is None or started < self._next:
            return
        self._watch(take())
        ended = time.monotonic()
        self._next = ended + max(_SECONDS, (ended - started) / _SHARE)
