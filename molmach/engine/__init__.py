"""Runs replicas of a driven machine: engines, platforms, checkpoints, trajectories."""

from molmach.engine.batch import Collected, collect, run_batch
from molmach.engine.batched import LANES, compile_kernels
from molmach.engine.benchmark import BenchRow, benchmark
from molmach.engine.choice import COMPILED, ENGINES, Choice, available_cores, choose, for_others
from molmach.engine.condition import Condition, prepare
from molmach.engine.platforms import platform_names
from molmach.engine.pool import Progress, require_workers, run_task, run_tasks, worker_count
from molmach.engine.task import Task, read_task, write_task

__all__ = [
    "COMPILED",
    "ENGINES",
    "LANES",
    "BenchRow",
    "Choice",
    "Collected",
    "Condition",
    "Progress",
    "Task",
    "available_cores",
    "benchmark",
    "choose",
    "collect",
    "compile_kernels",
    "for_others",
    "platform_names",
    "prepare",
    "read_task",
    "require_workers",
    "run_batch",
    "run_task",
    "run_tasks",
    "worker_count",
    "write_task",
]
