"""Runs one job to its end, to its limit, or until it is asked to stop; a process of its own does it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from molmach.files import hold, write_json
from molmach.streams import PROGRESS_VARIABLE

_LOOK_SECONDS = 0.1
_NOTE_SECONDS = 2.0
"""How often it is written down what was spent: what a kill may take off it."""

_PATIENCE_SECONDS = 10.0
"""How long a command may take to keep what it has when it is stopped."""

_FAILED_CONTROL = 3
"""Exit code of a run whose result says that a control has failed: it is a result."""


def main(job: Path, root: Path) -> None:
    """Carry out the command of a job's folder, in the root.

    Parameters
    ----------
    job, root
        The folders.
    """
    with hold(job / "lock") as lock:  # handed on, so that it is held until command and workers are gone
        settings = json.loads((job / "settings.json").read_text(encoding="utf-8"))
        arguments = json.loads((job / "job.json").read_text(encoding="utf-8"))["arguments"]
        before = _spent(job)
        environment = {**os.environ, PROGRESS_VARIABLE: str(job / "progress.json")}
        begun = time.monotonic()
        with (job / "stdout.json").open("wb") as out, (job / "stderr.txt").open("wb") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "molmach.cli.main", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=root,
                env=environment,
                pass_fds=(lock.fileno(),),
                start_new_session=True,
            )
            write_json(job / "process.json", {"group": process.pid, "watcher": os.getpid()})
            state, noted = "", begun
            while process.poll() is None:
                seconds = time.monotonic() - begun
                if time.monotonic() > noted + _NOTE_SECONDS:
                    noted = time.monotonic()
                    _note(job, before + seconds * settings["workers"])
                if (job / "stop").exists():
                    state = "stopped"
                elif seconds > settings["seconds"]:
                    state = "over the limit"
                if state:
                    _end(process)
                    break
                time.sleep(_LOOK_SECONDS)
        _note(job, before + (time.monotonic() - begun) * settings["workers"])
        code = process.returncode
        if not state:
            state = "finished" if code in (0, _FAILED_CONTROL) else "failed"
        write_json(job / "result.json", {"state": state, "code": code})


def _spent(job: Path) -> float:
    try:
        return float(json.loads((job / "spent.json").read_text(encoding="utf-8"))["core_seconds"])
    except (OSError, ValueError, KeyError):
        return 0.0


def _note(job: Path, core_seconds: float) -> None:
    write_json(job / "spent.json", {"core_seconds": round(core_seconds, 2)})


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a command and its workers to stop, which keeps what they have, and end them if they do not."""
    for sign in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(_PATIENCE_SECONDS)
            break
        except subprocess.TimeoutExpired:
            continue


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
