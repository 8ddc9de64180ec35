"""``molmach mcp``: the program as a server for agents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molmach.errors import MissingExtraError, SpecError
from molmach.server.jobs import Limits
from molmach.server.root import Root


def mcp(
    root: Annotated[Path, typer.Option(metavar="DIR", help="The one folder that agents work in.")] = Path(
        "molmach-agents"
    ),
    read_only: Annotated[bool, typer.Option("--read-only", help="Nothing is written or computed.")] = False,
    http: Annotated[
        int | None,
        typer.Option(metavar="PORT", help="Listen on this machine's PORT instead of standard input."),
    ] = None,
    a_job: Annotated[
        float, typer.Option(metavar="SECONDS", help="Core seconds that one job may take.")
    ] = 600.0,
    in_all: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="Core seconds that all jobs of this root may take together."),
    ] = 3600.0,
    workers: Annotated[int, typer.Option(help="Worker processes of a job.")] = 1,
) -> None:
    """Serve molmach to agents by the Model Context Protocol: within one folder, within limits.

    Long work is submitted, followed and gone on with, whatever becomes of the server meanwhile.
    """
    for name, value in (("--a-job", a_job), ("--in-all", in_all), ("--workers", workers)):
        if not 0 < value < 1e9:
            raise SpecError(f"{name}: got {value:g}; expected a number above zero")
    if http is not None and not 0 < http < 65536:
        raise SpecError(f"--http: got {http}; expected a port from 1 to 65535")
    limits = Limits(a_job, in_all, workers)
    place = Root(root, read_only)
    try:
        from molmach.server.app import server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types", "anyio"):
            raise
        raise MissingExtraError("molmach mcp needs the package mcp: pip install 'molmach[mcp]'") from error
    made = server(place, limits)
    if http is None:
        made.run("stdio")
    else:
        made.run("streamable-http", host="127.0.0.1", port=http)
