"""Fields at which a rotor begins to follow a rotating field, and at which it becomes synchronous."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import scipy
from numpy.typing import NDArray

from molmach import theory
from molmach.data.statistics import CONFIDENCE, finite_or_none
from molmach.scoring.regime import BREAK_OFF_LAG
from molmach.studies.scan.monotone import crossing, rising
from molmach.theory import SYNCHRONOUS_LAG
from molmach.units import DEBYE, TURN, VOLT_PER_NM, thermal_energy

if TYPE_CHECKING:
    from molmach.studies.scan.point import Point

Floats = NDArray[np.float64]

LEVELS = {"break_off": BREAK_OFF_LAG, "synchronous": SYNCHRONOUS_LAG}
"""Name of a threshold -> the lag per turn that a rotor has there."""

PUBLISHED = {"break_off": 1.0, "synchronous": 2.3}
"""Low-frequency thresholds in kT/mu: Vacek & Michl, PNAS 98, 5481 (2001)."""

LEAST_SHARE = 0.005
"""Shares closer to 0 or 1 count as this close, for their logits are noise."""

DRAWS = 4000
TAIL = 0.5 * (1.0 - CONFIDENCE)


@dataclass(frozen=True, eq=False)
class Row:
    """Points that differ in their field alone, ascending.

    Attributes
    ----------
    other
        Value of the scan's other axis; None where there is none.
    frequency
        Of the drive, GHz.
    fields
        (n_fields,) V/nm, above zero.
    followed, errors
        (n_fields,) turns per turn of the field, one less the lag, with the standard error over replicas.
    replicas
        Of each point.
    field_unit
        kT/mu, V/nm.
    reference
        Threshold -> what the one-dimensional rotor has (:func:`one_dimensional_thresholds`), V/nm.
    seed
        Of the draws.
    """

    FEWEST_FIELDS: ClassVar[int] = 3

    other: float | None
    frequency: float
    fields: Floats
    followed: Floats
    errors: Floats
    replicas: int
    field_unit: float
    reference: dict[str, float]
    seed: tuple[int, ...]

    @classmethod
    def of(cls, points: Sequence[Point], other: float | None, seed: tuple[int, ...]) -> Row:
        """The row of some points."""
        first = points[0]
        shares = [point.shares_followed for point in points]
        kT = thermal_energy(first.spec.protocol.temperature)
        dipole = float(np.mean([point.rotor_dipole for point in points])) * DEBYE * VOLT_PER_NM
        return cls(
            other=other,
            frequency=first.frequency,
            fields=np.array([point.field for point in points]),
            followed=np.array([share.mean() for share in shares]),
            errors=np.array([float(scipy.stats.sem(share)) for share in shares]),
            replicas=first.velocities.size,
            field_unit=kT / dipole if dipole > 0.0 else math.inf,
            reference=one_dimensional_thresholds(
                first.frequency, kT, first.spec.protocol.friction, first.moment_of_inertia, dipole
            ),
            seed=seed,
        )


@dataclass(frozen=True, eq=False)
class Threshold:
    """The field at which the average lag per turn crosses a level.

    Attributes
    ----------
    name
        ``break_off`` (lag 1 - 1/e: random below, asynchronous above) or ``synchronous`` (lag 1/e).
    other
        Value of the scan's other axis; None where there is none.
    frequency
        Of the drive, GHz.
    field
        V/nm; nan where it lies outside the scanned fields.
    ci95
        Its 95 % interval; a bound is nan where it lies outside the scanned fields.
    where
        ``within the scan``, ``below the scan`` or ``above the scan``.
    field_unit
        kT/mu, V/nm.
    reference
        What the one-dimensional rotor of the same inertia, friction and dipole has, V/nm, exactly.
    draws
        (n_draws,) the threshold in draws of the points' means, V/nm; 0 and infinity where it lies below
        and above the scan.
    """

    name: str
    other: float | None
    frequency: float
    field: float
    ci95: tuple[float, float]
    where: str
    field_unit: float
    reference: float
    draws: Floats

    def to_json(self) -> dict[str, Any]:
        """Plain mapping; in kT/mu too."""
        low, high = (finite_or_none(bound) for bound in self.ci95)
        low_unit, high_unit = (finite_or_none(bound / self.field_unit) for bound in self.ci95)
        return {
            "name": self.name,
            "lag": LEVELS[self.name],
            "other": self.other,
            "frequency": self.frequency,
            "where": self.where,
            "field": {"value": finite_or_none(self.field), "ci95": [low, high], "unit": "V/nm"},
            "reduced": {
                "value": finite_or_none(self.field / self.field_unit),
                "ci95": [low_unit, high_unit],
                "unit": "kT/mu",
            },
            "one_dimensional_reference": finite_or_none(self.reference / self.field_unit),
        }


def thresholds_of_row(row: Row) -> list[Threshold]:
    """Both thresholds of a row.

    The share of turns that is followed is fitted as a function of log field that nowhere falls: isotonic
    regression, weighted by the points' errors, and a monotone cubic through its logits, which misses the
    exact rotor's thresholds by 0.3 % where fields stand 1.5-fold apart. The interval is that of the same fit
    to draws of every point's mean from its own Student distribution, so it says how far replicas carry,
    also with few of them. Nothing is extrapolated.
    """
    n = row.fields.size
    rng = np.random.default_rng(row.seed)
    smallest = 1e-3 * max(float(row.errors.max()), 1e-9)
    errors = np.maximum(row.errors, smallest)
    drawn = row.followed + errors * scipy.stats.t.rvs(row.replicas - 1, size=(DRAWS, n), random_state=rng)
    shares = rising(np.vstack([row.followed, drawn]), 1.0 / errors**2)
    curves = scipy.special.logit(np.clip(shares, LEAST_SHARE, 1.0 - LEAST_SHARE))
    thresholds = []
    for name, lag in LEVELS.items():
        at = np.exp(crossing(np.log(row.fields), curves, float(scipy.special.logit(1.0 - lag))))
        low, high = np.quantile(at[1:], [TAIL, 1.0 - TAIL], method="inverted_cdf").tolist()
        value = float(at[0])
        inside = 0.0 < value < math.inf
        bounds = [bound if 0.0 < bound < math.inf else math.nan for bound in (low, high)]
        where = "within the scan" if inside else "below the scan" if value == 0.0 else "above the scan"
        thresholds.append(
            Threshold(
                name,
                row.other,
                row.frequency,
                value if inside else math.nan,
                (bounds[0], bounds[1]),
                where,
                row.field_unit,
                row.reference[name],
                at[1:],
            )
        )
    return thresholds


@lru_cache(maxsize=10_000)  # a scan is asked for its thresholds by its page, its document and its reader
def one_dimensional_thresholds(
    frequency_GHz: float, kT: float, friction_per_ps: float, inertia: float, dipole: float
) -> dict[str, float]:
    """Thresholds of a dipole with inertia on a barrier-free axle, V/nm, exactly; nan where not found.

    From :func:`molmach.theory.inertial_rotating_field_velocity`. At low frequency and strong friction the
    lag is 1/I_0(x)^2 with x = mu E/kT, which is 1 - 1/e at x = 0.985 and 1/e at x = 1.502; less friction
    lowers both.

    Parameters
    ----------
    frequency_GHz, kT, friction_per_ps, inertia
        GHz, kJ/mol, 1/ps, u nm^2.
    dipole
        Energy in a unit field, kJ/mol per V/nm.
    """
    w = TURN * abs(frequency_GHz) * 1e-3

    def excess(energy: float, lag: float) -> float:
        return (
            1.0 - theory.inertial_rotating_field_velocity(w, kT, friction_per_ps, inertia, energy) / w - lag
        )

    def field(lag: float) -> float:
        low, high = 0.02 * kT, 3.0 * kT + 2.0 * friction_per_ps * inertia * w
        if dipole <= 0.0 or not (excess(low, lag) > 0.0 > excess(high, lag)):
            return math.nan
        return float(scipy.optimize.brentq(excess, low, high, args=(lag,), xtol=1e-3 * kT)) / dipole

    return {name: field(lag) for name, lag in LEVELS.items()}
