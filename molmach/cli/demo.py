"""``molmach demo``: a first machine, from nothing to its verdict and report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from molmach.cli.output import JsonFlag, console
from molmach.cli.simulate import simulate
from molmach.spec import load

_SYSTEM = "difluorophenylene-rotor"
_REPLICAS, _DURATION = 8, "100 ps"


def demo(
    out: Annotated[
        Path, typer.Option("-o", metavar="DIR", help="Run folder, shown again where it is finished.")
    ] = Path("molmach-demo"),
    as_json: JsonFlag = False,
) -> None:
    """Simulate a real rotor with its controls, and show the verdict: about a minute."""
    if not as_json:
        terminal, spec = console(), load(_SYSTEM)
        terminal.print(f"{escape(spec.description)} The same as:", soft_wrap=True)
        command = f"molmach simulate {_SYSTEM} --replicas {_REPLICAS} --duration '{_DURATION}'"
        terminal.print(f"  {command} --until-resolved -o {escape(str(out))}", soft_wrap=True)
        terminal.print(
            "The kernels are compiled at the first run, about half a minute; simulating takes seconds.",
            soft_wrap=True,
        )
    simulate(
        _SYSTEM,
        out,
        replicas=_REPLICAS,
        duration=_DURATION,
        until_resolved="",
        as_json=as_json,
    )
    if not as_json:
        console().print("next: molmach new SMILES makes a machine of your own molecule", soft_wrap=True)
