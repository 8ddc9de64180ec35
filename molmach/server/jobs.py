"""Long work: submitted, followed, stopped and gone on with, whatever becomes of the server meanwhile.

A job is a molmach command with a folder of its own under ``jobs``. A small process of its own runs it
(:mod:`molmach.server.watch`), so a server that ends or is killed takes no job with it; and what a killed job
had computed is in its run folder, from which the same command goes on.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from molmach.errors import ServingError, shortened
from molmach.files import hold, write_json
from molmach.server.root import JOBS, Root

JOB, RESULT, LOCK, STOP = "job.json", "result.json", "lock", "stop"
PROGRESS, PROCESS = "progress.json", "process.json"
OUT, ERR = "stdout.json", "stderr.txt"

_START_SECONDS = 30.0
_STOP_SECONDS = 25.0
"""How long a command has to keep what it has when it is stopped; a watcher ends it before."""

_LONGEST_DOCUMENT = 400_000
"""Characters of a result that a call hands out; the rest is in the run folder."""


@dataclass(frozen=True)
class Limits:
    """What agents may spend, in core seconds.

    Attributes
    ----------
    per_job, in_all
        Of one job, from start to end whoever stops and resumes it; and of all jobs in this root together.
    workers
        Processes of a job.
    at_once
        Jobs that may run at the same time.
    """

    per_job: float = 600.0
    in_all: float = 3600.0
    workers: int = 1
    at_once: int = 1


@dataclass(frozen=True)
class Job:
    """A job as it was submitted.

    Attributes
    ----------
    id, tool
        Its name, and what asked for it.
    arguments
        Of the ``molmach`` command.
    folder
        Where its result is, relative to the root.
    estimate
        Core seconds that it was expected to take; None where nobody can say.
    submitted
        Seconds since the epoch.
    """

    id: str
    tool: str
    arguments: list[str]
    folder: str
    estimate: float | None
    submitted: float


class Jobs:
    """The jobs of a root.

    Parameters
    ----------
    root, limits
        Where they are, and what they may spend.
    """

    def __init__(self, root: Root, limits: Limits) -> None:
        self._root = root
        self.limits = limits
        self._watchers: dict[str, subprocess.Popen[bytes]] = {}

    # what is asked of them

    def submit(self, tool: str, arguments: list[str], folder: str, estimate: float | None) -> Job:
        """Start a command as a job; one that works on the same folder already is that job.

        Raises
        ------
        ServingError
            It would go over a limit, or as many run as may.
        """
        self._root.require_writable()
        for job in self.all():
            if (job.folder, job.arguments) == (folder, arguments):
                return job if self.state(job) in ("running", "finished") else self.resume(job.id)
        self._check(estimate, 0.0)
        job = Job(_new_id(tool), tool, arguments, folder, estimate, time.time())
        place = self._place(job.id)
        place.mkdir(parents=True)
        write_json(place / JOB, asdict(job))
        self._start(job, self.limits.per_job)
        return job

    def resume(self, job_id: str) -> Job:
        """Go on with a job that was stopped or killed, with what is left of its limit.

        Raises
        ------
        ServingError
            It runs, it is finished, or nothing is left.
        """
        self._root.require_writable()
        job = self.get(job_id)
        state = self.state(job)
        if state in ("running", "finished"):
            raise ServingError(f"{job_id}: it is {state}; expected a job that was stopped")
        spent = self.seconds(job)
        self._check(None if job.estimate is None else max(job.estimate - spent, 0.0), spent)
        place = self._place(job_id)
        for name in (STOP, RESULT):
            (place / name).unlink(missing_ok=True)
        self._start(job, self.limits.per_job - spent)
        return job

    def cancel(self, job_id: str) -> str:
        """Ask a job to stop; what it had computed is kept. Its state afterwards."""
        self._root.require_writable()
        job = self.get(job_id)
        if self.state(job) == "running":
            (self._place(job_id) / STOP).touch()
            self._await(job)
            if (
                self.state(job) == "running"
            ):  # its watcher is gone, and the command that holds its lock is not
                group = _read(self._place(job_id) / PROCESS)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(int((group or {})["group"]), signal.SIGKILL)
                self._await(job)
        return self.state(job)

    def _await(self, job: Job) -> None:
        ends = time.monotonic() + _STOP_SECONDS
        while self.state(job) == "running" and time.monotonic() < ends:
            time.sleep(0.05)

    # what is known of them

    def all(self) -> list[Job]:
        """Every job, in the order in which they were submitted."""
        jobs = [self.get(place.parent.name) for place in (self._root.folder / JOBS).glob(f"*/{JOB}")]
        return sorted(jobs, key=lambda job: job.submitted)

    def get(self, job_id: str) -> Job:
        """A job by its id.

        Raises
        ------
        ServingError
            There is none.
        """
        with contextlib.suppress(OSError, ValueError, TypeError):
            return Job(**json.loads((self._place(job_id) / JOB).read_text(encoding="utf-8")))
        raise ServingError(f"got {shortened(job_id)}; expected the id of a job; list_jobs has them")

    def state(self, job: Job) -> str:
        """``running``, ``finished``, ``failed``, ``stopped``, ``over the limit`` or ``interrupted``."""
        watcher = self._watchers.get(job.id)
        if watcher is not None:
            watcher.poll()  # so that no dead process is left behind
        place = self._place(job.id)
        ended = _read(place / RESULT)
        if ended is not None:
            return str(ended["state"])
        if _is_held(place / LOCK):
            return "running"
        ended = _read(place / RESULT)  # it may have ended between the two looks
        return "interrupted" if ended is None else str(ended["state"])

    def seconds(self, job: Job) -> float:
        """Core seconds that a job has spent, all its starts together."""
        spent = _read(self._place(job.id) / "spent.json") or {}
        return float(spent.get("core_seconds", 0.0))

    def spent(self) -> float:
        """Core seconds of all jobs together."""
        return sum(self.seconds(job) for job in self.all())

    def describe(self, job: Job) -> dict[str, Any]:
        """What is known of a job now."""
        place = self._place(job.id)
        progress = _read(place / PROGRESS) or {}
        ended = _read(place / RESULT) or {}
        return {
            "job": job.id,
            "tool": job.tool,
            "state": self.state(job),
            "folder": job.folder,
            "progress": progress.get("share"),
            "doing": progress.get("doing", ""),
            "core_seconds": round(self.seconds(job), 1),
            "estimated_core_seconds": job.estimate,
            "exit_code": ended.get("code"),
            "message": self._message(place) if ended.get("code") else "",
        }

    def document(self, job: Job) -> dict[str, Any]:
        """What a finished job's command printed.

        Raises
        ------
        ServingError
            It is not finished, or printed no document.
        """
        state = self.state(job)
        place = self._place(job.id)
        try:
            text = (place / OUT).read_text(encoding="utf-8")
            document = json.loads(text)
        except (OSError, ValueError):
            said = self._message(place)
            raise ServingError(
                f"{job.id}: it is {state} and has no result{f': {said}' if said else ''}"
            ) from None
        if len(text) > _LONGEST_DOCUMENT:
            raise ServingError(f"{job.id}: its result is too long; read the files of {job.folder}")
        return dict(self._root.hidden(document))

    # inside

    def _place(self, job_id: str) -> Path:
        return self._root.within(JOBS, str(job_id))

    def _message(self, place: Path) -> str:
        """The last line that a command wrote to standard error."""
        with contextlib.suppress(OSError):
            lines = (place / ERR).read_text(encoding="utf-8", errors="replace").strip().splitlines()
            return str(self._root.hidden(lines[-1][:1000])) if lines else ""
        return ""

    def _check(self, estimate: float | None, spent: float) -> None:
        limits = self.limits
        running = [job for job in self.all() if self.state(job) == "running"]
        if len(running) >= limits.at_once:
            raise ServingError(
                f"{running[0].id} is running, and {limits.at_once} may at once; wait for it or cancel it"
            )
        left = limits.in_all - self.spent()
        if left <= 0.0:
            raise ServingError(f"all {limits.in_all:g} core seconds of this server are spent")
        most = min(limits.per_job - spent, left)
        if most <= 0.0:
            raise ServingError(f"the {limits.per_job:g} core seconds of this job are spent")
        if estimate is not None and estimate > most:
            raise ServingError(
                f"this takes about {estimate:.0f} core seconds, and {most:.0f} are left to it "
                f"({limits.per_job:g} a job, {left:.0f} in all); expected fewer replicas or a shorter run"
            )

    def _start(self, job: Job, most: float) -> None:
        place = self._place(job.id)
        seconds = min(most, self.limits.in_all - self.spent()) / self.limits.workers
        settings = {"seconds": seconds, "workers": self.limits.workers}
        write_json(place / "settings.json", settings)
        for name in (PROGRESS, PROCESS):
            (place / name).unlink(missing_ok=True)
        with (place / "watch.txt").open("ab") as log:
            self._watchers[job.id] = subprocess.Popen(
                [sys.executable, "-m", "molmach.server.watch", str(place), str(self._root.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        ends = time.monotonic() + _START_SECONDS
        while time.monotonic() < ends and not ((place / RESULT).exists() or (place / PROCESS).exists()):
            if self._watchers[job.id].poll() is not None and not (place / RESULT).exists():
                raise ServingError(f"{job.id} could not be started")
            time.sleep(0.02)


def _new_id(tool: str) -> str:
    return f"{tool}-{secrets.token_hex(4)}"


def _read(path: Path) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError):
        return dict(json.loads(path.read_text(encoding="utf-8")))
    return None


def _is_held(path: Path) -> bool:
    """Whether a process holds a lock file."""
    if not path.exists():
        return False
    try:
        with hold(path):
            return False
    except BlockingIOError:
        return True
    except OSError:
        return False
