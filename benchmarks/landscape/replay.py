"""Agents on the measured landscape: evaluations until a machine of the true top 1 % was simulated.

    python benchmarks/landscape/replay.py [--seeds 50] [--optuna] [AGENT ... | team]

Every agent runs in the campaign's own driver; only the simulation is replaced by a draw of 32 of the
machine's stored replicas, one evaluation in hand. An agent alone is asked for four proposals at a time; in a
team of four each is asked for one, when it is its turn. ``--optuna`` runs Optuna's TPE and GP samplers on the
same draws, told four results at a time, as an agent alone; a machine that they propose again costs them
nothing. Results go to ``replay.json`` and the curves to ``replay.png``.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from molmach.search import Design, Space
from molmach.search.agents.team import LocalTeam
from molmach.search.loop.driver import Driver
from molmach.search.loop.evaluations import Task, evaluation_of
from molmach.search.loop.executors import LocalExecutor
from molmach.search.record.ledger import Ledger
from molmach.search.record.result import Result
from molmach.spec import Campaign, load_campaign

HERE = Path(__file__).parent
REPLICAS = 32
BATCH = 4
TOP = 0.01
MOST = 400
DIGITS = 2
TEAM = ("evolutionary", "bayesian", "reinforcement", "active_inference")


OPTUNA = ("optuna TPE", "optuna TPE univariate", "optuna GP")


class Landscape:
    """The stored landscape.

    It was measured with the two ends of the axle told apart. Of a machine that stands in it twice, half of
    the replicas are taken from each.
    """

    def __init__(self) -> None:
        with np.load(HERE / "landscape.npz") as stored:
            designs = [Design.from_json(str(text)) for text in stored["designs"]]
            measured = stored["velocity"].astype(np.float64)
        rows: dict[str, list[int]] = {}
        for row, design in enumerate(designs):
            rows.setdefault(self.space.resolve(design).key, []).append(row)
        self.keys = list(rows)
        self.designs = [designs[ends[0]] for ends in rows.values()]
        replicas = measured.shape[1]
        self.velocity = np.array(
            [measured[ends, : replicas // len(ends)].reshape(replicas) for ends in rows.values()]
        )
        self.place = {key: number for number, key in enumerate(self.keys)}
        self.truth = self.velocity.mean(axis=1)
        self.goal = round(float(np.sort(self.truth)[-max(1, round(TOP * len(self.keys)))]), DIGITS)

    @cached_property
    def space(self) -> Space:
        """The designs."""
        return Space(campaign(["random"], 0))

    def draw(self, key: str, rng: np.random.Generator, replicas: int = REPLICAS) -> list[float]:
        """Velocities of some of the machine's replicas."""
        row = self.velocity[self.place[key]]
        return [float(v) for v in row[rng.permutation(row.size)[:replicas]]]


def campaign(agents: list[str], seed: int) -> Campaign:
    """The landscape's campaign with other agents."""
    changes = [
        f"agents=[{', '.join(agents)}]",
        f"seed={seed}",
        f"budget.evaluations={MOST}",
        "confirmation.machines=0",
        f"racing.rungs=[{{replicas: {REPLICAS}, duration: 50 ps}}]",
    ]
    return load_campaign(HERE / "campaign.yaml", changes)


def replay(landscape: Landscape, agents: list[str], seed: int) -> list[float]:
    """True value of every machine in the order in which they were simulated, until the goal is reached."""
    rng = np.random.default_rng([seed, 17])
    values: list[float] = []
    searched = campaign(agents, seed)

    def evaluation(task: Task) -> Result:
        samples = {"velocity": landscape.draw(task.machine, rng)}
        values.append(round(float(landscape.truth[landscape.place[task.machine]]), DIGITS))
        if values[-1] >= landscape.goal:
            driver.stopping = True
        return Result(task.key, samples, steps=REPLICAS)

    driver = Driver(
        searched,
        Ledger(":memory:", write=True),
        LocalExecutor(evaluation),
        LocalTeam(searched, HERE),
        evaluation_of(searched, HERE),
        batch=BATCH,
    )
    driver.run()
    reached = next((n for n, v in enumerate(values) if v >= landscape.goal), len(values) - 1)
    return values[: reached + 1]


