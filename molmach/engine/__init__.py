"""Runs replicas of a driven machine: platforms, checkpoints, trajectories."""

from molmach.engine.benchmark import BenchRow, benchmark
from molmach.engine.folder import load_series, save_series, save_trajectories
from molmach.engine.native import Condition, prepare, write_condition
from molmach.engine.platforms import PlatformTrial, choose_platform, platform_names, trial
from molmach.engine.pool import Progress, run_conditions, worker_count
from molmach.engine.replica import Collected, collect
from molmach.engine.run import Performance, Run, Series

__all__ = [
    "BenchRow",
    "Collected",
    "Condition",
    "Performance",
    "PlatformTrial",
    "Progress",
    "Run",
    "Series",
    "benchmark",
    "choose_platform",
    "collect",
    "load_series",
    "platform_names",
    "prepare",
    "run_conditions",
    "save_series",
    "save_trajectories",
    "trial",
    "worker_count",
    "write_condition",
]
