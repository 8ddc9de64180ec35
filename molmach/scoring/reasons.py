"""The word for what the tests for a current say, why, and what would help: sentences of a verdict."""

from __future__ import annotations

import math

import numpy as np
import scipy

from molmach import drives
from molmach.building import MAX_SAFE_JUMP, largest_jump
from molmach.data import Run
from molmach.data.cycles import Cycles
from molmach.data.observed import Observed
from molmach.data.statistics import POWER, UNSEEN, sign_flip_p
from molmach.scoring.controls import CONTROL_LEVEL, MARGIN
from molmach.scoring.current import (
    CURRENT_LEVEL,
    Current,
    Finding,
    drive_period_ps,
    fewest_replicas,
    observed_cycles,
)
from molmach.scoring.equal_parts import equal_parts_of
from molmach.scoring.sampled import hidden_turns
from molmach.scoring.shapes import ShapesJudged
from molmach.scoring.spurious import Spurious
from molmach.scoring.undirected import Judgement
from molmach.units import TURN

_TOO_MANY = 50.0
"""Times the replicas beyond which nobody is told to run more of them."""

_ON_AXLE_NM = 0.02
"""What is held so near the axle is at no angle about it."""

_ONCE_TIMES = 1.5
"""Times the run at least that is advised where one cycle each was seen."""

_NO_HANDEDNESS = (
    "Machine and drive are their own mirror images, so nothing tells one way from the other: "
    "no direction is possible."
)
_HANDEDNESS = "A chiral machine, or a drive that turns, can."
_WAY_ROUND = "A track whose two ways round differ, or a drive that turns, can."

WORDS = {
    Finding.TRIP: "transient",
    Finding.SLOWS: "transient",
    Finding.TO_AND_FRO: "transient",
    Finding.BEGUN: "unresolved",
    Finding.ONCE: "unresolved",
    Finding.HALF: "unresolved",
    Finding.SPARSE: "unresolved",
    Finding.NOTHING: "unresolved",
    Finding.FEW: "unresolved",
}
"""What each finding that is no current is called."""


def steady_word(current: Current) -> str:
    """``forward`` or ``backward``."""
    return "forward" if current.direction > 0 else "backward"


def explain(current: Current, cycles: Cycles, observed: Observed) -> Judgement:
    """Word, reason and advice where there is no current.

    Parameters
    ----------
    current, cycles
        The tests, and what they were made on.
    observed
        The claim.
    """
    if current.finding in (Finding.NOTHING, Finding.FEW) and has_no_handedness(observed):
        return Judgement("unresolved", current.p_value, _NO_HANDEDNESS, _what_can(observed))
    explained = {
        Finding.TRIP: _trip,
        Finding.SLOWS: _slows,
        Finding.TO_AND_FRO: _to_and_fro,
        Finding.BEGUN: _begun,
        Finding.ONCE: _once,
        Finding.HALF: _half,
        Finding.SPARSE: _sparse,
        Finding.NOTHING: _nothing,
        Finding.FEW: _few,
    }
    reason, advice = explained[current.finding](current, cycles, observed)
    return Judgement(WORDS[current.finding], current.p_value, reason, advice)


def explain_shapes(current: Current, shapes: ShapesJudged, observed: Observed) -> Judgement:
    """Of a machine whose starting shapes disagree."""
    if has_no_handedness(observed):
        return Judgement(
            "unresolved", current.p_value, f"{shapes.reason} {_NO_HANDEDNESS}", _what_can(observed)
        )
    return Judgement("unresolved", current.p_value, shapes.reason, shapes.advice)


def explain_weak_controls(current: Current, spurious: Spurious, observed: Observed) -> Judgement:
    """Of a current whose controls leave too much to be spurious."""
    unit = f"{observed.scale.unit}/ns"
    left = max(spurious.bound, 0.0)
    but = (
        f"the controls leave up to {left:.2g} {unit} of it to be spurious, which is more than half"
        if left >= MARGIN * spurious.claimed
        else "with the drive off the machine may turn as fast"
    )
    reason = f"The motion is steady, {spurious.claimed:.3g} {unit} {steady_word(current)}, but {but}."
    times = spurious.times_replicas
    if times > _TOO_MANY:
        return Judgement("unresolved", current.p_value, reason, "More replicas would show what is spurious.")
    replicas = math.ceil(observed.motion.replicas * times)
    return Judgement("unresolved", current.p_value, reason, f"{replicas} replicas would tell.")


def _trip(current: Current, cycles: Cycles, observed: Observed) -> tuple[str, str]:
    scale, undriven = observed.scale, _undriven_too(current, observed)
    if not cycles.comparable:
        times = 4.0 * (drive_period_ps(observed) or 0.0) / (observed.duration_ns * 1e3)
        advice = _longer(times, observed, "four whole periods of the drive, and tell whether anything stays")
    elif undriven:
        advice = "A longer protocol.equilibration leaves the trip out of what is measured."
    else:
        advice = f"A longer run tells whether anything follows{_slow_step(observed)}."
    return (
        f"The machine moved, {_moved(observed)}, but completed no {scale.event} more one way than the other: "
        f"a trip, no current.{undriven}",
        advice,
    )


