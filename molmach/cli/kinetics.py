"""``molmach kinetics``."""

from __future__ import annotations

import math
from typing import Annotated, Any

import typer

from molmach.cli.output import JsonFlag, Overrides, SystemArgument, console, print_json, status, table
from molmach.errors import SpecError
from molmach.kinetics import LEVELS, Cycle, HelixInversion, four_state_cycle, helix_inversion
from molmach.spec import load

_EXCITATION_RATES = tuple(10.0**power for power in range(-6, 10, 3))


def kinetics(
    system: SystemArgument,
    overrides: Overrides = None,
    level: Annotated[str, typer.Option(help=f"Of the energies: {' or '.join(LEVELS)}.")] = LEVELS[0],
    temperature: Annotated[float, typer.Option(help="K.")] = 293.15,
    excitation_rate: Annotated[float, typer.Option(help="Photons absorbed by one motor, 1/s.")] = 1.0,
    forward_yield: Annotated[float, typer.Option(help="Quantum yield stable -> metastable.")] = 0.1,
    backward_yield: Annotated[float, typer.Option(help="Quantum yield metastable -> stable.")] = 0.1,
    as_json: JsonFlag = False,
) -> None:
    """Barriers, rates, half-lives and the cycle of a light-driven motor whose axle is its C=C bond.

    The thermal helix inversion is computed; absorption and quantum yields are what you state.
    """
    if not 0.0 < temperature < 2000.0:
        raise SpecError(f"--temperature {temperature:g}: expected 0 to 2000 K")
    if not (math.isfinite(excitation_rate) and excitation_rate > 0.0):
        raise SpecError(f"--excitation-rate {excitation_rate:g}: expected photons per second, above zero")
    for flag, value in (("forward", forward_yield), ("backward", backward_yield)):
        if not 0.0 < value <= 1.0:
            raise SpecError(f"--{flag}-yield {value:g}: expected a quantum yield above 0 and at most 1")
    spec = load(system, overrides or [])
    with status(spec.name) as say:
        found = helix_inversion(spec, level, temperature, say)
    yields = (forward_yield, backward_yield)
    cycle = four_state_cycle(excitation_rate, [found.rates], yields)
    series = [four_state_cycle(rate, [found.rates], yields) for rate in _EXCITATION_RATES]
    if as_json:
        print_json(_document(spec.name, spec.key, found, cycle, series, yields))
        return
    out = console()
    rows = [
        ("Gibbs energy of activation", f"{found.barrier:.1f} kJ/mol"),
        ("energy barrier", f"{found.energy_barrier:.1f} kJ/mol"),
        ("stable form lies lower by", f"{found.drop:.1f} kJ/mol"),
        ("half-life of the metastable form", seconds(found.half_life)),
        ("imaginary modes at the saddle", _imaginary(found)),
        ("going down from the saddle ends", _ends(found)),
        ("saddles refined", ", ".join(f"{e:.0f}" for e in found.mechanisms) + " kJ/mol"),
    ]
    title = f"thermal helix inversion, {found.level}, {found.temperature:g} K"
    out.print(table(("", ""), rows, title=title))
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
    out.print(
        table(heads, cells, range(4), f"cycle with quantum yields {yields[0]:g} and {yields[1]:g}, as stated")
    )


def _document(
    name: str, key: str, found: HelixInversion, cycle: Cycle, series: list[Cycle], yields: tuple[float, float]
) -> dict[str, Any]:
    return {
        "schema": "molmach.kinetics/1",
        "name": name,
        "key": key,
        "level": found.level,
        "temperature": found.temperature,
        "steps": [
            {
                "name": "thermal_helix_inversion",
                "from": "metastable",
                "to": "stable",
                "barrier": found.barrier,
                "energy_barrier": found.energy_barrier,
                "drop": found.drop,
                "rate": found.rates[0],
                "half_life": found.half_life,
                "imaginary_modes": found.saddle.modes.imaginary,
                "imaginary_wavenumber": float(-found.saddle.modes.wavenumbers[0]),
                "converged": found.converged,
                "connected": found.connected,
                "crosses": found.crosses,
                "descents": [vars(descent) for descent in found.descents],
                "saddles": list(found.mechanisms),
            }
        ],
        "cycle": vars(cycle),
        "cycles": [vars(other) for other in series],
        "assumed": {"forward_yield": yields[0], "backward_yield": yields[1]},
    }


def _imaginary(found: HelixInversion) -> str:
    modes = found.saddle.modes
    return (
        f"{modes.imaginary} ({', '.join(f'{-w:.0f}i' for w in modes.wavenumbers[: modes.imaginary])} cm^-1)"
    )


def _ends(found: HelixInversion) -> str:
    if found.connected:
        return "in the two forms"
    places = " and ".join(f"{d.energy:.0f} kJ/mol ({'+' if d.helicity > 0 else '-'})" for d in found.descents)
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
