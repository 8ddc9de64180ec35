"""Finding what is wrong with a campaign before anything is started."""

from __future__ import annotations

import ast
import itertools
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from molmach import drives
from molmach.building import build, kind_of
from molmach.errors import BuildError, InfeasibleError, PluginError, PluginWarning, SpecError, shortened
from molmach.estimates import Estimator
from molmach.scoring.undirected import equilibrium_sentence
from molmach.search.agents.registry import check_agent
from molmach.search.agents.theory import FIELD, MOST_SECONDS, estimators_of
from molmach.search.arithmetic import names_in
from molmach.search.loop.evaluations import Evaluation, evaluation_of, task_of
from molmach.search.loop.objectives import Objectives
from molmach.search.record.trial import CONFIRMATION
from molmach.search.space.design import Categorical, Design, Value
from molmach.search.space.fragments import check_names
from molmach.search.space.mending import mended
from molmach.search.space.space import Space
from molmach.search.strangers import TooLongError, calling, described
from molmach.spec import Campaign, Spec

_TRIES = 200
"""Designs at random: one in forty being a machine, they miss all of them once in 158 files."""

_MENDED, _CHANGES = 4, 200
"""Walks towards the constraints after that, and designs that each looks at: seconds, before a refusal."""
_LOOKED_AT = 20
"""Designs at random whose drives are looked at. Not tuned: a space has few drives."""

