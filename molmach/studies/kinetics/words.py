"""What a motor's kinetics says, in words and cells: the same on the page and in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from molmach.studies.kinetics.absorption import BAND_WIDTH, EXCITATION_ERROR, METHOD, wavelength_error
from molmach.studies.kinetics.cycle import Cycle
from molmach.studies.kinetics.inversion import QUICK_ERROR, HelixInversion
from molmach.studies.kinetics.light import Illumination
from molmach.studies.kinetics.rotation import HinderedRotation

LIGHT_HEADS = ("form", "absorbs at", "oscillator strength", "L/(mol cm) at the lamp's", "photons/s")

ROTATION_HEADS = ("degrees", "Gibbs (energy) barrier, kJ/mol", "half-life", "saddle")

_LEFT_OUT = "not looked at"

CYCLE_HEADS = ("photons/s", "turns/s", "turns per photon", "directionality")


def step_rows(steps: Sequence[HelixInversion]) -> list[tuple[str, ...]]:
    """What is known of the steps: a label, then a cell for each step."""
    rows: list[tuple[str, Callable[[HelixInversion], str]]] = [
        ("Gibbs energy of activation", _barrier),
        ("energy barrier", lambda s: f"{s.energy_barrier:.1f} kJ/mol"),
        ("stable form lies lower by", lambda s: f"{s.drop:.1f} kJ/mol"),
        ("half-life of the metastable form", _half_life),
        ("imaginary modes at the saddle", lambda s: _LEFT_OUT if s.quick else _imaginary(s)),
        ("going down from the saddle ends", lambda s: _ends(s) if s.descents else _LEFT_OUT),
        ("saddles in the rate", _saddles),
        ("conformers, stable and metastable", lambda s: _LEFT_OUT if s.quick else _conformers(s)),
        ("tunnelling would speed it up by", lambda s: _LEFT_OUT if s.quick else _tunnelling(s)),
        ("saddles refined", lambda s: ", ".join(f"{e:.0f}" for e in s.mechanisms) + " kJ/mol"),
    ]
    return [(label, *(show(step) for step in steps)) for label, show in rows]


def cycle_cells(cycle: Cycle) -> tuple[str, ...]:
    """A cycle's cells under :data:`CYCLE_HEADS`."""
    return (
        f"{cycle.excitation_rate:.0e}",
        f"{cycle.frequency:.3g}",
        f"{cycle.photon_efficiency:.3g}",
        f"{cycle.directionality:.3f}",
    )


def light_title(light: Illumination) -> str:
    """What the rows of :func:`light_rows` rest on."""
    lamp = "" if light.lamp is None else f" of {light.lamp.wavelength:g} nm, {light.lamp.intensity:g} mW/cm^2"
    return f"light{lamp}; {METHOD}, ± {EXCITATION_ERROR:g} eV, bands {BAND_WIDTH:g} eV wide"


def light_rows(light: Illumination) -> list[tuple[str, ...]]:
    """What each form absorbs under :data:`LIGHT_HEADS`."""
    rows: list[tuple[str, ...]] = []
    for entry in light.to_json()["forms"]:
        wavelength, lamp = entry["absorption_wavelength"], light.lamp
        rows.append(
            (
                entry["form"],
                f"{wavelength:.0f} ± {wavelength_error(wavelength):.0f} nm",
                f"{entry['oscillator_strength']:.2f}",
                f"{entry['molar_absorption']:.3g}" if lamp else "",
                f"{entry['excitation_rate']:.2g}" if lamp else "",
            )
        )
    return rows


def lamp_turning(light: Illumination) -> str:
    """The photostationary state and the turning under the lamp, in a sentence or two."""
    shares = ", ".join(
        f"{100.0 * share:.0f} % metastable{f' {step.isomer}' if step.isomer else ''}"
        for step, share in zip(light.steps, light.photostationary(), strict=True)
    )
    cycle = light.cycle()
    return (
        f"Light alone would hold {shares}. With the thermal steps the motor absorbs "
        f"{cycle.excitation_rate:.2g} photons a second and makes {cycle.frequency:.2g} net turns a second."
    )


