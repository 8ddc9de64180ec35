"""Racing against full-length evaluation of everything: python benchmarks/landscape/racing.py [--seeds 20]

For every seed each machine's stored replicas are dealt anew into two halves of 96. Full-length evaluation
takes the first half of every machine and names the one with the highest mean. Racing walks the machines in
random order through rungs of 4, 16 and 96 replicas of the second half, so the two share no simulation. The
work is replicas of equal length, so their number stands for MD steps.
"""

from __future__ import annotations

import argparse

import numpy as np
from replay import HERE, Landscape

from molmach.search.agents.team import LocalTeam
from molmach.search.loop.driver import Driver
from molmach.search.loop.evaluations import Task, evaluation_of
from molmach.search.loop.executors import LocalExecutor
from molmach.search.record.ledger import Ledger
from molmach.search.record.result import Result
from molmach.spec import load_campaign

RUNGS = (4, 16, 96)
KEEP = 4


def race(landscape: Landscape, seed: int) -> tuple[str, str, int, float]:
    """Winner of full-length evaluation, winner of the race, replicas that the race took, and a p-value.

    The p-value is of Welch's test that both winners' replicas have the same mean; 1 if they are one machine.
    """
    from scipy import stats

    rng = np.random.default_rng([seed, 23])
    deals = {key: rng.permutation(landscape.velocity.shape[1]) for key in landscape.keys}
    half = landscape.velocity.shape[1] // 2

    def replicas(key: str, chosen: slice) -> np.ndarray:
        return landscape.velocity[landscape.place[key]][deals[key][chosen]]

    full = max(landscape.keys, key=lambda key: float(replicas(key, slice(0, half)).mean()))
    rungs = ", ".join(f"{{replicas: {n}, duration: 50 ps}}" for n in RUNGS)
    campaign = load_campaign(
        HERE / "campaign.yaml",
        [
            f"racing.rungs=[{rungs}]",
            f"racing.keep={KEEP}",
            f"seed={seed}",
            "confirmation.machines=0",
            "budget.evaluations=100000",
        ],
    )
    spent = 0

    def evaluation(task: Task) -> Result:
        nonlocal spent
        count = RUNGS[task.rung]
        spent += count
        return Result(
            task.key, {"velocity": replicas(task.machine, slice(half, half + count)).tolist()}, steps=count
        )

    ledger = Ledger(":memory:", write=True)
    team, dynamics = LocalTeam(campaign, HERE), evaluation_of(campaign, HERE)
    Driver(campaign, ledger, LocalExecutor(evaluation), team, dynamics, batch=16).run()
    top = [finding for finding in ledger.findings() if finding.rung == len(RUNGS) - 1 and finding.ok]
    winner = max(top, key=lambda finding: finding.measured[0].value).machine
    pair = [landscape.velocity[landscape.place[key]] for key in (full, winner)]
    p = 1.0 if winner == full else float(stats.ttest_ind(*pair, equal_var=False).pvalue)
    return full, winner, spent, p


def main() -> None:
    """Print one line a seed and the summary."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    seeds = parser.parse_args().seeds
    landscape = Landscape()
    whole = len(landscape.keys) * landscape.velocity.shape[1] // 2
    same, level, shares = 0, 0, []
    for seed in range(seeds):
        full, winner, spent, p = race(landscape, seed)
        same += winner == full
        level += p > 0.05
        shares.append(spent / whole)
        truth = [landscape.truth[landscape.place[key]] for key in (full, winner)]
        work = f"work {shares[-1]:.3f}"
        print(f"seed {seed:2d}: {truth[0]:7.2f} {truth[1]:7.2f} turn/ns  p = {p:.2g}  {work}", flush=True)
    best = np.argsort(landscape.truth)[::-1][:4]
    error = landscape.velocity[best[0]].std() / np.sqrt(landscape.velocity.shape[1] / 2)
    print(f"best {landscape.truth[best].round(2)} turn/ns, error of a full-length mean {error:.2f}")
    print(f"{same} of {seeds} the same machine, {level} of {seeds} not told apart at 5 %")
    print(f"work {np.mean(shares):.3f} of full-length evaluation of everything")


if __name__ == "__main__":
    main()
