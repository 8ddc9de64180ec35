"""``molmach profile``."""

from __future__ import annotations

from typing import Annotated, Any

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
from molmach.spec import Spec, load
from molmach.studies.profile import Profile, StateProfile
from molmach.studies.profile import profile as umbrella


def profile(
    system: SystemArgument,
    overrides: Overrides = None,
    window: Annotated[str, typer.Option(help="Measured time of each window.")] = "50 ps",
    workers: Annotated[int | None, typer.Option(help="Worker processes; default one a core.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Free energy of a rotaxane's ring along its axle, by umbrella sampling.

    At equilibrium, in each state of the drive's switch: how long the ring is at each station, and
    what lies between. The protocol's replicas run in each window.
    """
    try:
        window_ps = units.parse(window, units.TIME)
    except units.QuantityError as error:
        raise SpecError(f"--window: {error}") from error
    if workers is not None and workers < 1:
        raise SpecError(f"--workers {workers}: expected one or more")
    spec = load(system, overrides or [])
    try:
        with progress_bar(spec.name) as progress:
            profile = umbrella(spec, window_ps, workers, progress)
    except KeyboardInterrupt as interrupt:
        raise InterruptedRunError("stopped; nothing is kept of an unfinished profile") from interrupt
    if as_json:
        print_json(_document(spec, window_ps, profile))
        return
    out = console()
    temperature = spec.protocol.temperature
    out.print(
        f"[bold]{spec.name}[/bold]  {profile.windows} windows, {profile.replicas} replicas, {temperature:g} K"
    )
    for name, state in profile.states.items():
        out.print(
            table(("station", "at nm", "share", "95 % interval"), _stations(profile, state), (1, 2, 3), name)
        )
    heads = ("place / nm", *(f"{name} / (kJ/mol)" for name in profile.states))
    out.print(table(heads, _curve(profile), range(len(heads))))
    for warning in profile.warnings:
        out.print(f"[yellow]warning[/]: {warning}")


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


def _document(spec: Spec, window_ps: float, profile: Profile) -> dict[str, Any]:
    return {
        "schema": "molmach.profile/1",
        "name": spec.name,
        "key": spec.key,
        "temperature": spec.protocol.temperature,
        "window": window_ps,
        "windows": profile.windows,
        "replicas": profile.replicas,
        "stations": profile.stations,
        "states": {name: state.to_json() for name, state in profile.states.items()},
        "warnings": list(profile.warnings),
        "units": {"temperature": "K", "window": "ps", "stations": "nm", "place": "nm"},
    }
