"""Worker processes that run a task's batches from one queue."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from molmach.engine.batch import steps_done
from molmach.engine.choice import available_cores
from molmach.engine.platforms import GPU_PLATFORMS
from molmach.engine.task import Task
from molmach.errors import SimulationError

_LOST = "a worker process ended unexpectedly; what it had finished is kept"


@dataclass(frozen=True)
class Progress:
    """How far a run is: steps done and to do over all replicas and conditions."""

    done: int
    total: int


def worker_count(platform: str, batches: int, wanted: int | None) -> int:
    """One worker a core, one in all on a GPU, never more than batches."""
    most = wanted if wanted is not None else 1 if platform in GPU_PLATFORMS else available_cores()
    return max(1, min(most, batches))


def run_task(
    work: Path,
    task: Task,
    workers: int,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> None:
    """Run every batch that is not finished.

    Parameters
    ----------
    work, task
        What :func:`molmach.engine.task.write_task` wrote.
    workers
        Number of worker processes, each with one thread.
    progress
        Called from this thread as steps are done.

    Raises
    ------
    SimulationError
        A replica failed; the others' checkpoints are kept.
    KeyboardInterrupt
        As it came, after every worker has written its checkpoint.
    """
    total = task.replica_steps
    whole = [task.total_samples * task.sampling_steps * len(members) for members in task.batches]
    done = [steps_done(work, task, number) for number in range(len(task.batches))]
    jobs = [number for number in range(len(task.batches)) if done[number] < whole[number]]
    progress(Progress(sum(done), total))
    if not jobs:
        return
    waiting: queue.Queue[int] = queue.Queue()
    for job in jobs:
        waiting.put(job)
    news: queue.Queue[tuple[int | None, dict[str, object]]] = queue.Queue()
    processes = [_start() for _ in range(min(workers, len(jobs)))]
    threads = [
        threading.Thread(target=_feed, args=(process, work, waiting, news), daemon=True)
        for process in processes
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
                raise SimulationError(str(message["error"]))
            elif "steps" in message:
                done[news_of] = int(str(message["steps"]))
            elif message.get("finished"):
                done[news_of] = whole[news_of]
            progress(Progress(sum(done), total))
    finally:
        _stop(processes, waiting)


def _start() -> subprocess.Popen[str]:
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
    )
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
    work: Path,
    waiting: queue.Queue[int],
    news: queue.Queue[tuple[int | None, dict[str, object]]],
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
                process.stdin.write(json.dumps({"work": str(work), "batch": job}) + "\n")
                process.stdin.flush()
            except (OSError, ValueError):
                news.put((job, {"error": _LOST}))
                return
            for line in process.stdout:
                message = json.loads(line)
                news.put((job, message))
                if "steps" not in message:
                    break
            else:
                news.put((job, {"error": _LOST}))
                return
    finally:
        news.put((None, {}))


def _stop(processes: list[subprocess.Popen[str]], waiting: queue.Queue[int]) -> None:
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
