"""Whether what a machine does depends on the shape that it started in, and what that adds to intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from molmach.building import coordinate_of
from molmach.data import Run
from molmach.data.observed import Observed
from molmach.data.quantity import Quantity
from molmach.data.shapes import merged
from molmach.data.statistics import CONFIDENCE, Estimate, Floats, finite_or_none
from molmach.scoring.motion import VELOCITY, count_samples, motion_samples
from molmach.units import thermal_energy

SHAPE_LEVEL = 0.01
"""Shapes disagree when chance alone would be this rare."""

ENERGY_ERROR = 2.0
"""Standard error that a shape's energy is taken to have, kJ/mol: force fields have no smaller one."""

DEPENDS = "depends on the starting shape"

_PERMUTATIONS = 9999


@dataclass(frozen=True)
class ShapeRow:
    """What replicas did that started in a shape, or in one of several that are one.

    Attributes
    ----------
    shapes
        Their numbers, from 1; more than one where they change into each other within the run.
    weight
        Share of the molecules that they are, by the force field's energy.
    energy
        Of the lowest of them above the lowest of all, kJ/mol.
    replicas, mirror_replicas
        Of the machine, and of the mirror control, which are counted with them as reflection has them.
    velocity
        Of all of these.
    """

    shapes: tuple[int, ...]
    weight: float
    energy: float
    replicas: int
    mirror_replicas: int
    velocity: Estimate

    @property
    def name(self) -> str:
        """``1``, or ``1 + 3``."""
        return " + ".join(map(str, self.shapes))

    def to_json(self) -> dict[str, Any]:
        """Plain mapping."""
        return {
            "shapes": list(self.shapes),
            "weight": self.weight,
            "energy": self.energy,
            "replicas": self.replicas,
            "mirror_replicas": self.mirror_replicas,
            "velocity": self.velocity.to_json(),
        }


@dataclass(frozen=True)
class ShapesJudged:
    """Starting shapes side by side.

    Attributes
    ----------
    rows
        One a shape, or a group of shapes that are one.
    p_value
        That the starting shape makes no difference to the velocity; nan with one row.
    depends
        Whether it makes one, and not all shapes move the same way.
    labels
        (n_replicas,) number of each replica's row.
    """

    rows: tuple[ShapeRow, ...]
    p_value: float
    depends: bool
    labels: NDArray[np.int64]

    @property
    def disagree(self) -> bool:
        """Whether the starting shape makes a difference beyond chance."""
        return self.p_value <= SHAPE_LEVEL

    @property
    def reason(self) -> str:
        """Why there is no verdict on the machine, in sentences; '' where shapes are no reason."""
        if not self.depends:
            return ""
        each = ", ".join(f"{row.velocity.value:.3g} from shape {row.name}" for row in self.rows)
        return (
            f"It {DEPENDS}: in {self.rows[0].velocity.unit}, {each} (p = {self.p_value:.2g} of chance), and "
            "these do not change into each other within the run."
        )

    @property
    def advice(self) -> str:
        """What would tell more, where shapes are the reason that there is no verdict."""
        if not self.depends:
            return ""
        return (
            "A direction is that of a machine which keeps to one shape, or of a run so long that its shapes "
            "change into each other."
        )

    @property
    def warning(self) -> str:
        """What is to be said of a machine whose shapes all move one way, but not equally fast; else ''."""
        if not self.disagree or self.depends:
            return ""
        values = [row.velocity.value for row in self.rows]
        return (
            f"how fast the machine moves {DEPENDS}: from {min(values):.3g} to {max(values):.3g} "
            f"{self.rows[0].velocity.unit}; intervals allow for {ENERGY_ERROR:g} kJ/mol of error in the "
            "energies that weigh the shapes"
        )

    def to_json(self) -> dict[str, Any]:
        """Plain mapping."""
        return {
            "p_value": finite_or_none(self.p_value),
            "level": SHAPE_LEVEL,
            "depends": self.depends,
            "rows": [row.to_json() for row in self.rows],
            "units": {"energy": "kJ/mol"},
        }


