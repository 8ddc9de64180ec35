"""Two results of one unit that differ: where they part, and which of them is wrong there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from molmach.errors import DivergedError, WorkError
from molmach.work.replay import Player, Segment, difference
from molmach.work.result import Result


@dataclass(frozen=True)
class Judgement:
    """What a referee says of two results.

    Attributes
    ----------
    segment
        The first in which they differ; None where they are the same.
    compared
        Links that were compared to find it.
    wrong
        Of each result, in what it differs from a replay of that segment; '' where in nothing.
    """

    segment: Segment | None
    compared: int
    wrong: tuple[str, str]

    @property
    def same(self) -> bool:
        """Whether the two results are the same."""
        return self.segment is None

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "same": self.same,
            "segment": None if self.segment is None else vars(self.segment),
            "compared": self.compared,
            "wrong": list(self.wrong),
        }


def judge(first: Result, second: Result) -> Judgement:
    """Find the first segment in which two results differ, and do it again.

    Links are halved over until two neighbours are left, of which one is the same in both and the next is not:
    log2 m comparisons for m segments. Up to there both agree, so both begin the segment with one state, from
    which it is replayed. Where they agree both may still be wrong.

    Raises
    ------
    WorkError, SpecError, ForceFieldError
        One of them is malformed, or they are results of different units.
    """
    if first.unit.digest != second.unit.digest:
        raise WorkError(
            f"results of units {first.unit.digest[:12]} and {second.unit.digest[:12]}; expected one unit's"
        )
    first.check()
    second.check()
    segment, compared = _first_apart(first, second)
    if segment is None:
        return Judgement(None, compared, ("", ""))
    own = first.batches[segment.batch]
    before = own.states[segment.number - 1] if segment.number else None
    try:
        state, samples, _ = Player(first.unit).play(segment, before)
    except DivergedError:
        what = "coordinates, which become infinite"
        return Judgement(segment, compared, (what, what))
    wrong = (difference(first, segment, state, samples), difference(second, segment, state, samples))
    return Judgement(segment, compared, wrong)


def _first_apart(first: Result, second: Result) -> tuple[Segment | None, int]:
    """The first segment in which they differ, and how many links were compared."""
    compared = 0
    for batch, (one, other) in enumerate(zip(first.batches, second.batches, strict=True)):
        compared += 1
        if one.links[-1] == other.links[-1]:
            continue
        same, apart = -1, len(one.links) - 1
        while apart - same > 1:
            middle = (same + apart) // 2
            compared += 1
            if one.links[middle] == other.links[middle]:
                same = middle
            else:
                apart = middle
        return Segment(batch, apart), compared
    for batch in range(len(first.batches)):
        for number in range(len(first.unit.ends)):
            mine = first.samples(batch, number)
            if difference(second, Segment(batch, number), first.batches[batch].states[number], mine):
                return Segment(batch, number), compared
    return None, compared
