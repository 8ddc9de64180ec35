"""About how long a run takes, before it is begun."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from molmach import engine
from molmach.engine import Choice, Condition
from molmach.report.words import roughly

_WORTH_TELLING = 20.0
"""Seconds that nobody needs to be told of."""


def tell(
    choice: Choice, conditions: Sequence[Condition], workers: int | None, note: Callable[[str], None]
) -> None:
    """Tell about how long a run takes, by the trial of its engine; nothing where one hardly waits.

    A run that goes on has had no trial, and nothing is said of it. One whose replicas are added may take
    some times as long.
    """
    batches = sum(-(-condition.protocol.replicas // choice.copies) for condition in conditions)
    cores = engine.worker_count(choice.platform, batches, workers)
    steps = sum(condition.protocol.total_steps * condition.protocol.replicas for condition in conditions)
    seconds = choice.us_per_step_per_replica * 1e-6 * steps / cores
    if seconds > _WORTH_TELLING:
        note(f"simulating takes about {roughly(seconds)} with {cores} worker{'s' * (cores > 1)}")
