"""What a worker gives back of an evaluation."""

from __future__ import annotations

import json
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Samples = dict[str, list[float]]
"""Quantity -> one number a replica."""


@dataclass(frozen=True)
class Result:
    """What came of a task, in plain values that travel between processes.

    Attributes
    ----------
    key
        The task's.
    samples
        One number a replica of each quantity; empty where the evaluation failed.
    reason
        Why it failed; '' where it did not.
    seconds
        Core seconds.
    steps
        Integration steps of all replicas together.
    controls
        Of a confirmation: verdict, and whether each control passed.
    archive
        Of a confirmation: its run folder as a zip file.
    code
        Digest of the code that computed it (:class:`molmach.identity.Identity`); '' where nobody has said so.
    lessons
        What evaluations of other machines may start from; kept in the campaigns' store.
    lost
        Why nothing came back, a worker that died for example; '' where something did. A lost task says
        nothing of its machine and is started again.
    blameless
        Of a lost task: whether a computer or the cluster has lost it, so that it is no sign against the task
        however often that happens.
    """

    key: str
    samples: Samples = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0
    steps: int = 0
    controls: Mapping[str, Any] = field(default_factory=dict)
    archive: bytes = b""
    lessons: tuple[bytes, ...] = ()
    lost: str = ""
    code: str = field(default="", compare=False)
    blameless: bool = field(default=False, compare=False)


class _MalformedError(Exception):
    """What a result holds breaks the rules; its text says what."""


def plain(result: Result) -> Result:
    """The result in plain values, as the record keeps them.

    One that is malformed is a failed one, whose ``reason`` names what is wrong: samples that are no numbers,
    no samples of a quantity, different numbers of replicas, controls or costs that can't be written down.
    """
    try:
        return replace(
            result,
            samples=_plain_samples(result.samples),
            reason="" if result.reason is None else str(result.reason),
            seconds=_cost("seconds", result.seconds),
            steps=int(_cost("steps", result.steps)),
            controls=_plain_controls(result.controls),
            code=str(result.code),
            lessons=_plain_lessons(result.lessons),
        )
    except _MalformedError as error:
        return Result(result.key, reason=f"malformed result: {error}", lost=result.lost)


def _number(name: str, value: Any) -> float:
    if not isinstance(value, numbers.Real):
        raise _MalformedError(f"{name}: got {str(value)[:100]!r}; expected a number")
    return float(value)


def _cost(name: str, value: Any) -> float:
    cost = _number(name, value)
    if not (math.isfinite(cost) and cost >= 0.0):
        raise _MalformedError(f"{name}: got {cost:g}; expected zero or more")
    return cost


def _plain_samples(samples: Any) -> Samples:
    if not isinstance(samples, Mapping):
        raise _MalformedError(f"samples: got {str(samples)[:100]!r}; expected numbers by quantity")
    lists: Samples = {}
    for name, values in samples.items():
        try:
            lists[str(name)] = [_number(str(name), value) for value in values]
        except TypeError:
            raise _MalformedError(
                f"{name}: got {str(values)[:100]!r}; expected a list of numbers, one a replica"
            ) from None
    sizes = {name: len(values) for name, values in lists.items()}
    empty = next((name for name, size in sizes.items() if size == 0), None)
    if empty is not None:
        raise _MalformedError(f"{empty}: no numbers; expected one a replica, or one that is exact")
    several = {size: name for name, size in sizes.items() if size > 1}
    if len(several) > 1:
        said = " and ".join(f"{size} of {name}" for size, name in several.items())
        raise _MalformedError(
            f"{said}; expected as many numbers of each, one a replica, or one that is exact"
        )
    return lists


def _plain_lessons(lessons: Any) -> tuple[bytes, ...]:
    if isinstance(lessons, list | tuple) and all(isinstance(lesson, bytes) for lesson in lessons):
        return tuple(lessons)
    raise _MalformedError(f"lessons: got {str(lessons)[:100]!r}; expected a tuple of bytes")


def _plain_controls(controls: Any) -> dict[str, Any]:
    try:
        return dict(json.loads(json.dumps(controls)))
    except (TypeError, ValueError) as error:
        raise _MalformedError(f"controls: {error}; expected a mapping of plain values") from None
