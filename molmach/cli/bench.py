"""``molmach bench``: speed of the engines on this computer."""

from __future__ import annotations

import math
from importlib.resources import files
from typing import Annotated

import typer

from molmach import engine
from molmach.building import build
from molmach.cli.output import JsonFlag, console, print_json, table
from molmach.spec import Spec, load, loads


def bench(
    system: Annotated[
        str | None,
        typer.Argument(metavar="[SYSTEM]", help="A machine; default three of 16, 51 and 106 atoms."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure the engines' speed on this computer, as ratios to native Reference within this run."""
    specs = [load(system)] if system is not None else standard_machines()
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
            row.engine,
            row.platform,
            str(row.replicas),
            row.problem or f"{row.us_per_step_per_replica:.2f}",
            f"{row.ns_per_day:.0f}",
            f"{row.ratio_to_reference:.2f}",
        )
        for row in rows
    ]
    heads = ("system", "atoms", "engine", "platform", "R", "us/step", "ns/day", "times Reference")
    title = "per replica on one core (or GPU), R replicas at once; median of five rounds"
    console().print(table(heads, cells, (1, 4, 5, 6, 7), title))


def standard_machines() -> list[Spec]:
    """The machines that speed is quoted for, small to large."""
    text = files(__package__).joinpath("bench_machines.yaml").read_text(encoding="utf-8")
    documents = [part for part in text.split("\n---\n") if part.strip()]
    return [load("difluorophenylene-rotor"), *(loads(part, "bench_machines.yaml") for part in documents)]