def judge_shapes(run: Run) -> ShapesJudged | None:
    """Compare the replicas of a run by the shapes that they started in.

    None where there is one shape, or no velocity.

    Replicas of the mirror control count with their velocity as reflection has it. Shapes between which
    replicas change within the run are one (:func:`molmach.data.shapes.merged`).
    """
    mirror = run.controls.get("mirror")
    runs = [run] if mirror is None else [run, mirror]
    if coordinate_of(run.assembly).scale.period is None or not any(part.shapes.several for part in runs):
        return None
    group = merged(*(part.shapes for part in runs))
    labels = [group[part.shapes.begun_in(part.replicas)] for part in runs]
    everyone = np.concatenate(labels)
    samples = _together(runs)
    rows = tuple(_row(runs, group, labels, samples, label) for label in np.unique(everyone).tolist())
    p_value = p_value_of_labels(samples[VELOCITY.name], everyone)
    depends = p_value <= SHAPE_LEVEL and not _one_way(rows)
    _, numbers = np.unique(everyone, return_inverse=True)
    return ShapesJudged(rows, p_value, depends, numbers.ravel()[: run.replicas])


def _together(runs: Sequence[Run]) -> dict[str, Floats]:
    """What a velocity's estimate takes, of a run's replicas, then of its mirror's as reflection has them."""
    taken = []
    for number, part in enumerate(runs):
        observed = Observed.of(part)
        samples = motion_samples(observed) | count_samples(observed)
        if number > 0 and coordinate_of(part.assembly).parity < 0:
            samples["forward"], samples["backward"] = samples["backward"], samples["forward"]
            samples[VELOCITY.name] = -samples[VELOCITY.name]
        taken.append(samples)
    names = (*VELOCITY.inputs, *VELOCITY.beside)
    return {name: np.concatenate([samples[name] for samples in taken]) for name in names}


def _row(
    runs: Sequence[Run],
    group: NDArray[np.int64],
    labels: Sequence[NDArray[np.int64]],
    samples: Mapping[str, Floats],
    label: int,
) -> ShapeRow:
    """The replicas of one label."""
    energy = max((part.shapes.energy for part in runs), key=len)
    weight = np.exp(-energy / thermal_energy(runs[0].spec.protocol.temperature))
    begun = np.concatenate([part.shapes.begun_in(part.replicas) for part in runs])
    weight[np.bincount(begun, minlength=energy.size) == 0] = 0.0
    members = np.flatnonzero(group == label)
    counts = [int(np.count_nonzero(part == label)) for part in labels]
    return ShapeRow(
        tuple((members + 1).tolist()),
        float(weight[members].sum() / weight.sum()),
        float(energy[members].min() - energy[weight > 0.0].min()),
        counts[0],
        sum(counts[1:]),
        _velocity(runs[0], samples, np.concatenate(labels), label),
    )


def _velocity(run: Run, samples: Mapping[str, Floats], labels: NDArray[np.int64], label: int) -> Estimate:
    """Of the replicas with a label; of a single one with the scatter of all about their labels' means."""
    quantity = VELOCITY.on(coordinate_of(run.assembly).scale)
    own = {name: numbers[labels == label] for name, numbers in samples.items()}
    values = samples[quantity.name]
    alone = float(own[quantity.name][0])
    if own[quantity.name].size > 1:
        return quantity.estimate(own)
    others = np.unique(labels)
    freedom = values.size - others.size
    if freedom < 1:
        return Estimate(alone, (math.nan, math.nan), quantity.unit)
    within = sum(float(np.sum((values[labels == k] - values[labels == k].mean()) ** 2)) for k in others)
    half = float(scipy.stats.t.ppf(0.5 + 0.5 * CONFIDENCE, freedom)) * math.sqrt(within / freedom)
    return Estimate(alone, (alone - half, alone + half), quantity.unit)


def _one_way(rows: Sequence[ShapeRow]) -> bool:
    """Whether every shape surely moves, and all the same way."""
    forward = all(row.velocity.ci95[0] > 0.0 for row in rows)
    backward = all(row.velocity.ci95[1] < 0.0 for row in rows)
    return forward or backward


