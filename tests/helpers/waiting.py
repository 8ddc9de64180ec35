"""Waiting for what another thread or process does, on a machine that may be busy with other things."""

from __future__ import annotations

import time
from collections.abc import Callable

GENEROUS = 1800.0
"""Seconds after which something hangs: far beyond what it takes on a machine with many times its load.

No test passes or fails by how quick the machine is; this limit only ends one that would never end.
"""


def wait_until(
    condition: Callable[[], object], what: str, seconds: float = GENEROUS, interval: float = 0.02
) -> None:
    """Return as soon as a condition holds; an ``AssertionError`` that says what was awaited after ``seconds``.

    The condition is asked every ``interval`` seconds, and at least once.
    """
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"waited {seconds:g} s until {what}"
        time.sleep(interval)