def replay_optuna(landscape: Landscape, sampler_name: str, seed: int) -> list[float]:
    """The same with a sampler of Optuna."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers: dict[str, Callable[[], optuna.samplers.BaseSampler]] = {
        "optuna TPE": lambda: optuna.samplers.TPESampler(seed=seed, constant_liar=True),
        "optuna TPE univariate": lambda: optuna.samplers.TPESampler(
            seed=seed, multivariate=False, constant_liar=True
        ),
        "optuna GP": lambda: optuna.samplers.GPSampler(seed=seed),
    }
    study = optuna.create_study(direction="maximize", sampler=samplers[sampler_name]())
    rng = np.random.default_rng([seed, 17])
    values: list[float] = []
    seen: dict[str, float] = {}
    asked = 0
    while len(values) < MOST and asked < 10 * MOST:
        trials = [study.ask() for _ in range(BATCH)]
        asked += BATCH
        for trial in trials:
            chosen = {
                v.name: trial.suggest_categorical(v.name, list(v.values)) for v in landscape.space.variables
            }
            key = landscape.space.resolve(Design.of(chosen)).key
            if key not in seen:
                seen[key] = float(np.mean(landscape.draw(key, rng)))
                values.append(round(float(landscape.truth[landscape.place[key]]), DIGITS))
                if values[-1] >= landscape.goal:
                    return values
            study.tell(trial, seen[key])
    return values


@cache
def landscape_here() -> Landscape:
    """The landscape, read once a process."""
    return Landscape()


def run(name: str, seed: int) -> list[float]:
    """The course of an agent, a team or one of Optuna's samplers."""
    landscape = landscape_here()
    if name in OPTUNA:
        return replay_optuna(landscape, name, seed)
    return replay(landscape, list(TEAM) if name == "team" else [name], seed)


def main() -> None:
    """Run what is asked for, and add it to the stored results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("agents", nargs="*", default=["random"])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--optuna", action="store_true")
    parser.add_argument("--plot", action="store_true", help="only draw what is stored")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    wanted = parser.parse_args()
    stored = HERE / "replay.json"
    curves: dict[str, list[list[float]]] = json.loads(stored.read_text()) if stored.exists() else {}
    landscape = landscape_here()
    names = [] if wanted.plot else list(OPTUNA) if wanted.optuna else wanted.agents
    with ProcessPoolExecutor(wanted.workers) as pool:
        for name in names:
            curves[name] = list(pool.map(run, [name] * wanted.seeds, range(wanted.seeds)))
            stored.write_text(json.dumps(curves))
            print(_line(name, curves[name], landscape), flush=True)
    best, goal = landscape.truth.max(), landscape.goal
    print(f"\n{len(landscape.keys)} machines, goal {goal:.1f} turn/ns, best {best:.1f}")
    for name, runs_of in sorted(curves.items(), key=lambda item: float(np.median([len(r) for r in item[1]]))):
        print(_line(name, runs_of, landscape))
    draw(curves, landscape)


def _line(name: str, runs: list[list[float]], landscape: Landscape) -> str:
    needed = np.array([len(run) if run[-1] >= landscape.goal else np.inf for run in runs])
    quartiles = np.percentile(needed, [25, 50, 75], method="nearest")
    return f"{name:26s} median {quartiles[1]:5.0f}   quartiles {quartiles[0]:5.0f} {quartiles[2]:5.0f}"


def draw(curves: dict[str, list[list[float]]], landscape: Landscape) -> None:
    """Share of seeds that have reached the goal, and median best so far, against evaluations."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    longest = max(len(run) for runs in curves.values() for run in runs)
    steps = np.arange(1, longest + 1)
    order = sorted(curves, key=lambda name: float(np.median([len(r) for r in curves[name]])))
    for name in order:
        runs = curves[name]
        style = "--" if name.startswith("optuna") else "-"
        needed = np.array([len(run) if run[-1] >= landscape.goal else np.inf for run in runs])
        left.plot(steps, [(needed <= n).mean() for n in steps], style, label=name)
        best = np.array([np.maximum.accumulate(run + [run[-1]] * (longest - len(run))) for run in runs])
        right.plot(steps, np.median(best, axis=0), style)
    left.set(xlabel="evaluations", ylabel="share of seeds that found a top-1 % machine", xscale="log")
    right.set(xlabel="evaluations", ylabel="median best true velocity, turn/ns", xscale="log")
    left.legend(frameon=False, fontsize=8)
    figure.savefig(HERE / "replay.png", dpi=120)


if __name__ == "__main__":
    main()
