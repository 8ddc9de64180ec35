"""How well followers are turned by the rotor, as one gear by another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from molmach.building import Follower
from molmach.scoring.rotation import completed_turns, velocities, window_steps
from molmach.scoring.statistics import Estimate, Floats, jackknife_estimate, mean_estimate


def gear_estimates(
    rotor: Floats, followers: Floats, wheels: Mapping[str, Follower], time_ps: Floats
) -> dict[str, Estimate]:
    """For each follower its velocity, its gear ratio and its slips.

    Parameters
    ----------
    rotor
        (n_replicas, n_samples) unwrapped angles of the rotor, rad.
    followers
        (n_followers, n_replicas, n_samples) the same of the followers.
    wheels
        The followers by name, in that order.
    time_ps
        (n_samples,) times.

    Returns
    -------
    velocity_NAME
        turn/ns about the follower's own axle.
    gear_ratio_NAME
        See :func:`gear_ratio`.
    slips_NAME
        Teeth per replica by which follower and rotor came out of mesh, either way.
    """
    estimates = {}
    for (name, wheel), angle in zip(wheels.items(), followers, strict=True):
        estimates[f"velocity_{name}"] = mean_estimate(velocities(angle, time_ps), "turn/ns")
        estimates[f"gear_ratio_{name}"] = gear_ratio(rotor, angle)
        slipped = mean_estimate(slips(rotor, angle, wheel).astype(np.float64), "slip")
        estimates[f"slips_{name}"] = Estimate(
            slipped.value, (max(0.0, slipped.ci95[0]), slipped.ci95[1]), slipped.unit
        )
    return estimates


def gear_ratio(rotor: Floats, follower: Floats) -> Estimate:
    """Turns of the follower to a turn of the rotor; -1 where equal wheels mesh, 0 where they do not.

    The slope sum df dr / sum dr^2 of the least-squares line through zero, over the motions df and dr
    within windows of an eighth of the measured part; so it is defined for thermal motion too.

    Parameters
    ----------
    rotor, follower
        (n_replicas, n_samples) unwrapped angles, rad.
    """
    across, along = window_steps(follower), window_steps(rotor)
    products, squares = np.sum(across * along, axis=1), np.sum(along**2, axis=1)

    def slope(chosen: NDArray[np.intp]) -> float:
        total = float(squares[chosen].sum())
        return float(products[chosen].sum()) / total if total else float("nan")

    return jackknife_estimate(slope, len(rotor), "turn/turn")


def slips(rotor: Floats, follower: Floats, wheel: Follower) -> NDArray[np.int64]:
    """(n_replicas,) teeth by which a follower came out of mesh, either way.

    A slip is completed when the follower is one tooth away from where it would stand had it turned
    ``gear_ratio`` times as far as the rotor since the last one; so teeth that rattle do not slip.
    """
    out_of_mesh = wheel.teeth * (follower - wheel.gear_ratio * rotor)
    return np.asarray(np.sum(completed_turns(out_of_mesh), axis=0))
