"""Where evaluations run: in this process, or on a Ray cluster."""

from molmach.search.loop.executors.base import Executor, Finished
from molmach.search.loop.executors.local import LocalExecutor

__all__ = ["Executor", "Finished", "LocalExecutor"]
