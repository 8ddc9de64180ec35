"""Theory against measurement: how far it was right, and of which machines it was wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from molmach.data.statistics import finite_or_none
from molmach.search.record.calibration import Calibration
from molmach.search.record.ledger import Ledger
from molmach.search.record.rows import Foretold
from molmach.search.record.trial import CONFIRMATION, Finding
from molmach.spec import Campaign
from molmach.spec.campaign import Objective

Floats = NDArray[np.float64]

LISTED = 5
SURPRISING = 3.0
"""|z| from which a machine is named: by chance one in 370."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Theory against measurement in one objective, greater is better.

    Attributes
    ----------
    machines
        (n,) keys, in the order of their first results.
    rows
        (n, 4) of theory's value and standard deviation, the measured value on the highest rung and its error.
    """

    machines: Sequence[str]
    rows: Floats

    @property
    def z(self) -> Floats:
        """(n,) measured less theory's, over both errors together; 0 where there are none and they agree."""
        mean, sd, value, error = self.rows.T
        both = np.hypot(sd, error)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(value == mean, 0.0, (value - mean) / both))

    @property
    def rank_correlation(self) -> float:
        """Spearman's, of theory's values and the measured ones; nan of fewer than three machines."""
        if len(self.machines) < 3 or min(np.ptp(self.rows[:, 0]), np.ptp(self.rows[:, 2])) == 0.0:
            return math.nan
        return float(scipy.stats.spearmanr(self.rows[:, 0], self.rows[:, 2]).statistic)

    @property
    def calibration(self) -> Calibration:
        """How often theory's 95 % range held, and its mean z²."""
        calibration = Calibration()
        for mean, sd, value, error in self.rows:
            calibration.record(mean, sd, value, error)
        return calibration


def comparisons(ledger: Ledger, campaign: Campaign) -> list[Comparison]:
    """One of each objective."""
    foretold = ledger.foretold()
    found: dict[str, Finding] = {}
    for finding in ledger.findings():
        before = found.get(finding.machine)
        if finding.rung != CONFIRMATION and finding.measured and finding.machine in foretold:
            found[finding.machine] = finding if before is None or before.rung < finding.rung else before
    return [_of(found, foretold, k) for k in range(len(campaign.objectives))]


def _of(found: Mapping[str, Finding], foretold: Mapping[str, Foretold], k: int) -> Comparison:
    machines, rows = [], []
    for machine, finding in found.items():
        said, m = foretold[machine], finding.measured[k]
        if said.means[k] is not None and said.sds[k] is not None and m.defined:
            machines.append(machine)
            rows.append((said.means[k], said.sds[k], m.value, m.error))
    return Comparison(machines, np.array(rows, dtype=np.float64).reshape(-1, 4))


def document(ledger: Ledger, campaign: Campaign) -> list[dict[str, Any]] | None:
    """What the campaign's document says of it, an entry an objective; None where theory has said nothing."""
    compared = comparisons(ledger, campaign)
    if not any(len(one.machines) for one in compared):
        return None
    foretold = ledger.foretold()
    return [
        _entry(ledger, objective, one, foretold)
        for objective, one in zip(campaign.objectives, compared, strict=True)
    ]


def _entry(
    ledger: Ledger, objective: Objective, compared: Comparison, foretold: Mapping[str, Foretold]
) -> dict[str, Any]:
    calibration, z = compared.calibration, compared.z
    wrong = [int(i) for i in np.argsort(-np.abs(z), kind="stable") if abs(z[i]) > SURPRISING][:LISTED]
    return {
        "expression": objective.expression,
        "machines": len(compared.machines),
        "rank_correlation": finite_or_none(compared.rank_correlation),
        "coverage": finite_or_none(calibration.coverage),
        "coverage_ci95": list(calibration.coverage_interval),
        "mean_squared_z": calibration.squares / calibration.count if calibration.count else None,
        "wrong_of": int(np.sum(np.abs(z) > SURPRISING)),
        "surprises": [
            _surprise(ledger, objective, compared.machines[i], compared.rows[i], float(z[i]), foretold)
            for i in wrong
        ],
    }


def _surprise(
    ledger: Ledger,
    objective: Objective,
    machine: str,
    row: Floats,
    z: float,
    foretold: Mapping[str, Foretold],
) -> dict[str, Any]:
    mean, sd, value, error = (float(x) for x in row)
    return {
        "machine": machine,
        "smiles": ledger.smiles_of(machine),
        "design": dict(ledger.design_of(machine).values),
        "value": objective.sign * value,
        "error": error,
        "theory": {"value": objective.sign * mean, "sd": sd, "model": foretold[machine].model},
        "z": finite_or_none(objective.sign * z),
    }


def said_of(foretold: Foretold | None, objectives: Sequence[Objective]) -> list[dict[str, Any] | None] | None:
    """What theory said of a machine in each objective, in the sense in which it was asked for."""
    if foretold is None:
        return None
    return [
        None
        if mean is None or sd is None
        else {"value": objective.sign * mean, "sd": sd, "model": foretold.model}
        for objective, mean, sd in zip(objectives, foretold.means, foretold.sds, strict=True)
    ]
