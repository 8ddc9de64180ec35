"""Worker processes that run the replicas of several conditions from one queue."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from molmach.engine.native import Condition
from molmach.engine.platforms import GPU_PLATFORMS
from molmach.engine.replica import steps_done
from molmach.errors import SimulationError


@dataclass(frozen=True)
class Progress:
    """How far a run is: steps done and to do over all replicas and conditions."""

    done: int
    total: int


@dataclass(frozen=True)
class _Job:
    directory: Path
    replica: int
    condition: str


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_count(platform: str, jobs: int, wanted: int | None) -> int:
    """One worker a core, one in all on a GPU, never more than jobs."""
    most = wanted if wanted is not None else 1 if platform in GPU_PLATFORMS else available_cores()
    return max(1, min(most, jobs))


def run_conditions(
    folders: Sequence[tuple[Condition, Path]],
    workers: int,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> None:
    """Run every replica of every condition that is not finished.

    Parameters
    ----------
    folders
        Conditions and the folders that :func:`molmach.engine.native.write_condition` wrote.
    workers
        Number of worker processes.
    progress
        Called from this thread as steps are done.

    Raises
    ------
    SimulationError
        A replica failed; the others' checkpoints are kept.
    KeyboardInterrupt
        As it came, after every worker has written its checkpoint.
    """
    jobs: list[_Job] = []
    done: dict[_Job, int] = {}
    total = 0
    for condition, directory in folders:
        protocol = condition.protocol
        for replica in range(protocol.replicas):
            job = _Job(directory, replica, condition.name)
            done[job] = steps_done(directory, replica, protocol.sampling_steps)
            total += protocol.total_steps
            if done[job] < protocol.total_steps:
                jobs.append(job)
    progress(Progress(sum(done.values()), total))
    if not jobs:
        return
    waiting: queue.Queue[_Job] = queue.Queue()
    for job in jobs:
        waiting.put(job)
    news: queue.Queue[tuple[_Job | None, dict[str, object]]] = queue.Queue()
    processes = [_start() for _ in range(min(workers, len(jobs)))]
    threads = [
        threading.Thread(target=_feed, args=(process, waiting, news), daemon=True) for process in processes
    ]
    for thread in threads:
        thread.start()
    alive = len(threads)
    try:
        while alive:
            news_of, message = news.get()
            if news_of is None:
                alive -= 1
            elif "error" in message:
                raise SimulationError(f"{news_of.condition}, replica {news_of.replica}: {message['error']}")
            elif "steps" in message:
                done[news_of] = int(str(message["steps"]))
            elif message.get("finished"):
                done[news_of] = folders[0][0].protocol.total_steps
            progress(Progress(sum(done.values()), total))
    finally:
        _stop(processes, waiting)


def _start() -> subprocess.Popen[str]:
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return subprocess.Popen(
        [sys.executable, "-m", "molmach.engine.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **threads},
        start_new_session=True,  # a terminal's Ctrl-C must not cut a worker off from its last checkpoint
    )


def _feed(
    process: subprocess.Popen[str],
    waiting: queue.Queue[_Job],
    news: queue.Queue[tuple[_Job | None, dict[str, object]]],
) -> None:
    """Hand a worker one job after the other and pass on what it says."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        while True:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                process.stdin.write(
                    json.dumps({"directory": str(job.directory), "replica": job.replica}) + "\n"
                )
                process.stdin.flush()
            except (OSError, ValueError):
                news.put((job, {"error": "the worker process ended unexpectedly"}))
                return
            for line in process.stdout:
                message = json.loads(line)
                news.put((job, message))
                if "steps" not in message:
                    break
            else:
                news.put((job, {"error": "the worker process ended unexpectedly"}))
                return
    finally:
        news.put((None, {}))


def _stop(processes: list[subprocess.Popen[str]], waiting: queue.Queue[_Job]) -> None:
    while not waiting.empty():
        try:
            waiting.get_nowait()
        except queue.Empty:
            break
    for process in processes:
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
    for process in processes:
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
