"""The evaluation of the landscapes' campaigns: a measurement of a formula, with noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.landscapes.kinds import Landscape, landscape
from benchmarks.landscapes.molecules import core
from molmach.data.quantity import Quantity
from molmach.search import CONFIRMATION, Evaluation, Result, Task
from molmach.search.space.space import Candidate
from molmach.spec import Campaign
from molmach.spec.campaign import loads_campaign

HERE = Path(__file__).parent

OBJECTIVES = ("first", "second")


class Formula(Evaluation):
    """Measures a design of a landscape; options: ``kind`` and ``seed`` of the landscape."""

    summary = "a measurement of a formula"
    quantities = (
        Quantity("first", "the first objective", "turn/ns"),
        Quantity("second", "the second objective", "turn/ns"),
    )

    def task(self, candidate: Candidate, rung: int) -> Task | None:
        """What there is to do; there is no confirmation."""
        if rung == CONFIRMATION:
            return None
        options = {**self.campaign.evaluation.options, "design": dict(candidate.design.values)}
        key = self.key(candidate.spec, rung, options)
        return Task(key, candidate.key, rung, candidate.spec, self.use, options=options)

    @staticmethod
    def run(task: Task) -> Result:
        """One number a replica of each objective; the same machine gives the same ones."""
        chosen = landscape(task.options["kind"], task.options["seed"])
        return Result(task.key, *drawn(chosen, task.options["design"], task.machine))


def drawn(chosen: Landscape, values: dict[str, Any], machine: str) -> tuple[dict[str, list[float]], str]:
    """Samples of a design, or why there are none; whoever asks, a machine has the same."""
    true = chosen.value(values)
    if true is None:
        return {}, "the rotor can't be built"
    rng = np.random.default_rng([chosen.seed, int(machine[:15], 16)])
    return dict(zip(OBJECTIVES, chosen.measured(true, rng), strict=False)), ""


def campaign(chosen: Landscape, agents: list[str], evaluations: int, batch: int) -> Campaign:
    """The campaign that searches a landscape."""
    numbers = {path: {"low": low, "high": high, "scale": scale} for path, low, high, scale in chosen.numbers}
    content = {
        "name": f"{chosen.kind}-{chosen.seed}",
        "base": "difluorophenylene-rotor",
        "machine": {"smiles": core(len(chosen.fragments))},
        "drive": {"field": "1 V/nm", "frequency": "200 GHz"},
        "space": {
            "sites": {10 + site: list(names) for site, names in enumerate(chosen.fragments)},
            "parameters": numbers,
        },
        "objectives": [{"maximise": name} for name in OBJECTIVES[: chosen.objectives]],
        "evaluation": {
            "use": "formula.py:Formula",
            "options": {"kind": chosen.kind, "seed": chosen.seed},
        },
        "confirmation": {"machines": 0},
        "agents": agents,
        "batch": batch,
        "budget": {"evaluations": evaluations},
        "seed": chosen.seed,
    }
    return loads_campaign(content, "landscape", HERE)
