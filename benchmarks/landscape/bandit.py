"""How soon the budget goes to the better agent: python benchmarks/landscape/bandit.py

Four agents whose machines are normal draws, one of them better by 0.7 or by 1.5 standard deviations, or no
better in the mean but spread 1.7 times as wide, so that the best machines are its own. Printed is the share
of 100 turns that it gets, in the mean of 60 seeds with its standard error, as the driver has its constants
and with one of them changed. Seconds.
"""

from __future__ import annotations

from types import ModuleType

import numpy as np

from molmach.search import Measured
from molmach.search.loop import bandit, finds

AGENTS = ("better", "first", "second", "third")
TURNS = 100
SEEDS = 60
BETTER = {"better by 0.7": (0.7, 1.0), "better by 1.5": (1.5, 1.0), "1.7 times as wide": (0.0, 1.7)}
"""Mean and spread of the better agent's machines; the others' are 0 and 1."""

CHANGES: tuple[tuple[ModuleType, str, tuple[float, ...]], ...] = (
    (finds, "_TOP_SHARE", (0.05, 0.1, 0.2, 0.3)),
    (bandit, "_MEMORY", (20.0, 60.0, 200.0)),
    (bandit, "_FLOOR", (0.0, 0.05, 0.1)),
)


def share(better: tuple[float, float], seed: int) -> float:
    """Share of the turns that go to the better agent."""
    rng, drawn, turns = np.random.default_rng(seed), bandit.Bandit(AGENTS, seed), 0
    for turn in range(TURNS):
        agent = drawn.choose(AGENTS, turn)
        value = float(rng.normal(*(better if agent == "better" else (0.0, 1.0))))
        turns += agent == "better"
        drawn.record(agent, (Measured(value, 0.1, value - 0.2, value + 0.2),))
    return turns / TURNS


def main() -> None:
    """Print a line for each value of each constant."""
    for module, name, values in CHANGES:
        before = getattr(module, name)
        for value in values:
            setattr(module, name, value)
            shares = {name: [share(one, seed) for seed in range(SEEDS)] for name, one in BETTER.items()}
            said = ", ".join(
                f"{np.mean(row):.2f} ± {np.std(row) / np.sqrt(SEEDS):.2f} ({name})"
                for name, row in shares.items()
            )
            print(f"{name[1:].lower()} {value:g}: {said}", flush=True)
        setattr(module, name, before)


if __name__ == "__main__":
    main()
