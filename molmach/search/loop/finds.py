"""What counts as a find: an evaluation that came out among the best of those before it."""

from __future__ import annotations

import math
from bisect import bisect_left, insort

_TOP_SHARE = 0.1


class Finds:
    """Judges values in the order in which they come."""

    def __init__(self) -> None:
        self._values: list[float] = []

    def judge(self, value: float | None) -> bool:
        """Whether a value on the first rung belongs to the best tenth of those so far, itself among them.

        Parameters
        ----------
        value
            Greater is better; one that is None or no finite number is no find, and is not remembered.
        """
        if value is None or not math.isfinite(value):
            return False
        rank = len(self._values) - bisect_left(self._values, value)
        insort(self._values, value)
        return rank <= _TOP_SHARE * len(self._values)
