"""Limits that add up over a machine's substituents: how many designs keep to them, and which they are.

Molecular weight and number of heavy atoms are sums: of the molecules without their substituents, and of each
substituent as often as its site occurs. So the designs within limits are counted exactly, by dynamic
programming over the sites, and each has a number: they are drawn evenly, or gone through in any order,
without one of the others being looked at.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import Descriptors

from molmach.spec import MachineSection
from molmach.spec.space import Constraints

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

MOST_CHOSEN = 64
"""Combinations of choices, each of which has molecules of its own that must be made and weighed."""

_BINS = (4096, 1024)
"""Steps of the weight, alone and beside heavy atoms: designs counted that are too heavy by a step a site, a
few in a thousand, are refused when they are made."""

_EXACT_BELOW = 2**62
"""Counts from which Python's own integers are used, which have no end."""

_SAME = 0.01
"""u, by which a sum may differ from the machine's own weight: more, and weights do not add up here."""


@dataclass(frozen=True)
class Frame:
    """The molecules of one combination of choices, without substituents.

    Attributes
    ----------
    mass
        (weight / u, heavy atoms).
    times
        How often each site occurs in the machine.
    """

    mass: tuple[float, float]
    times: tuple[int, ...]


def mass_of(molecules: Sequence[str]) -> Floats:
    """Weight (u) and heavy atoms of molecules, all together; attachment points weigh nothing."""
    with rdBase.BlockLogs():
        read = [Chem.MolFromSmiles(smiles) for smiles in molecules]
    return np.array(
        [sum(Descriptors.MolWt(one) for one in read), float(sum(one.GetNumHeavyAtoms() for one in read))]
    )


def machine_mass(machine: MachineSection) -> Floats:
    """Weight (u) and heavy atoms of a machine."""
    return mass_of(machine.parts)


