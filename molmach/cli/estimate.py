"""``molmach estimate``: what exact theory says of a machine from its built structure alone."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from molmach import estimates
from molmach.building import Scale, kind_of
from molmach.cli.output import JsonFlag, Overrides, SystemArgument, console, print_json, table
from molmach.data.quantity import Quantity
from molmach.report.words import to_its_precision
from molmach.scoring import quantities
from molmach.spec import load


def estimate(system: SystemArgument, overrides: Overrides = None, as_json: JsonFlag = False) -> None:
    """What exact theory says of a machine from its built structure alone, and how wrong it may be."""
    spec = load(system, overrides or [])
    said, silent = estimates.estimate(spec), estimates.refusals(spec)
    scale = kind_of(spec.machine.kind).coordinate.scale
    units = {name: _unit(quantities.find(name), scale) for name in said}
    document: dict[str, Any] = {
        "schema": "molmach.estimate/1",
        "name": spec.name,
        "estimates": {
            name: {"value": one.value, "sd": one.sd, "unit": units[name], "model": one.model}
            for name, one in said.items()
        },
        "silent": silent,
    }
    if as_json:
        print_json(document)
        return
    terminal = console()
    rows = []
    for name, one in said.items():
        shown, _ = to_its_precision(one.value, one.value - one.sd, one.value + one.sd)
        rows.append((name, f"{shown} ± {one.sd:.2g} {units[name]}".strip(), escape(one.model)))
    if rows:
        terminal.print(table((spec.name, "theory ± one sd", "model"), rows))
    else:
        terminal.print(f"theory says nothing of {escape(spec.name)}", soft_wrap=True)
    for name, reason in silent.items():
        terminal.print(f"estimator {escape(name)}: {escape(reason)}", style="dim", soft_wrap=True)


def _unit(quantity: Quantity | None, scale: Scale) -> str:
    """Of a quantity as a machine has it; '' for a pure number, and for what no score knows."""
    unit = "" if quantity is None else quantity.on(scale).unit
    return "" if unit == "1" else unit
