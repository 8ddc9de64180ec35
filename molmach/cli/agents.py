"""``molmach agents``: the search agents that are installed."""

from __future__ import annotations

from molmach.cli.output import JsonFlag, console, print_json, table
from molmach.spec.registered import AGENTS, registered


def agents(as_json: JsonFlag = False) -> None:
    """List the search agents that are installed."""
    rows = []
    for name, point in registered(AGENTS).items():
        try:
            summary = str(getattr(point.load(), "summary", ""))
        except ModuleNotFoundError as error:
            summary = f"needs the package {error.name}"
        rows.append({"name": name, "summary": summary, "class": point.value})
    if as_json:
        print_json({"schema": "molmach.agents/1", "agents": rows})
        return
    console().print(table(("agent", "what it does"), [(r["name"], r["summary"]) for r in rows]))
    console().print("Your own: 'file.py:Class' in the campaign file, or an entry point 'molmach.agents'.")
