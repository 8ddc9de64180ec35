"""What the courses say: who reaches the goals, what is lacking in the end, whose intervals hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.landscapes.courses import EVALUATIONS, MEMBERS, OPTUNA

Floats = NDArray[np.float64]
Courses = Mapping[str, Mapping[str, Any]]
"""Seed -> course."""

_RESAMPLES = 4000
_LEVEL = 0.95


def tables(results: Mapping[str, Mapping[str, Courses]], kinds: Sequence[str], names: Sequence[str]) -> str:
    """All kinds' searches, then the comparisons that count, as Markdown."""
    lines = []
    for kind in (kind for kind in kinds if kind in results):
        lines += _of_kind(kind, results[kind], names)
    for kind in (kind for kind in kinds if kind in results):
        lines += [f"- {kind}: {line}" for line in comparisons(results[kind])]
    return "\n".join(lines)


def _of_kind(kind: str, found: Mapping[str, Courses], names: Sequence[str]) -> list[str]:
    lines = [
        f"\n### {kind}\n",
        "| search | seeds | goal reached | evaluations to it, median | regret after "
        f"{EVALUATIONS} | less random's, paired | failed | coverage of 95 % | rms z |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in (name for name in names if name in found):
        courses = found[name]
        reached = [one["to_goal"] for one in courses.values()]
        there = [n for n in reached if n is not None]
        low, high = (100 * p for p in stats.binomtest(len(there), len(reached)).proportion_ci(_LEVEL))
        median = np.median([np.inf if n is None else n for n in reached])
        needed = "-" if np.isinf(median) else f"{median:.0f}"
        against = "" if name == "random" else _interval(*paired(courses, found.get("random", {})))
        failed = np.mean([one["failed"] for one in courses.values()])
        lines.append(
            f"| {name} | {len(courses)} | {len(there)} ({low:.0f} to {high:.0f} %) | "
            f"{needed} | {_interval(*mean(regrets(courses)))} | {against} | "
            f"{failed:.0f} | {_calibration(courses)} |"
        )
    return lines


def regrets(courses: Courses) -> Floats:
    """(seeds,) what each search lacks."""
    return np.array([one["regret"] for one in courses.values()])


def mean(values: Floats) -> tuple[float, float, float]:
    """Mean and its percentile bootstrap interval (Efron & Tibshirani 1993, chapter 13); nan of none."""
    if not len(values):
        return np.nan, np.nan, np.nan
    rng = np.random.default_rng(7)
    means = values[rng.integers(len(values), size=(_RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [0.5 - _LEVEL / 2, 0.5 + _LEVEL / 2])
    return float(values.mean()), float(low), float(high)


def paired(courses: Courses, others: Courses) -> tuple[float, float, float]:
    """Mean difference of regrets on the same landscapes, and its interval."""
    seeds = [seed for seed in courses if seed in others]
    return mean(np.array([courses[seed]["regret"] - others[seed]["regret"] for seed in seeds]))


def comparisons(found: Mapping[str, Courses]) -> list[str]:
    """Bayesian and the team against random, the team against its best member, ours against Optuna's."""
    lines = []
    averages = {name: float(regrets(courses).mean()) for name, courses in found.items()}
    for name in ("bayesian", "team"):
        if name in found and "random" in found:
            lines.append(f"{name} less random {_interval(*paired(found[name], found['random']))}")
    members = [name for name in MEMBERS if name in found]
    if members and "team" in found:
        best = min(members, key=lambda name: averages[name])
        lines.append(f"team less {best}, its best member, {_interval(*paired(found['team'], found[best]))}")
    theirs = [name for name in OPTUNA if name in found]
    ours = [name for name in (*MEMBERS, "team") if name in found]
    if theirs and ours:
        rival = min(theirs, key=lambda name: averages[name])
        lines += [f"{name} less {rival} {_interval(*paired(found[name], found[rival]))}" for name in ours]
    return lines


def _interval(value: float, low: float, high: float) -> str:
    return "" if np.isnan(value) else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _calibration(courses: Courses) -> str:
    """Coverage and root mean square of z-scores of an agent's predictions; of a team, member by member."""
    sums: dict[str, Floats] = {}
    for one in courses.values():
        for agent, numbers in one["predictions"].items():
            sums[agent] = sums.get(agent, np.zeros(3)) + np.array(numbers)
    if not sums:
        return " | "
    several = len(sums) > 1
    covered = [f"{agent[:2] + ' ' if several else ''}{100 * n[1] / n[0]:.0f} %" for agent, n in sums.items()]
    sizes = [f"{agent[:2] + ' ' if several else ''}{np.sqrt(n[2] / n[0]):.2f}" for agent, n in sums.items()]
    return f"{', '.join(covered)} | {', '.join(sizes)}"
