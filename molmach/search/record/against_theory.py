"""Theory against measurement: how far it was right, and of which machines it was wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from molmach.data.statistics import finite_or_none
from molmach.search.record.calibration import Scores, calibration_document, scores_of
from molmach.search.record.ledger import Ledger
from molmach.search.record.rows import Foretold, Prediction
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
        (n,) keys, in the order of their first results; those of which theory and measurement are exact are
        left out.
    predictions
        (n,) what theory said, and the measured value on the highest rung.
    """

    machines: Sequence[str]
    predictions: Sequence[Prediction]

    @cached_property
    def scores(self) -> Scores:
        """As agents' predictions are scored."""
        return scores_of(self.predictions)

    @property
    def rows(self) -> Floats:
        """(n, 5) of theory's value and deviation, measured value and error, half of theory's 95 % range."""
        rows = np.array([(p.mean, p.sd, p.value, p.error) for p in self.predictions], dtype=np.float64)
        return np.column_stack([rows.reshape(-1, 4), self.scores.half_widths])

    @property
    def rank_correlation(self) -> float:
        """Spearman's, of theory's values and the measured ones; nan of fewer than three machines."""
        said, seen = ([getattr(p, name) for p in self.predictions] for name in ("mean", "value"))
        if len(said) < 3 or min(np.ptp(said), np.ptp(seen)) == 0.0:
            return math.nan
        return float(scipy.stats.spearmanr(said, seen).statistic)


def comparisons(ledger: Ledger, campaign: Campaign) -> list[Comparison]:
    """One of each objective."""
    foretold = ledger.foretold()
    highest: dict[str, Finding] = {}
    for finding in ledger.findings():
        before = highest.get(finding.machine)
        if finding.rung != CONFIRMATION and finding.measured and finding.machine in foretold:
            highest[finding.machine] = finding if before is None or before.rung < finding.rung else before
    return [_of(highest, foretold, k) for k in range(len(campaign.objectives))]


def _of(highest: Mapping[str, Finding], foretold: Mapping[str, Foretold], k: int) -> Comparison:
    machines, predictions = [], []
    for machine, finding in highest.items():
        mean, sd, m = foretold[machine].means[k], foretold[machine].sds[k], finding.measured[k]
        if mean is not None and sd is not None and m.defined and math.hypot(sd, m.error) > 0.0:
            machines.append(machine)
            predictions.append(Prediction("", mean, sd, m.value, m.error, m.low, m.high, k))
    return Comparison(machines, predictions)


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
    z = compared.scores.z
    wrong = [int(i) for i in np.argsort(-np.abs(z), kind="stable") if abs(z[i]) > SURPRISING][:LISTED]
    return {
        "expression": objective.ranked,
        "machines": len(compared.machines),
        "rank_correlation": finite_or_none(compared.rank_correlation),
        **calibration_document(compared.predictions),
        "wrong_of": int(np.sum(np.abs(z) > SURPRISING)),
        "surprises": [
            _surprise(ledger, objective, compared, i, foretold[compared.machines[i]].model) for i in wrong
        ],
    }


def _surprise(
    ledger: Ledger, objective: Objective, compared: Comparison, i: int, model: str
) -> dict[str, Any]:
    machine, p, sign = compared.machines[i], compared.predictions[i], objective.sign
    ends = (p.low, p.high) if sign > 0 else (-p.high, -p.low)
    return {
        "machine": machine,
        "smiles": ledger.smiles_of(machine),
        "design": dict(ledger.design_of(machine).values),
        "value": sign * p.value,
        "error": p.error,
        "ci95": [finite_or_none(end) for end in ends],
        "theory": {"value": sign * p.mean, "sd": p.sd, "model": model},
        "z": finite_or_none(sign * float(compared.scores.z[i])),
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
