"""Quantities of followers: how well they are turned by the rotor, as one gear by another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molmach.building import Follower
from molmach.data.observed import Known, Observed
from molmach.data.quantity import A_RUN, FOLLOWERS, NOT_NEGATIVE, Need, Quantity, ratio
from molmach.data.statistics import Floats
from molmach.scoring.rotation import completed_turns, velocities, window_steps

_TEETH = Need(
    f"{A_RUN.words} with {FOLLOWERS.words}", lambda known: A_RUN.met(known) and FOLLOWERS.met(known)
)

FOLLOWER_VELOCITY = Quantity(
    "velocity_{name}", "net turns of a follower about its own axle per time", "turn/ns", needs=FOLLOWERS
)
FOLLOWING = (
    FOLLOWER_VELOCITY,
    Quantity(
        "gear_ratio_{name}",
        "turns of a follower to a turn of the rotor: the slope sum df dr / sum dr^2 of the least-squares "
        "line through zero over their motions in windows of an eighth of the measured part, so that thermal "
        "motion has one too; -1 where equal wheels mesh, 0 where they do not",
        "turn/turn",
        ("meshing_{name}", "turning"),
        ratio,
        needs=FOLLOWERS,
    ),
    Quantity(
        "slips_{name}", "teeth by which follower and rotor came out of mesh, either way, in a replica",
        "slip", bounds=NOT_NEGATIVE, needs=_TEETH,
    ),
)  # fmt: skip


def follower_samples(observed: Observed) -> dict[str, Floats]:
    """For each follower ``velocity_NAME``, ``meshing_NAME`` and ``slips_NAME``; and ``turning`` of the rotor.

    Meshing is sum df dr and turning sum dr^2, rad^2. Slips are known where the teeth are, of a run's machine.
    """
    motion = observed.motion
    if not motion.followers:
        return {}
    wheels = {} if observed.run is None else observed.run.assembly.followers
    along = window_steps(motion.coordinate)
    samples = {"turning": np.asarray(np.sum(along**2, axis=1))}
    for name, angle in motion.followers.items():
        samples[f"velocity_{name}"] = velocities(angle, motion.time_ps)
        samples[f"meshing_{name}"] = np.asarray(np.sum(window_steps(angle) * along, axis=1))
        if name in wheels:
            slipped = slips(motion.coordinate, angle, wheels[name])
            samples[f"slips_{name}"] = slipped.astype(np.float64)
    return samples


def follower_quantities(known: Known) -> tuple[Quantity, ...]:
    """Of the followers that there are."""
    return tuple(quantity.called(name) for name in known.follower_names for quantity in FOLLOWING)


def slips(rotor: Floats, follower: Floats, wheel: Follower) -> NDArray[np.int64]:
    """(n_replicas,) teeth by which a follower came out of mesh, either way.

    A slip is completed when the follower is one tooth away from where it would stand had it turned
    ``gear_ratio`` times as far as the rotor since the last one; so teeth that rattle do not slip.
    """
    out_of_mesh = wheel.teeth * (follower - wheel.gear_ratio * rotor)
    return np.asarray(np.sum(completed_turns(out_of_mesh), axis=0))
