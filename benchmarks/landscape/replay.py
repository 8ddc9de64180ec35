"""Agents on a measured landscape: evaluations until a machine of the true top 1 % was simulated.

    python benchmarks/landscape/replay.py [--seeds 50] [--theory on|off|shuffled] [--optuna] [AGENT ... |
    team] python benchmarks/landscape/replay.py --landscape benchmarks/hindered-landscape ...

Every agent runs in the campaign's own driver; only the simulation is replaced by a draw of the machine's
stored replicas, 32 or a third of them, one evaluation in hand. An agent alone is asked for four proposals
at a time; in a team of four each is asked for one, when it is its turn. ``--optuna`` runs Optuna's TPE and
GP samplers on the same draws, told four results at a time, as an agent alone; a machine that they propose
again costs them nothing. With ``--theory on`` agents have what ``foretell.py`` has stored; ``shuffled``
deals it anew to the machines for every seed, so that it is of no use. Seeds that are there are not done
again. Results go to ``replay.json`` and the curves to ``replay.png`` in the landscape's folder.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, cached_property
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molmach.search import Design, Space
from molmach.search.agents.team import LocalTeam
from molmach.search.agents.theory import Theory
from molmach.search.loop.driver import Driver
from molmach.search.loop.evaluations import Task, evaluation_of
from molmach.search.loop.executors import LocalExecutor
from molmach.search.record.ledger import Ledger
from molmach.search.record.result import Result
from molmach.search.space.space import Candidate
from molmach.spec import Campaign, load_campaign

HERE = Path(__file__).parent
REPLICAS = 32
BATCH = 4
TOP = 0.01
MOST = 400
DIGITS = 2
TEAM = ("evolutionary", "bayesian", "reinforcement", "active_inference")
OPTUNA = ("optuna TPE", "optuna TPE univariate", "optuna GP")
THEORY = {"off": "", "on": " with theory", "shuffled": " with shuffled theory"}

Floats = NDArray[np.float64]
Curves = dict[str, list[list[float]]]


class Landscape:
    """A stored landscape.

    The first one was measured with the two ends of the axle told apart. Of a machine that stands in it twice,
    half of the replicas are taken from each.

    Parameters
    ----------
    folder
        Where its files are.
    """

    def __init__(self, folder: Path = HERE) -> None:
        self.folder = folder
        with np.load(folder / "landscape.npz") as stored:
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
        self.replicas = min(REPLICAS, replicas // 3)
        self.place = {key: number for number, key in enumerate(self.keys)}
        self.truth = self.velocity.mean(axis=1)
        self.goal = round(float(np.sort(self.truth)[-max(1, round(TOP * len(self.keys)))]), DIGITS)

    @cached_property
    def space(self) -> Space:
        """The designs."""
        return Space(campaign(self.folder, ["random"], 0))

    def draw(self, key: str, rng: np.random.Generator, replicas: int | None = None) -> list[float]:
        """Velocities of some of the machine's replicas."""
        row = self.velocity[self.place[key]]
        return [float(v) for v in row[rng.permutation(row.size)[: replicas or self.replicas]]]

    @cached_property
    def foretold(self) -> tuple[Floats, Floats]:
        """What theory says of the machines: mean and standard deviation, nan for nothing."""
        with np.load(self.folder / "theory.npz") as stored:
            place = {str(key): number for number, key in enumerate(stored["keys"])}
            order = [place[key] for key in self.keys]
            return stored["mean"][order], stored["sd"][order]


class Foretold(Theory):
    """What was stored of theory, dealt anew to the machines where a seed is given."""

    def __init__(self, landscape: Landscape, seed: int | None) -> None:
        self._landscape = landscape
        order = np.arange(len(landscape.keys))
        if seed is not None:
            order = np.random.default_rng([seed, 99]).permutation(order)
        self._mean, self._sd = (values[order] for values in landscape.foretold)

    def objectives(
        self, designs: Sequence[Design], most: int | None = None, most_seconds: float = np.inf
    ) -> tuple[Floats, Floats]:
        """(n, 1) means and standard deviations; nan of machines that are not in the landscape."""
        keys = [self._landscape.space.resolve(design).key for design in designs]
        rows = [self._landscape.place.get(key, -1) for key in keys]
        said = [(self._mean[row], self._sd[row]) if row >= 0 else (np.nan, np.nan) for row in rows]
        mean, sd = np.array(said).reshape(-1, 2).T
        return mean[:, None], sd[:, None]


