"""Which designs can be measured: one model for all agents, learnt from what could and what could not."""

from __future__ import annotations

from collections.abc import Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from molmach.agents.regression.belief import feasibility, log_chance
from molmach.agents.regression.gaussian_process import Regression
from molmach.agents.regression.machine_kernel import MachineKernel
from molmach.agents.regression.points import Points
from molmach.agents.symmetry import exchanges
from molmach.search import Design, Space, View
from molmach.search.space.design import Categorical

Floats = NDArray[np.float64]

_KERNELS: WeakKeyDictionary[Space, MachineKernel] = WeakKeyDictionary()


class Feasibility:
    """The chance that designs can be measured.

    It is the Bayesian agent's: a Gaussian process on labels, with a kernel on single variables, pairs and all
    of them together, whose weights are learnt (:func:`molmach.agents.regression.belief.feasibility`).

    Parameters
    ----------
    space
        The designs.
    process
        Conditioned on what was tried.
    """

    def __init__(self, space: Space, process: Regression[Points]) -> None:
        self._space, self._process = space, process

    @classmethod
    def of(cls, view: View) -> Feasibility | None:
        """Of all that came to something; None while nothing has failed."""
        if all(trial.feasible and trial.values for trial in view.known):
            return None
        process = feasibility(_kernel(view.space), view)
        return None if process is None else cls(view.space, process)

    def chance(self, designs: Sequence[Design]) -> Floats:
        """(n,) chance of each design; of an open space's 0 where it is no machine."""
        if not self._space.open:
            return self._of(_kernel(self._space).points(designs, self._space))
        made = np.array([self._space.is_machine(design) for design in designs])
        chances = np.zeros(len(designs))
        machines = [design for design, machine in zip(designs, made, strict=True) if machine]
        if machines:
            chances[made] = self._of(_kernel(self._space).points(machines, self._space))
        return chances

    def of_rows(self, rows: Floats) -> Floats:
        """(n,) the same for rows of ``space.encode``; 1 in an open space: they don't tell the molecule."""
        columns, start = [], 0
        for variable in self._space.variables:
            named = isinstance(variable, Categorical)
            width = len(variable.values) if isinstance(variable, Categorical) else 1
            part = rows[:, start : start + width]
            columns.append(part.argmax(axis=1) if named else part[:, 0])
            start += width
        return self.of_codes(np.array(columns, dtype=np.float64).reshape(-1, len(rows)).T)

    def of_codes(self, codes: Floats) -> Floats:
        """(n,) the same for rows with the number of each named value and the share of each number."""
        if self._space.open:
            return np.ones(len(codes))
        named = [isinstance(variable, Categorical) for variable in self._space.variables]
        chosen = codes[:, : len(named)]
        return self._of(
            Points(
                chosen[:, named].astype(np.int64),
                chosen[:, np.logical_not(named)],
                np.zeros((len(codes), 0), dtype=np.float32),
            )
        )

    def _of(self, points: Points) -> Floats:
        return np.asarray(np.exp(log_chance(self._process, points)))


def _kernel(space: Space) -> MachineKernel:
    if space not in _KERNELS:
        _KERNELS[space] = MachineKernel(space, exchanges(space))
    return _KERNELS[space]
