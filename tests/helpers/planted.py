"""Small spaces with a known answer, on which search agents are tried without simulating anything."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import yaml

from molmach.errors import InfeasibleError
from molmach.search import Design, Finding, Measured, Space, State, Trial, View
from molmach.search.agents.interface import Agent
from molmach.spec.campaign import loads_campaign

# Held by one end more than by the other, so that the two ends of its axle are not alike.
CAMPAIGN = """
name: planted
base: difluorophenylene-rotor
machine:
  smiles: "[CH:1]#[C:2]c1c([*:10])c([*:11])c([C:3]#[CH:4])c([*:12])c1([*:13])"
  stator: [1, 2, 3]
space:
  sites:
    10: [hydrogen, fluoro, chloro, cyano, methyl]
    11: [hydrogen, fluoro, chloro, cyano, methyl]
    12: [hydrogen, fluoro, chloro, cyano, methyl]
    13: [hydrogen, fluoro, chloro, cyano, methyl]
objectives: {maximise: velocity}
racing: {rungs: [{replicas: 16, duration: 20 ps}]}
agents: [random]
budget: {evaluations: 400}
"""
NOISE = 0.1
PARAMETERS = {
    "drive.frequency": {"low": "10 GHz", "high": "400 GHz", "scale": "log"},
    "drive.field": {"low": "0.1 V/nm", "high": "2 V/nm"},
}
EDITS = ["replace", "extend", "cyclise", "swap_heteroatom"]
UNLIKE_ENDS = "[CH:1]#[C:2]c1c([*:10])c([*:11])c([C:3]#[CH:4])c2nc([*:12])c([*:13])cc12"
"""A ring system whose two ends differ, so that no two designs are one machine."""

NO_SITES = "[CH:1]#[C:2]c1ccc([C:3]#[CH:4])cc1"


def space_of(smiles: str | None = None, equal_ends: bool = False, **section: object) -> Space:
    """The planted space, other keys of its section ``space``, or another molecule whose whole space they are."""
    content = copy.deepcopy(yaml.safe_load(CAMPAIGN))
    if equal_ends:
        del content["machine"]["stator"]
    if smiles is not None:
        content["machine"]["smiles"], content["space"] = smiles, {}
    content["space"].update(section)
    return Space(loads_campaign(content, "planted", Path()))


def planted(space: Space, seed: int) -> dict[str, float]:
    """Key of each machine -> its value: sums over sites and over two pairs of sites, squashed at the ends.

    A machine that has several spellings has the mean of their values.
    """
    rng = np.random.default_rng(seed)
    names = [variable.name for variable in space.variables]
    alone = {column: rng.normal() for column in space.columns}
    pairs = [tuple(rng.choice(names, 2, replace=False)) for _ in range(2)]
    together: dict[tuple[object, ...], float] = {}
    values: dict[str, list[float]] = {}
    for design in space.enumerate():
        value = sum(alone[f"{name}={design[name]}"] for name in names)
        for number, (a, b) in enumerate(pairs):
            value += together.setdefault((number, design[a], design[b]), rng.normal())
        values.setdefault(space.resolve(design).key, []).append(value)
    return {key: float(3.0 * np.tanh(np.mean(spelled) / 3.0)) for key, spelled in values.items()}


def trial_of(
    design: Design, machine: str, values: Sequence[float], errors: Sequence[float], reason: str = ""
) -> Trial:
    """The trial of a machine that was measured on the first rung, or failed for a reason."""
    measured = tuple(
        Measured(value, error, value - 2 * error, value + 2 * error)
        for value, error in zip(values, errors, strict=True)
    )
    begun = Trial(0, "other", 0, design, machine=machine, state=State.RUNNING)
    return begun.found(Finding(machine, machine, "other", 0, reason, measured, 1.0, 1, False, 0.0))


def trial(space: Space, design: Design, *values: float, feasible: bool = True) -> Trial:
    """The trial of a design with the usual noise; without values where it is not feasible."""
    key, errors = space.resolve(design).key, (NOISE,) * len(values)
    return trial_of(design, key, values, errors, "" if feasible else "it broke")


def view_of(space: Space, trials: list[Trial], batch: int = 3, budget_left: float = 0.5) -> View:
    """The view after these trials."""
    return View(space, tuple(trials), frozenset(t.machine for t in trials), budget_left, batch, 11)


def history(
    space: Space, count: int, value: Callable[[Design], tuple[float, ...]], seed: int = 0
) -> list[Trial]:
    """Trials of designs at random, every other one edited where the space is open; none twice."""
    rng = np.random.default_rng(seed)
    trials: dict[str, Trial] = {}
    for attempt in range(20 * count):
        design = space.sample(rng)
        if space.open and attempt % 2:
            edited = space.edit(design, rng)
            design = edited[0] if edited else design
        if len(trials) < count and space.is_machine(design):
            one = trial(space, design, *(v + NOISE * rng.normal() for v in value(design)))
            trials.setdefault(one.machine, one)
    return list(trials.values())


def replay(
    agent: Agent, truth: dict[str, float], seed: int, limit: int = 400, top: float = 0.01
) -> tuple[int, list[tuple[float, float, float]]]:
    """Evaluations, in batches of 4, until one of the best was among them; (true, mean, sd) predicted."""
    space = agent.space
    rng = np.random.default_rng(1000 + seed)
    good = sorted(truth.values(), reverse=True)[max(1, round(top * len(truth))) - 1]
    trials: list[Trial] = []
    predictions = []
    while len(trials) < limit:
        taken = frozenset(t.machine for t in trials)
        view = View(space, tuple(trials), taken, 1.0 - len(trials) / limit, len(trials), seed)
        for proposal in agent.propose(view, 4):
            key = space.resolve(proposal.design).key
            trials.append(trial(space, proposal.design, truth[key] + NOISE * rng.normal()))
            if proposal.mean is not None and proposal.sd is not None:
                predictions.append((truth[key], proposal.mean, proposal.sd))
            if truth[key] >= good:
                return len(trials), predictions
    return limit, predictions


def shares(space: Space, design: Design) -> dict[str, float]:
    """Where each number of a design lies between its bounds."""
    return dict(zip(space.columns, space.encode([design])[0], strict=True))


def new_and_distinct(view: View, designs: list[Design]) -> bool:
    """Whether designs are machines that nobody proposed, each another."""
    try:
        keys = [view.space.resolve(design).key for design in designs]
    except InfeasibleError:
        return False
    return len(set(keys)) == len(keys) and not set(keys) & view.taken
