"""What an agent says, with every number in it held against what the campaign knows."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from molmach.building import kind_of
from molmach.errors import InfeasibleError, MolmachError
from molmach.search import plugins
from molmach.search.agents.interface import Proposal, View
from molmach.search.arithmetic import alone
from molmach.search.record.facts import facts_of, forecast
from molmach.search.record.rows import Foretold
from molmach.search.space.space import Space
from molmach.spec import Campaign
from molmach.spec.registered import EVALUATIONS
from molmach.words import Fact, Facts, Judged, Source, judge

_DIGIT = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|"
    r"seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|"
    r"twice|thrice|half)\b",
    re.IGNORECASE,
)
_THEORY = re.compile(r"theor|foretold|estimat", re.IGNORECASE)


def units_of(campaign: Campaign, folder: Path) -> tuple[str, ...]:
    """Unit of each objective; '' where there is none, or where its evaluation can't be asked.

    Parameters
    ----------
    campaign
        The campaign.
    folder
        Where relative files start.
    """
    use = campaign.evaluation.use
    try:
        evaluation = plugins.load(use, EVALUATIONS, "evaluation.use", folder)(campaign, use)
        scale = kind_of(str(campaign.machine["kind"])).coordinate.scale
        units = []
        for objective in campaign.objectives:
            name = alone(objective.expression)
            quantity = None if name is None else evaluation.quantity(name)
            unit = "" if quantity is None else quantity.on(scale).unit
            units.append("" if unit == "1" else unit)
    except MolmachError:
        return ("",) * len(campaign.objectives)
    return tuple(units)


class Saying:
    """Judges an agent's words by what it was told.

    Parameters
    ----------
    campaign, space
        Of the agent.
    folder
        Where relative files start.
    """

    def __init__(self, campaign: Campaign, space: Space, folder: Path) -> None:
        self._campaign = campaign
        self._space = space
        self._folder = folder

    @cached_property
    def units(self) -> tuple[str, ...]:
        """Unit of each objective; '' where it has none."""
        return units_of(self._campaign, self._folder)

    def proposals(self, view: View, proposals: Sequence[Proposal]) -> list[Proposal]:
        """Proposals whose reasons have their numbers marked.

        Parameters
        ----------
        view
            What the agent saw.
        proposals
            What it answered; ``this`` and ``it`` are the machine that is proposed, and its prediction is a
            number that may be said.
        """
        known: Facts | None = None
        judged = []
        for proposal in proposals:
            reason = proposal.rationale
            if _DIGIT.search(reason):
                known = known or self.facts(view, reason)
                reason = judge(reason, known + self._proposed(view, proposal)).marked
            judged.append(replace(proposal, rationale=reason))
        return judged

    def words(self, view: View, text: str) -> Judged:
        """An explanation with its numbers judged.

        Parameters
        ----------
        view, text
            What the agent saw and what it says.
        """
        return judge(text, self.facts(view, text))

    def facts(self, view: View, text: str) -> Facts:
        """What may be said of the campaign; theory's estimates where the text speaks of them.

        Parameters
        ----------
        view, text
            What was seen and what is said.
        """
        foretold = self._foretold(view) if view.theory is not None and _THEORY.search(text) else {}
        return facts_of(view.trials, self._campaign, self.units, foretold)

    def _foretold(self, view: View) -> Mapping[str, Foretold]:
        """Of machines that theory has built already; nothing is built for words."""
        assert view.theory is not None
        known = [trial for trial in view.known if trial.machine]
        means, sds = view.theory.known([trial.design for trial in known])
        return {
            trial.machine: Foretold((float(mean),), (float(sd),), "theory")
            for trial, mean, sd in zip(known, means, sds, strict=True)
            if math.isfinite(mean)
        }

    def _proposed(self, view: View, proposal: Proposal) -> Facts:
        """The machine of a proposal, its design, and what it is predicted and foretold to do."""
        try:
            machine = self._space.resolve(proposal.design)
        except InfeasibleError:
            return Facts(())
        key, first = machine.key, self._campaign.objectives[0]
        opinions = ((proposal.mean, proposal.sd), *proposal.others)
        facts: list[Fact] = [
            forecast(objective, unit, mean, sd, "this prediction", Source.PREDICTED, key)
            for objective, unit, (mean, sd) in zip(
                self._campaign.objectives, self.units, opinions, strict=False
            )
            if mean is not None
        ]
        if view.theory is not None and _THEORY.search(proposal.rationale):
            (mean,), (sd,) = view.theory.known([proposal.design])
            if math.isfinite(mean):
                facts.append(
                    forecast(first, self.units[0], float(mean), float(sd), "theory", Source.THEORY, key)
                )
        values = {name: str(value) for name, value in proposal.design.values}
        return Facts(tuple(facts), {key: (machine.smiles,)}, {key: values}, current=key)