class Within:
    """The combinations of choices and substituents that keep to additive limits, by number.

    Parameters
    ----------
    limits
        Largest weight and number of heavy atoms; at least one of them.
    substituents
        Of each site, (n_values, 2) weight and heavy atoms of its substituents.
    frames
        Of each combination of choices, in the order of their product.
    """

    def __init__(self, limits: Constraints, substituents: Sequence[Floats], frames: Sequence[Frame]) -> None:
        most = (limits.molecular_weight, limits.heavy_atoms)
        self._most = np.array([math.inf if limit is None else float(limit) for limit in most])
        self._substituents, self._frames = tuple(substituents), tuple(frames)
        spare = np.array([self._most - frame.mass for frame in frames])
        widest = float(np.max(spare[:, 0], initial=0.0)) if np.isfinite(self._most[0]) else 0.0
        bins = _BINS[1 if np.isfinite(self._most[1]) else 0]
        self._unit = max(widest, 1e-9) / bins
        self._tables: dict[tuple[int, ...], list[NDArray[Any]]] = {}
        self._steps = [self._in_steps(row) for row in spare]
        self._shape = (
            bins + 1 if np.isfinite(self._most[0]) else 1,
            1 + int(max(0.0, np.max(spare[:, 1], initial=0.0))) if np.isfinite(self._most[1]) else 1,
        )
        combinations = math.prod(len(values) for values in substituents)
        self._type: type = np.int64 if combinations < _EXACT_BELOW else object
        counts = [self._count(frame, steps) for frame, steps in zip(frames, self._steps, strict=True)]
        self._ends = list(itertools.accumulate(counts))

    def _in_steps(self, mass: Floats) -> tuple[int, int]:
        """A mass in whole steps, rounded down, so that nothing within the limits is left out."""
        weight = math.floor(mass[0] / self._unit + 1e-9) if np.isfinite(self._most[0]) else 0
        return weight, math.floor(mass[1] + 1e-9) if np.isfinite(self._most[1]) else 0

    @property
    def count(self) -> int:
        """How many combinations there are."""
        return int(self._ends[-1]) if self._ends else 0

    @property
    def lightest(self) -> Floats:
        """Least weight (u) and least heavy atoms that any combination has."""
        least = [
            np.array(frame.mass)
            + sum(
                (
                    times * values.min(axis=0)
                    for times, values in zip(frame.times, self._substituents, strict=True)
                ),
                np.zeros(2),
            )
            for frame in self._frames
        ]
        return np.min(least, axis=0) if least else np.full(2, math.inf)

    def _count(self, frame: Frame, steps: tuple[int, int]) -> int:
        if min(steps) < 0:
            return 0
        table = self._table(frame.times)[0]
        return int(table[self._clipped(steps)])

    def _clipped(self, steps: tuple[int, int]) -> tuple[int, int]:
        return min(steps[0], self._shape[0] - 1), min(steps[1], self._shape[1] - 1)

    def _table(self, times: tuple[int, ...]) -> list[NDArray[Any]]:
        """Of each site, (steps of weight, atoms): ways to fill it and those after it with so much left."""
        if times not in self._tables:
            tables: list[NDArray[Any]] = [np.ones(self._shape, dtype=self._type)]
            for often, values in reversed(list(zip(times, self._substituents, strict=True))):
                after = tables[-1]
                table: NDArray[Any] = np.zeros(self._shape, dtype=self._type)
                for mass in values:
                    a, b = self._in_steps(often * mass)
                    if a < self._shape[0] and b < self._shape[1]:
                        table[a:, b:] += after[: self._shape[0] - a, : self._shape[1] - b]
                tables.append(table)
            self._tables[times] = tables[::-1]
        return self._tables[times]

    def at(self, number: int) -> tuple[int, list[int]]:
        """(number of the combination of choices, number of the value at each site) of a combination."""
        frame = bisect.bisect_right(self._ends, number)
        number -= self._ends[frame - 1] if frame else 0
        spare = self._clipped(self._steps[frame])
        times = self._frames[frame].times
        filled = []
        tables = self._table(times)
        for often, values, after in zip(times, self._substituents, tables[1:], strict=True):
            for place, mass in enumerate(values):
                a, b = self._in_steps(often * mass)
                left = spare[0] - a, spare[1] - b
                ways = int(after[left]) if min(left) >= 0 else 0
                if number < ways:
                    filled.append(place)
                    spare = left
                    break
                number -= ways
        return frame, filled

    def holds(self, chosen: Integers, filled: Integers) -> NDArray[np.bool_]:
        """Whether combinations keep to the limits.

        Parameters
        ----------
        chosen
            (n,) numbers of the combinations of choices.
        filled
            (n, n_sites) numbers of the values at the sites.
        """
        masses = np.array([frame.mass for frame in self._frames])[chosen]
        times = np.array([frame.times for frame in self._frames]).reshape(len(self._frames), -1)[chosen]
        for site, values in enumerate(self._substituents):
            masses = masses + times[:, site, None] * values[filled[:, site]]
        return np.asarray(np.all(masses <= self._most + 1e-6, axis=1))


def frame_of(
    reference: Floats, heavier: Mapping[int, tuple[Floats, Floats]], first: Sequence[Floats]
) -> Frame | None:
    """The frame of a combination of choices, from machines that were made and weighed.

    Parameters
    ----------
    reference
        Weight and heavy atoms of the machine with the first value at each site.
    heavier
        Number of a site -> weight and heavy atoms of the machine with another value there, and by how much
        that substituent is heavier than the first; none of sites whose values all weigh the same.
    first
        Weight and heavy atoms of the first value of each site.

    Returns
    -------
    frame
        None where the weights do not add up.
    """
    times = []
    for site in range(len(first)):
        if site not in heavier:
            times.append(0)
            continue
        mass, more = heavier[site]
        often = round(float((mass - reference)[0] / more[0]))
        if np.any(np.abs(mass - reference - often * more) > _SAME):
            return None
        times.append(often)
    left = reference - sum((often * own for often, own in zip(times, first, strict=True)), np.zeros(2))
    return Frame((float(left[0]), float(left[1])), tuple(times))
