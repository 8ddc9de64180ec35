"""How a machine follows a switch that a clock throws: where it is in each phase, how it answers a throw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach import drives
from molmach.data.intervals import Combine, ExactShareOfTrials, exact_share
from molmach.data.observed import Known, Observed
from molmach.data.quantity import NOT_NEGATIVE, SHARE, Need, Quantity, ratio
from molmach.data.statistics import Estimate, Floats, mean_estimate, student_factor
from molmach.drives.base import Clock


@dataclass(frozen=True)
class Phase:
    """A stretch of time between two changes of a switch, whole within the measured part.

    Attributes
    ----------
    first, last
        Numbers of its first and last sample.
    on
        Whether the switch is on.
    thrown
        Whether a throw began it; a replica's own start is none.
    """

    first: int
    last: int
    on: bool
    thrown: bool


def phases_of(clock: Clock, time_ps: Floats, equilibration_ps: float) -> tuple[Phase, ...]:
    """Whole phases of a clock within (n_samples,) times since the measured part's start.

    None of a clock that throws no switch.
    """
    if not (math.isfinite(clock.period) and 0.0 < clock.duty < 1.0):
        return ()
    since_start = time_ps + equilibration_ps
    slack = 1e-9 * clock.period
    number, gathered = math.floor(since_start[0] / clock.period), []
    while number * clock.period <= since_start[-1]:
        start = number * clock.period
        middle, end = start + (1.0 - clock.duty) * clock.period, start + clock.period
        for begins, ends, on in ((start, middle, False), (middle, end, True)):
            if begins >= since_start[0] - slack and ends <= since_start[-1] + slack:
                first = int(np.searchsorted(since_start, begins - slack))
                last = int(np.searchsorted(since_start, ends + slack)) - 1
                if last > first:
                    gathered.append(Phase(first, last, on, begins > slack))
        number += 1
    return tuple(gathered)


def clock_of(known: Known) -> Clock | None:
    """The clock of a machine's drive; None where none throws a switch."""
    return None if known.drive is None else drives.model(known.drive).clock


def following_samples(observed: Observed, clock: Clock | None = None) -> dict[str, Floats]:
    """What quantities of following are made of, of each replica; nothing without clock, stations or phases.

    ``steps_on`` and ``steps_off``, net steps forward while the switch is on, after its throws, and backward
    while it is off; ``steps_per_cycle``, their sum over cycles; ``forward_answers``, throws on that a step
    forward and throws off that a step backward answered, and ``backward_answers`` the other way; ``throws``;
    ``forward_delay`` and ``backward_delay``, ps from throw to step summed over those; ``when_on_NAME`` and
    ``when_off_NAME``, share of whole phases at a station, and ``looks_on``, ``looks_off``, by how many steps,
    and one, the replica was seen anew in them.

    Parameters
    ----------
    observed
        A run.
    clock
        By whose phases; default that of the run's drive. A control is seen by the phases of its claim.
    """
    run, stations = observed.run, observed.stations
    clock = clock if clock is not None else clock_of(observed)
    if run is None or stations is None or clock is None or len(stations.names) < 2:
        return {}
    time_ps, visits = observed.motion.time_ps, observed.visits
    phases = phases_of(clock, time_ps, run.spec.protocol.equilibration)
    gone = np.cumsum(stations.changes(visits), axis=1, dtype=np.float64)
    gone = np.concatenate([np.zeros((visits.shape[0], 1)), gone], axis=1)
    return _shares(visits, stations.names, phases) | _answers(gone, time_ps, [p for p in phases if p.thrown])


def _shares(visits: NDArray[np.int64], names: Sequence[str], phases: Sequence[Phase]) -> dict[str, Floats]:
    """``when_on_NAME``, ``when_off_NAME`` and the looks of each state of which there is a whole phase."""
    samples: dict[str, Floats] = {}
    for word, on in (("on", True), ("off", False)):
        parts = [visits[:, phase.first + 1 : phase.last + 1] for phase in phases if phase.on == on]
        if not parts:
            continue
        seen = np.concatenate(parts, axis=1)
        known = np.sum(seen >= 0, axis=1)
        if not known.all():
            continue
        for number, name in enumerate(names):
            samples[f"when_{word}_{name}"] = np.sum(seen == number, axis=1) / known
        moved = [np.sum((np.diff(part, axis=1) != 0) & (part[:, :-1] >= 0), axis=1) for part in parts]
        samples[f"looks_{word}"] = np.asarray(1.0 + np.sum(moved, axis=0, dtype=np.float64))
    return samples


