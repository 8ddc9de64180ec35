"""What a language model has to answer with, and how that becomes designs of the space."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from molmach.search import Proposal, Trial, View
from molmach.search.space.design import Categorical, Design, Value

_LONGEST = 300


class Idea(BaseModel):
    """One machine to try: what is changed of which machine, why it should be better, and what it will do."""

    model_config = ConfigDict(extra="ignore")

    base: int = Field(0, description="Number of the trial whose machine is changed; 0 for the best one.")
    changes: dict[str, str | float | int] = Field(description="Variable -> its new value.", max_length=50)
    mechanism: str = Field("", description="Why this should be better, in a sentence.", max_length=1000)
    predicted: float | None = Field(None, description="Its first objective, as you expect it.")
    uncertainty: float | None = Field(None, description="Standard deviation of that expectation.", ge=0.0)


class Ideas(BaseModel):
    """The machines to try, the best first."""

    model_config = ConfigDict(extra="ignore")

    ideas: list[Idea] = Field(max_length=20)


class IdeaError(ValueError):
    """An idea is no design of the space; the message says why, and what is accepted."""


def best_of(view: View) -> Trial | None:
    """The best trial by its lower bound in the first objective; None while nothing is measured."""
    return max(
        view.measured,
        key=lambda trial: trial.finding.measured[0].low if trial.finding else -math.inf,
        default=None,
    )


def design_of(view: View, base: int, changes: Mapping[str, Any]) -> Design:
    """The design that an idea means.

    Parameters
    ----------
    view
        The campaign.
    base
        Number of a trial; 0 for the best.
    changes
        Variable -> value.

    Raises
    ------
    IdeaError
        There is no such trial, variable or value.
    """
    known = {trial.number: trial for trial in view.known if trial.machine}
    first = best_of(view) if base == 0 else known.get(base)
    if base and first is None:
        raise IdeaError(f"base {base}: no such trial; expected one of {sorted(known)[:20]}, or 0")
    variables = {variable.name: variable for variable in view.space.variables}
    start = dict(first.design.values) if first is not None else {}
    if not start and not changes.keys() >= variables.keys():
        start = dict(view.space.sample(view.rng).values)
    values: dict[str, Value] = {name: start[name] for name in variables if name in start}
    for name, value in changes.items():
        variable = variables.get(name)
        if variable is None:
            raise IdeaError(f"{str(name)[:60]!r}: no such variable; expected one of {', '.join(variables)}")
        values[name] = _value(variable, value)
    return Design.of(values)


def _value(variable: Any, value: object) -> Value:
    if isinstance(variable, Categorical):
        if value not in variable.values:
            raise IdeaError(
                f"{variable.name}: got {str(value)[:60]!r}; expected one of {', '.join(variable.values)}"
            )
        return str(value)
    try:
        number = float(str(value).split()[0])
    except (ValueError, IndexError):
        number = math.nan
    if not variable.low <= number <= variable.high:
        raise IdeaError(
            f"{variable.name}: got {str(value)[:60]!r}; "
            f"expected {variable.low:g} to {variable.high:g} {variable.unit}"
        )
    rounded = float(f"{number:.4g}")
    return round(rounded) if variable.scale == "integer" else rounded


def proposals(view: View, answer: Ideas, n: int, sign: float) -> tuple[list[Proposal], list[str]]:
    """Proposals of an answer, and why the other ideas are none.

    Parameters
    ----------
    view, answer, n
        What was seen and said, and how many are wanted.
    sign
        -1 where the first objective is minimised: what is predicted is in the sense in which it is asked for.
    """
    kept: list[Proposal] = []
    refused: list[str] = []
    seen: set[str] = set()
    for idea in answer.ideas:
        if len(kept) == n:
            break
        try:
            design = design_of(view, idea.base, idea.changes)
        except IdeaError as error:
            refused.append(str(error))
            continue
        if not view.is_new(design) or (key := view.space.resolve(design).key) in seen:
            refused.append(f"{dict(design.values)}: no machine, or one that was proposed before")
            continue
        seen.add(key)
        told = idea.predicted is not None and idea.uncertainty is not None and math.isfinite(idea.predicted)
        mean = sign * idea.predicted if told and idea.predicted is not None else None
        sd = idea.uncertainty if told else None
        kept.append(Proposal(design, idea.mechanism[:_LONGEST] or "no reason given", mean, sd))
    return kept, refused
