"""Whether a drive can turn anything at all: what its terms say of that, before anything is run."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from molmach.spec import Protocol

if TYPE_CHECKING:
    from molmach.drives.base import Clock, DriveTerms, Switch

SAME_RATIO = 1e-9
"""Ratios of rates that differ by less than this share of them are one ratio."""


def rest_of(terms: DriveTerms, charges: NDArray[np.float64], protocol: Protocol) -> str | None:
    """Why no steady current can be had of a machine under these terms, as a clause; None where it can.

    A machine is at equilibrium where its energy does not change with time but by switches in touch with the
    bath: no torque, no field that changes, no clock that throws, and channels of each switch that all obey
    local detailed balance with one ratio of rates. A switch that is thrown at most once keeps nothing going
    either.

    Parameters
    ----------
    terms
        Of the drive, its load aside.
    charges
        (n_atoms,) of the machine, e, on which the field acts.
    protocol
        Whose measured part a clock has to throw in.
    """
    if terms.torque != 0.0:
        return None
    reasons: list[str] = []
    if terms.has_field and not np.any(charges):
        reasons.append("nothing in the machine bears a charge on which its field could act")
    elif terms.has_field and terms.angular_frequency != 0.0:
        return None
    elif terms.has_field:
        reasons.append("its field does not change with time")
    for number, switch in enumerate(terms.switches):
        changes = any(term.switch == number and term.off != term.on for term in terms.switched)
        rest = rest_of_switch(switch, protocol) if changes else "its switch changes nothing"
        if rest is None:
            return None
        reasons.append(rest)
    return " and ".join(dict.fromkeys(reasons)) or "its forces are zero"


def rest_of_switch(switch: Switch, protocol: Protocol) -> str | None:
    """Why a switch that changes the machine's energy keeps nothing going, as a clause; None where it does."""
    if switch.clock is not None:
        return None if _throws(switch.clock, protocol) else "its clock throws no switch while it is measured"
    used = [channel for channel in switch.channels if channel.on_rate or channel.off_rate]
    if not any(channel.on_rate for channel in used):
        return "its switch is never thrown"
    if not any(channel.off_rate for channel in used):
        return "its switch is thrown at most once"
    ratios = [channel.on_rate / channel.off_rate if channel.off_rate else math.inf for channel in used]
    if not all(channel.thermal for channel in used) or max(ratios) > min(ratios) * (1.0 + SAME_RATIO):
        return None
    return "its switch is thrown at rates that obey local detailed balance, in touch with one bath alone"


def _throws(clock: Clock, protocol: Protocol) -> bool:
    """Whether a clock changes its switch in the measured part."""
    start = protocol.equilibration
    return any(time < start + protocol.duration for time in throws_after(clock, start))


def throws_after(clock: Clock, start_ps: float) -> Iterator[float]:
    """Times of a clock's next two changes after a time since the replica's start, ps, if there are any."""
    if not (math.isfinite(clock.period) and 0.0 < clock.duty < 1.0):
        return
    for offset in (0.0, (1.0 - clock.duty) * clock.period):
        yield offset + clock.period * (math.floor((start_ps - offset) / clock.period) + 1)
