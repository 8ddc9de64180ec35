"""How a campaign comes to its end: asked to stop, or out of time, with evaluations in hand."""

from __future__ import annotations

import math
import time

_SHARE, _LEAST = 0.1, 20.0
"""What is in hand when time is over is waited for: a share of the budget's time, and seconds at least."""

_VAIN = 2.0
"""Where nothing has come back for so many times the budget's time, nothing will. Not tuned."""


class Ending:
    """Until when what is in hand is waited for.

    Parameters
    ----------
    wall_clock
        The budget's time, s; None where there is none.

    Attributes
    ----------
    asked
        Whether somebody has asked for the end.
    told
        Whether it was said what is waited for.
    """

    def __init__(self, wall_clock: float | None) -> None:
        self.asked = False
        self.told = False
        self._wall_clock = wall_clock
        self._until = math.inf
        self._out_of_time = False
        self._came = time.monotonic()
        self._came_late = False

    def ask(self, within: float | None) -> None:
        """Somebody asks for the end; ``within`` so many seconds, or None."""
        self.asked = True
        if within is not None:
            self._until = min(self._until, time.monotonic() + within)

    def out_of_time(self) -> None:
        """The budget's time is over; what runs may come to its end, but is not waited for without one."""
        if not self._out_of_time and self._wall_clock is not None:
            self._out_of_time = True
            self._until = min(self._until, time.monotonic() + max(_LEAST, _SHARE * self._wall_clock))

    def came_back(self) -> None:
        """An evaluation has come back."""
        self._came = time.monotonic()
        self._came_late = self._came_late or self._out_of_time

    @property
    def over(self) -> bool:
        """Whether what is in hand is not waited for any more."""
        return time.monotonic() > self._until

    @property
    def in_vain(self) -> bool:
        """Whether it is of no use to begin anything after the time is over: nothing comes back."""
        if not self._out_of_time or self._wall_clock is None:
            return False
        nothing = self.over and not self._came_late
        return nothing or time.monotonic() - self._came > max(_LEAST, _VAIN * self._wall_clock)
