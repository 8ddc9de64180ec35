"""Runs to which replicas are added until they tell: after how many they are looked at, and at which levels.

Each look doubles the replicas, and has a share of the level of every test of the verdict: that of its new
replicas among all. So all looks together err no more often than a run of fixed length, for the shares add up
to one (Boole's inequality); spending in proportion to what is known is one of the rules of Lan & DeMets
(Biometrika 70, 659 (1983)), and leaves most to the last look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from molmach.data.statistics import finite_or_none

MOST_TIMES = 8
"""Times the replicas of its file that a run has at most where nothing else is said."""


@dataclass(frozen=True)
class LookPlan:
    """When a run is looked at.

    Attributes
    ----------
    first, most
        Replicas at the first look, and at the last that there may be.
    """

    first: int
    most: int

    @property
    def numbers(self) -> tuple[int, ...]:
        """Replicas at each look: the first, twice as many and so on; the last step is the longest.

        Examples
        --------
        >>> LookPlan(8, 64).numbers, LookPlan(8, 50).numbers, LookPlan(8, 8).numbers
        ((8, 16, 32, 64), (8, 16, 50), (8,))
        """
        numbers = [self.first]
        while 4 * numbers[-1] <= self.most:
            numbers.append(2 * numbers[-1])
        return (*numbers, self.most) if self.most > numbers[-1] else tuple(numbers)

    def share(self, replicas: int) -> float:
        """Share of each test's level that the look at so many replicas has.

        Examples
        --------
        >>> [LookPlan(8, 64).share(n) for n in (8, 16, 32, 64)]
        [0.125, 0.125, 0.25, 0.5]
        """
        before = [number for number in self.numbers if number < replicas]
        return (replicas - (before[-1] if before else 0)) / self.most


@dataclass(frozen=True)
class Look:
    """What a run amounted to when it was looked at.

    Attributes
    ----------
    replicas
        That it had.
    share
        Of the level of every test.
    p_value, verdict
        As a score has them.
    """

    replicas: int
    share: float
    p_value: float
    verdict: str

    def to_json(self) -> dict[str, Any]:
        """What a run's document says of it."""
        return {**asdict(self), "p_value": finite_or_none(self.p_value)}

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Look:
        """Read back what :meth:`to_json` gave."""
        p_value = content["p_value"]
        known = float("nan") if p_value is None else float(p_value)
        return cls(int(content["replicas"]), float(content["share"]), known, str(content["verdict"]))
