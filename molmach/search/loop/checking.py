"""Finding what is wrong with a campaign before anything is started."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from molmach import drives
from molmach.building import build, kind_of
from molmach.errors import BuildError, InfeasibleError, SpecError
from molmach.scoring.undirected import equilibrium_sentence
from molmach.search.agents.registry import check_agent
from molmach.search.loop.evaluations import evaluation_of, task_of
from molmach.search.loop.objectives import Objectives
from molmach.search.record.trial import CONFIRMATION
from molmach.search.space.space import Space
from molmach.spec import Campaign, Spec

_TRIES = 200
_LOOKED_AT = 20


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


def equilibrium_note(campaign: Campaign, source: Path) -> str:
    """What is known of a campaign's outcome before it starts: that nothing drives its machines; or ''.

    It is said where the first machine and the drives of twenty designs at random are at equilibrium by their
    own files, and the evaluation simulates them under their drives.
    """
    if not evaluation_of(campaign, source).simulates_drives:
        return ""
    space, rng = Space(campaign), np.random.default_rng(0)
    assembly, reason = None, None
    for _ in range(_LOOKED_AT):
        try:
            spec = space.resolve(space.sample(rng)).spec
        except InfeasibleError:
            continue
        try:
            assembly = assembly or build(spec)
            reason = drives.equilibrium(spec.drive, assembly, spec.protocol)
        except (BuildError, SpecError):  # check() and the evaluations say so
            return ""
        if reason is None:
            return ""
    return "" if reason is None else equilibrium_sentence(reason)


def _sort(spec: Spec) -> tuple[object, ...]:
    """What machines share that have the same quantities, so that one speaks for all."""
    kind, machine = kind_of(spec.machine.kind), spec.machine
    named = (kind.station_names(machine), kind.follower_names(machine))
    return machine.kind, *named, spec.drive.kind, spec.drive.load != 0.0
