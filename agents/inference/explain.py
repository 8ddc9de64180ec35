"""An understanding in plain words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach.agents.inference.expected_free_energy import Value
from molmach.agents.inference.generative_model import (
    EDIT,
    EDIT_LABELS,
    THEORY,
    THEORY_LABELS,
    Factor,
    GenerativeModel,
    columns,
)
from molmach.agents.inference.model_reduction import FIRM, evidence_for_block
from molmach.agents.inference.residuals import LEVEL
from molmach.agents.inference.structures import Structure, Understanding
from molmach.search.space.design import Design

Floats = NDArray[np.float64]

_TOLD = 3


@dataclass(frozen=True)
class Said:
    """An effect in the unit of the score, with its standard deviation."""

    label: str
    mean: float
    sd: float

    def __str__(self) -> str:
        return f"{self.label} {self.mean:+.3g} ± {self.sd:.2g}"


def beliefs_in_words(model: GenerativeModel, understanding: Understanding) -> str:
    """What raises and lowers the score, what was pruned and what interacts."""
    count = len(understanding.evidence.scores)
    if count < 2:
        return f"With {count} machines measured there is nothing to tell yet."
    best = understanding.best
    misfit = understanding.evidence.scale / math.sqrt(best.beliefs.misfit.mean)
    lines = [
        f"After {count} machines (± is one standard deviation; effects are against the mean over the space):"
    ]
    lines += _theory_lines(understanding)
    lines += _effect_lines(model, understanding, best)
    lines += _interaction_lines(model, understanding, best)
    lines += _pruned_lines(understanding, best)
    if understanding.likeness > 0.0:
        lines.append(
            "Variables named together above do the same, as far as can be seen "
            f"(log evidence {understanding.likeness:+.1f} nats against telling them apart)."
        )
    lines.append(f"What this leaves unexplained of a score is about {misfit:.2g}.")
    if understanding.evidence.warp.power is not None:
        lines.append(
            "Scores have a long tail, which is drawn in: effects are in their unit near the mean, and larger "
            "the farther a machine is out."
        )
    lines += _check_lines(understanding, best)
    if len(understanding.structures) > 1:
        count = len(understanding.structures)
        lines.append(f"{count} structures are averaged; the most probable has {best.weight:.0%}.")
    return "\n".join(lines)


def choice_in_words(design: Design, value: Value, mean: float, sd: float) -> str:
    """What is tried next, and why."""
    epistemic = value.effects + value.structure
    words = ", ".join(f"{name} {setting}" for name, setting in design.values)
    edit = f", edited to {', '.join(smiles for _, smiles in design.edited)}" if design.edited else ""
    return (
        f"Next: {words}{edit}. Expected {mean:.3g} ± {sd:.2g}. Expected free energy {-value.total:.2f} nats: "
        f"pragmatic value {value.pragmatic:.2f} (preference over the best known), "
        f"epistemic value {epistemic:.2f} ({value.effects:.2f} on effects, "
        f"{value.structure:.2f} on which factors there are)."
    )


def marginal_effects(
    model: GenerativeModel, understanding: Understanding, structure: Structure, factor: Factor
) -> list[Said]:
    """What each value of a variable, or each pair of values, does on average over all other variables.

    Sorted from the highest. For a pair: what the two do together beyond the sum of what each does.
    The factors are products of the variables' bases, so the average over a space whose variables are
    independent is the product of the average bases. Effects of what theory misses are told where it is as
    sure of itself as it is of the machines measured, in the mean.
    """
    scale, miss = understanding.evidence.scale, float(np.mean(understanding.bases[-1]))
    if factor.name == EDIT:
        place = structure.factors.index(factor)
        mean, covariance = structure.beliefs.block(place)
        spreads = np.sqrt(np.diag(covariance))
        unit = scale * (factor.of_misses * miss if factor.of_misses else 1.0)
        effects = zip(factor.labels, unit * mean, unit * spreads, strict=True)
        return sorted((Said(*effect) for effect in effects), key=lambda said: -said.mean)
    members = factor.orbit[0]
    functional = _functional(model, structure, members, miss)
    for k in range(len(members)):
        functional = functional - functional.mean(axis=k, keepdims=True)
    rows = functional.reshape(-1, functional.shape[-1])
    means = rows @ structure.beliefs.mean
    variances = np.einsum("kp,kp->k", rows @ structure.beliefs.covariance, rows)
    spreads = np.sqrt(np.maximum(variances, 0.0))
    said = [
        Said(label, float(scale * mean), float(scale * spread))
        for label, mean, spread in zip(factor.labels, means, spreads, strict=True)
    ]
    return sorted(said, key=lambda effect: -effect.mean)


def _functional(model: GenerativeModel, structure: Structure, members: Sequence[int], miss: float) -> Floats:
    """(values of each member..., p): the columns, averaged over every variable that is not a member."""
    sizes = [len(model.labels(place)) for place in members]
    grid = np.indices(sizes).reshape(len(sizes), -1)
    count = grid.shape[1]
    bases = []
    for place in range(len(model.variables)):
        size = len(model.labels(place))
        if place in members:
            bases.append(np.eye(size)[grid[list(members).index(place)]])
        else:
            bases.append(np.full((count, size), 1.0 / size))
    bases += [np.zeros((count, len(EDIT_LABELS))), np.zeros((count, len(THEORY_LABELS)))]
    bases.append(np.full((count, 1), miss))
    X = np.concatenate([columns(factor, bases) for factor in structure.factors], axis=1)
    return X.reshape(*sizes, X.shape[1])


def _theory_lines(understanding: Understanding) -> list[str]:
    """Whether what theory says is a factor, with which scale."""
    gain = understanding.theory
    if gain is None:
        return []
    held = [s for s in understanding.structures if s.with_theory]
    if not held or gain < 0.0:
        words = "was pruned" if -gain >= FIRM else "is probably of no use"
        return [f"Theory {words} (log evidence {-gain:+.1f} nats against it)."]
    best = max(held, key=lambda structure: structure.weight)
    place = [factor.name for factor in best.factors].index(THEORY)
    mean, covariance = best.beliefs.block(place)
    words = "holds" if gain >= FIRM else "probably holds"
    evidence = "" if gain == math.inf else f", log evidence {gain:+.1f} nats"
    return [
        f"Theory {words}: scale {mean[0]:.2f} ± {math.sqrt(covariance[0, 0]):.2f}, above the mean of what "
        f"was measured {mean[0] + mean[1]:.2f}{evidence}; effects below are of what it misses, "
        "where it is as sure of itself as usual."
    ]


def _effect_lines(model: GenerativeModel, understanding: Understanding, best: Structure) -> list[str]:
    by_span = []
    for factor in best.factors:
        if factor.order == 1 and factor.name != THEORY:
            effects = marginal_effects(model, understanding, best, factor)
            span = effects[0].mean - effects[-1].mean
            by_span.append((span, f"- {_or(factor.name)}: {_extremes(effects)}."))
    lines = [line for _, line in sorted(by_span, key=lambda pair: -pair[0])]
    return ["Effects, the strongest first:", *lines] if lines else ["No variable is known to matter."]


def _interaction_lines(model: GenerativeModel, understanding: Understanding, best: Structure) -> list[str]:
    lines = []
    for place, factor in enumerate(best.factors):
        if factor.order > 1:
            gain = evidence_for_block(best.beliefs, place)
            effects = marginal_effects(model, understanding, best, factor)
            sure = "held" if gain >= FIRM and not _in_doubt(understanding) else "possible"
            parts = "both" if factor.order == 2 else "all parts"
            lines.append(
                f"- {_or(factor.name)}: {sure}, log evidence {gain:+.1f} nats; beyond the sum of {parts}: "
                f"{_extremes(effects)}."
            )
    return ["Interactions:", *lines] if lines else ["No interaction is held."]


def _pruned_lines(understanding: Understanding, best: Structure) -> list[str]:
    present = {factor.name for factor in best.factors}
    gains = {step.name: step.evidence for step in understanding.removals if step.name not in present}
    orders = {factor.name: factor.order for factor in understanding.considered}
    together = {place for factor in best.factors if factor.order > 1 for place in factor.places}
    acting = {factor.name for factor in understanding.considered if factor.places & together}
    doubt = _in_doubt(understanding)
    lines = []
    for name, gain in gains.items():
        if orders[name] == 1 and name != THEORY and name not in acting:
            if doubt:
                words = "has no effect that could be told, alone or in a pair"
            elif gain >= FIRM:
                words = "makes no difference and was pruned"
            else:
                words = "probably makes no difference"
            lines.append(f"- {_or(name)} {words} (log evidence {gain:+.1f} nats).")
    pairs = {name: gain for name, gain in gains.items() if orders[name] == 2}
    firm = 0 if doubt else sum(gain >= FIRM for gain in pairs.values())
    if pairs:
        lines.append(
            f"- Interactions pruned: {firm} firmly (log evidence of at least {FIRM:g} nats each), "
            f"{len(pairs) - firm} for want of evidence."
        )
    return ["Pruned:", *lines] if lines else []


def _in_doubt(understanding: Understanding) -> bool:
    """Whether the best structure can't explain what was measured."""
    return understanding.check is not None and understanding.check.fails


def _check_lines(understanding: Understanding, best: Structure) -> list[str]:
    """What the test of the residuals says, where it fails."""
    check = understanding.check
    if check is None or not check.fails:
        return []
    known = "single variables and pairs" if all(f.order < 3 for f in best.factors) else "all these factors"
    return [
        f"More than measurement errors is left: chi-square {check.statistic:.0f} of {check.count} machines, "
        f"p = {check.p_value:.1g} (level {LEVEL:.0%}). So {known} can't explain what is seen: "
        "variables may act three together or more, and nothing above is firmly pruned or held."
    ]


def _extremes(effects: Sequence[Said]) -> str:
    if len(effects) <= 2 * _TOLD:
        return ", ".join(map(str, effects))
    return f"{', '.join(map(str, effects[:_TOLD]))}, ..., {', '.join(map(str, effects[-_TOLD:]))}"


def _or(name: str) -> str:
    return name.replace("|", " or ")
