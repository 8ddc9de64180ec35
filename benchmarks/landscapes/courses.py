"""The course of one search on one landscape: by an agent, a team, or one of Optuna's samplers."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.landscapes.formula import OBJECTIVES, campaign, drawn
from benchmarks.landscapes.kinds import Landscape, landscape
from molmach.search import Design, Space
from molmach.search.agents.team import LocalTeam
from molmach.search.loop.driver import Driver
from molmach.search.loop.evaluations import evaluation_of
from molmach.search.loop.executors import LocalExecutor
from molmach.search.record.calibration import WITHIN, Scores
from molmach.search.record.ledger import Ledger
from molmach.search.record.trial import State
from molmach.search.space.design import Categorical, Value

HERE = Path(__file__).parent

EVALUATIONS = 100
BATCH = 10
"""Results that a sampler is told at a time, and proposals that all agents together are asked for."""

MEMBERS = ("evolutionary", "bayesian", "reinforcement", "active_inference")
AGENTS = ("random", *MEMBERS, "team")
OPTUNA = ("optuna TPE", "optuna GP")
SEARCHERS = (*AGENTS, *OPTUNA)

_ASKED = 3
"""Times the evaluations: how often a sampler of Optuna may be asked, since it proposes machines again."""


def course(kind: str, seed: int, searcher: str) -> dict[str, Any]:
    """What one search found, as plain values.

    Returns
    -------
    course
        ``best``: [evaluation from 1, how far the search was then], wherever that grew; ``to_goal``:
        evaluations to the goal, None where it was not reached; ``regret`` after all evaluations; ``failed``:
        evaluations that gave no value; ``predictions``: agent -> count, number within 95 %, sum of squared
        z-scores; ``seconds`` of the processor.
    """
    chosen = landscape(kind, seed)
    assert chosen.optimum >= chosen.goal, "a landscape knows its optimum before it is searched"
    started = time.process_time()
    predictions: dict[str, Any] = {}
    if searcher in OPTUNA:
        found = _of_optuna(chosen, searcher)
    else:
        found, predictions = _of_agents(chosen, list(MEMBERS) if searcher == "team" else [searcher])
    seconds = time.process_time() - started
    reached = chosen.reached(found)
    grown = np.flatnonzero(reached > np.concatenate([[-np.inf], reached[:-1]]))
    there = np.flatnonzero(reached >= chosen.goal)
    return {
        "best": [[int(n) + 1, float(f"{reached[n]:.6g}")] for n in grown],
        "to_goal": int(there[0]) + 1 if len(there) else None,
        "regret": round(chosen.regret(float(reached[-1])), 5),
        "failed": sum(values is None for values in found),
        "predictions": predictions,
        "seconds": round(seconds, 1),
    }


def _of_agents(chosen: Landscape, agents: list[str]) -> tuple[list[tuple[float, ...] | None], dict[str, Any]]:
    """True values of the machines in the order of their evaluation, and how good predictions were."""
    searched = campaign(chosen, agents, EVALUATIONS, BATCH)
    ledger = Ledger(":memory:", write=True)
    team = LocalTeam(searched, HERE)
    driver = Driver(searched, ledger, LocalExecutor(), team, evaluation_of(searched, HERE), batch=BATCH)
    driver.run()
    said: dict[str, list[tuple[float, ...]]] = {}
    found: list[tuple[float, ...] | None] = []
    trials = {trial.machine: trial for trial in ledger.trials() if trial.state is not State.REPEAT}
    for finding in ledger.findings():
        trial = trials[finding.machine]
        found.append(chosen.value(dict(trial.design.values)))
        if finding.ok and trial.mean is not None and trial.sd is not None:
            first = finding.measured[0]
            numbers = (trial.mean, trial.sd, first.value, first.error, first.low, first.high)
            said.setdefault(trial.agent, []).append(numbers)
    predictions = {}
    for agent, rows in said.items():
        z = Scores.of(*np.array(rows).T).z
        predictions[agent] = [len(z), int((np.abs(z) <= WITHIN).sum()), round(float(z @ z), 2)]
    return found, predictions


def _of_optuna(chosen: Landscape, sampler: str) -> list[tuple[float, ...] | None]:
    """The same with a sampler of Optuna, told as many results at a time.

    A machine that it proposes again costs it nothing. What can't be measured is pruned for TPE, which takes
    it for worse than all; its Gaussian process knows values alone, and gets the worst so far.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers: dict[str, Callable[[], optuna.samplers.BaseSampler]] = {
        "optuna TPE": lambda: optuna.samplers.TPESampler(seed=chosen.seed, constant_liar=True),
        "optuna GP": lambda: optuna.samplers.GPSampler(seed=chosen.seed),
    }
    study = optuna.create_study(
        directions=["maximize"] * chosen.objectives, sampler=samplers[sampler](), storage=None
    )
    space = Space(campaign(chosen, ["random"], EVALUATIONS, BATCH))
    found: list[tuple[float, ...] | None] = []
    seen: dict[str, list[float] | None] = {}
    for _ in range(_ASKED * EVALUATIONS // BATCH):
        for trial in [study.ask() for _ in range(BATCH)]:
            design = Design.of(_suggested(space, trial))
            key = space.resolve(design).key
            if key not in seen and len(found) < EVALUATIONS:
                samples, _ = drawn(chosen, dict(design.values), key)
                seen[key] = [float(np.mean(samples[name])) for name in OBJECTIVES if name in samples] or None
                found.append(chosen.value(dict(design.values)))
            if seen.get(key) is not None:
                study.tell(trial, seen[key])
            elif sampler == "optuna TPE":
                study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            else:
                study.tell(trial, [min((v[0] for v in seen.values() if v), default=0.0)])
        if len(found) == EVALUATIONS:
            break
    return found


def _suggested(space: Space, trial: Any) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for variable in space.variables:
        if isinstance(variable, Categorical):
            values[variable.name] = trial.suggest_categorical(variable.name, list(variable.values))
        else:
            share = trial.suggest_float(variable.name, 0.0, 1.0)
            values[variable.name] = variable.at(share)
    return values
