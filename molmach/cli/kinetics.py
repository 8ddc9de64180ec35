"""``molmach kinetics``: barriers and the cycle of a light-driven motor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from molmach.cli.output import JsonFlag, Overrides, SystemArgument, console, print_json, status, table
from molmach.errors import InterruptedRunError
from molmach.spec import load
from molmach.studies.kinetics import LEVELS, Cycle, HelixInversion, MotorKinetics, run
from molmach.studies.kinetics.search import GUESSES
from molmach.studies.kinetics.words import (
    CYCLE_HEADS,
    LIGHT_HEADS,
    cycle_cells,
    cycle_title,
    lamp_turning,
    light_rows,
    light_title,
    step_rows,
)


def kinetics(
    system: SystemArgument,
    out: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Run folder; default runs/NAME-KEY-kinetics-LEVEL."),
    ] = None,
    overrides: Overrides = None,
    level: Annotated[str, typer.Option(help=f"Of the energies: {', '.join(LEVELS)}.")] = LEVELS[0],
    guesses: Annotated[
        int, typer.Option(help="Paths that look for mechanisms; with fewer the lowest saddle may be missed.")
    ] = GUESSES,
    solvent: Annotated[
        str | None, typer.Option(help="Around the molecule, such as toluene; default none.")
    ] = None,
    temperature: Annotated[float, typer.Option(help="K.")] = 293.15,
    excitation_rate: Annotated[float, typer.Option(help="Photons absorbed by one motor, 1/s.")] = 1.0,
    wavelength: Annotated[
        float | None,
        typer.Option(help="Of a lamp, nm: also compute what the forms absorb, and turns under it."),
    ] = None,
    intensity: Annotated[float, typer.Option(help="Of the lamp, mW/cm^2.")] = run.INTENSITY,
    forward_yield: Annotated[
        float, typer.Option(help="Quantum yield of half a turn from a stable form.")
    ] = 0.1,
    backward_yield: Annotated[float, typer.Option(help="The same from a metastable form.")] = 0.1,
    as_json: JsonFlag = False,
) -> None:
    """Barriers, rates, half-lives and the cycle of a light-driven motor whose axle is its C=C bond.

    The thermal helix inversion is computed, for E and for Z where these differ; quantum yields are what you
    state, and so is absorption unless you name a lamp by its --wavelength. A search that was stopped or
    killed goes on from what it had finished when the same command is given again; a finished one is read.
    """
    spec = load(system, overrides or [])
    yields = (forward_yield, backward_yield)
    asked = (temperature, excitation_rate, yields, guesses, solvent, wavelength, intensity)
    result = _search(run.Plan(spec, level, *asked), out)
    if as_json:
        print_json(result.to_json())
        return
    _print_steps(result.steps)
    _print_cycles(result.series, result.yields)
    if result.light is not None:
        console().print(table(LIGHT_HEADS, light_rows(result.light), range(1, 5), light_title(result.light)))
        console().print(lamp_turning(result.light))
    console().print(f"report: {escape(str(result.run_dir / 'report.html'))}", soft_wrap=True)


def _search(plan: run.Plan, out: Path | None) -> MotorKinetics:
    try:
        with status(plan.spec.name, lines=True) as say:
            return run.run(plan, out, say)
    except KeyboardInterrupt as interrupt:
        raise InterruptedRunError(
            "stopped; what was finished is kept, and the same command goes on from there"
        ) from interrupt


def _print_steps(steps: Sequence[HelixInversion]) -> None:
    title = f"thermal helix inversion, {steps[0].level}, {steps[0].temperature:g} K"
    console().print(table(("", *(step.isomer for step in steps)), step_rows(steps), title=title))


def _print_cycles(series: Sequence[Cycle], yields: tuple[float, float]) -> None:
    cells = [cycle_cells(cycle) for cycle in series]
    console().print(table(CYCLE_HEADS, cells, range(4), cycle_title(yields)))
