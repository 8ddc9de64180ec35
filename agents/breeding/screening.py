"""Theory as a screen: of several candidates those are kept that it ranks high, as far as it is trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from molmach.agents.breeding.explain import predicted
from molmach.agents.breeding.kinship import Relatives
from molmach.agents.breeding.spreading import spread_out
from molmach.agents.theory import ASKED, Survey, Surveyor, best_new, said
from molmach.search.agents.interface import Proposal, View
from molmach.search.space.design import Design

Floats = NDArray[np.float64]

_PRIOR = (0.8, 4.0)
"""Fisher's z of theory's rank correlation before anything was measured, and its precision: a correlation of
two thirds, worth four machines."""

_USELESS = 0.1
"""Rank correlation with theory below which it is not asked. Not tuned."""


@dataclass(frozen=True)
class Screen:
    """What theory says, and how far it is trusted.

    Attributes
    ----------
    survey
        What it puts highest.
    trust
        0 to 1: the rank correlation to be expected of it, given those machines of which it said something
        before they were measured; 0 where that is less than a tenth.
    correlation, count
        Rank correlation with what was measured so far (nan for fewer than three machines), and of how many.
    """

    survey: Survey
    trust: float
    correlation: float
    count: int

    def begun(self, view: View, n: int, chosen: set[str]) -> list[Design]:
        """Up to ``n`` designs to begin with: each one of theory's best with the probability of the trust."""
        wanted = int((view.rng.random(n) < self.trust).sum())
        return best_new(view, self.survey, wanted, chosen)

    def ranked(self, view: View, designs: Sequence[Design], hopes: Floats, litters: int) -> list[int]:
        """Numbers of the designs that can be simulated, by hope and theory together.

        Theory is asked about those of the highest hope, and moves them among themselves: their ranks in both
        are averaged with the trust as weight.

        Parameters
        ----------
        designs, hopes
            Candidates and what they are hoped to measure; minus infinity for those that can't be.
        litters
            How many such lists there are in this call, which share the questions.
        """
        order = [int(i) for i in np.argsort(-hopes, kind="stable") if hopes[i] > -np.inf]
        most = max(2, ASKED // litters)
        first, rest = order[:most], order[most:]
        if self.trust == 0.0 or len(first) < 2:
            return order
        told, _ = said(view, [designs[i] for i in first])
        places = np.full(len(first), 0.5)
        known = np.isfinite(told)
        if known.any():
            places[known] = (stats.rankdata(-told[known]) - 0.5) / known.sum()
        both = (1.0 - self.trust) * (np.arange(len(first)) + 0.5) / len(first) + self.trust * places
        return [first[i] for i in np.argsort(both, kind="stable")] + rest

    def in_words(self) -> str:
        """What theory says and how far it is trusted."""
        best = int(np.argmax(self.survey.mean))
        seen = "nothing was measured to hold it against"
        if math.isfinite(self.correlation):
            seen = f"rank correlation {self.correlation:.2f} with {self.count} measured machines"
        use = f"is trusted with a weight of {self.trust:.0%}" if self.trust else "is left aside"
        return (
            f"Theory was asked about {len(self.survey)} machines, says at most "
            f"{self.survey.mean[best]:.4g} ± {self.survey.sd[best]:.2g}, and {use} ({seen})."
        )


def screen(view: View, surveyor: Surveyor) -> Screen | None:
    """Theory's screen; None where it says nothing."""
    survey = surveyor.survey(view)
    if survey is None:
        return None
    values, _ = view.utilities
    told, _ = said(view, [trial.design for trial in view.measured])
    both = np.isfinite(values) & np.isfinite(told)
    count = int(both.sum())
    correlation = math.nan
    if count > 2 and np.ptp(values[both]) > 0.0 and np.ptp(told[both]) > 0.0:
        correlation = float(stats.spearmanr(values[both], told[both]).statistic)
    z, precision = _PRIOR
    if math.isfinite(correlation):
        own = max(count - 3.0, 0.0)
        z = (z * precision + own * math.atanh(min(max(correlation, -0.99), 0.99))) / (precision + own)
    trust = math.tanh(z)
    return Screen(survey, trust if trust >= _USELESS else 0.0, correlation, count)


def by_hope(
    view: View, theory: Screen | None, designs: Sequence[Design], hopes: Floats, litters: int
) -> list[int]:
    """Numbers of the designs that can be simulated, by hope, or by theory's screen if there is one."""
    if theory is not None:
        return theory.ranked(view, designs, hopes, litters)
    return [int(i) for i in np.argsort(-hopes, kind="stable") if hopes[i] > -np.inf]


def begun(view: View, known: Relatives | None, theory: Screen | None, n: int) -> list[Proposal]:
    """The first machines of a search: theory's best, as far as it is trusted, and others far apart."""
    chosen: set[str] = set()
    first = theory.begun(view, n, chosen) if theory else []
    stories = [
        (design, f"theory says {mean:.4g} ± {sd:.2g}")
        for design, mean, sd in zip(first, *said(view, first), strict=True)
    ]
    spread = spread_out(view, n - len(first), chosen)
    stories += [(design, "spread over the space, to begin with") for design in spread]
    return predicted(view, known, stories)
