"""The score of copies of one machine in the same trajectories: each by itself, and their mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, overload

from molmach.data import Motion, Run
from molmach.data.copies import Copies
from molmach.data.statistics import finite_or_none, p_value_of_zero
from molmach.scoring import verdict
from molmach.scoring.verdict import Score

SIGNIFICANCE = 0.05
"""Of copies that turn opposite ways, shared among them."""

DEPENDENT = "dependent"
"""What copies in one box count as: the interval of their mean is over replicas alone."""


@dataclass(frozen=True)
class CopiesScore:
    """What the motion of copies amounts to.

    Attributes
    ----------
    each
        What a copy is.
    copies
        Score of each by its name, over replicas.
    moments_of_inertia
        Of each by its name, u nm^2; nan where it is not known.
    mean
        Score of the copies' mean angle: its velocity with an interval over replicas, and beside it the
        velocity of each copy.
    """

    each: str
    copies: dict[str, Score]
    moments_of_inertia: dict[str, float]
    mean: Score

    def to_json(self) -> list[dict[str, Any]]:
        """The ``copies`` part of a result document."""
        return [
            {
                "name": name,
                "moment_of_inertia": finite_or_none(self.moments_of_inertia[name]),
                "score": score.to_json(),
            }
            for name, score in self.copies.items()
        ]


@overload
def score(run: Run | Motion) -> Score: ...
@overload
def score(run: Copies) -> CopiesScore: ...
def score(run: Run | Motion | Copies) -> Score | CopiesScore:
    """Score a simulated run, a motion, or every copy of a machine that moves in the same trajectories.

    A run is judged by its controls where they were run. A motion without a run behind it, as
    :func:`molmach.read_trajectories` gives one, has neither controls nor energies;
    :data:`molmach.data.motion.UNKNOWN` lists what can't be known of it.

    Raises
    ------
    ScoreError
        Fewer than two replicas or ten samples.
    """
    return _score_copies(run) if isinstance(run, Copies) else verdict.score(run)


def _score_copies(copies: Copies) -> CopiesScore:
    scores = {name: verdict.score(motion) for name, motion in copies.motions.items()}
    mean = verdict.score(copies.mean)
    velocities = {f"velocity of {name}": score.velocity for name, score in scores.items()}
    return CopiesScore(
        copies.each,
        scores,
        {name: motion.moment_of_inertia for name, motion in copies.motions.items()},
        replace(
            mean,
            estimates={"velocity": mean.velocity, **velocities},
            warnings=(*mean.warnings, *_warnings(copies)),
        ),
    )


def _warnings(copies: Copies) -> list[str]:
    net = {name: motion.moved[:, -1] for name, motion in copies.motions.items()}
    warnings = [
        f"the velocity is the mean of {len(net)} copies ({copies.each}s), which share each trajectory and "
        f"count as {DEPENDENT}: its interval is over the {copies.mean.replicas} trajectories"
    ]
    sure = {
        name: moved.mean() for name, moved in net.items() if p_value_of_zero(moved) < SIGNIFICANCE / len(net)
    }
    forward = [name for name, moved in sure.items() if moved > 0.0]
    backward = [name for name, moved in sure.items() if moved < 0.0]
    if forward and backward:
        warnings.append(
            f"copies turn opposite ways ({forward[0]} forward, {backward[0]} backward), so their mean says "
            "nothing of any of them"
        )
    return warnings
