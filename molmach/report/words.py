"""What a score says, in words: the same sentences on the page and in the terminal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from molmach.data import Run
from molmach.scoring import Score
from molmach.scoring.current import CURRENT_LEVEL
from molmach.spec import Spec

_WIDE = 30.0
_REGIMES = {
    "synchronous": "The rotor follows the field (synchronous: it lags by less than 1/e of a turn per turn).",
    "asynchronous": "The rotor slips against the field "
    "(asynchronous: it follows more than 1/e of a turn per turn and loses more than 1/e).",
    "random driven": "The rotor follows less than 1/e of the field's turns, though the field holds it by "
    "more than kT (random driven).",
    "random thermal": "The rotor follows less than 1/e of the field's turns, and the field holds it by less "
    "than kT (random thermal).",
}


def verdict_sentence(result: Score) -> str:
    """The verdict and what it rests on."""
    if result.reason:
        return f"{result.reason} {result.advice}".strip()
    match result.verdict:
        case "failed":
            reasons = [c.statement for c in result.controls.values() if not c.passed]
            if not reasons:
                return "The machine came apart, so its motion is not scored."
            return f"The claim fails: the machine's control {' and '.join(reasons)}."
        case direction:
            basis = "both controls agree" if result.controlled else "without controls this is no claim yet"
            return f"The machine {result.verb}s {direction}, steadily; {basis}{_left(result)}."


def _left(result: Score) -> str:
    """What the controls leave of a claim to be spurious."""
    if not result.controlled or result.spurious is None:
        return ""
    share = max(0.0, result.spurious.bound) / result.spurious.claimed
    return f", and leave less than {max(1, math.ceil(100.0 * share))} % of it to be spurious"


def stopped_sentence(run: Run) -> str:
    """At which look a run with added replicas ended, and at which levels it was looked at; else ''."""
    if run.until is None or not run.looks:
        return ""
    last, most = run.looks[-1], run.until.most
    if last.replicas < most:
        looks = f"look {len(run.looks)} of {len(run.until.numbers)}"
        ended = f"Ended at {looks}, with {last.replicas} of {most} replicas"
    else:
        ended = f"Ended at its last look, with all {most} replicas"
    levels = ", ".join(f"{100.0 * CURRENT_LEVEL * look.share:.2g} %" for look in run.looks)
    return (
        f"{ended}. All looks together err no more often than a run of a fixed number: of the level of a "
        f"current, {100.0 * CURRENT_LEVEL:g} %, each had its part ({levels})."
    )


def shapes_sentence(result: Score) -> str:
    """What the starting shapes have to do with it; empty where there is one."""
    shapes = result.shapes
    if shapes is None:
        return ""
    if len(shapes.rows) < 2:
        said = "Replicas change between the shapes within the run, so they are one."
    else:
        what = "a difference" if shapes.disagree else "no difference beyond chance"
        said = f"The starting shape makes {what} (p = {chance(shapes.p_value)})."
    said += " Weights are by the force field's energies."
    if any(row.mirror_replicas for row in shapes.rows):
        said += " Replicas of the mirror image, after the +, count with their velocity as reflection has it."
    return said


def measure_label(measure: str, unit: str) -> str:
    """Title of an axis or a column of what a verdict is about: ``velocity / (turn/ns)``."""
    if measure == "steps_per_cycle":
        return "steps per cycle"
    return f"{measure.replace('_', ' ')} / {f'({unit})' if '/' in unit else unit}"


def regime_sentence(result: Score) -> str:
    """How the rotor follows a rotating field; empty for other drives."""
    return _REGIMES[result.regime] if result.regime is not None else ""


def to_its_precision(value: float | None, low: float | None, high: float | None) -> tuple[str, str]:
    """A value, and its interval as ``low to high``, to two digits of the interval's half width.

    One that spans more than a factor of thirty has three digits at each end. Where there is no interval, the
    value has four digits and the interval is ''; where there is no value both say so.
    """
    if value is None or not math.isfinite(value):
        return "not defined", ""
    if low is None or high is None or not (math.isfinite(low) and math.isfinite(high)):
        return f"{value:z.4g}", ""
    if low > 0.0 and high > _WIDE * low:
        return f"{value:.3g}", f"{low:.3g} to {high:.3g}"
    half = 0.5 * (high - low)
    if half <= 0.0 or half < 1e-6 * abs(value) or max(abs(low), abs(high)) < 1e-3:
        return f"{value:z.4g}", f"{low:z.4g} to {high:z.4g}"
    decimals = max(0, 1 - math.floor(math.log10(half)))
    texts = [f"{x:z.{decimals}f}" for x in (value, low, high)]
    return texts[0], f"{texts[1]} to {texts[2]}"


def place_in_words(estimate: Mapping[str, Any], *, short: bool = False) -> str:
    """Where a value lies to its window or target, as a campaign's document says it; '' where it has none."""
    if "inside" not in estimate:
        return ""
    probability = estimate["probability"]
    if probability is None:
        return "at the target" if estimate["inside"] else "not at the target"
    place = "in the window" if estimate["inside"] else "outside the window"
    share = f"{100.0 * probability:.0f} %"
    return f"{place} ({share})" if short else f"{place}; the true value is inside with {share}"


def chance(p_value: float) -> str:
    """A p-value to two digits, or that nothing was tested."""
    return f"{p_value:.2g}" if math.isfinite(p_value) else "none"


def duration(seconds: float) -> str:
    """A time for people: ``45 s``, ``3 min 20 s``, ``2 h 05 min``."""
    if seconds < 60.0:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60:02d} min"


def conditions(spec: Spec) -> str:
    """What a machine was driven by, how hot, and how long, in a line that stands beside its verdict."""
    drive = spec.drive.model_dump(mode="json", exclude={"kind"}, exclude_defaults=True)
    values = [f"{key.replace('_', ' ')} {_in_words(value)}" for key, value in drive.items()]
    protocol = spec.protocol.model_dump(mode="json")
    told = [
        ", ".join([spec.drive.kind.replace("_", " "), *values]),
        f"{protocol['temperature']}, friction {spec.protocol.friction:g} /ps",
        f"{protocol['replicas']} replicas of {protocol['duration']} after {protocol['equilibration']}",
    ]
    return "; ".join(told)


def _in_words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_in_words(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return " and ".join(_in_words(part) for part in value)
    return str(value)


def roughly(seconds: float) -> str:
    """A time that is no more than an estimate: ``40 s``, ``22 min``, ``3 h``."""
    if seconds < 95.0:
        return f"{max(10, round(seconds, -1)):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5700.0 else f"{seconds / 3600:,.0f} h"


def core_seconds(seconds: float) -> str:
    """What computing cost, for people: ``1 core second``, ``1,200 core seconds``."""
    text = f"{seconds:,.0f}"
    return f"{text} core second{'' if text == '1' else 's'}"


def same_molecules(machine: Mapping[str, Any]) -> str:
    """What is said of a machine of a campaign that is drawn like others of them; '' where there are none."""
    others = [str(key)[:12] for key in machine["same_molecules"]]
    return f"the molecules of {', '.join(others)}, but not their parts, axle or drive" if others else ""
