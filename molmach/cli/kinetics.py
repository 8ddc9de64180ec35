"""``molmach kinetics``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from molmach.cli.output import JsonFlag, Overrides, SystemArgument, console, print_json, status, table
from molmach.errors import InterruptedRunError
from molmach.spec import load
from molmach.studies.kinetics import LEVELS, Cycle, HelixInversion, MotorKinetics, run


def kinetics(
    system: SystemArgument,
    out: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Run folder; default runs/NAME-KEY-kinetics-LEVEL."),
    ] = None,
    overrides: Overrides = None,
    level: Annotated[str, typer.Option(help=f"Of the energies: {' or '.join(LEVELS)}.")] = LEVELS[0],
    temperature: Annotated[float, typer.Option(help="K.")] = 293.15,
    excitation_rate: Annotated[float, typer.Option(help="Photons absorbed by one motor, 1/s.")] = 1.0,
    forward_yield: Annotated[
        float, typer.Option(help="Quantum yield of half a turn from a stable form.")
    ] = 0.1,
    backward_yield: Annotated[float, typer.Option(help="The same from a metastable form.")] = 0.1,
    as_json: JsonFlag = False,
) -> None:
    """Barriers, rates, half-lives and the cycle of a light-driven motor whose axle is its C=C bond.

    The thermal helix inversion is computed, for E and for Z where these differ; absorption and quantum yields
    are what you state. A search that was stopped or killed goes on from what it had finished when the same
    command is given again; a finished one is read.
    """
    spec = load(system, overrides or [])
    yields = (forward_yield, backward_yield)
    result = _search(run.Plan(spec, level, temperature, excitation_rate, yields), out)
    if as_json:
        print_json(result.to_json())
        return
    _print_steps(result.steps)
    _print_cycles(result.series, result.yields)


def _search(plan: run.Plan, out: Path | None) -> MotorKinetics:
    try:
        with status(plan.spec.name) as say:
            return run.run(plan, out, say)
    except KeyboardInterrupt as interrupt:
        raise InterruptedRunError(
            "stopped; what was finished is kept, and the same command goes on from there"
        ) from interrupt


def _print_steps(steps: Sequence[HelixInversion]) -> None:
    rows: list[tuple[str, Callable[[HelixInversion], str]]] = [
        ("Gibbs energy of activation", lambda s: f"{s.barrier:.1f} kJ/mol"),
        ("energy barrier", lambda s: f"{s.energy_barrier:.1f} kJ/mol"),
        ("stable form lies lower by", lambda s: f"{s.drop:.1f} kJ/mol"),
        ("half-life of the metastable form", lambda s: seconds(s.half_life)),
        ("imaginary modes at the saddle", _imaginary),
        ("going down from the saddle ends", _ends),
        ("saddles refined", lambda s: ", ".join(f"{e:.0f}" for e in s.mechanisms) + " kJ/mol"),
    ]
    title = f"thermal helix inversion, {steps[0].level}, {steps[0].temperature:g} K"
    cells = [(label, *(show(step) for step in steps)) for label, show in rows]
    console().print(table(("", *(step.isomer for step in steps)), cells, title=title))


def _print_cycles(series: Sequence[Cycle], yields: tuple[float, float]) -> None:
    heads = ("photons/s", "turns/s", "turns per photon", "directionality")
    cells = [
        (
            f"{c.excitation_rate:.0e}",
            f"{c.frequency:.3g}",
            f"{c.photon_efficiency:.3g}",
            f"{c.directionality:.3f}",
        )
        for c in series
    ]
    title = f"cycle with quantum yields {yields[0]:g} and {yields[1]:g}, as stated"
    console().print(table(heads, cells, range(4), title))


def _imaginary(inversion: HelixInversion) -> str:
    modes = inversion.saddle.modes
    return (
        f"{modes.imaginary} ({', '.join(f'{-w:.0f}i' for w in modes.wavenumbers[: modes.imaginary])} cm^-1)"
    )


def _ends(inversion: HelixInversion) -> str:
    if inversion.connected:
        return "in the two forms"
    places = " and ".join(
        f"{d.energy:.0f} kJ/mol ({'+' if d.helicity > 0 else '-'})" for d in inversion.descents
    )
    return f"at {places} from the metastable form (helicity)"


def seconds(time: float) -> str:
    """A time in the unit that suits it."""
    units = (
        ("years", 3.156e7),
        ("days", 86400.0),
        ("h", 3600.0),
        ("min", 60.0),
        ("s", 1.0),
        ("ms", 1e-3),
        ("us", 1e-6),
    )
    name, size = next((unit for unit in units if time >= unit[1]), ("ns", 1e-9))
    return f"{time / size:.3g} {name}"
