"""Verdicts on paths made by formula: the rule that molmach uses, and the one that stood before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molmach.data.cycles import cycles_of
from molmach.data.intervals import SkewedOrRare
from molmach.data.looks import LookPlan
from molmach.data.statistics import Floats, p_value_of_opposite, p_value_of_zero
from molmach.scoring.controls import CONTROL_LEVEL, ControlResult, judge_mirror, judge_undriven
from molmach.scoring.current import Current, judge_current
from molmach.scoring.looks import hopeless, surely_failed, surely_transient
from molmach.scoring.reasons import WORDS
from molmach.scoring.rotation import completed_turns
from molmach.scoring.spurious import Spurious, spurious_motion, undriven_wanted

Paths = NDArray[np.float64]


def velocities(paths: Paths) -> Floats:
    """(replicas,) net cycles of a run."""
    return np.asarray(paths[:, -1] - paths[:, 0])


def direction(claim: Paths, undriven: Paths | None = None, mirror: Paths | None = None) -> int:
    """1 or -1 where molmach says ``forward`` or ``backward``, 0 where it does not.

    Parameters
    ----------
    claim
        (replicas, samples) paths in cycles.
    undriven, mirror
        The same of the controls; both or neither. The undriven twin may have up to four times as many
        replicas, of which those are looked at that a run would have.
    """
    if undriven is None or mirror is None:
        current = judge_current(cycles_of(claim, _time(claim), 1.0))
        return current.direction if current.steady else 0
    return told(claim, undriven, mirror)[0]


def told(claim: Paths, undriven: Paths, mirror: Paths) -> tuple[int, int]:
    """The direction, and how many replicas of the undriven twin it took; as :func:`direction`."""
    replicas = claim.shape[0]
    current = _current(claim, mirror)
    if not current.steady:
        return 0, replicas
    count: int | None = replicas
    way = used = 0
    while count is not None and count <= undriven.shape[0]:
        used = count
        controls = _controls(claim, undriven[:used], mirror)
        way, spurious = _judged(claim, mirror, current, controls)
        failed = not all(control.passed for control in controls.values())
        count = None if failed else undriven_wanted(spurious, replicas, used)
    return way, used


def look(claim: Paths, undriven: Paths, mirror: Paths, until: LookPlan) -> tuple[int, bool]:
    """The direction at a look of a run to which replicas are added, and whether it ends there."""
    replicas = claim.shape[0]
    current = _current(claim, mirror, until.share(replicas))
    controls = _controls(claim, undriven, mirror)
    way = _judged(claim, mirror, current, controls, until.share(replicas))[0] if current.steady else 0
    if way != 0 or replicas >= until.most:
        return way, True
    if not all(control.passed for control in controls.values()):
        return 0, surely_failed(controls.values(), current.share)
    if WORDS.get(current.finding) == "transient":
        return 0, surely_transient(current, None)
    return 0, hopeless(current, replicas, until)


def _time(paths: Paths) -> Floats:
    return np.linspace(0.0, 1.0, paths.shape[1])


def _current(claim: Paths, mirror: Paths, share: float = 1.0) -> Current:
    cycles, image = cycles_of(claim, _time(claim), 1.0), cycles_of(mirror, _time(mirror), 1.0)
    return judge_current(cycles.with_replicas_of(image.seen(-1)), share)


def _controls(claim: Paths, undriven: Paths, mirror: Paths) -> dict[str, ControlResult]:
    here, off, image = (velocities(paths) for paths in (claim, undriven, mirror))
    forward, backward = (np.asarray(counts, dtype=np.float64) for counts in completed_turns(undriven, 1.0))
    velocity = SkewedOrRare().estimate([off, forward, backward, np.ones_like(off)], lambda mean: mean)
    return {
        "undriven": judge_undriven(velocity, off, here, cycles=forward - backward),
        "mirror": judge_mirror(velocity, image, here, -1),
    }


def _judged(
    claim: Paths,
    mirror: Paths,
    current: Current,
    controls: dict[str, ControlResult],
    share: float | None = None,
) -> tuple[int, Spurious | None]:
    """The direction of a steady current that its controls bear out, and what these leave to be spurious."""
    reflected = -velocities(mirror)
    spurious = spurious_motion(current.direction, velocities(claim), controls, reflected, share)
    passed = all(control.passed for control in controls.values())
    return current.direction if passed and spurious is not None and spurious.excluded else 0, spurious


def direction_by_student(claim: Paths, undriven: Paths, mirror: Paths) -> int:
    """The same by Student's test of the claim's velocity at 5 % and both controls at 1 %."""
    here, off, image = (velocities(paths) for paths in (claim, undriven, mirror))
    controlled = p_value_of_zero(off) >= CONTROL_LEVEL and p_value_of_opposite(here, image) >= CONTROL_LEVEL
    return int(np.sign(here.mean())) if controlled and p_value_of_zero(here) < 0.05 else 0
