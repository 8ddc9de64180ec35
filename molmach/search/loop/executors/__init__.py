"""Executors: where evaluations run and agents think, each registered by name."""

from molmach.search.loop.executors.base import Executor
from molmach.search.loop.executors.local import LocalExecutor
from molmach.search.loop.executors.registry import check_start, executor_class

__all__ = ["Executor", "LocalExecutor", "check_start", "executor_class"]
