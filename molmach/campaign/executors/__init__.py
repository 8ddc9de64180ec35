"""Where evaluations run: in this process, or on a Ray cluster."""

from molmach.campaign.executors.base import Executor, Finished
from molmach.campaign.executors.local import LocalExecutor

__all__ = ["Executor", "Finished", "LocalExecutor"]
