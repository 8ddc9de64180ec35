"""Worker processes that run the batches of tasks from one queue."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from molmach.engine.batch import steps_done
from molmach.engine.choice import available_cores
from molmach.engine.platforms import GPU_PLATFORMS
from molmach.engine.task import Task
from molmach.errors import Argument, DivergedError, SimulationError, SpecError

_LOST = "a worker process ended unexpectedly; what it had finished is kept"


@dataclass(frozen=True)
class Progress:
    """How far a run is: steps done and to do over all replicas and conditions."""

    done: int
    total: int


def require_workers(wanted: int | None) -> None:
    """Refuse a number of workers that could do nothing.

    Raises
    ------
    SpecError
        It is less than one.
    """
    if wanted is not None and wanted < 1:
        raise SpecError(Argument("workers"), f" {wanted}: expected one or more")


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
    """Run every batch of one task that is not finished; arguments and errors as :func:`run_tasks`'s."""
    run_tasks([(work, task)], workers, progress)


def run_tasks(
    tasks: Sequence[tuple[Path, Task]],
    workers: int,
    progress: Callable[[Progress], None] = lambda progress: None,
    finished: Callable[[int], None] = lambda number: None,
    failed: Callable[[int, str], None] | None = None,
) -> None:
    """Run every batch that is not finished, of all tasks from one queue.

    Parameters
    ----------
    tasks
        Folders, and what :func:`molmach.engine.task.write_task` wrote there.
    workers
        Number of worker processes, each with one thread.
    progress
        Called from this thread as steps are done.
    finished
        Called from this thread with a task's number when its last batch is done; the workers go on.
    failed
        Called likewise with a task's number and what went wrong in it; the other tasks go on. Where it
        is not given a failure ends everything.

    Raises
    ------
    DivergedError
        A replica went numerically wrong and ``failed`` is not given.
    SimulationError
        A replica failed otherwise, or a worker was lost; checkpoints are kept.
    OSError
        A worker's disk is full or has failed; checkpoints are kept.
    KeyboardInterrupt
        As it came, after every worker has written its checkpoint.
    """
    total = sum(task.replica_steps for _, task in tasks)
    jobs = [(number, batch) for number, (_, task) in enumerate(tasks) for batch in range(len(task.batches))]
    whole = {(n, b): tasks[n][1].batch_steps(b) for n, b in jobs}
    done = {(n, b): steps_done(*tasks[n], b) for n, b in jobs}
    open_jobs = [job for job in jobs if done[job] < whole[job]]
    left = Counter(number for number, _ in open_jobs)
    progress(Progress(sum(done.values()), total))
    for number in range(len(tasks)):
        if number not in left:
            finished(number)
    if not open_jobs:
        return
    waiting: queue.Queue[_Job] = queue.Queue()
    for job in open_jobs:
        waiting.put(job)
    news: queue.Queue[tuple[_Job | None, dict[str, object]]] = queue.Queue()
    dropped: set[int] = set()
    folders = [work for work, _ in tasks]
    processes = [_start() for _ in range(min(workers, len(open_jobs)))]
    threads = [
        threading.Thread(target=_feed, args=(process, folders, waiting, news, dropped), daemon=True)
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
                continue
            number = news_of[0]
            if "errno" in message:
                number_of_error = int(str(message["errno"]))
                raise OSError(number_of_error, os.strerror(number_of_error))
            if "error" in message:
                if failed is None or message["error"] == _LOST:
                    raise (DivergedError if message.get("diverged") else SimulationError)(
                        str(message["error"])
                    )
                if number not in dropped:
                    dropped.add(number)
                    failed(number, str(message["error"]))
            elif "steps" in message:
                done[news_of] = int(str(message["steps"]))
            elif message.get("finished"):
                done[news_of] = whole[news_of]
                left[number] -= 1
                if left[number] == 0 and number not in dropped:
                    finished(number)
            progress(Progress(sum(done.values()), total))
    finally:
        _stop(processes, waiting)


_Job = tuple[int, int]
"""Number of the task and of its batch."""


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
    folders: Sequence[Path],
    waiting: queue.Queue[_Job],
    news: queue.Queue[tuple[_Job | None, dict[str, object]]],
    dropped: Set[int],
) -> None:
    """Hand a worker one job after the other, but none of a dropped task, and pass on what it says."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        while True:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            number, batch = job
            if number in dropped:
                continue
            try:
                process.stdin.write(json.dumps({"work": str(folders[number]), "batch": batch}) + "\n")
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
