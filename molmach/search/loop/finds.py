"""What counts as a find: an evaluation that came out among the best of those before it."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence

import numpy as np

from molmach.search.record.hypervolume import Archive
from molmach.search.record.trial import Measured

_TOP_SHARE = 0.2
"""By ``python benchmarks/landscape/bandit.py``: of four agents the one whose machines are better by 1.5
standard deviations gets 58 of 100 turns, with a tenth 48 and with three tenths 61; one that is no better in
the mean but whose best are the best of all gets 33, with a tenth 34 and with three tenths 29."""

_WINDOW = 60
"""Gains in hypervolume are compared with those of so many evaluations before: they shrink as a front fills,
and the first ones would stand above all later ones for ever. The bandit remembers as many."""


class Finds:
    """Judges evaluations on the first rung in the order in which they come.

    With one objective a find is a value among the best fifth of those so far. With several it is a machine
    that makes the hypervolume of what was found grow, and by more than four fifths of the latest sixty did:
    the gain is of scaled objectives above the reference point of :mod:`molmach.search.record.hypervolume`,
    and every machine counts by its values less one standard error each, so that noise extends no front.
    """

    def __init__(self) -> None:
        self._values: list[float] = []
        self._gains: deque[float] = deque(maxlen=_WINDOW)
        self._archive: Archive | None = None

    def judge(self, measured: Sequence[Measured]) -> bool:
        """Whether an evaluation is a find.

        Parameters
        ----------
        measured
            Of each objective, greater is better; none where the evaluation failed. One with a value that is
            no finite number is no find, and is not remembered.
        """
        if not measured or not all(math.isfinite(m.value) for m in measured):
            return False
        if len(measured) > 1:
            return self._extends(measured)
        value = measured[0].value
        rank = len(self._values) - bisect_left(self._values, value)
        insort(self._values, value)
        return rank <= _TOP_SHARE * len(self._values)

    def _extends(self, measured: Sequence[Measured]) -> bool:
        point = np.array([m.value - (m.error if math.isfinite(m.error) else 0.0) for m in measured])
        if self._archive is None:
            self._archive = Archive(len(point))
        gain = self._archive.gain(point)
        self._archive.add(point)
        self._gains.append(gain)
        rank = sum(earlier >= gain for earlier in self._gains)
        return gain > 0.0 and rank <= _TOP_SHARE * len(self._gains)
