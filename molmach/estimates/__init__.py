"""What exact theory says of a machine from its built structure alone, in milliseconds, with its own error."""

from molmach.estimates.base import Estimate, Estimator, Features, bare
from molmach.estimates.registry import (
    checked,
    estimate,
    estimates_of,
    made,
    refusals,
    registered_estimators,
)

__all__ = [
    "Estimate",
    "Estimator",
    "Features",
    "bare",
    "checked",
    "estimate",
    "estimates_of",
    "made",
    "refusals",
    "registered_estimators",
]
