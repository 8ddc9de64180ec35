"""Ctrl-C and SIGTERM while a campaign runs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from molmach.search.loop.driver import Driver
from molmach.search.strangers import press, release

_TERMINATED_SECONDS = 8.0
"""So long what is in hand is waited for after SIGTERM: schedulers kill after 20 to 30 s."""


@contextmanager
def stop_on_signal(driver: Driver) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM lets what runs come back, a second one ends at once.

    After SIGTERM, which a scheduler sends, what runs is waited for some seconds only, be it in this process.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        if driver.stopping:
            press()
        terminated = number == signal.SIGTERM
        driver.stop(_TERMINATED_SECONDS if terminated else None)
        if terminated:
            signal.setitimer(signal.ITIMER_REAL, 1.25 * _TERMINATED_SECONDS)

    def overdue(number: int, frame: FrameType | None) -> None:
        press()

    if threading.current_thread() is not threading.main_thread():  # which alone hears of signals
        yield
        return
    release()
    handlers = {signal.SIGINT: stop, signal.SIGTERM: stop, signal.SIGALRM: overdue}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        if driver.stopping:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
        for number, handler in before.items():
            signal.signal(number, handler)
