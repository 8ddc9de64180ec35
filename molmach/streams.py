"""Standard output and standard error, kept for what molmach says: what libraries write there is caught.

A C library writes to the process's file descriptors, past ``sys.stdout`` and ``sys.stderr`` and past what
:func:`contextlib.redirect_stdout` replaces. Both are handled here, and the C library's own buffers too, which
would otherwise come out after the streams are back in place.
"""

from __future__ import annotations

import ctypes
import io
import logging
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from typing import TextIO

PROGRESS_VARIABLE = "MOLMACH_PROGRESS"
"""Environment variable that names a file in which a command notes how far it is, for programs that wait."""

_OUT, _ERR = 1, 2
"""Descriptors of standard output and standard error."""

_LONGEST = 1 << 16
"""Bytes that are kept of what is caught, from its end."""

_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

_lock = threading.RLock()
_log = logging.getLogger(__name__)


@dataclass
class Caught:
    """What was written to the standard streams in a block of :func:`caught_output`.

    Attributes
    ----------
    text
        All of it, without a terminal's control codes; empty until the block ends.
    """

    text: str = ""

    def brief(self, longest: int = 200) -> str:
        """The text in one line, cut where it is longer than so many characters, for an error's message."""
        return " ".join(self.text.split())[:longest]


@contextmanager
def caught_output() -> Iterator[Caught]:
    """Catches what is written to standard output and standard error, by Python and by C libraries alike.

    The streams are put back however the block ends, and what it wrote is then in ``text``, and in this
    module's log at level DEBUG. Blocks may stand within each other. Descriptors belong to the process:
    blocks of several threads run one after another, and what other threads write meanwhile is caught too.

        >>> import os
        >>> with caught_output() as caught:
        ...     _ = os.write(1, b"dcdplugin) a remark\\n")
        >>> caught.text
        'dcdplugin) a remark\\n'
    """
    caught = Caught()
    with _lock, tempfile.TemporaryFile() as file:
        try:
            with _descriptors_to(file.fileno()), _python_streams_to(file.fileno()):
                yield caught
        finally:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LONGEST))
            caught.text = _TERMINAL_CODES.sub("", file.read().decode("utf-8", errors="replace"))
            if caught.text:
                _log.debug("%s", caught.text.rstrip())


@contextmanager
def own_output() -> Iterator[None]:
    """Keeps standard output for Python's ``sys.stdout``; descriptor 1 leads to standard error meanwhile.

    So what C libraries and child processes write to standard output can't get among what the program prints
    there. Where ``sys.stdout`` is no descriptor's (in a notebook, in a test) only they are led away.
    """
    _flush()
    with ExitStack() as stack:
        try:
            kept = os.dup(_OUT)
        except OSError:  # standard output is closed
            yield
            return
        stack.callback(os.close, kept)
        if _descriptor(sys.stdout) == _OUT:
            stream = _like(sys.stdout, kept)
            stack.callback(_close, stream)
            stack.enter_context(redirect_stdout(stream))
        with _led_to(_ERR, _OUT):
            try:
                yield
            finally:
                _flush()


@contextmanager
def _descriptors_to(target: int) -> Iterator[None]:
    """Descriptors 1 and 2 lead to another one; a closed one stays closed."""
    _flush()
    with _led_to(target, _OUT), _led_to(target, _ERR):
        try:
            yield
        finally:
            _flush()


@contextmanager
def _led_to(target: int, descriptor: int) -> Iterator[None]:
    try:
        kept = os.dup(descriptor)
    except OSError:  # it is closed, so nobody can write to it
        yield
        return
    try:
        with suppress(OSError):  # the target is closed: what is written goes nowhere better
            os.dup2(target, descriptor)
        yield
    finally:
        os.dup2(kept, descriptor)
        os.close(kept)


@contextmanager
def _python_streams_to(target: int) -> Iterator[None]:
    """``sys.stdout`` and ``sys.stderr`` write to a descriptor, line by line and unbuffered."""
    stream = io.TextIOWrapper(
        io.FileIO(os.dup(target), "w"), encoding="utf-8", errors="replace", write_through=True
    )
    with stream, redirect_stdout(stream), redirect_stderr(stream):
        yield


def _like(stream: TextIO, descriptor: int) -> TextIO:
    """A text stream to a descriptor that encodes and buffers as another does."""
    return os.fdopen(
        os.dup(descriptor), "w",
        buffering=1 if getattr(stream, "line_buffering", False) else -1,
        encoding=stream.encoding, errors=stream.errors,
    )  # fmt: skip


def _close(stream: TextIO) -> None:
    with suppress(OSError):  # nobody reads the pipe's other end any more
        stream.close()


def _descriptor(stream: TextIO | None) -> int | None:
    """Number of a stream's descriptor; None where it has none."""
    try:
        return None if stream is None else stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None


def _flush() -> None:
    """Empty the buffers of Python's streams and of the C library's."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    with suppress(OSError, TypeError, AttributeError):
        ctypes.CDLL(None).fflush(None)
