"""A drive's switches as the arrays that the ``batched`` engine's kernel reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molmach.drives import DriveTerms
from molmach.drives.base import Charged, Switch, Twist, Well
from molmach.forcefield.mmff94_parameters import COULOMB

Array = NDArray[Any]


class Switching(NamedTuple):
    """As :class:`molmach.engine.switches_kernel.Switching`, with conditions where that has lanes.

    Known here without loading the compiler.
    """

    kind: Array
    switch: Array
    size: Array
    ring: Array
    charge: Array
    ring_start: Array
    site: Array
    site_start: Array
    torsions: Array
    heights: Array
    torsion_start: Array
    off: Array
    on: Array
    channel_start: Array
    leading: Array
    on_chance: Array
    off_chance: Array
    thermal: Array
    hindrance: Array
    power: Array
    period: Array
    duty: Array
    beta: Array


_BY_CONDITION = ("off", "on", "on_chance", "off_chance", "period")
_KINDS = (Well, Charged, Twist)  # in the order of the kernel's numbers


def switching_of(terms: Sequence[DriveTerms], thermal_energy: float, timestep_ps: float) -> Switching:
    """Arrays of conditions whose drives differ in rates and amplitudes only."""
    first = terms[0]
    shapes = [term.shape for term in first.switched]
    pairs = [shape for shape in shapes if not isinstance(shape, Twist)]
    assert all([t.shape for t in other.switched] == shapes for other in terms), "one run has one drive"

    def groups(name: str) -> tuple[Array, Array]:
        rows = [getattr(shape, name, ()) for shape in shapes]
        return _joined(rows, np.int32), _starts([len(row) for row in rows])

    ring, ring_start = groups("ring")
    site, site_start = groups("site")
    torsions, torsion_start = groups("torsions")
    charges = [shape.charges if isinstance(shape, Charged) else (0.0,) * len(shape.ring) for shape in pairs]
    channels = [channel for switch in first.switches for channel in switch.channels]
    leading = [
        next(i for i, t in enumerate(first.switched) if t.switch == s) for s in range(len(first.switches))
    ]
    return Switching(
        kind=np.array([_KINDS.index(type(shape)) for shape in shapes], dtype=np.int32),
        switch=np.array([term.switch for term in first.switched], dtype=np.int32),
        size=np.array([_size(shape) for shape in shapes], dtype=np.float64),
        ring=ring,
        charge=_joined(charges, np.float32),
        ring_start=ring_start,
        site=site,
        site_start=site_start,
        torsions=torsions.reshape(-1, 4),
        heights=_joined([shape.heights for shape in shapes if isinstance(shape, Twist)], np.float32),
        torsion_start=torsion_start,
        off=np.array([[term.off for term in t.switched] for t in terms], dtype=np.float64),
        on=np.array([[term.on for term in t.switched] for t in terms], dtype=np.float64),
        channel_start=_starts([len(switch.channels) for switch in first.switches]),
        leading=np.array(leading, dtype=np.int32),
        on_chance=timestep_ps * _of_channels(terms, "on_rate"),
        off_chance=timestep_ps * _of_channels(terms, "off_rate"),
        thermal=np.array([channel.thermal for channel in channels], dtype=np.int32),
        hindrance=np.array([channel.hindrance / thermal_energy for channel in channels], dtype=np.float64),
        power=np.array(
            [
                _power(shapes[lead], channel.reach)
                for switch, lead in zip(first.switches, leading, strict=True)
                for channel in switch.channels
            ],
            dtype=np.float64,
        ),
        period=np.array([[_period(switch) for switch in t.switches] for t in terms], dtype=np.float64),
        duty=np.array([s.clock.duty if s.clock else 0.0 for s in first.switches], dtype=np.float64),
        beta=np.array(1.0 / thermal_energy),
    )


def lanes_of(switching: Switching, condition: NDArray[np.int64]) -> Any:
    """The kernel's own tuple: each lane with the numbers of its condition."""
    from molmach.engine import switches_kernel as kernel

    arrays = switching._asdict()
    for name in _BY_CONDITION:
        arrays[name] = np.ascontiguousarray(arrays[name][condition].T)
    arrays["beta"] = float(arrays["beta"])
    return kernel.Switching(**arrays)


def _size(shape: Well | Charged | Twist) -> float:
    if isinstance(shape, Well):
        return 0.5 / shape.width**2
    return COULOMB / len(shape.site) if isinstance(shape, Charged) else 0.0


def _power(shape: Well | Charged | Twist, reach: float) -> float:
    return (shape.width / reach) ** 2 if isinstance(shape, Well) else 0.0


def _period(switch: Switch) -> float:
    return switch.clock.period if switch.clock is not None else 0.0


def _of_channels(terms: Sequence[DriveTerms], name: str) -> NDArray[np.float64]:
    return np.array(
        [[getattr(channel, name) for switch in t.switches for channel in switch.channels] for t in terms],
        dtype=np.float64,
    )


def _joined(rows: Sequence[Sequence[Any]], dtype: Any) -> Array:
    return np.array([value for row in rows for value in row], dtype=dtype)


def _starts(lengths: list[int]) -> Array:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
