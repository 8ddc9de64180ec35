"""``molmach kinetics``: barriers and the cycle of a light-driven motor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.markup import escape

from molmach.cli.output import JsonFlag, Overrides, SystemArgument, console, print_json, status, table
from molmach.errors import Argument, InterruptedRunError, SpecError
from molmach.spec import load
from molmach.studies.kinetics import LEVELS, Cycle, HelixInversion, HinderedRotation, rotation_run, run
from molmach.studies.kinetics.inversion import QUICK_GUESSES
from molmach.studies.kinetics.search import GUESSES
from molmach.studies.kinetics.words import (
    CYCLE_HEADS,
    LIGHT_HEADS,
    ROTATION_HEADS,
    cycle_cells,
    cycle_title,
    doubts,
    lamp_turning,
    light_rows,
    light_title,
    rotation_in_words,
    rotation_rows,
    step_rows,
)

Searched = TypeVar("Searched")


def kinetics(
    system: SystemArgument,
    out: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Run folder; default runs/NAME-KEY-kinetics-LEVEL."),
    ] = None,
    overrides: Overrides = None,
    level: Annotated[str, typer.Option(help=f"Of the energies: {', '.join(LEVELS)}.")] = LEVELS[0],
    guesses: Annotated[
        int | None,
        typer.Option(
            help="Paths that look for mechanisms; with fewer the lowest saddle may be missed. "
            f"Default {GUESSES}, or {QUICK_GUESSES} of a first look.",
            show_default=False,
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="A first look, several times as quick, with its own error beside the level's."
        ),
    ] = False,
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
    """Barriers, rates and the cycle of a light-driven motor; barriers to turning about a rotor's single bond.

    A motor's axle is its C=C bond. The thermal helix inversion is computed, for E and for Z where these
    differ; quantum yields are what you state, and so is absorption unless you name a lamp by its
    --wavelength. A search that was stopped or killed goes on from what it had finished when the same command
    is given again; a finished one is read.
    """
    spec = load(system, overrides or [])
    yields = (forward_yield, backward_yield)
    if rotation_run.turns_about_a_single_bond(spec):
        _refuse_light(wavelength)
        _refuse_quick(quick)
        plan = rotation_run.Plan(spec, level, temperature, solvent)
        rotor = _search(spec.name, lambda say: rotation_run.run(plan, out, say))
        if as_json:
            print_json(rotor.to_json())
            return
        _print_rotation(rotor.rotation)
        console().print(f"folder: {escape(str(rotor.run_dir))}", soft_wrap=True)
        return
    if guesses is None:
        guesses = QUICK_GUESSES if quick else GUESSES
    asked = (temperature, excitation_rate, yields, guesses, quick, solvent, wavelength, intensity)
    motor = run.Plan(spec, level, *asked)
    result = _search(spec.name, lambda say: run.run(motor, out, say))
    if as_json:
        print_json(result.to_json())
        return
    _print_steps(result.steps)
    _print_cycles(result.series, result.yields)
    if result.light is not None:
        console().print(table(LIGHT_HEADS, light_rows(result.light), range(1, 5), light_title(result.light)))
        console().print(lamp_turning(result.light))
    console().print(f"report: {escape(str(result.run_dir / 'report.html'))}", soft_wrap=True)


def _search(name: str, searched: Callable[[Callable[[str], None]], Searched]) -> Searched:
    try:
        with status(name, lines=True) as say:
            return searched(say)
    except KeyboardInterrupt as interrupt:
        raise InterruptedRunError(
            "stopped; what was finished is kept, and the same command goes on from there"
        ) from interrupt


def _refuse_light(wavelength: float | None) -> None:
    if wavelength is not None:
        raise SpecError(
            Argument("wavelength"),
            f" {wavelength:g}: light turns no single bond; expected a C=C axle",
        )


def _refuse_quick(quick: bool) -> None:
    if quick:
        raise SpecError(
            Argument("quick"), ": is for motors about C=C; the scan of a single bond has no shorter form"
        )


def _print_rotation(rotation: HinderedRotation) -> None:
    title = f"rotation about the axle, {rotation.level}, {rotation.temperature:g} K"
    console().print(table(ROTATION_HEADS, rotation_rows(rotation), range(3), title))
    console().print(rotation_in_words(rotation))


def _print_steps(steps: Sequence[HelixInversion]) -> None:
    look = ", a first look" if steps[0].quick else ""
    title = f"thermal helix inversion, {steps[0].level}{look}, {steps[0].temperature:g} K"
    console().print(table(("", *(step.isomer for step in steps)), step_rows(steps), title=title))
    for step in steps:
        for doubt in doubts(step):
            console().print(f"[bold]{escape(f'{step.isomer}: ' if step.isomer else '')}[/]{escape(doubt)}")


def _print_cycles(series: Sequence[Cycle], yields: tuple[float, float]) -> None:
    cells = [cycle_cells(cycle) for cycle in series]
    console().print(table(CYCLE_HEADS, cells, range(4), cycle_title(yields)))
