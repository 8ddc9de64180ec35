"""Work in progress on disk: a folder that one process at a time holds, and files that appear in one piece."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from molmach.errors import SimulationError, SpecError


@contextmanager
def locked(work: Path) -> Iterator[None]:
    """Hold the work folder against a second process; the system lets go of it when we end, however.

    Raises
    ------
    SpecError
        The folder can't be written.
    SimulationError
        Another process holds it.
    """
    try:
        work.mkdir(parents=True, exist_ok=True)
        stream = (work / "lock").open("w")
    except OSError as error:
        raise SpecError(
            f"{work}: can't be written ({error.strerror}); expected a writable -o folder"
        ) from error
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SimulationError(
                f"{work}: another molmach process is working on this run; "
                "wait for it or choose another -o folder"
            ) from error
        yield


def write_whole(path: Path, text: str) -> None:
    """Write a file that is never seen half written."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
