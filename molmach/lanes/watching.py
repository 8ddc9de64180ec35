"""How far compiling is: a count of functions, as numba tells of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

FUNCTIONS = 81
"""That are compiled for the kernels of a rotor in a field, each in about as long as another; others have
some more or less."""


@contextmanager
def compiling(tell: Callable[[int, int], None]) -> Iterator[None]:
    """Tell, within the block, how many functions have been compiled and how many there are about to be.

    Nothing is told where kernels are on disk already. numba is imported when it compiles at the latest,
    and here too.

    Parameters
    ----------
    tell
        Gets the two numbers after each function; the second is never less than the first.
    """
    from numba.core import event

    class Listener(event.Listener):
        """Counts what has ended."""

        done = 0

        def on_start(self, told: Any) -> None:
            """Of no interest: functions that are called end before those that call them."""

        def on_end(self, told: Any) -> None:
            """One more."""
            self.done += 1
            tell(self.done, max(FUNCTIONS, self.done + 1))

    listener = Listener()
    event.register(_COMPILED, listener)
    try:
        yield
    finally:
        event.unregister(_COMPILED, listener)


_COMPILED = "numba:compile"