def _undriven_too(current: Current, observed: Observed) -> str:
    """That the machine goes the same way with its drive off, where that is seen; else empty."""
    run = observed.run
    if run is None or "undriven" not in run.controls:
        return ""
    twin = Observed.of(run.controls["undriven"])
    gone = observed_cycles(twin, observed).displacement * current.direction
    if sign_flip_p(gone) > CONTROL_LEVEL:
        return ""
    size = float(gone.mean()) * _cycle(observed)
    return f" With the drive off it goes {size:.2g} {observed.scale.unit} that way, too."


def _slows(current: Current, cycles: Cycles, observed: Observed) -> tuple[str, str]:
    first, last = (current.direction * half.mean() * _cycle(observed) for half in cycles.moved)
    reason = (
        f"The machine slows down: {first:.2g} {observed.scale.unit} {steady_word(current)} in the first half "
        f"of the run, {last:.2g} in the last. It moved, {_moved(observed)}: a trip, no current."
    )
    return reason, "A longer protocol.equilibration leaves the trip out of what is measured."


def _to_and_fro(current: Current, cycles: Cycles, observed: Observed) -> tuple[str, str]:
    return (
        "The machine goes to and fro with the clock of its switch, and completes no "
        f"{observed.scale.event} more one way than the other: no current, wherever the run ends.",
        "",
    )


def _begun(current: Current, cycles: Cycles, observed: Observed) -> tuple[str, str]:
    event = observed.scale.event
    reason = (
        f"The machine moved {_distance(current, cycles, observed)} and does not slow down, but completed no "
        f"{event} yet, as a trip does not either."
    )
    return reason, _longer(2.5 / _mean(cycles), observed, f"more than two {event}s")


def _once(current: Current, cycles: Cycles, observed: Observed) -> tuple[str, str]:
    net, event = current.direction * cycles.net, observed.scale.event
    reason = (
        f"{int(np.sum(net >= 1))} of {net.size} replicas completed a {event} {steady_word(current)}, and "
        f"{int(np.sum(net >= 2))} of them a second one: one trip of each could look so."
    )
    times = max(_ONCE_TIMES, 2.0 / float(net.mean()))
    return reason, _longer(times, observed, f"{times * float(net.mean()):.2g} {event}s a replica")


def _half(current: Current, cycles: Cycles, observed: Observed) -> tuple[str, str]:
    event = observed.scale.event
    last, whole = (float(np.mean(current.direction * net)) for net in (cycles.halves[1], cycles.net))
    reason = (
        f"The excess {steady_word(current)} is not seen in the last half of the run by itself: {last:.2g} "
        f"{event}s a replica there, {whole:.2g} in all."
    )
    return reason, _longer(2.0, observed, "enough of it")


def _sparse(current: Current, cycles: Cycles, observed: Observed) -> tuple[str, str]:
    time_ps, period = observed.motion.time_ps, observed.scale.period
    assert period is not None, "cycles are counted where the coordinate has a period"
    interval = float(time_ps[1] - time_ps[0])
    jump, hidden = largest_jump(observed.motion.coordinate) * TURN / period, hidden_turns(observed)
    closer = 0.5 * interval * min(MAX_SAFE_JUMP / jump, 1.0 / max(hidden, 1e-9))
    if hidden >= 1.0:
        why = "the machine is so hot that it could turn most of the way round between two of them unseen"
    else:
        why = f"the angle changes by up to {math.degrees(jump):.0f} degrees between two of them"
    return (
        f"Samples stand {interval:g} ps apart, and {why}: turns were counted {steady_word(current)}, and may "
        "have been the other way.",
        f"Samples {closer:.1g} ps apart or closer would tell.",
    )


def _nothing(current: Current, cycles: Cycles, observed: Observed) -> tuple[str, str]:
    event, verb = observed.scale.event, observed.scale.verb
    forward, backward = int(cycles.forward.sum()), int(cycles.backward.sum())
    if forward + backward == 0:
        waited = cycles.net.size * observed.duration_ns / UNSEEN
        reason = (
            f"No replica completed a {event}: if the machine {verb}s at all, it takes longer than "
            f"{waited:.2g} ns to."
        )
        slow = _slow_step(observed) or "; a stronger drive or a lower barrier may"
        return reason, f"More replicas of such runs will hardly tell{slow}."
    reason = (
        f"No net direction can be told from chance: {forward} {event}s forward and {backward} backward in "
        f"{cycles.net.size} replicas."
    )
    times = _times_for_power(cycles)
    if times > _TOO_MANY:
        return reason, "What there may be is too small for such runs to tell."
    replicas = math.ceil(max(times, 1.2) * observed.motion.replicas)
    return reason, f"If what was seen is no chance, {replicas} replicas, or as much longer a run, would tell."


