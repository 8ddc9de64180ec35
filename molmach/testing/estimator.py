"""What every estimator must obey."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from typing import Any

import numpy as np

from molmach.estimates import Estimate, Estimator, bare, checked, made
from molmach.spec import Spec
from molmach.spec.drive import no_drive


def check_estimator(estimator: type[Estimator], specs: Iterable[Spec]) -> dict[str, dict[str, Estimate]]:
    """Hold an estimator against what :class:`molmach.estimates.Estimator` promises.

    Of each machine: it says whether it refuses it, as text, without building it. What it describes are plain
    values, the same when it describes the machine again, and come back from JSON as good as they were. What
    it estimates are quantities that it names, numbers, with standard deviations that are not negative, and
    the same from the same features. No random numbers are drawn from a global state. Of one machine at least
    it says something.

    Parameters
    ----------
    estimator
        The class.
    specs
        Machines under drives, some of which it is for.

    Returns
    -------
    estimates
        Name of each machine of which it speaks -> what it says.

    Raises
    ------
    AssertionError
        Something does not hold; the message says what.
    """
    chosen = made(estimator, estimator.__name__)
    told: dict[str, dict[str, Estimate]] = {}
    for spec in specs:
        refused = chosen.refusal(spec)
        _require(isinstance(refused, str), spec, f"refusal gives {refused!r}; expected text, '' for none")
        if not refused:
            told[spec.name] = _check_machine(chosen, spec)
    assert told, f"{estimator.__name__} refuses every machine; expected one at least that it is for"
    assert any(told.values()), f"{estimator.__name__} says nothing of any machine that it does not refuse"
    return told


def _check_machine(estimator: Estimator, spec: Spec) -> dict[str, Estimate]:
    before = random.getstate(), _numpy_state()
    described = bare(spec)
    _require(described.drive == no_drive(), spec, "is described under a drive")
    features = estimator.describe(described)
    try:
        kept = json.loads(json.dumps(features))
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{spec.name}: its features are no plain values: {error}") from error
    _require(isinstance(kept, dict), spec, f"its features are a {type(kept).__name__}; expected a mapping")
    again = json.loads(json.dumps(estimator.describe(described)))
    _require(kept == again, spec, "is described in another way the second time")
    try:
        first = checked(estimator.estimate(features, spec), estimator, spec.name)
        second = checked(estimator.estimate(kept, spec), estimator, spec.name)
    except Exception as error:
        raise AssertionError(f"{spec.name}: {type(error).__name__}: {error}") from error
    _require(first == second, spec, "is estimated in another way from features that JSON has kept")
    _require(before == (random.getstate(), _numpy_state()), spec, "global random numbers are drawn")
    for quantity, one in first.items():
        named = isinstance(one.model, str) and bool(one.model.strip())
        _require(named, spec, f"{quantity} has the model {one.model!r}; expected a line that names it")
    return first


def _numpy_state() -> tuple[Any, ...]:
    name, keys, *rest = np.random.get_state()  # noqa: NPY002 what no estimator may draw on
    return name, np.asarray(keys).tobytes(), *rest


def _require(holds: bool, spec: Spec, problem: str) -> None:
    if not holds:
        raise AssertionError(f"{spec.name}: {problem}")
