"""Machines between two ends: what their verdict is about in place of a velocity, and their controls."""

from __future__ import annotations

import math
from collections.abc import Mapping

from molmach import drives
from molmach.building import coordinate_of
from molmach.data import Run
from molmach.data.observed import Observed
from molmach.data.quantity import Quantity
from molmach.data.statistics import Estimate, Floats, p_value_of_opposite
from molmach.scoring.controls import CONTROL_LEVEL, ControlResult
from molmach.scoring.following import STEPS_PER_CYCLE, clock_of, following_samples
from molmach.scoring.motion import MEAN_POSITION, VELOCITY, motion_samples
from molmach.scoring.undirected import p_value_of_following


def judge_bounded(
    name: str, control: Observed, claim: Observed, claim_samples: Mapping[str, Floats]
) -> ControlResult:
    """One control of a machine on a coordinate between two ends, ``undriven`` or ``mirror``.

    Where a clock is to be followed, the undriven twin must not follow the same clock, and the mirror image
    must answer as the machine does. Elsewhere the mirror image must dwell where reflection has it; so must
    the undriven twin where that is the machine itself, as it is of a machine without a drive.

    Parameters
    ----------
    name
        Of the control.
    control, claim
        The control, and the run itself.
    claim_samples
        Of the run, :func:`molmach.scoring.quantities.samples_of`.
    """
    assert claim.run is not None, "a control belongs to a run"
    if "steps_per_cycle" in claim_samples:
        here = following_samples(control, clock_of(claim))
        return _judge_answers(name, here, claim, claim_samples)
    own, here = claim.run.drive, motion_samples(control)
    place = MEAN_POSITION.on(claim.scale).estimate(here)
    if name == "undriven" and drives.undriven(own) != own:
        said = "has no direction to lose with the drive off"
        return ControlResult(no_velocity(claim), math.nan, True, said, measured=place)
    parity = coordinate_of(claim.run.assembly).parity if name == "mirror" else 1
    p = p_value_of_opposite(claim_samples["place"], -parity * here["place"])
    who = "mirror image dwells" if name == "mirror" else "dwells"
    said = f"{who} {'in the same place' if p >= CONTROL_LEVEL else 'elsewhere'}"
    return ControlResult(no_velocity(claim), p, p >= CONTROL_LEVEL, said, measured=place)


def no_velocity(observed: Observed) -> Estimate:
    """What stands for the velocity of a machine that can have none."""
    unit, why = f"{observed.scale.unit}/ns", "whatever moves between two ends comes back"
    return Estimate(math.nan, (math.nan, math.nan), unit, undefined=why)


def measure_of(observed: Observed, samples: Mapping[str, Floats]) -> Quantity:
    """The quantity that a verdict is about: velocity, steps to a cycle of the switch, or the mean place.

    The first of its :attr:`molmach.data.quantity.Quantity.inputs` is its own number of each replica.
    """
    if observed.scale.period is not None:
        return VELOCITY.on(observed.scale)
    return STEPS_PER_CYCLE if "steps_per_cycle" in samples else MEAN_POSITION.on(observed.scale)


def measured_samples(run: Run) -> dict[str, Floats]:
    """Condition -> (n_replicas,) numbers of :func:`measure_of` the claim, ``claim`` first."""
    observed = Observed.of(run)
    taken = {**motion_samples(observed), **following_samples(observed)}
    (name, *_), clock = measure_of(observed, taken).inputs, clock_of(observed)
    measured = {"claim": taken[name]}
    for condition, control in run.controls.items():
        part = Observed.of(control)
        measured[condition] = {**motion_samples(part), **following_samples(part, clock)}[name]
    return measured


def _judge_answers(
    name: str, here: Mapping[str, Floats], claim: Observed, claimed: Mapping[str, Floats]
) -> ControlResult:
    answers = STEPS_PER_CYCLE.estimate(here)
    if name == "undriven":
        p, _ = p_value_of_following(here)
        passed = p >= CONTROL_LEVEL
        statement = f"{'does not follow' if passed else 'follows'} the clock with the drive off"
    else:
        p = p_value_of_opposite(claimed["steps_per_cycle"], -here["steps_per_cycle"])
        passed = p >= CONTROL_LEVEL
        statement = f"mirror image answers {'alike' if passed else 'otherwise'}"
    return ControlResult(no_velocity(claim), p, passed, statement, measured=answers)
