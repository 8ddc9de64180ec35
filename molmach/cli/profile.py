"""``molmach profile``: free energy of a rotaxane's ring along its axle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molmach import units
from molmach.cli.output import (
    JsonFlag,
    Overrides,
    SystemArgument,
    console,
    interval,
    number,
    print_json,
    progress_bar,
    table,
)
from molmach.errors import InterruptedRunError, SpecError
from molmach.spec import load
from molmach.studies.profile import Plan, Profile, StateProfile
from molmach.studies.profile.run import run


def profile(
    system: SystemArgument,
    out: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="Folder; default runs/NAME-KEY-profile.")
    ] = None,
    overrides: Overrides = None,
    window: Annotated[str, typer.Option(help="Measured time of each window.")] = "50 ps",
    shots: Annotated[
        int, typer.Option(help="Pairs of trajectories from between two stations, for rates; 0 for none.")
    ] = 0,
    workers: Annotated[int | None, typer.Option(help="Worker processes; default one a core.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Free energy of a rotaxane's ring along its axle, by umbrella sampling.

    At equilibrium, in each state of the drive's switch: how long the ring is at each station, and
    what lies between. The protocol's replicas run in each window. With --shots also how often the ring
    passes from station to station, however rarely: trajectories from between them, forward and
    backward in time, make up its passages. A profile that was stopped or killed
    goes on where it was when the same command is given again; a finished one is read.
    """
    try:
        window_ps = units.parse(window, units.TIME)
    except units.QuantityError as error:
        raise SpecError(f"--window: {error}") from error
    plan = Plan(load(system, overrides or []), window_ps, shots)
    if plan.folder(out).is_finished():
        typer.echo("molmach: this profile is finished; showing it, nothing is simulated again", err=True)
    spec = plan.spec
    try:
        with progress_bar(spec.name) as progress:
            result = run(plan, out, workers=workers, progress=progress)
    except KeyboardInterrupt as interrupt:
        raise InterruptedRunError(
            "stopped; what was computed is kept, and the same command goes on from there"
        ) from interrupt
    if as_json:
        print_json(result.to_json())
        return
    profile = result.profile
    terminal = console()
    temperature = spec.protocol.temperature
    terminal.print(
        f"[bold]{spec.name}[/bold]  {profile.windows} windows, {profile.replicas} replicas, {temperature:g} K"
    )
    for name, state in profile.states.items():
        terminal.print(
            table(("station", "at nm", "share", "95 % interval"), _stations(profile, state), (1, 2, 3), name)
        )
    if profile.moved is not None:
        terminal.print(
            f"{number(profile.moved.value)} ({interval(profile.moved)}) of the ring changes station when the "
            "switch is thrown"
        )
    heads = ("place / nm", *(f"{name} / (kJ/mol)" for name in profile.states))
    terminal.print(table(heads, _curve(profile), range(len(heads))))
    if profile.crossings:
        heads = ("state", "from", "to", "rate / (1/s)", "activation / (kJ/mol)", "transmission")
        terminal.print(table(heads, _passages(profile), (3, 4, 5), "passages"))
    for warning in profile.warnings:
        terminal.print(f"[yellow]warning[/]: {warning}")


def _stations(profile: Profile, state: StateProfile) -> list[tuple[str, ...]]:
    return [
        (name, f"{profile.stations[name]:.2f}", number(share.value), interval(share))
        for name, share in state.shares.items()
    ]


def _curve(profile: Profile) -> list[tuple[str, ...]]:
    columns = [
        [f"{number(e.value)} ({interval(e)})" for e in state.free_energy] for state in profile.states.values()
    ]
    places = next(iter(profile.states.values())).place
    return [(f"{place:.3f}", *cells) for place, *cells in zip(places, *columns, strict=True)]


def _passages(profile: Profile) -> list[tuple[str, ...]]:
    rows = []
    for crossing in profile.crossings:
        for leaving, entering in (crossing.stations, crossing.stations[::-1]):
            rate, energy, through = (
                crossing.rates[leaving], crossing.activation[leaving], crossing.transmission,
            )  # fmt: skip
            cells = [f"{number(e.value)} ({interval(e)})" for e in (rate, energy, through)]
            rows.append((crossing.state, leaving, entering, *cells))
    return rows
