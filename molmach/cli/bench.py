"""``molmach bench``."""

from __future__ import annotations

import math
from typing import Annotated

import typer

from molmach import engine
from molmach import systems as library
from molmach.build import build
from molmach.cli.output import JsonFlag, console, print_json, table
from molmach.spec import load


def bench(
    system: Annotated[
        str | None,
        typer.Argument(metavar="[SYSTEM]", help="A machine; default every machine of the library."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure the engine's speed on each platform, as ratios to Reference within this run."""
    specs = [load(name) for name in ([system] if system is not None else library.names())]
    conditions = [engine.prepare(s.name, 0, build(s), s.drive, s.protocol) for s in specs]
    rows = engine.benchmark(conditions)
    if as_json:
        print_json(
            {
                "schema": "molmach.bench/1",
                "rows": [
                    {
                        key: None if isinstance(value, float) and not math.isfinite(value) else value
                        for key, value in vars(row).items()
                    }
                    for row in rows
                ],
            }
        )
        return
    cells = [
        (
            row.system,
            str(row.atoms),
            row.platform,
            row.problem or f"{row.us_per_step_per_replica:.1f}",
            f"{row.ns_per_day:.0f}",
            f"{row.ratio_to_reference:.2f}",
        )
        for row in rows
    ]
    heads = ("system", "atoms", "platform", "us/step", "ns/day per core", "times Reference")
    console().print(table(heads, cells, (1, 3, 4, 5), "native engine, one replica, median of five rounds"))
