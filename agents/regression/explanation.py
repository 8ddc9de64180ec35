"""What a Gaussian process on machines has learned, in plain words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from molmach.agents.regression.belief import Belief, Seen, unwarped
from molmach.agents.regression.foresight import Outlook
from molmach.agents.regression.gaussian_process import Regression
from molmach.agents.regression.machine_kernel import MachineKernel
from molmach.agents.regression.opinions import foreseen
from molmach.agents.regression.picking import picks
from molmach.agents.regression.points import Points
from molmach.agents.regression.substituents import SIMILARITIES
from molmach.search import View
from molmach.search.space.design import Categorical, Value

Floats = NDArray[np.float64]

_PROBES = 100
_NAMED = 3


def explanation(view: View, kernel: MachineKernel, known: Seen, belief: Belief, candidates: Outlook) -> str:
    """Several lines: how good the model is, what matters, what does good and harm, what is promising."""
    model = belief.model
    spread = max(float(known.warping.forward(known.values).std()), 1e-12)
    explained = 1.0 - (model.miss / spread) ** 2
    told = _told(known)
    lines = [
        f"{len(told)} machines are measured, with values from {told.min():.4g} to {told.max():.4g}. "
        f"Predicting each from the others explains {100 * max(0.0, explained):.0f} % of their variance.",
        _what_matters(view, kernel, model, known),
        _what_likeness_is(kernel, model),
        *_good_and_bad(view, kernel, model, known),
        _what_fails(view, belief),
        _what_is_best(view, kernel, known, belief, candidates),
    ]
    return "\n".join(line for line in lines if line)


def _told(known: Seen) -> Floats:
    """(n,) the values that are to be as large as possible."""
    return known.warping.backward(known.warping.forward(known.values))


def _probes(view: View, kernel: MachineKernel) -> Points:
    """Designs at random, the same ones every time; machines where the space is open."""
    rng = np.random.default_rng(0)
    designs = [view.space.sample(rng) for _ in range(_PROBES)]
    return kernel.points([d for d in designs if not kernel.open or view.space.is_machine(d)], view.space)


def _what_matters(view: View, kernel: MachineKernel, model: Regression[Points], known: Seen) -> str:
    """By how much the prediction changes when one variable alone is drawn anew."""
    points = _probes(view, kernel)
    before, _ = unwarped(model, known, points)
    order = np.random.default_rng(1).permutation(len(points))
    effects = []
    for number, variable in enumerate(view.space.variables):
        categories, numbers = points.categories.copy(), points.numbers.copy()
        column = number - len(kernel.categorical)
        if column < 0:
            categories[:, number] = categories[order, number]
        else:
            numbers[:, column] = numbers[order, column]
        after, _ = unwarped(model, known, Points(categories, numbers, points.prints))
        effects.append((float(np.sqrt(np.mean((after - before) ** 2))), variable.name))
    said = ", ".join(f"{name} {effect:.3g}" for effect, name in sorted(effects, reverse=True))
    return f"Drawn anew, each alone moves the prediction (root mean square) by: {said}." if said else ""


def _what_likeness_is(kernel: MachineKernel, model: Regression[Points]) -> str:
    """The differences between substituents that weigh most."""
    if not any(kernel.is_site(v) for v in range(len(kernel.categorical))):
        return ""
    weights = kernel.part_weights(model.parameters[:-1])
    top = np.argsort(-weights)[:_NAMED]
    said = ", ".join(f"{SIMILARITIES[i]} ({100 * weights[i] / weights.sum():.0f} %)" for i in top)
    return f"Two substituents act differently if they differ in {said}."


def _good_and_bad(view: View, kernel: MachineKernel, model: Regression[Points], known: Seen) -> list[str]:
    """For each named variable, the mean prediction with its best and worst value, all else at random."""
    points = _probes(view, kernel)
    lines = []
    for number, variable in enumerate(kernel.categorical):
        means = []
        for value in range(len(variable.values)):
            categories = points.categories.copy()
            categories[:, number] = value
            there = Points(categories, points.numbers, points.prints)
            means.append(float(unwarped(model, known, there)[0].mean()))
        if len(means) > 1:
            best, worst = int(np.argmax(means)), int(np.argmin(means))
            lines.append(
                f"{variable.name}: best with {variable.values[best]} ({means[best]:.4g} on average), "
                f"worst with {variable.values[worst]} ({means[worst]:.4g})."
            )
    return lines


def _what_fails(view: View, belief: Belief) -> str:
    if belief.feasible is None:
        return ""
    failed = sum(not (trial.feasible and trial.values) for trial in view.known)
    return f"{failed} of {len(view.known)} machines could not be measured; what resembles them is avoided."


def _what_is_best(view: View, kernel: MachineKernel, known: Seen, belief: Belief, candidates: Outlook) -> str:
    """The measured machine of the largest predicted value, and the next one to ask for."""
    mean, _ = unwarped(belief.model, known, known.points)
    top = int(np.argmax(mean))
    best = (
        f"The best known is {_named(view, known.trials[top].design.values)}, "
        f"measured {_told(known)[top]:.4g} ± {known.errors[top]:.2g} and believed to be at {mean[top]:.4g}."
    )
    numbers = picks(candidates.prospects(), candidates.pool, kernel, view, 1)
    if not numbers:
        return best + " Nothing new is left to ask for."
    rows = np.array(numbers)
    mean, sd = foreseen(candidates.opinions, candidates.pool.points[rows], candidates.told[:, rows])
    design = candidates.pool.design(numbers[0], kernel, view.space)
    edited = ", edited" if design.edited else ""
    return (
        f"{best} The next to ask for is {_named(view, design.values)}{edited}, "
        f"predicted {mean[0]:.4g} ± {sd[0]:.2g}."
    )


def _named(view: View, values: tuple[tuple[str, Value], ...]) -> str:
    named = dict(values)
    variables = (v for v in view.space.variables if not isinstance(v, Categorical) or len(v.values) > 1)
    return ", ".join(f"{v.name} = {named[v.name]}" for v in variables) or "the machine"