def remember_machines() -> None:
    """Have all replays of a process share what designs come to: every one resolves the same few hundred."""
    resolved: dict[tuple[str, Design], Candidate | str] = {}
    anew = Space._resolve_anew

    def remembered(space: Space, design: Design) -> Candidate | str:
        where = space._name, design
        if where not in resolved:
            resolved[where] = anew(space, design)
        return resolved[where]

    Space._resolve_anew = remembered  # type: ignore[method-assign]


def campaign(folder: Path, agents: Iterable[str], seed: int) -> Campaign:
    """The landscape's campaign with other agents."""
    changes = [
        f"agents=[{', '.join(agents)}]",
        f"seed={seed}",
        f"budget.evaluations={MOST}",
        "confirmation.machines=0",
        f"racing.rungs=[{{replicas: {REPLICAS}, duration: 50 ps}}]",
    ]
    return load_campaign(folder / "campaign.yaml", changes)


def replay(landscape: Landscape, agents: Sequence[str], seed: int, theory: str) -> list[float]:
    """True value of every machine in the order in which they were simulated, until the goal is reached."""
    rng = np.random.default_rng([seed, 17])
    values: list[float] = []
    searched = campaign(landscape.folder, agents, seed)

    def evaluation(task: Task) -> Result:
        if task.machine not in landscape.place:
            values.append(-np.inf)
            return Result(task.key, {}, reason="it could not be measured")
        samples = {"velocity": landscape.draw(task.machine, rng)}
        values.append(round(float(landscape.truth[landscape.place[task.machine]]), DIGITS))
        if values[-1] >= landscape.goal:
            driver.stopping = True
        return Result(task.key, samples, steps=REPLICAS)

    told = None
    if theory != "off":
        told = Foretold(landscape, seed if theory == "shuffled" else None)
    driver = Driver(
        searched,
        Ledger(":memory:", write=True),
        LocalExecutor(evaluation),
        LocalTeam(searched, landscape.folder, theory=told),
        evaluation_of(searched, landscape.folder),
        batch=BATCH,
    )
    driver.run()
    reached = next((n for n, v in enumerate(values) if v >= landscape.goal), len(values) - 1)
    return values[: reached + 1]


def replay_optuna(landscape: Landscape, sampler_name: str, seed: int) -> list[float]:
    """The same with a sampler of Optuna; a machine that can't be measured is told as the worst so far."""
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
            design = Design.of(chosen)
            key = landscape.space.resolve(design).key if landscape.space.is_machine(design) else ""
            if key not in landscape.place:
                study.tell(trial, min(seen.values(), default=0.0))
                if key and key not in seen:
                    values.append(-np.inf)
                continue
            if key not in seen:
                seen[key] = float(np.mean(landscape.draw(key, rng)))
                values.append(round(float(landscape.truth[landscape.place[key]]), DIGITS))
                if values[-1] >= landscape.goal:
                    return values
            study.tell(trial, seen[key])
    return values


@cache
def landscape_of(folder: Path) -> Landscape:
    """A landscape, read once a process."""
    return Landscape(folder)


def run(folder: Path, name: str, theory: str, seed: int) -> list[float]:
    """The course of an agent, a team or one of Optuna's samplers."""
    landscape = landscape_of(folder)
    if name in OPTUNA:
        return replay_optuna(landscape, name, seed)
    return replay(landscape, TEAM if name == "team" else [name], seed, theory)


