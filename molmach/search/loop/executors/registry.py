"""Executors by the name that a campaign is started with."""

from __future__ import annotations

from pathlib import Path

from molmach.errors import SpecError
from molmach.search import plugins
from molmach.search.loop.executors.base import Executor
from molmach.spec.registered import EXECUTORS

_FIELD = "executor"


def executor_class(use: str, folder: Path) -> type[Executor]:
    """The executor that a name or ``file.py:Class`` stands for.

    Parameters
    ----------
    use
        The name.
    folder
        Where relative files start.

    Raises
    ------
    SpecError
        There is no such executor.
    MissingExtraError
        It needs a module that is not installed.
    """
    chosen = plugins.load(use, EXECUTORS, _FIELD, folder)
    if not (isinstance(chosen, type) and issubclass(chosen, Executor)):
        raise SpecError(f"{_FIELD}: {use} is no molmach.search.Executor; expected a class that is one")
    return chosen
