"""A drive's switches as the arrays that the ``batched`` engine's kernel reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from molmach.drives import DriveTerms
from molmach.drives.base import Switch
from molmach.drives.shapes import SHAPES, Shape

Array = NDArray[Any]


class Switching(NamedTuple):
    """As :class:`molmach.engine.block_kernel.Switching`, with conditions where that has lanes.

    Known here without loading the compiler.
    """

    kind: Array
    switch: Array
    atoms: Array
    group_start: Array
    first_group: Array
    numbers: Array
    first_number: Array
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


def shapes_of(terms: Sequence[DriveTerms]) -> tuple[type[Shape], ...]:
    """The shapes that a kernel for these drives knows: the usual ones, and what the drives bring."""
    brought = [type(term.shape) for t in terms for term in t.switched]
    return tuple(dict.fromkeys([*SHAPES, *brought]))


def switching_of(terms: Sequence[DriveTerms], thermal_energy: float, timestep_ps: float) -> Switching:
    """Arrays of conditions whose drives differ in rates and amplitudes only."""
    first = terms[0]
    shapes = [term.shape for term in first.switched]
    assert all([t.shape for t in other.switched] == shapes for other in terms), "one run has one drive"
    kinds = shapes_of(terms)
    groups = [group for shape in shapes for group in shape.groups()]
    channels = [channel for switch in first.switches for channel in switch.channels]
    leading = [
        next(i for i, t in enumerate(first.switched) if t.switch == s) for s in range(len(first.switches))
    ]
    return Switching(
        kind=np.array([kinds.index(type(shape)) for shape in shapes], dtype=np.int32),
        switch=np.array([term.switch for term in first.switched], dtype=np.int32),
        atoms=np.array([atom for group in groups for atom in group], dtype=np.int32),
        group_start=_starts([len(group) for group in groups]),
        first_group=_starts([len(shape.groups()) for shape in shapes]),
        numbers=np.array([number for shape in shapes for number in shape.numbers()], dtype=np.float64),
        first_number=_starts([len(shape.numbers()) for shape in shapes]),
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
                shapes[lead].power(channel.reach)
                for switch, lead in zip(first.switches, leading, strict=True)
                for channel in switch.channels
            ],
            dtype=np.float64,
        ),
        period=np.array([[_period(switch) for switch in t.switches] for t in terms], dtype=np.float64),
        duty=np.array([s.clock.duty if s.clock else 0.0 for s in first.switches], dtype=np.float64),
        beta=np.array(1.0 / thermal_energy),
    )


def repeated_condition(switching: Switching, count: int) -> Switching:
    """The first condition's so many times."""
    of_conditions = {name: np.repeat(getattr(switching, name)[:1], count, axis=0) for name in _BY_CONDITION}
    return switching._replace(**of_conditions)


def lanes_of(switching: Switching, condition: NDArray[np.int64]) -> Any:
    """The kernel's own tuple: each lane with the numbers of its condition."""
    from molmach.engine import block_kernel as kernel

    arrays = switching._asdict()
    for name in _BY_CONDITION:
        arrays[name] = np.ascontiguousarray(arrays[name][condition].T)
    arrays["beta"] = float(arrays["beta"])
    return kernel.Switching(**arrays)


def _period(switch: Switch) -> float:
    return switch.clock.period if switch.clock is not None else 0.0


def _of_channels(terms: Sequence[DriveTerms], name: str) -> NDArray[np.float64]:
    return np.array(
        [[getattr(channel, name) for switch in t.switches for channel in switch.channels] for t in terms],
        dtype=np.float64,
    )


def _starts(lengths: list[int]) -> Array:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
