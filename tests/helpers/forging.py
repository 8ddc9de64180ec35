"""Results of work units that were made up in part: what a cheat would hand in, its chain in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.work import Result
from molmach.work.result import BatchPart, rows_of

Arrays = dict[str, NDArray[Any]]
Fake = Callable[[Arrays, Arrays], None]
"""Changes a segment's end state and samples, in place."""


def fake_state(state: Arrays, samples: Arrays) -> None:
    """A place that is off by the last bit, as of one who has computed something else."""
    state["high"].view(np.uint32)[0, 0] ^= 1


def fake_books(state: Arrays, samples: Arrays) -> None:
    """A little more work in one sample."""
    samples["books"][0, 0, 1] += 1e-9


def fake_frames(state: Arrays, samples: Arrays) -> None:
    """An atom moved in a stored frame."""
    samples["frames"][:, 0, 0, 0] += np.float32(1e-3)


def fake_coordinate(state: Arrays, samples: Arrays) -> None:
    """An angle that is more to the taste of whoever pays."""
    samples["coordinate"][-1, 0, 0] += 1e-6


def forged(result: Result, segments: Iterable[tuple[int, int]], fake: Fake) -> Result:
    """A result of which (batch, segment) were faked; all links follow from what it holds."""
    chosen = set(segments)
    batches = []
    for number, own in enumerate(result.batches):
        states = [{name: array.copy() for name, array in state.items()} for state in own.states]
        whole = {name: getattr(own, name).copy() for name in rows_of(result.unit, 0)}
        for segment, state in enumerate(states):
            if (number, segment) in chosen:
                rows = rows_of(result.unit, segment)
                fake(state, {name: whole[name][rows[name]] for name in whole})
        batches.append(BatchPart(links=own.links, states=states, **whole))
    return linked(result.model_copy(update={"batches": batches}))


def linked(result: Result) -> Result:
    """With the links that follow from states and samples."""
    for number, own in enumerate(result.batches):
        for segment in range(len(own.links)):
            own.links[segment] = result.link(number, segment)
    return result
