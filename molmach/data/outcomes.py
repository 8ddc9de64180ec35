"""What becomes of a machine at each event of its drive: the form before it and the one before the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molmach.data.statistics import Floats
from molmach.data.wells import wells_of

_LIVES = 10.0
"""Mean lives of an excited state after which samples are of the ground state: one in 20 000 is not."""


def form_changes(
    coordinate: Floats, events: Floats, time_ps: Floats, period: float, lifetime_ps: float
) -> tuple[Floats, Floats]:
    """Events after which the machine is in another form when the next one comes, and events that tell.

    Forms are the wells in which the coordinate dwells while the excited state is over, wherever they are;
    the form before an event is the well whose core was visited last. An event tells where there are samples
    between it and its neighbours: the last of a replica does not, and neither do several between two samples.
    What the machine does between two events besides, such as a thermal step, belongs to the first of them.

    Parameters
    ----------
    coordinate
        (n_replicas, n_samples) unwrapped.
    events
        (n_replicas, n_samples) running number of events that excite.
    time_ps
        (n_samples,).
    period
        Of the coordinate.
    lifetime_ps
        Mean life of the excited state.

    Returns
    -------
    changes, known
        Each (n_replicas,).
    """
    new = np.diff(events, axis=1)
    before, calm = _before_events(new), _after_excitation(new, time_ps, lifetime_ps)
    changes, known = np.zeros(len(coordinate)), np.zeros(len(coordinate))
    ground = np.concatenate(
        [coordinate[calm], *(row[at] for row, at in zip(coordinate, before, strict=True))]
    )
    if not ground.size:
        return changes, known
    forms = wells_of(ground, period).visits(coordinate)
    for replica, at in enumerate(before):
        alone = new[replica, at[:-1]] == 1.0
        seen = forms[replica, at]
        known[replica] = np.count_nonzero(alone)
        changes[replica] = np.count_nonzero((seen[1:] != seen[:-1]) & alone)
    return changes, known


def _before_events(new: Floats) -> list[NDArray[np.intp]]:
    """Of each replica the samples that events follow before the next sample."""
    return [np.flatnonzero(row > 0.0) for row in new]


def _after_excitation(new: Floats, time_ps: Floats, lifetime_ps: float) -> NDArray[np.bool_]:
    """(n_replicas, n_samples) whether any excitation is surely over, one at the first sample too."""
    count = time_ps.size
    since = np.zeros((len(new), count))
    last = np.full(len(new), time_ps[0])
    for sample in range(1, count):
        last = np.where(new[:, sample - 1] > 0.0, time_ps[sample], last)
        since[:, sample] = time_ps[sample] - last
    return since > _LIVES * lifetime_ps