_TRIES_OF_A_VALUE = 20
"""Designs with one value, of which one that can be written is enough. Not tuned: a space has few kinds."""


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
        Space, objectives, agents, estimators, evaluation or rungs can't be taken.
    MissingExtraError
        An agent or the evaluation needs a module that is not installed.
    """
    space = Space(campaign)
    _check_agents(campaign, source)
    evaluation = evaluation_of(campaign, source)
    Objectives(campaign.objectives, evaluation)
    if campaign.budget.target is not None and campaign.objectives[0].bounds:
        raise SpecError(
            "budget.target: is a bound of what is maximised or minimised, and the first objective is to "
            f"{campaign.objectives[0].words}; expected none, or another objective first"
        )
    _check_theory(campaign, space, evaluation, source)
    rng = np.random.default_rng(0)
    problem = "no design"
    misfits: dict[tuple[object, ...], str] = {}
    _check_lightest(space, campaign)
    for design in _tried(space, rng):
        try:
            candidate = space.resolve(design)
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
    raise SpecError(
        f"space: none of {_TRIES + _MENDED * _CHANGES} designs that were looked at is a machine, neither at "
        f"random nor by changes towards the constraints; the last one: {problem}"
    )


def _tried(space: Space, rng: np.random.Generator) -> Iterator[Design]:
    """Designs at random, then such as changes have brought nearer to the constraints."""
    for _ in range(_TRIES):
        yield space.sample(rng)
    for _ in range(_MENDED):
        design = space.sample(rng)
        machine, _ = mended(space, design, rng, _CHANGES)
        yield machine or design


def _check_lightest(space: Space, campaign: Campaign) -> None:
    """Refuse limits of weight and atoms that no design keeps to, where they are known to add up."""
    within, limits = space.drawing.within, campaign.space.constraints
    if within is None or within.count:
        return
    weight, atoms = within.lightest
    given = [
        f"{name} {limit:g}"
        for name, limit in (
            ("molecular_weight", limits.molecular_weight),
            ("heavy_atoms", limits.heavy_atoms),
        )
        if limit is not None
    ]
    raise SpecError(
        f"space.constraints: no design keeps to {' and '.join(given)}; the lightest of its designs has "
        f"{weight:.0f} u, and the smallest {atoms:.0f} heavy atoms"
    )


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


def _check_agents(campaign: Campaign, source: Path) -> None:
    """Refuse agents that are not there; warn of one whose own code fails, for it will be left out."""
    broken: dict[str, PluginError] = {}
    for agent in campaign.agents:
        try:
            check_agent(agent, source)
        except PluginError as error:
            broken[agent.label] = error
    if len(broken) == len(campaign.agents):
        raise next(iter(broken.values()))
    for label, failure in broken.items():
        warnings.warn(f"agent {label} is left out: {failure}", PluginWarning, stacklevel=2)


def _check_theory(campaign: Campaign, space: Space, evaluation: Evaluation, source: Path) -> None:
    """Refuse estimators that are not there or have nothing to say of any machine; warn of one that fails."""
    estimators, broken = estimators_of(campaign, source)
    for name, failure in broken.items():
        warnings.warn(f"estimator {name} is left out: {failure}", PluginWarning, stacklevel=2)
    wanted = set().union(
        *(names_in(ast.parse(o.expression.strip(), mode="eval")) for o in campaign.objectives)
    )
    for name in campaign.theory.estimators:
        if name not in estimators:
            continue
        unknown = [q for q in estimators[name].quantities if evaluation.quantity(q) is None]
        if unknown:
            raise SpecError(
                f"{FIELD}: {name} estimates {shortened(unknown[0])}, which {campaign.evaluation.use} "
                f"does not give; expected some of {', '.join(evaluation.listed)}"
            )
        if not wanted & set(estimators[name].quantities):
            raise SpecError(
                f"{FIELD}: {name} estimates {', '.join(estimators[name].quantities)}, none of which an "
                f"objective names; expected one of {', '.join(sorted(wanted))}"
            )
        reason = _silence(estimators[name], name, space)
        if reason:
            raise SpecError(
                f"{FIELD}: {name} says nothing of any of {_LOOKED_AT} designs at random: {reason}"
            )


def _silence(estimator: Estimator, name: str, space: Space) -> str:
    """Why an estimator says nothing of any of some designs; '' where it does, or fails, which others say."""
    rng, reason = np.random.default_rng(0), ""
    for _ in range(_LOOKED_AT):
        try:
            spec = space.resolve(space.sample(rng)).spec
        except InfeasibleError:
            continue
        try:
            with calling(MOST_SECONDS):
                said: object = estimator.refusal(spec)
        except (TooLongError, Exception) as error:
            warnings.warn(f"estimator {name} is left out: {described(error)}", PluginWarning, stacklevel=3)
            return ""
        if not said:
            return ""
        reason = reason or str(said)[:200]
    return reason


def check_new(campaign: Campaign, space: Space, source: Path) -> None:
    """Find what is besides wrong with a campaign that nobody has begun; one that was begun may go on with it.

    Parameters
    ----------
    campaign, space
        The campaign and its space.
    source
        Folder where relative files of its evaluation start.

    Raises
    ------
    SpecError
        A rung is no more effort than the one before it; a fragment takes a name of the library; an option or
        the end of a range is nothing that a machine file takes.
    """
    check_names(campaign.space.fragments)
    _check_rungs(campaign)
    evaluation, rng = evaluation_of(campaign, source), np.random.default_rng(0)
    for where, name, value in _ends(space):
        _check_value(space, evaluation, where, name, value, rng)


def _check_rungs(campaign: Campaign) -> None:
    for number, (before, rung) in enumerate(itertools.pairwise(campaign.racing.rungs), start=1):
        if rung.replicas * rung.duration <= before.replicas * before.duration:
            raise SpecError(
                f"racing.rungs.{number}: {rung.replicas} replicas of {rung.duration:g} ps are no more effort "
                f"than the {before.replicas} of {before.duration:g} ps before them; expected rungs from "
                "cheap to full"
            )
    listed = campaign.evaluation.rungs
    for number, other in enumerate(listed):
        if other in listed[:number]:
            raise SpecError(
                f"evaluation.rungs.{number}: the same as rung {listed.index(other)}; expected rungs from "
                "cheap to full, each once"
            )


def _ends(space: Space) -> Iterator[tuple[str, str, Value]]:
    """(where it stands, variable, value) of every option of a choice, and of both ends of every range."""
    for variable in space.variables:
        if not isinstance(variable, Categorical):
            yield f"space.parameters.{variable.name}.low", variable.name, variable.at(0.0)
            yield f"space.parameters.{variable.name}.high", variable.name, variable.at(1.0)
        elif variable.name not in space.site_fragments:
            for option in variable.values:
                yield f"space.choices.{variable.name}.{option}", variable.name, option


def _check_value(
    space: Space, evaluation: Evaluation, where: str, name: str, value: Value, rng: np.random.Generator
) -> None:
    """Refuse a value with which no design is written as a machine file takes it, whatever else it has.

    That some machines, or all with this value, can't be built or break a constraint is no fault of the file.
    """
    problem = ""
    for _ in range(_TRIES_OF_A_VALUE):
        design = Design.of({**dict(space.sample(rng).values), name: value})
        try:
            space.written(design)
        except InfeasibleError:
            return
        except SpecError as error:
            problem = str(error).partition("\n")[0].removeprefix("design: ")
            continue
        if space.is_machine(design):
            candidate = space.resolve(design)
            for rung in (*range(evaluation.rungs), CONFIRMATION):
                task_of(evaluation, candidate, rung)
        return
    raise SpecError(f"{where}: nothing that a machine file takes: {problem}")


def _sort(spec: Spec) -> tuple[object, ...]:
    """What machines share that have the same quantities, so that one speaks for all."""
    kind, machine = kind_of(spec.machine.kind), spec.machine
    named = (kind.station_names(machine), kind.follower_names(machine))
    return machine.kind, *named, spec.drive.kind, spec.drive.load != 0.0
