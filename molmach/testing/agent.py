"""What every search agent must obey."""

from __future__ import annotations

import hashlib
import inspect
import itertools
import math
import multiprocessing
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from molmach.search.agents.interface import Agent, Proposal, View
from molmach.search.agents.registry import make_agent
from molmach.search.agents.runner import checked
from molmach.search.record.trial import Finding, Measured, State, Trial
from molmach.search.space.design import Design
from molmach.search.space.space import Space
from molmach.spec.campaign import AgentEntry, loads_campaign

_FRAGMENTS = ["hydrogen", "fluoro", "cyano", "methyl"]
_PARAMETERS = {"drive.frequency": {"low": "20 GHz", "high": "400 GHz", "scale": "log"}}
_SPACES: Mapping[str, Mapping[str, Any]] = {
    "sites": {"sites": {10: _FRAGMENTS, 11: _FRAGMENTS}},
    "sites and a parameter": {"sites": {10: _FRAGMENTS, 11: _FRAGMENTS}, "parameters": _PARAMETERS},
    "sites and edits": {"sites": {10: _FRAGMENTS, 11: _FRAGMENTS}, "edits": ["replace", "extend"]},
}
_SEED = 20
_BATCH = 3
_ASKED = 2


@dataclass(frozen=True)
class _Case:
    """A moment of a made-up campaign.

    Attributes
    ----------
    name
        In a few words, for errors.
    space_name
        One of :data:`_SPACES`.
    known
        Machines that came to something.
    objectives
        How many.
    failing
        Of so many machines each one fails; 1: all of them.
    exhausted
        Whether every machine of the space was proposed.
    """

    name: str
    space_name: str = "sites"
    known: int = 0
    objectives: int = 1
    failing: int = 5
    exhausted: bool = False

    @cached_property
    def space(self) -> Space:
        """Designs of a rotor with two sites."""
        return _space(self.space_name)

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """What was found; the first design has a value that the space does not have."""
        rng = np.random.default_rng(_SEED)
        designs = (
            self.space.enumerate()
            if self.exhausted
            else (self.space.sample(rng) for _ in range(20 * self.known))
        )
        nonsense = Trial(1, "other", 0, Design.of({"R10": "no such fragment"}), "to try")
        trials = {"": nonsense.refused(State.INFEASIBLE, "R10: no such fragment")} if self.known else {}
        for design in designs:
            machine = self.space.resolve(design)
            if len(trials) <= self.known or self.exhausted:
                trials.setdefault(machine.key, self._trial(len(trials) + 1, machine.key, design))
        return tuple(trials.values())

    def _trial(self, number: int, machine: str, design: Design) -> Trial:
        failed = number % self.failing == 0
        measured = () if failed else tuple(_measured(f"{machine} {k}") for k in range(self.objectives))
        reason = "the integration diverged" if failed else ""
        finding = Finding(machine, machine, "other", 0, reason, measured, 1.0, 1000, False, float(number))
        begun = Trial(number, "other", number // 4, design, "to try", machine=machine, state=State.RUNNING)
        return begun.found(finding)

    def view(self, batch: int = _BATCH, results: int | None = None) -> View:
        """The campaign as the agent sees it, after the first ``results`` results."""
        trials = self.trials[:results]
        taken = frozenset(trial.machine for trial in trials if trial.machine)
        return View(self.space, trials, taken, 0.5, batch, _SEED)


_CASES = (
    _Case("at the start"),
    _Case("after eight machines", known=8),
    _Case("with edits, after eight machines", "sites and edits", known=8),
    _Case("with a parameter and two objectives", "sites and a parameter", known=8, objectives=2),
    _Case("when every machine has failed", known=6, failing=1),
    _Case("when every machine is taken", exhausted=True, known=10),
)


def check_agent(
    agent: type[Agent] | str, options: Mapping[str, Any] | None = None, folder: Path = Path()
) -> None:
    """Hold a search agent against what :class:`molmach.search.Agent` promises.

    In small made-up campaigns (at the start and later, with numbers, edits and several objectives, where
    everything has failed, where nothing is left): it proposes at most as many designs as it is asked for,
    only machines of the space, each of them new, with predictions that are numbers; it has some at the start.
    The same view gives the same proposals, from an agent that was there all along, from one that was just
    started, and in another process; no random numbers but the view's are drawn. It explains itself in text.

    Parameters
    ----------
    agent
        The class, or what a campaign file names: a registered name or ``file.py:Class``.
    options
        Keyword arguments of its constructor.
    folder
        Where a relative file starts.

    Raises
    ------
    AssertionError
        Something does not hold; the message says what.
    """
    use = (
        agent if isinstance(agent, str) else f"{Path(inspect.getfile(agent)).resolve()}:{agent.__qualname__}"
    )
    entry = AgentEntry(use=use, options=dict(options or {}))
    said = [_check_case(entry, folder, case) for case in _CASES]
    _require(bool(said[0]), entry, _CASES[0], "proposes nothing, where nothing was tried; expected a design")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        elsewhere = pool.apply(_say_all, (entry, folder))
    for case, here, there in zip(_CASES, said, elsewhere, strict=True):
        _require(here == there, entry, case, "proposes something else in another process")


def _use_of(agent: type[Agent]) -> str:
    return f"{Path(inspect.getfile(agent)).resolve()}:{agent.__qualname__}"


def _check_case(entry: AgentEntry, folder: Path, case: _Case) -> list[Proposal]:
    """What the agent proposes in a case, all of it held against the rules."""
    before = random.getstate(), _numpy_state()
    said = _say(entry, folder, case)
    veteran = make_agent(entry, case.space, folder)
    half = len(case.trials) // 2  # this one was there all along
    _observe(veteran, case.trials[:half])
    _proposals(veteran, case.view(_BATCH - 1, half), _ASKED)
    _observe(veteran, case.trials[half:])
    view = case.view()
    _require(
        _proposals(veteran, view, _ASKED) == said, entry, case, "proposes something else after a restart"
    )
    _require(before == (random.getstate(), _numpy_state()), entry, case, "draws on global random numbers")
    same = view.trials == case.view().trials and view.taken == case.view().taken
    _require(same, entry, case, "changes the view")
    explain = getattr(veteran, "explain", None)
    text = explain(case.view()) if callable(explain) else ""
    _require(isinstance(text, str), entry, case, f"explains itself by a {type(text).__name__}; expected text")
    _require(len(said) <= _ASKED, entry, case, f"proposes more than the {_ASKED} that it is asked for")
    _check_proposals(entry, case, said)
    return said


def _check_proposals(entry: AgentEntry, case: _Case, proposals: list[Proposal]) -> None:
    keys = []
    for proposal in proposals:
        try:
            design = checked(proposal, case.objectives).design
        except (TypeError, ValueError) as error:
            raise AssertionError(_message(entry, case, str(error))) from error
        _require(
            case.space.is_machine(design), entry, case, f"proposes {design.to_json()}, which is no machine"
        )
        keys.append(case.space.resolve(design).key)
        for mean, sd in ((proposal.mean, proposal.sd), *proposal.others):
            for name, number in (("mean", mean), ("sd", sd)):
                finite = number is None or math.isfinite(number)
                _require(finite, entry, case, f"predicts with {name} {number}; expected a number or None")
    _require(not set(keys) & case.view().taken, entry, case, "proposes a machine that is taken")
    _require(len(set(keys)) == len(keys), entry, case, "proposes a machine twice")


def _say(entry: AgentEntry, folder: Path, case: _Case) -> list[Proposal]:
    """The proposals of an agent that was just started and told everything."""
    agent = make_agent(entry, case.space, folder)
    _observe(agent, case.trials)
    return _proposals(agent, case.view(), _ASKED)


def _say_all(entry: AgentEntry, folder: Path) -> list[list[Proposal]]:
    return [_say(entry, folder, case) for case in _CASES]


def _observe(agent: Agent, trials: tuple[Trial, ...]) -> None:
    if trials:
        agent.observe(trials)


def _proposals(agent: Agent, view: View, n: int) -> list[Proposal]:
    """What an agent proposes, one more than it is asked for at most."""
    return list(itertools.islice(agent.propose(view, n), n + 1))


def _space(name: str) -> Space:
    content = {
        "name": "checked",
        "base": "difluorophenylene-rotor",
        "machine": {"smiles": "[CH:1]#[C:2]c1c([*:10])c([*:11])c([C:3]#[CH:4])cc1"},
        "space": _SPACES[name],
        "objectives": {"maximise": "velocity"},
        "racing": {"rungs": [{"replicas": 16, "duration": "25 ps"}]},
        "agents": ["random"],
        "budget": {"evaluations": 100},
    }
    return Space(loads_campaign(content, "check_agent", Path()))


def _measured(text: str) -> Measured:
    """A made-up value, the same for the same text."""
    value = 100.0 * int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) / 16**8
    return Measured(value, 2.0, value - 4.0, value + 4.0)


def _numpy_state() -> tuple[Any, ...]:
    name, keys, *rest = np.random.get_state()  # noqa: NPY002 what no agent may draw on
    return name, np.asarray(keys).tobytes(), *rest


def _message(entry: AgentEntry, case: _Case, problem: str) -> str:
    return f"agent {entry.label}, {case.name}: {problem}"


def _require(holds: bool, entry: AgentEntry, case: _Case, problem: str) -> None:
    if not holds:
        raise AssertionError(_message(entry, case, problem))
