"""Finding agents by name: registered ones by entry point, one's own as ``file.py:Class``."""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import sys
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from molmach.errors import MissingExtraError, SpecError
from molmach.search.agents.interface import Agent
from molmach.search.space.space import Space
from molmach.spec.campaign import AgentEntry

GROUP = "molmach.agents"
"""Entry points of this group are agents: ours, and those of any installed package."""


def registered() -> dict[str, EntryPoint]:
    """Entry points by name, sorted."""
    return {point.name: point for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def agent_class(use: str, folder: Path) -> type[Agent]:
    """The class that a name or ``file.py:Class`` stands for.

    Parameters
    ----------
    use
        As in the campaign file.
    folder
        Where relative files start.

    Raises
    ------
    SpecError
        There is no such agent, or it lacks what an agent has.
    MissingExtraError
        The agent needs a package that is not installed.
    """
    if ".py:" in use:
        found = _from_file(use, folder)
    else:
        known = registered()
        if use not in known:
            nearest = difflib.get_close_matches(use, known, 1)
            hint = f"did you mean '{nearest[0]}'? " if nearest else ""
            raise SpecError(f"agents.use: got {use!r}; {hint}accepted: {', '.join(known)}, or file.py:Class")
        try:
            found = known[use].load()
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                f"agents.use: {use} needs the package {error.name}; pip install 'molmach[agents]'"
            ) from error
    for method in ("propose", "observe"):
        if not callable(getattr(found, method, None)):
            raise SpecError(f"agents.use: {use} has no method {method}; expected an agent")
    chosen: type[Agent] = found
    return chosen


def _from_file(use: str, folder: Path) -> Any:
    file, _, name = use.rpartition(":")
    path = (folder / file).resolve()
    if not path.is_file():
        raise SpecError(f"agents.use: got {use!r}, but there is no file {path}; expected file.py:Class")
    # a name of its own, for a file may be called like a module that is there already: random.py
    description = importlib.util.spec_from_file_location(f"agent_of_file_{path.stem}", path)
    assert description is not None
    assert description.loader is not None
    module = importlib.util.module_from_spec(description)
    sys.modules[module.__name__] = module  # dataclasses look their module up there
    try:
        description.loader.exec_module(module)
    except Exception as error:
        del sys.modules[module.__name__]
        raise SpecError(f"agents.use: {path} can't be imported: {type(error).__name__}: {error}") from error
    if not hasattr(module, name):
        raise SpecError(f"agents.use: {path} has no {name!r}; expected the name of a class in it")
    return getattr(module, name)


def check_agent(entry: AgentEntry, folder: Path) -> None:
    """See that an agent is there and takes its options.

    Raises
    ------
    SpecError, MissingExtraError
        As :func:`make_agent`.
    """
    found = agent_class(entry.use, folder)
    try:
        inspect.signature(found).bind(None, **entry.options)
    except TypeError as error:
        raise SpecError(f"agents.{entry.label}.options: {error}; {_options(found)}") from error
    except ValueError:  # a class without a signature
        return


def _options(found: type[Agent]) -> str:
    _, *options = inspect.signature(found).parameters
    return f"accepted: {', '.join(options)}" if options else "it takes none"


def make_agent(entry: AgentEntry, space: Space, folder: Path) -> Agent:
    """An agent at its start.

    Raises
    ------
    SpecError
        No such agent, or options that it does not take.
    """
    found = agent_class(entry.use, folder)
    try:
        return found(space, **entry.options)
    except TypeError as error:
        raise SpecError(f"agents.{entry.label}.options: {error}") from error
