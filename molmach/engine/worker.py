"""A worker process: ``python -m molmach.engine.worker``.

It reads one JSON job a line from standard input, ``{"work": folder, "batch": number}``, runs it,
and writes one JSON message a line to standard output: ``{"steps": n}`` while it runs, then
``{"finished": true}``, or ``{"error": text}``, with the system's number ``errno`` where the disk is full
or has failed. When standard input closes, because it is to stop or because the process that started it is
gone, it writes a checkpoint and ends.
"""

from __future__ import annotations

import json
import queue
import signal
import sys
import threading
import time
from pathlib import Path

from molmach.engine.batch import run_batch
from molmach.errors import DivergedError, MolmachError
from molmach.files import DISK_ERRORS

_REPORT_SECONDS = 0.2


def main() -> None:
    """Serve jobs until standard input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which closes our input
    jobs: queue.Queue[str | None] = queue.Queue()
    closed = threading.Event()

    def read() -> None:
        for line in sys.stdin:
            jobs.put(line)
        closed.set()
        jobs.put(None)

    threading.Thread(target=read, daemon=True).start()
    while (line := jobs.get()) is not None and not closed.is_set():
        job = json.loads(line)
        _serve(Path(job["work"]), int(job["batch"]), closed)


def _serve(work: Path, batch: int, closed: threading.Event) -> None:
    reported = 0.0

    def progress(steps: int) -> None:
        nonlocal reported
        now = time.monotonic()
        if now - reported > _REPORT_SECONDS:
            reported = now
            _say({"steps": steps})

    try:
        finished = run_batch(work, batch, progress, closed.is_set)
    except MolmachError as error:
        _say({"error": str(error), "diverged": isinstance(error, DivergedError)})
    except Exception as error:  # the parent must hear of anything, or it would wait for ever
        message: dict[str, object] = {"error": f"{type(error).__name__}: {error}"}
        if isinstance(error, OSError) and error.errno in DISK_ERRORS:
            message["errno"] = error.errno
        _say(message)
    else:
        _say({"finished": finished})


def _say(message: dict[str, object]) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        sys.exit(1)


if __name__ == "__main__":
    main()