def _slow_step(observed: Observed) -> str:
    """That a step too slow for runs is for molmach kinetics, where the axle is a C=C bond; else empty."""
    if observed.run is None or not observed.run.assembly.turns_about_carbon_double_bond:
        return ""
    return "; a barrier that takes longer than any run is for molmach kinetics"


def _few(current: Current, cycles: Cycles, observed: Observed) -> tuple[str, str]:
    return (
        f"{cycles.net.size} replicas go the same way by chance too often for a direction to be claimed.",
        f"It takes {fewest_replicas(current.share)} or more, those of the mirror control included.",
    )


def _times_for_power(cycles: Cycles) -> float:
    """Times the replicas that would tell their mean from zero four times in five; infinite of no mean."""
    mean, error = float(np.mean(cycles.displacement)), float(scipy.stats.sem(cycles.displacement))
    wanted = float(scipy.stats.norm.isf(0.5 * CURRENT_LEVEL) + scipy.stats.norm.ppf(POWER))
    return math.inf if mean == 0.0 else (wanted * error / mean) ** 2


def _longer(times: float, observed: Observed, holds: str) -> str:
    """What a run that many times as long would hold."""
    measured, wanted = (_duration(x * observed.duration_ns * 1e3) for x in (1.0, times))
    return f"A run of {wanted} in place of {measured} would hold {holds}."


def _duration(time_ps: float) -> str:
    """To two digits: ``650 ps``, ``6.5 ns``."""
    if time_ps < 1000.0:
        return f"{float(f'{time_ps:.2g}'):g} ps"
    return f"{float(f'{time_ps * 1e-3:.2g}'):g} ns"


def _mean(cycles: Cycles) -> float:
    return abs(float(cycles.displacement.mean()))


def _cycle(observed: Observed) -> float:
    """What a cycle is in the coordinate's unit."""
    period = observed.scale.period
    assert period is not None, "cycles are counted where the coordinate has a period"
    return period / observed.scale.unit_size


def _distance(current: Current, cycles: Cycles, observed: Observed) -> str:
    size = _mean(cycles) * _cycle(observed)
    return f"{size:.2g} {observed.scale.unit} {steady_word(current)}"


def _moved(observed: Observed) -> str:
    """How far the claim moved in the mean, from where to where, and in what time half of it was done."""
    motion, scale = observed.motion, observed.scale
    path = motion.moved.mean(axis=0)
    settled = float(np.mean(path[-max(1, path.size // 20) :]))
    half = int(np.argmax(path * np.sign(settled) >= 0.5 * abs(settled)))
    begin = _circular_mean(observed, motion.coordinate[:, 0])
    end = begin + settled * scale.unit_size
    places = [scale.on_axis(np.array([place]))[0] for place in (begin, end)]
    unit = scale.axis.rpartition("/")[2].strip()
    return (
        f"{abs(settled):.2g} {scale.unit} {'forward' if settled > 0.0 else 'backward'} in the mean (from "
        f"{places[0]:.0f} to {places[1]:.0f} {unit}), half of it in {_duration(motion.time_ps[half])}"
    )


def _circular_mean(observed: Observed, places: np.ndarray) -> float:
    """Mean place on the period, in the coordinate's unit."""
    period = observed.scale.period
    assert period is not None, "cycles are counted where the coordinate has a period"
    turned = np.exp(2j * np.pi * places / period).mean()
    return float(np.angle(turned) / (2.0 * np.pi) * period)


def has_no_handedness(observed: Observed) -> bool:
    """Whether a run's machine and its drive both are their own mirror images, or alike either way round."""
    run = observed.run
    if run is None:
        return False
    if run.assembly.own_mirror_image and _own_mirror_image(run):
        return True
    if run.assembly.track is None or observed.scale.period is None:
        return False
    return equal_parts_of(run).middle is not None


def _own_mirror_image(run: Run) -> bool:
    """Whether a reflection that holds the axle leaves a run's drive as it is, and what is held where it is.

    In the xz plane; or in that of the line along which the drive acts, where no atom is held off the axle.
    """
    if drives.mirror(run.drive) == run.drive:
        return True
    off_axle = np.linalg.norm(run.assembly.positions_nm[list(run.assembly.stator), :2], axis=1)
    return drives.model(run.drive).has_line and not run.drive.load and bool(np.all(off_axle < _ON_AXLE_NM))


def _what_can(observed: Observed) -> str:
    """Which other machine or drive can have a direction."""
    assert observed.run is not None, "a motion alone has no drive"
    return _HANDEDNESS if observed.run.assembly.track is None else _WAY_ROUND
