"""``molmach agents``: the search agents that are installed."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape

from molmach.cli.output import JsonFlag, console, print_json, table
from molmach.errors import MissingExtraError, SpecError
from molmach.search import plugins
from molmach.search.strangers import described
from molmach.spec.registered import AGENTS, registered


def agents(as_json: JsonFlag = False) -> None:
    """List the search agents that are installed."""
    rows = []
    for name, point in registered(AGENTS).items():
        try:
            summary = str(getattr(plugins.load(name, AGENTS, "agents.use", Path()), "summary", ""))
        except MissingExtraError as error:
            summary = f"needs the package {getattr(error.__cause__, 'name', '')}"
        except SpecError as error:
            summary = f"broken: {described(error.__cause__ or error)}"
        rows.append({"name": name, "summary": summary, "class": point.value})
    if as_json:
        print_json({"schema": "molmach.agents/1", "agents": rows})
        return
    console().print(table(("agent", "what it does"), [(r["name"], escape(r["summary"])) for r in rows]))
    console().print("Your own: 'file.py:Class' in the campaign file, or an entry point 'molmach.agents'.")
