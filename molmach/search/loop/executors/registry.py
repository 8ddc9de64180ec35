"""Executors by the name that a campaign is started with."""

from __future__ import annotations

from pathlib import Path

from molmach.errors import Argument, SpecError
from molmach.search import plugins
from molmach.search.loop.executors.base import Executor
from molmach.spec.registered import EXECUTORS

EXECUTOR = Argument("executor")


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
    chosen = plugins.load(use, EXECUTORS, EXECUTOR, folder)
    if not (isinstance(chosen, type) and issubclass(chosen, Executor)):
        raise SpecError(EXECUTOR, f": {use} is no molmach.search.Executor; expected a class that is one")
    return chosen


def check_start(chosen: type[Executor], cores: int | None, address: str | None) -> None:
    """Refuse what an executor without a way of its own to be started would take no notice of.

    Raises
    ------
    SpecError
        Cores or an address are given, and it takes none.
    """
    if chosen.start.__func__ is not Executor.start.__func__:  # type: ignore[attr-defined]
        return
    for argument, value in ((Argument("cores"), cores), (Argument("address"), address)):
        if value is not None:
            raise SpecError(
                argument,
                f" {value}: {chosen.__name__} takes none; leave it out, or choose another ",
                EXECUTOR,
            )
