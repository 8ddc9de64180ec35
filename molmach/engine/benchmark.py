"""Measured speed of the engine on each platform, as ratios within one run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from molmach.engine.native import Condition
from molmach.engine.platforms import platform_names, trial

_ROUNDS = 5


@dataclass(frozen=True)
class BenchRow:
    """Speed of one system on one platform; ``ratio_to_reference`` above one is faster than Reference."""

    system: str
    atoms: int
    engine: str
    platform: str
    replicas: int
    us_per_step_per_replica: float
    ns_per_day: float
    ratio_to_reference: float
    problem: str = ""


def benchmark(conditions: Iterable[Condition]) -> list[BenchRow]:
    """Time each condition on each platform in turn, five rounds; medians, and the median of ratios."""
    rows: list[BenchRow] = []
    for condition in conditions:
        names = platform_names()
        positions = condition.assembly.positions_nm
        times: dict[str, list[float]] = {name: [] for name in names}
        problems: dict[str, str] = {}
        for _ in range(_ROUNDS):
            for name in names:
                if name in problems:
                    continue
                result = trial(condition.system, condition.integrator, positions, name)
                times[name].append(result.us_per_step)
                if result.problem:
                    problems[name] = result.problem
        for name in names:
            failed = name in problems
            us = float("nan") if failed else median(times[name])
            ratios = [r / t for r, t in zip(times["Reference"], times[name], strict=False)]
            rows.append(
                BenchRow(
                    system=condition.assembly.name,
                    atoms=condition.assembly.molecule.GetNumAtoms(),
                    engine="native",
                    platform=name,
                    replicas=1,
                    us_per_step_per_replica=us,
                    ns_per_day=condition.protocol.timestep * 1e-3 / (us * 1e-6) * 86400.0,
                    ratio_to_reference=float("nan") if failed else median(ratios),
                    problem=problems.get(name, ""),
                )
            )
    return rows
