"""Which word a run gets, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from molmach.building import coordinate_of
from molmach.data.cycles import Cycles
from molmach.data.observed import Observed
from molmach.data.statistics import Floats
from molmach.scoring.controls import ControlResult
from molmach.scoring.current import Current, Finding, judge_current, observed_cycles
from molmach.scoring.reasons import explain, explain_shapes, explain_weak_controls, steady_word
from molmach.scoring.rotation import velocities
from molmach.scoring.sampled import Ints, hidden_turns, long_steps, stands_without
from molmach.scoring.second_law import SecondLaw
from molmach.scoring.shapes import ShapesJudged
from molmach.scoring.spurious import Spurious, spurious_motion
from molmach.scoring.undirected import FOLLOWING_LEVEL, Judgement, p_value_of_following, undirected


@dataclass(frozen=True)
class Decision:
    """What a :class:`molmach.scoring.Score` says of its verdict; attributes as there."""

    p_value: float
    verdict: str
    reason: str = ""
    advice: str = ""
    cycles: Cycles | None = None
    current: Current | None = None
    spurious: Spurious | None = None


def decide(
    observed: Observed,
    samples: dict[str, Floats],
    controls: dict[str, ControlResult],
    law: SecondLaw | None,
    shapes: ShapesJudged | None = None,
) -> Decision:
    """The verdict of a run or motion.

    A coordinate between two ends and a machine at equilibrium have none of a direction. Of others: shapes
    that disagree, where the undriven machine stands still; else a control that failed; else a current, if
    controls and books bear it out; else what the motion is instead.
    """
    failing = {name for name, control in controls.items() if not control.passed}
    share = observed.level_share
    settled = undirected(observed, samples)
    if settled is not None:
        broken = failing - {"undriven"} if settled.word == "equilibrium" else failing
        own = None if observed.scale.period is None else observed_cycles(observed)
        if broken:
            contradicted = " and ".join(controls[name].statement for name in controls if name in broken)
            return Decision(
                settled.p_value, "failed", f"The claim fails: the machine's control {contradicted}.", "", own
            )
        return Decision(settled.p_value, settled.word, settled.reason, settled.advice, own)
    own = observed_cycles(observed)
    mirror = _mirror_of(observed)
    together = own if mirror is None else own.with_replicas_of(mirror[0])
    current = judge_current(together, share)
    if not current.steady and _goes_to_and_fro(samples, share):
        current = replace(current, finding=Finding.TO_AND_FRO)
    steps = (
        long_steps(observed) if mirror is None else np.concatenate([long_steps(observed), mirror[2]], axis=1)
    )
    if current.steady and (hidden_turns(observed) >= 1.0 or not stands_without(current, together, steps)):
        current = replace(current, finding=Finding.SPARSE)
    spurious = None
    if current.steady:
        reflected = None if mirror is None else mirror[1]
        look = None if observed.run is None or observed.run.until is None else share
        spurious = spurious_motion(current.direction, samples["velocity"], controls, reflected, look)
    if shapes is not None and shapes.depends and "undriven" not in failing:
        said = explain_shapes(current, shapes, observed)
    elif failing:
        said = Judgement("failed", current.p_value, "")
    elif not current.steady:
        said = explain(current, together, observed)
    elif spurious is not None and not spurious.excluded:
        said = explain_weak_controls(current, spurious, observed)
    elif law is not None and not law.passed:
        said = Judgement("failed", current.p_value, f"The books contradict the claim: {law.statement}.")
    else:
        said = Judgement(steady_word(current), current.p_value, "")
    return Decision(current.p_value, said.word, said.reason, said.advice, own, current, spurious)


def _goes_to_and_fro(samples: dict[str, Floats], share: float) -> bool:
    """Whether the machine goes one way after throws of a clock on, and back after throws off."""
    return "steps_on" in samples and p_value_of_following(samples)[0] < share * FOLLOWING_LEVEL


def _mirror_of(observed: Observed) -> tuple[Cycles, Floats, Ints] | None:
    """Cycles, velocities and long steps of a run's mirror control as reflection has them; None without it.

    So seen, its replicas are as many more of the machine's own.
    """
    run = observed.run
    if run is None or "mirror" not in run.controls:
        return None
    control, parity = Observed.of(run.controls["mirror"]), coordinate_of(run.assembly).parity
    motion, unit_size = control.motion, control.scale.unit_size
    velocity = velocities(motion.coordinate, motion.time_ps, unit_size)
    return observed_cycles(control, observed).seen(parity), parity * velocity, long_steps(control)[::parity]
