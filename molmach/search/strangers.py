"""Calling code of others: how long it may take, what it may print, and whose an interrupt is.

Whatever such code raises is its own affair, be it ``SystemExit`` or ``KeyboardInterrupt``, but for what is
raised here: the end of our patience, and the user's own Ctrl-C.
"""

from __future__ import annotations

import io
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import FrameType
from typing import TextIO

MOST_PRINTED = 10_000
"""Characters that are shown of what one call prints."""


class TooLongError(BaseException):
    """Called code takes too long; not an :class:`Exception`, which it might catch."""


class UserInterrupt(KeyboardInterrupt):
    """The user has pressed Ctrl-C; a :class:`KeyboardInterrupt` that is none of these was raised by code."""


class _Pressed:
    """Whether the user's second Ctrl-C is on its way up: C code on it turns it into another exception."""

    now = False


def press() -> None:
    """Raise :class:`UserInterrupt`, which is the user's whatever becomes of it on its way."""
    _Pressed.now = True
    raise UserInterrupt


def release() -> None:
    """Nobody has pressed Ctrl-C yet."""
    _Pressed.now = False


def pressed() -> bool:
    """Whether an interrupt that comes up now is the user's."""
    return _Pressed.now


OURS = (TooLongError, UserInterrupt)
"""What may be raised while others' code runs and is none of theirs."""


@contextmanager
def calling(seconds: float) -> Iterator[None]:
    """The block calls code of others.

    What it prints goes to standard error, the first :data:`MOST_PRINTED` characters of it. Time is kept, and
    Ctrl-C told apart, where this is the main thread, which alone can be interrupted.

    Parameters
    ----------
    seconds
        How long it may take.

    Raises
    ------
    TooLongError
        It takes longer.
    UserInterrupt
        The user presses Ctrl-C, where nobody else listens to it.
    """
    shown = _Bounded(sys.stderr)
    with redirect_stdout(shown), redirect_stderr(shown):
        if threading.current_thread() is threading.main_thread():
            with _listening(), _timed(seconds):
                yield
        else:
            yield


@contextmanager
def _timed(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLongError(f"no answer within {seconds:g} s")

    started, before = time.monotonic(), signal.signal(signal.SIGALRM, stop)
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
        if left:  # someone who has called us is waited for as well
            signal.setitimer(signal.ITIMER_REAL, max(1e-3, left - (time.monotonic() - started)))


@contextmanager
def _listening() -> Iterator[None]:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise UserInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Bounded(io.TextIOBase):
    """Passes on what is written until it is too much."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._left = MOST_PRINTED

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str, /) -> int:
        """Pass on what there is still room for."""
        if self._left > 0:
            self._stream.write(text[: self._left])
            self._left -= len(text)
            if self._left <= 0:
                self._stream.write("\n... more was printed and is not shown\n")
        return len(text)

    def flush(self) -> None:
        """Pass it on."""
        self._stream.flush()


def described(error: BaseException) -> str:
    """An error's kind and what it says, in a line."""
    try:
        said = " ".join(str(error).split())
    except BaseException as another:
        if isinstance(another, OURS):
            raise
        said = "an error that can't say what it is"
    return f"{type(error).__name__}: {said}".removesuffix(": ")