def p_value_of_labels(values: Floats, labels: NDArray[np.int64]) -> float:
    """Chance that values with these labels differ so much by label, were labels dealt at random.

    A permutation test of the sum of squares between labels, with a fixed seed; exact for whatever
    distribution the values have, so rare events and heavy tails raise no more alarms than others. nan with
    one label.

    Parameters
    ----------
    values, labels
        (n,) each.
    """
    kinds, number = np.unique(labels, return_inverse=True)
    if kinds.size < 2:
        return math.nan
    counts = np.bincount(number.ravel())
    ends = np.cumsum(counts)
    centred = values - values.mean()
    rng = np.random.default_rng(0)
    shuffled = rng.permuted(np.broadcast_to(centred, (_PERMUTATIONS, values.size)), axis=1)
    mine = centred[np.argsort(number.ravel(), kind="stable")]

    def between(rows: Floats) -> Floats:
        sums = np.diff(np.cumsum(rows, axis=-1)[..., ends - 1], axis=-1, prepend=0.0)
        return np.asarray(np.sum(sums**2 / counts, axis=-1))

    seen = float(between(mine))
    if seen <= 1e-12 * float(np.sum(centred**2)):
        return 1.0
    rarer = np.count_nonzero(between(shuffled) >= seen * (1.0 - 1e-9))
    return float((1 + rarer) / (1 + _PERMUTATIONS))


def allow_for_shapes(
    estimates: Mapping[str, Estimate],
    quantities: Sequence[Quantity],
    samples: Mapping[str, Floats],
    run: Run,
    judged: ShapesJudged | None,
) -> dict[str, Estimate]:
    """Estimates with the variance between shapes in their intervals, where shapes disagree.

    Replicas are dealt by weight, so their scatter holds what the shapes' differences add for the number of
    replicas. What it lacks is that the weights themselves are unsure: each energy by :data:`ENERGY_ERROR`, to
    first order in the value that the weighted means give. Shapes of equal energy, as mirror images are, stay
    equally heavy.

    Parameters
    ----------
    estimates
        By name.
    quantities
        Of which they are.
    samples
        (n_replicas,) numbers by name.
    run
        Whose they are.
    judged
        By :func:`judge_shapes`.
    """
    if judged is None or not judged.disagree or not run.shapes.several:
        return dict(estimates)
    widened = dict(estimates)
    for quantity in quantities:
        if quantity.name in widened and all(name in samples for name in quantity.inputs):
            arrays = [samples[name] for name in quantity.inputs]
            error = _between(quantity, arrays, run, judged.labels)
            widened[quantity.name] = _wider(widened[quantity.name], error).within(quantity.bounds)
    return widened


def _between(quantity: Quantity, arrays: Sequence[Floats], run: Run, labels: NDArray[np.int64]) -> float:
    """Standard error of a quantity that errors of the shapes' energies make."""
    shapes, start = run.shapes, run.shapes.start
    ratio = ENERGY_ERROR / thermal_energy(run.spec.protocol.temperature)
    members = np.maximum(np.bincount(labels), 1)

    def value(weight_of_shape: Floats) -> float:
        of_row = np.bincount(labels, weight_of_shape[start]) / members
        weights = of_row[labels] / of_row[labels].sum()
        with np.errstate(all="ignore"):
            return float(np.ravel(quantity.combine(*(np.array([weights @ a]) for a in arrays)))[0])

    squared = 0.0
    for energy in np.unique(shapes.energy[start]):
        factor = np.where(shapes.energy == energy, math.exp(ratio), 1.0)
        squared += (0.5 * (value(factor) - value(1.0 / factor))) ** 2
    return math.sqrt(squared)


def _wider(estimate: Estimate, error: float) -> Estimate:
    low, high = estimate.ci95
    if not (math.isfinite(low) and math.isfinite(high) and math.isfinite(error)):
        return estimate
    more = float(scipy.stats.norm.ppf(0.5 + 0.5 * CONFIDENCE)) * error
    low = estimate.value - math.hypot(estimate.value - low, more)
    high = estimate.value + math.hypot(high - estimate.value, more)
    return replace(estimate, ci95=(low, high), error=math.hypot(estimate.error, error))
