"""The second law as a control: what a claimed current costs, and whether that is enough."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import scipy

from molmach import drives
from molmach.data.events import UNCERTAINTY_RATIO
from molmach.data.observed import Observed
from molmach.data.quantity import Quantity
from molmach.data.statistics import Estimate, Floats
from molmach.scoring.undirected import equilibrium_of

LAW_LEVEL = 0.005
"""A current beats the uncertainty relation when chance alone would be this rare at the bound itself."""

ENTROPY_RATE = Quantity("entropy_rate", "entropy production in the steady state", "k_B/ns")


@dataclass(frozen=True)
class SecondLaw:
    """What the laws of thermodynamics say of a claim.

    Attributes
    ----------
    entropy_rate
        Entropy production in the steady state, k_B/ns; None where the drive's is not known.
    uncertainty_ratio
        D s / v^2 k_B, at least 1 where the uncertainty relation is a law; None under drives where it is none.
    passed
        Whether a claim of a direction could stand.
    statement
        Why, in words; where it is broken, which law.
    """

    entropy_rate: Estimate | None
    uncertainty_ratio: Estimate | None
    passed: bool
    statement: str

    def to_json(self) -> dict[str, Any]:
        """What a score's document says of it."""
        return {
            "entropy_rate": None if self.entropy_rate is None else self.entropy_rate.to_json(),
            "uncertainty_ratio": None if self.uncertainty_ratio is None else self.uncertainty_ratio.to_json(),
            "passed": self.passed,
            "statement": self.statement,
        }


def judge_second_law(observed: Observed, samples: Mapping[str, Floats]) -> SecondLaw | None:
    """Whether a run pays for a steady current; None where none is possible, or no energy is known.

    A steady current costs entropy: its rate must be above zero by its 95 % interval. Where the uncertainty
    relation is a law (:meth:`molmach.drives.DriveModel.bound_by_uncertainty`), the current may be no more
    precise than that rate pays for. A claim of a direction is judged by it; of a machine that goes nowhere it
    says what is spent.

    Parameters
    ----------
    observed
        The run.
    samples
        Of the run, :func:`molmach.scoring.quantities.samples_of`.
    """
    run = observed.run
    if run is None or observed.scale.period is None or equilibrium_of(observed) is not None:
        return None
    unknown = drives.model(run.drive).entropy_unknown
    if unknown is not None:
        return SecondLaw(None, None, True, f"not judged: {unknown}")
    rate = ENTROPY_RATE.estimate(samples)
    ratio = None
    if drives.bound_by_uncertainty(run.drive, run.spec.protocol):
        ratio = UNCERTAINTY_RATIO.estimate(samples)
    broken = _broken_law(rate, ratio, run.replicas)
    if broken is not None:
        return SecondLaw(rate, ratio, False, broken)
    enough = "" if ratio is None else ", enough for so steady a current"
    return SecondLaw(rate, ratio, True, f"entropy is produced{enough}")


def _broken_law(rate: Estimate, ratio: Estimate | None, replicas: int) -> str | None:
    if not rate.ci95[0] > 0.0:
        return "no entropy is seen to be produced, and by the second law a steady current costs some"
    if ratio is not None and _beats(ratio, replicas):
        return "by the uncertainty relation, D s >= v^2 k_B, so steady a current costs more entropy"
    return None


def _beats(ratio: Estimate, replicas: int) -> bool:
    """Whether an uncertainty ratio is below 1 by more than chance explains, on the scale of its logarithm."""
    if not ratio.value > 0.0:
        return False
    return (
        math.log(ratio.value) + float(scipy.stats.t.isf(LAW_LEVEL, replicas - 1)) * ratio.error / ratio.value
        < 0.0
    )
