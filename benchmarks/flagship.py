"""Evaluations to a fast ratchet, with theory and without: python -m benchmarks.flagship [--seeds 10]

Searches ``examples/ratchet.yaml`` with its own agents and rungs until a machine's |velocity| is at least 120
turn/ns, by the lower end of its 95 % interval on the last rung, once with theory and once without for each
seed. Every evaluation is kept by what it is of, so that searches share them, and what is killed is gone on
with: a search that was cut is done again from its seed, and what it had measured costs it nothing. Results go
to ``flagship.json`` in the folder; ``--table`` only shows them.
"""

from __future__ import annotations

import argparse
import json
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.files import write_text
from molmach.search.agents.team import LocalTeam
from molmach.search.loop.driver import Driver
from molmach.search.loop.evaluations import evaluation_of
from molmach.search.loop.executors import LocalExecutor
from molmach.search.record.cache import Store
from molmach.search.record.ledger import Ledger
from molmach.spec import load_campaign

EXAMPLE = Path(__file__).parents[1] / "examples" / "ratchet.yaml"

ARMS = ("with theory", "without")

_RESAMPLES = 4000

Floats = NDArray[np.float64]
Results = dict[str, dict[str, Any]]
"""Arm and seed, such as ``without 3`` -> what came of that search."""


def search(folder: Path, arm: str, seed: int, target: float, most: int) -> dict[str, Any]:
    """One search, to its target or through its budget.

    Returns
    -------
    course
        ``evaluations`` that were needed, None where the target was not reached; ``done``, all of them;
        ``best``: the largest |velocity| on the last rung; ``seconds`` of this process's processor time.
    """
    changes = [
        f"seed={seed}",
        "confirmation.machines=0",
        f"budget={{evaluations: {most}, target: {target:g}}}",
        f"theory={{use: {str(arm == ARMS[0]).lower()}}}",
    ]
    campaign = load_campaign(EXAMPLE, changes)
    evaluation = evaluation_of(campaign, EXAMPLE.parent)
    started = time.process_time()
    with (
        closing(Store(folder / "evaluations.sqlite")) as store,
        closing(Ledger(":memory:", write=True)) as ledger,
    ):
        driver = Driver(
            campaign,
            ledger,
            LocalExecutor(),
            LocalTeam(campaign, EXAMPLE.parent),
            evaluation,
            store=store,
            theory=str(folder / "structures.sqlite") if campaign.theory.use else None,
        )
        driver.run()
        findings = list(ledger.findings())
    last = [f.measured[0] for f in findings if f.ok and f.rung == evaluation.rungs - 1]
    reached = any(measured.low >= target for measured in last)
    return {
        "evaluations": len(findings) if reached else None,
        "done": len(findings),
        "best": max((round(measured.value, 1) for measured in last), default=None),
        "seconds": round(time.process_time() - started, 1),
    }


def table(results: Results, most: int) -> str:
    """Medians of both arms, and of the ratio on the same seeds; what was not reached counts as longest."""
    lines = []
    needed: dict[str, dict[str, float]] = {arm: {} for arm in ARMS}
    for name, course in results.items():
        arm, seed = name.rsplit(" ", 1)
        needed[arm][seed] = course["evaluations"] or np.inf
    for arm, by_seed in needed.items():
        if by_seed:
            values = np.array(list(by_seed.values()))
            there = int(np.isfinite(values).sum())
            lines.append(
                f"{arm}: {there} of {len(values)} seeds reach it in {most}; median {_median(values)}"
            )
    both = [seed for seed in needed[ARMS[0]] if seed in needed[ARMS[1]]]
    if both:
        with_it, without = (np.array([needed[arm][seed] for seed in both]) for arm in ARMS)
        capped = np.minimum(with_it, most) / np.minimum(without, most)
        lines.append(f"with theory / without, {len(both)} seeds: median {_median(capped)}")
    return "\n".join(lines)


def _median(values: Floats) -> str:
    """Median with its percentile bootstrap interval (Efron & Tibshirani 1993, chapter 13)."""
    rng = np.random.default_rng(7)
    drawn = np.median(values[rng.integers(len(values), size=(_RESAMPLES, len(values)))], axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975], method="nearest")
    return f"{np.median(values):.3g} ({low:.3g} to {high:.3g})"


def main() -> None:
    """Do the searches that are not there, the two of a seed one after the other, then show the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--target", type=float, default=120.0, help="turn/ns")
    parser.add_argument("--most", type=int, default=600, help="evaluations of a search")
    parser.add_argument("--folder", type=Path, default=Path("build/flagship"))
    parser.add_argument("--table", action="store_true", help="only show what is there")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    stored = asked.folder / "flagship.json"
    results: Results = json.loads(stored.read_text()) if stored.exists() else {}
    for seed in range(0 if asked.table else asked.seeds):
        for arm in ARMS:
            name = f"{arm} {seed}"
            if name not in results:
                results[name] = search(asked.folder, arm, seed, asked.target, asked.most)
                write_text(stored, json.dumps(results, indent=1))
                print(name, results[name], flush=True)
    print(table(results, asked.most))


if __name__ == "__main__":
    main()
