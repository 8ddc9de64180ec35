"""Finding what is wrong with a campaign before anything is started."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from molmach.building import kind_of
from molmach.errors import BuildError, InfeasibleError, SpecError
from molmach.search.agents.registry import check_agent
from molmach.search.loop.evaluations import evaluation_of, task_of
from molmach.search.loop.objectives import Objectives
from molmach.search.record.trial import CONFIRMATION
from molmach.search.space.space import Space
from molmach.spec import Campaign, Spec

_TRIES = 200


def check(campaign: Campaign, source: Path) -> Space:
    """Find what is wrong with a campaign; its space.

    Parameters
    ----------
    campaign
        The campaign.
    source
        Folder where relative files of agents and evaluations start.

    Raises
    ------
    SpecError
        Space, objectives, agents, evaluation or rungs can't be taken.
    MissingExtraError
        An agent or the evaluation needs a module that is not installed.
    """
    space = Space(campaign)
    for agent in campaign.agents:
        check_agent(agent, source)
    evaluation = evaluation_of(campaign, source)
    Objectives(campaign.objectives, evaluation)
    rng = np.random.default_rng(0)
    problem = "no design"
    misfits: dict[tuple[object, ...], str] = {}
    for _ in range(_TRIES):
        try:
            candidate = space.resolve(space.sample(rng))
            if (sort := _sort(candidate.spec)) in misfits:
                continue
            reason = evaluation.refusal(candidate)
        except (InfeasibleError, BuildError) as error:
            problem = str(error)
            continue
        if reason:
            misfits[sort] = reason
            continue
        for rung in (*range(evaluation.rungs), CONFIRMATION):
            task_of(evaluation, candidate, rung)
        return space
    if misfits:
        raise SpecError(next(iter(misfits.values())))
    raise SpecError(f"space: none of {_TRIES} designs at random is a machine; the last one: {problem}")


def _sort(spec: Spec) -> tuple[object, ...]:
    """What machines share that have the same quantities, so that one speaks for all."""
    kind, machine = kind_of(spec.machine.kind), spec.machine
    named = (kind.station_names(machine), kind.follower_names(machine))
    return machine.kind, *named, spec.drive.kind, spec.drive.load != 0.0