def main() -> None:
    """Run what is asked for and not there, and add it to the stored results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("agents", nargs="*", default=["random"])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--theory", choices=THEORY, default="off")
    parser.add_argument("--landscape", type=Path, default=HERE, metavar="FOLDER")
    parser.add_argument("--optuna", action="store_true")
    parser.add_argument("--again", action="store_true", help="do anew what is there")
    parser.add_argument("--plot", action="store_true", help="only show and draw what is stored")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    wanted = parser.parse_args()
    folder = wanted.landscape.resolve()
    stored = folder / "replay.json"
    curves: Curves = json.loads(stored.read_text()) if stored.exists() else {}
    landscape = landscape_of(folder)
    names = [] if wanted.plot else list(OPTUNA) if wanted.optuna else wanted.agents
    with ProcessPoolExecutor(wanted.workers, initializer=remember_machines) as pool:
        for name in names:
            title = name if name in OPTUNA else name + THEORY[wanted.theory]
            there = [] if wanted.again else curves.get(title, [])
            seeds = range(len(there), max(len(there), wanted.seeds))
            for course in pool.map(run, repeat(folder), repeat(name), repeat(wanted.theory), seeds):
                there.append(course)
                curves[title] = there
                stored.write_text(json.dumps(curves))
            print(line(title, there, landscape), flush=True)
    best, goal = landscape.truth.max(), landscape.goal
    print(f"\n{len(landscape.keys)} machines, goal {goal:.1f} turn/ns, best {best:.1f}")
    for name in in_order(curves):
        print(line(name, curves[name], landscape))
    print("\n".join(ratios(curves, landscape)))
    draw(curves, landscape)


def in_order(curves: Curves) -> list[str]:
    """Names, the quickest first."""
    return sorted(curves, key=lambda name: float(np.median([len(run) for run in curves[name]])))


def needed(runs: Sequence[Sequence[float]], landscape: Landscape) -> Floats:
    """(n_runs,) evaluations until the goal; infinite where it was not reached."""
    return np.array([len(run) if run[-1] >= landscape.goal else np.inf for run in runs])


def line(name: str, runs: list[list[float]], landscape: Landscape) -> str:
    """Median and quartiles of a searcher."""
    low, median, high = np.percentile(needed(runs, landscape), [25, 50, 75], method="nearest")
    return f"{name:38s} {len(runs):4d} seeds   median {median:5.0f}   quartiles {low:5.0f} {high:5.0f}"


def ratios(curves: Curves, landscape: Landscape) -> list[str]:
    """Evaluations with theory over those without, and over Optuna's, with 95 % intervals by the bootstrap."""
    lines = []
    for name in curves:
        plain = name.split(" with ")[0]
        for other in (plain, "optuna GP"):
            if " with " in name and other in curves:
                first, second = needed(curves[name], landscape), needed(curves[other], landscape)
                lines.append(f"{name} / {other}: " + _ratio(first, second))
    return lines


def _ratio(first: Floats, second: Floats) -> str:
    rng = np.random.default_rng(5)
    words = []
    for label, statistic in (("means", np.mean), ("medians", np.median)):
        drawn = [
            statistic(first[rng.integers(len(first), size=len(first))])
            / statistic(second[rng.integers(len(second), size=len(second))])
            for _ in range(2000)
        ]
        low, high = np.quantile(drawn, [0.025, 0.975])
        words.append(f"{label} {statistic(first) / statistic(second):.2f} ({low:.2f} to {high:.2f})")
    return ", ".join(words)


def draw(curves: Curves, landscape: Landscape) -> None:
    """Share of seeds that have reached the goal, and median best so far, against evaluations."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
    longest = max(len(run) for runs in curves.values() for run in runs)
    steps = np.arange(1, longest + 1)
    colours = plt.rcParams["axes.prop_cycle"].by_key()["color"]
    plain = sorted({name.split(" with ")[0] for name in curves})
    for name in in_order(curves):
        runs = curves[name]
        theory = next(kind for kind in ("shuffled", "on", "off") if THEORY[kind] in name)
        style = {"off": "--" if name in OPTUNA else "-", "on": "-.", "shuffled": ":"}[theory]
        colour = colours[plain.index(name.split(" with ")[0]) % len(colours)]
        reached = needed(runs, landscape)
        left.plot(steps, [(reached <= n).mean() for n in steps], style, color=colour, label=name)
        best = np.array([np.maximum.accumulate(run + [run[-1]] * (longest - len(run))) for run in runs])
        right.plot(steps, np.median(best, axis=0), style, color=colour)
    left.set(xlabel="evaluations", ylabel="share of seeds that found a top-1 % machine", xscale="log")
    right.set(xlabel="evaluations", ylabel="median best true velocity, turn/ns", xscale="log")
    left.legend(frameon=False, fontsize=6)
    figure.savefig(landscape.folder / "replay.png", dpi=120)


if __name__ == "__main__":
    main()
