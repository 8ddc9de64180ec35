"""Evaluations: what is done to a machine to learn what it is worth, each registered by name."""

from molmach.search.loop.evaluations.base import Evaluation, Task
from molmach.search.loop.evaluations.registry import (
    code_of_task,
    evaluate,
    evaluation_of,
    learn,
    signed,
    task_of,
)

__all__ = ["Evaluation", "Task", "code_of_task", "evaluate", "evaluation_of", "learn", "signed", "task_of"]
