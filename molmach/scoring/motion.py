"""Quantities of motion along a coordinate: how fast, how far, how many turns each way, how evenly."""

from __future__ import annotations

import math

import numpy as np

from molmach.data import Motion, Run
from molmach.data.intervals import ExactDifferenceOfCounts, RareCounts, SkewedOrRare
from molmach.data.observed import Observed
from molmach.data.quantity import CLOSED, COUNTABLE, COUNTED, NOT_NEGATIVE, OPEN, Quantity, ratio
from molmach.data.statistics import Floats
from molmach.scoring.rotation import completed_turns, diffusions, velocities


def motion_samples(observed: Observed) -> dict[str, Floats]:
    """``displacement``, ``place``, ``diffusion`` of each replica, in the coordinate's unit, and ``velocity``.

    Places between two ends have none.
    """
    motion = observed.motion
    unit_size = motion.scale.unit_size
    steady = {} if motion.scale.period is None else {"velocity": velocity_samples(motion)}
    return {
        **steady,
        "displacement": motion.moved[:, -1],
        "place": motion.coordinate.mean(axis=1) / unit_size,
        "diffusion": diffusions(motion.coordinate, motion.time_ps, unit_size),
    }


def velocity_samples(moving: Run | Motion) -> Floats:
    """(n_replicas,) net motion per ns of a run or motion, in the coordinate's unit; it need not last."""
    motion = moving if isinstance(moving, Motion) else Motion.of(moving)
    return velocities(motion.coordinate, motion.time_ps, motion.scale.unit_size)


def count_samples(observed: Observed) -> dict[str, Floats]:
    """``forward`` and ``backward``: completed periods of the coordinate, or else steps between stations.

    Of a coordinate with a period also ``cycle`` and ``cycle_velocity``: what a period is in the coordinate's
    unit, and what one adds to a replica's velocity.
    """
    motion = observed.motion
    cycle: dict[str, Floats] = {}
    if motion.scale.period is not None:
        counts = completed_turns(motion.coordinate, motion.scale.period)
        size = np.full(motion.replicas, motion.scale.period / motion.scale.unit_size)
        cycle = {"cycle": size, "cycle_velocity": size / observed.duration_ns}
    elif observed.stations is not None:
        counts = observed.stations.steps(observed.visits)
    else:
        return {}
    forward, backward = (np.asarray(count, dtype=np.float64) for count in counts)
    return {"forward": forward, "backward": backward, **cycle}


def _directionality(forward: Floats, backward: Floats) -> Floats:
    return ratio(forward - backward, forward + backward)


def _peclet(velocity: Floats, diffusion: Floats) -> Floats:
    return ratio(np.abs(velocity), np.where(diffusion > 0.0, diffusion, math.nan))


VELOCITY = Quantity(
    "velocity", "net motion per time", "{unit}/ns", interval=SkewedOrRare(), needs=CLOSED,
    beside=("forward", "backward", "cycle_velocity"),
)  # fmt: skip
MEAN_POSITION = Quantity("mean_position", "mean place on the coordinate", "{unit}", ("place",), needs=OPEN)
DIRECTIONALITY = Quantity(
    "directionality",
    "(forward - backward) / (forward + backward) completed {event}s, pooled over replicas",
    "1",
    ("forward", "backward"),
    _directionality,
    (-1.0, 1.0),
    ExactDifferenceOfCounts(),
    COUNTED,
    asks=COUNTABLE,
)
MOTION = (
    VELOCITY,
    Quantity(
        "net_{unit}s", "net {unit}s of a replica", "{unit}", ("displacement",), interval=SkewedOrRare(),
        needs=CLOSED, beside=("forward", "backward", "cycle"),
    ),
    Quantity("net_displacement", "net motion of a replica", "{unit}", ("displacement",), needs=OPEN),
    MEAN_POSITION,
    Quantity(
        "forward_{event}s", "{event}s forward that a replica completed", "{event}",
        ("forward",), bounds=NOT_NEGATIVE, interval=RareCounts(), needs=COUNTED,
        asks=COUNTABLE,
    ),
    Quantity(
        "backward_{event}s", "{event}s backward that a replica completed", "{event}",
        ("backward",), bounds=NOT_NEGATIVE, interval=RareCounts(), needs=COUNTED,
        asks=COUNTABLE,
    ),
    DIRECTIONALITY,
    Quantity(
        "diffusion", "half the growth rate of the variance, from eight windows a replica", "{unit}^2/ns",
        bounds=NOT_NEGATIVE,
    ),
    Quantity(
        "peclet", "|velocity| times one {unit} over diffusion", "{per_unit}",
        ("velocity", "diffusion"), _peclet, NOT_NEGATIVE, needs=CLOSED,
    ),
)  # fmt: skip
"""In the order in which a score has them."""
