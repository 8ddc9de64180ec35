"""In which shapes the replicas of a condition start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from molmach import drives
from molmach.building import Assembly, mirror

if TYPE_CHECKING:
    from molmach.building.assembly import Floats
    from molmach.engine.condition import Condition


def parts_of(condition: Condition) -> list[Condition]:
    """The condition in parts, each of replicas that start from one structure, in the replicas' order.

    Replicas are dealt to the shapes of the machine by weight. A shape that is its own mirror image may still
    not be where it stands, for the rotor is turned one way: where nothing tells the machine from its mirror
    image, half of its replicas start from the reflected structure.
    """
    if condition.protocol.replicas < 2 or condition.start is not None:
        return [condition]
    parts: list[Condition] = []
    first = condition.first_replica
    for shape, structure, measured_by, count in _starts(condition):
        parts.append(
            replace(
                condition,
                name=condition.name if not parts else f"{condition.name}-start-{len(parts) + 1}",
                assembly=structure,
                measured_by=measured_by,
                protocol=condition.protocol.model_copy(update={"replicas": count}),
                first_replica=first,
                shape=shape,
            )
        )
        first += count
    return parts


def deal(weight: Floats, replicas: int) -> NDArray[np.int64]:
    """How many replicas start in each shape: in proportion to its weight, and one at least.

    Largest remainders; where replicas are fewer than shapes, the heaviest get one each.

    Parameters
    ----------
    weight
        (n_shapes,) adding up to one; 0 where none may start.

    Examples
    --------
    >>> deal(np.array([0.5, 0.5, 0.0]), 5).tolist()
    [3, 2, 0]
    >>> deal(np.array([0.9, 0.06, 0.04]), 16).tolist()
    [14, 1, 1]
    >>> deal(np.array([0.4, 0.35, 0.25]), 2).tolist()
    [1, 1, 0]
    """
    counts = np.zeros(weight.size, dtype=np.int64)
    heaviest = np.argsort(-weight, kind="stable")[: int(np.count_nonzero(weight))]
    counts[heaviest[:replicas]] = 1
    while counts.sum() < replicas:
        counts[int(np.argmax(weight * replicas - counts))] += 1
    return counts


def _starts(condition: Condition) -> Iterator[tuple[int, Assembly, Assembly, int]]:
    """Number of the shape, structure, whose coordinate is sampled, and replicas, of each part."""
    machine, replicas = condition.assembly, condition.protocol.replicas
    shapes = machine.shapes
    counts = [replicas] if shapes is None else deal(shapes.weight, replicas).tolist()
    for shape, count in enumerate(counts):
        structure = machine if shapes is None else shapes.assembly(machine, shape)
        reflected = count // 2 if _reflects(condition, shape) else 0
        if count - reflected:
            yield shape, structure, machine, count - reflected
        if reflected:
            yield shape, mirror(structure), mirror(machine), reflected


def _reflects(condition: Condition, shape: int) -> bool:
    """Whether half of the replicas that start in a shape start from its reflected structure."""
    drive, shapes = condition.drive, condition.assembly.shapes
    if drives.model(drive).does_nothing or drives.mirror(drive) != drive:
        return False
    if shapes is not None and not shapes.own_image[shape]:
        return False
    return condition.assembly.own_mirror_image
