"""Ctrl-C and SIGTERM while a campaign runs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from molmach.search.loop.driver import Driver
from molmach.search.strangers import UserInterrupt


@contextmanager
def stop_on_signal(driver: Driver) -> Iterator[None]:
    """The first Ctrl-C or SIGTERM lets what is in hand come back, a second one ends at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        if driver.stopping:
            raise UserInterrupt
        driver.stopping = True

    if threading.current_thread() is not threading.main_thread():  # which alone hears of signals
        yield
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
