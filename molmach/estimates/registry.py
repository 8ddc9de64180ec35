"""Estimators by name, and what all of them say of one machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molmach.errors import shortened
from molmach.estimates.base import Estimate, Estimator, bare
from molmach.spec import Spec
from molmach.spec.registered import ESTIMATORS, called, faulty, load_registered, registered


def registered_estimators() -> dict[str, Estimator]:
    """Name of every registered estimator -> the estimator.

    Raises
    ------
    SpecError
        One can't be imported or made, or is none.
    """
    return {name: made(load_registered(ESTIMATORS, name), name) for name in registered(ESTIMATORS)}


def made(chosen: Any, name: str) -> Estimator:
    """An estimator of a class.

    Raises
    ------
    SpecError
        It is no class of an estimator, can't be made without arguments, or says nothing of any quantity.
    """
    if not (isinstance(chosen, type) and issubclass(chosen, Estimator)):
        raise faulty(
            ESTIMATORS, name, f"got {shortened(chosen)}; expected a class that derives from Estimator"
        )
    try:
        estimator = chosen()
    except Exception as error:
        told = f"it can't be made: {type(error).__name__}: {error}; expected a class without arguments"
        raise faulty(ESTIMATORS, name, told) from error
    quantities: Any = estimator.quantities
    named = isinstance(quantities, tuple | list) and all(isinstance(q, str) for q in quantities)
    if not named or not quantities:
        told = f"its quantities are {shortened(quantities)}; expected a tuple of one name or more"
        raise faulty(ESTIMATORS, name, told)
    return estimator


def checked(estimates: Any, estimator: Estimator, name: str) -> dict[str, Estimate]:
    """What an estimator gave, if it is what :meth:`Estimator.estimate` promises.

    Raises
    ------
    SpecError
        It gave no mapping, a quantity that it does not name, or an estimate that is no number or whose
        standard deviation is negative.
    """
    if not isinstance(estimates, Mapping):
        raise faulty(
            ESTIMATORS, name, f"it estimates {shortened(estimates)}; expected a mapping of Estimates"
        )
    for quantity, estimate in estimates.items():
        if quantity not in estimator.quantities:
            told = f"it estimates {shortened(quantity)}; expected one of {', '.join(estimator.quantities)}"
            raise faulty(ESTIMATORS, name, told)
        if not isinstance(estimate, Estimate):
            raise faulty(ESTIMATORS, name, f"{quantity} is {shortened(estimate)}; expected an Estimate")
        if not estimate.sound:
            told = (
                f"{quantity} is {estimate.value} with sd {estimate.sd}; expected numbers, and sd not negative"
            )
            raise faulty(ESTIMATORS, name, told)
    return dict(estimates)


def estimate(spec: Spec) -> dict[str, Estimate]:
    """What theory says of a machine from its built structure alone.

    Of a quantity that several estimators know, the first of them by name is taken.

    Returns
    -------
    estimates
        By the quantity's name; empty where no estimator speaks of such a machine under such a drive.

    Raises
    ------
    BuildError
        The machine can't be built.
    SpecError
        An estimator that somebody has added fails.

    Examples
    --------
        >>> from molmach import load
        >>> velocity = estimate(load("difluorophenylene-rotor"))["velocity"]
        >>> 40.0 < velocity.value < 50.0
        True
    """
    said: dict[str, Estimate] = {}
    for name, estimator in registered_estimators().items():
        with called(ESTIMATORS, name, "refusal()"):
            refused = estimator.refusal(spec)
        if refused:
            continue
        said = estimates_of(estimator, name, spec) | said
    return said


def estimates_of(estimator: Estimator, name: str, spec: Spec) -> dict[str, Estimate]:
    """What one estimator says of a machine that it has not refused; errors as of :func:`estimate`."""
    with called(ESTIMATORS, name, "describe()"):
        features = estimator.describe(bare(spec))
    with called(ESTIMATORS, name, "estimate()"):
        given = estimator.estimate(features, spec)
    return checked(given, estimator, name)


def refusals(spec: Spec) -> dict[str, str]:
    """Name of every estimator that says nothing of a machine -> why."""
    told: dict[str, str] = {}
    for name, estimator in registered_estimators().items():
        with called(ESTIMATORS, name, "refusal()"):
            reason = estimator.refusal(spec)
        if reason:
            told[name] = reason
    return told