def _answers(gone: Floats, time_ps: Floats, thrown: Sequence[Phase]) -> dict[str, Floats]:
    """What is counted by throws, from (n_replicas, n_samples) net steps gone; nothing without both throws."""
    throws_on, throws_off = ([p for p in thrown if p.on == on] for on in (True, False))
    if not (throws_on and throws_off):
        return {}
    with_switch = np.array([(gone[:, p.last] - gone[:, p.first]) * (1 if p.on else -1) for p in thrown])
    on = np.array([phase.on for phase in thrown])
    samples = {
        "steps_on": with_switch[on].sum(axis=0),
        "steps_off": with_switch[~on].sum(axis=0),
        "steps_per_cycle": with_switch[on].mean(axis=0) + with_switch[~on].mean(axis=0),
        "throws": np.full(gone.shape[0], float(len(thrown))),
    }
    for name, way in (("forward", 1), ("backward", -1)):
        answered = with_switch * way > 0
        delays = np.array([_delay(gone, time_ps, p, way if p.on else -way) for p in thrown])
        samples[f"{name}_answers"] = answered.sum(axis=0, dtype=np.float64)
        samples[f"{name}_delay"] = np.where(answered, delays, 0.0).sum(axis=0)
    return samples


def _delay(gone: Floats, time_ps: Floats, phase: Phase, way: int) -> Floats:
    """(n_replicas,) ps from a phase's start to the first sample that is a step on a way; zero without one."""
    stepped = (gone[:, phase.first : phase.last + 1] - gone[:, phase.first : phase.first + 1]) * way > 0
    return np.asarray(time_ps[phase.first + np.argmax(stepped, axis=1)] - time_ps[phase.first])


@dataclass(frozen=True)
class StudentAndExactAnswers:
    """For net steps to a cycle: Student's interval, or that of the answers to throws where it is wider.

    The second is the difference of two shares, each with its exact interval, joined as by Zou & Donner, Stat.
    Med. 27, 1693 (2008), twice over, for a cycle has two throws.
    """

    words: str = "Student or exact binomial of the answered throws, the wider on each side"

    def estimate(self, samples: Sequence[Floats], combine: Combine) -> Estimate:
        """Of steps to a cycle, answers forward, answers backward and throws of each replica."""
        steps, forward, backward, throws = samples
        mean, trials = mean_estimate(steps), float(np.sum(throws))
        ahead, back = (float(np.sum(counts)) / trials for counts in (forward, backward))
        (ahead_low, ahead_high), (back_low, back_high) = (exact_share(s, trials) for s in (ahead, back))
        below = 2.0 * math.hypot(ahead - ahead_low, back_high - back)
        above = 2.0 * math.hypot(ahead_high - ahead, back - back_low)
        low, high = min(mean.ci95[0], mean.value - below), max(mean.ci95[1], mean.value + above)
        return Estimate(mean.value, (low, high), error=0.5 * (high - low) / student_factor(steps.size))


def _first(value: Floats, *others: Floats) -> Floats:
    return value


def _followed(steps: Floats, forward: Floats, backward: Floats, throws: Floats) -> Floats:
    return ratio(np.where(steps >= 0.0, forward, backward), throws)


def _mean_delay(
    steps: Floats, forward: Floats, backward: Floats, forward_delay: Floats, backward_delay: Floats
) -> Floats:
    ahead = steps >= 0.0
    return ratio(np.where(ahead, forward_delay, backward_delay), np.where(ahead, forward, backward))


CLOCKED = Need(
    "two stations or more, under a drive with a clock",
    lambda known: clock_of(known) is not None and len(known.station_names) > 1,
)
_ANSWERS = ("steps_per_cycle", "forward_answers", "backward_answers")
STEPS_PER_CYCLE = Quantity(
    "steps_per_cycle",
    "net steps forward after a throw on and backward after a throw off, to a cycle of the clock: 2 where a "
    "ring goes to and fro between neighbouring stations with every throw, below zero where on sends it back",
    "step/cycle",
    (*_ANSWERS, "throws"),
    _first,
    interval=StudentAndExactAnswers(),
    needs=CLOCKED,
)
THROWS_FOLLOWED = Quantity(
    "throws_followed",
    "share of the clock's throws that the machine answered by a net step before the next one, on the way of "
    "steps_per_cycle",
    "1",
    (*_ANSWERS, "throws"),
    _followed,
    SHARE,
    ExactShareOfTrials(),
    CLOCKED,
)
LAG_AFTER_THROW = Quantity(
    "lag_after_throw",
    "time from a throw of the clock to the first step with it, over the throws that were answered",
    "ps",
    (*_ANSWERS, "forward_delay", "backward_delay"),
    _mean_delay,
    NOT_NEGATIVE,
    needs=CLOCKED,
)
FOLLOWING_SWITCH = (STEPS_PER_CYCLE, THROWS_FOLLOWED, LAG_AFTER_THROW)
WHEN = tuple(
    Quantity(
        f"when_{state}_{{name}}",
        f"share of the time at a station while the switch is {state}, in whole phases, by the core visited "
        "last",
        "1",
        (f"when_{state}_{{name}}", f"looks_{state}"),
        _first,
        SHARE,
        ExactShareOfTrials(),
        CLOCKED,
    )
    for state in ("off", "on")
)


def following_quantities(known: Known) -> tuple[Quantity, ...]:
    """Of the stations that there are."""
    return (*FOLLOWING_SWITCH, *(when.called(name) for name in known.station_names for when in WHEN))