def cycle_title(yields: tuple[float, float]) -> str:
    """What the cycles rest on."""
    return f"cycle with quantum yields {yields[0]:g} and {yields[1]:g}, as stated"


def rotation_rows(rotation: HinderedRotation) -> list[tuple[str, ...]]:
    """Each pass under :data:`ROTATION_HEADS`."""
    rows: list[tuple[str, ...]] = []
    for step in rotation.to_json():
        sound = step["converged"] and step["connected"] and step["imaginary_modes"] == 1
        ends = f"{step['from']:.0f} to {step['to']:.0f}"
        barrier = f"{step['barrier']:.1f} ({step['energy_barrier']:.1f})"
        rows.append((ends, barrier, in_its_unit(step["half_life"]), "sound" if sound else "doubtful"))
    return rows


def rotation_in_words(rotation: HinderedRotation) -> str:
    """What limits a full turn, and how long the lowest well holds."""
    error = "" if rotation.barrier_error is None else f" ± {rotation.barrier_error:.1f}"
    interval = rotation.half_life_interval
    within = "" if interval is None else f" ({in_its_unit(interval[0])} to {in_its_unit(interval[1])})"
    return (
        f"A full turn has to pass {rotation.barrier:.1f}{error} kJ/mol above the lowest well, which is left "
        f"over {rotation.exchange_barrier:.1f} kJ/mol with a half-life of {in_its_unit(rotation.half_life)}"
        f"{within}."
    )


def doubts(step: HelixInversion) -> tuple[str, ...]:
    """Why a step's barrier is not to be trusted as it stands; empty for a sound one."""
    reasons = []
    if step.quick:
        reasons.append(
            "A first look: few guesses or a relative's saddle alone, and MMFF94's vibrations; "
            f"{QUICK_ERROR:g} kJ/mol of its error are the look's own."
        )
    if not step.converged:
        reasons.append("The saddle's gradient is above the limit: it is no stationary point yet.")
    if not step.quick and step.saddle.modes.imaginary != 1:
        reasons.append(f"The saddle has {_imaginary(step)} where a saddle has one imaginary mode.")
    if not step.connected:
        reasons.append(f"Going down from the saddle ends {_ends(step)}, not in the two forms.")
    return tuple(reasons)


def _barrier(step: HelixInversion) -> str:
    error = "" if step.barrier_error is None else f" ± {step.barrier_error:.1f}"
    return f"{step.barrier:.1f}{error} kJ/mol"


def _half_life(step: HelixInversion) -> str:
    if step.half_life_interval is None:
        return in_its_unit(step.half_life)
    low, high = step.half_life_interval
    return f"{in_its_unit(step.half_life)} ({in_its_unit(low)} to {in_its_unit(high)})"


def _saddles(step: HelixInversion) -> str:
    """How many saddles the rate goes over, and the shares of those beside the first."""
    shares = ", ".join(f"{100.0 * share:.0f} %" for share in step.shares)
    return f"{len(step.saddles)} ({shares})"


def _conformers(step: HelixInversion) -> str:
    return f"{1 + len(step.more_stable)}, {1 + len(step.more_metastable)}"


def _tunnelling(step: HelixInversion) -> str:
    if not step.tunnelling:
        return "unknown"
    wigner, eckart = (100.0 * (step.tunnelling[name] - 1.0) for name in ("wigner", "eckart"))
    return f"{wigner:.2g} % (Wigner), {eckart:.2g} % (Eckart); not counted"


def _imaginary(step: HelixInversion) -> str:
    modes = step.saddle.modes
    waves = ", ".join(f"{-w:.0f}i" for w in modes.wavenumbers[: modes.imaginary])
    return f"{modes.imaginary} ({waves} cm^-1)" if waves else "0"


def _ends(step: HelixInversion) -> str:
    if step.connected:
        return "in the two forms"
    places = " and ".join(f"{d.energy:.0f} kJ/mol ({'+' if d.helicity > 0 else '-'})" for d in step.descents)
    return f"at {places} from the metastable form (helicity)"


def in_its_unit(time_s: float) -> str:
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
    name, size = next((unit for unit in units if time_s >= unit[1]), ("ns", 1e-9))
    return f"{time_s / size:.3g} {name}"
