"""Agents by the name that a campaign file uses."""

from __future__ import annotations

import inspect
from pathlib import Path

from molmach.errors import SpecError, shortened
from molmach.search import plugins
from molmach.search.agents.interface import Agent
from molmach.search.space.space import Space
from molmach.spec.campaign import AgentEntry
from molmach.spec.registered import AGENTS


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
    PluginError
        Importing it fails.
    MissingExtraError
        The agent needs a module that is not installed.
    """
    chosen: type[Agent] = plugins.load(use, AGENTS, "agents.use", folder)
    if not isinstance(chosen, type):
        raise SpecError(f"agents.use: {use} is {shortened(chosen)}; expected the class of an agent")
    for method in ("propose", "observe"):
        if not callable(getattr(chosen, method, None)):
            raise SpecError(f"agents.use: {use} has no method {method}; expected an agent")
    return chosen


def check_agent(entry: AgentEntry, folder: Path) -> None:
    """See that an agent is there and takes its options.

    Raises
    ------
    SpecError, PluginError, MissingExtraError
        As :func:`agent_class`; or it does not take its options.
    """
    agent = agent_class(entry.use, folder)
    try:
        inspect.signature(agent).bind(None, **entry.options)
    except TypeError as error:
        raise SpecError(f"agents.{entry.label}.options: {error}; {_options(agent)}") from error
    except ValueError:  # a class without a signature
        return


def _options(agent: type[Agent]) -> str:
    _, *options = inspect.signature(agent).parameters
    return f"accepted: {', '.join(options)}" if options else "it takes none"


def make_agent(entry: AgentEntry, space: Space, folder: Path) -> Agent:
    """An agent at its start.

    Raises
    ------
    SpecError
        No such agent, or options that it does not take.
    """
    agent = agent_class(entry.use, folder)
    try:
        return agent(space, **entry.options)
    except TypeError as error:
        raise SpecError(f"agents.{entry.label}.options: {error}") from error
