"""Ledgers of campaigns that were not simulated: real machines, made-up results."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from molmach.errors import InfeasibleError
from molmach.search import Candidate, Design, Finding, Measured, Space, State, Trial
from molmach.search.record.ledger import NAME, Ledger
from molmach.search.record.trial import CONFIRMATION
from molmach.spec import Campaign
from molmach.spec.campaign import loads_campaign

FRAGMENTS = ["hydrogen", "fluoro", "chloro", "cyano", "methyl", "hydroxy"]
AGENTS = ("random", "evolutionary", "bayesian")


def campaign(agents: tuple[str, ...] = AGENTS, objectives: Any = None, **sections: Any) -> Campaign:
    """A rotor with four sites and a field's frequency."""
    content = {
        "name": "made-up",
        "description": "Which rotor follows a rotating field best?",
        "base": "difluorophenylene-rotor",
        "machine": {"smiles": "[CH:1]#[C:2]c1c([*:10])c([*:11])c([C:3]#[CH:4])c([*:12])c1[*:13]"},
        "space": {
            "sites": dict.fromkeys((10, 11, 12, 13), FRAGMENTS),
            "parameters": {"drive.frequency": {"low": "20 GHz", "high": "400 GHz", "scale": "log"}},
        },
        "objectives": objectives or {"maximise": "velocity"},
        "racing": {"rungs": [{"replicas": 16, "duration": "25 ps"}, {"replicas": 32, "duration": "50 ps"}]},
        "agents": [{"use": "random", "name": agent} for agent in agents],
        "budget": {"evaluations": 300},
        **sections,
    }
    return loads_campaign(content, "made-up", Path())


@dataclass
class Scribe:
    """Writes a campaign's folder as the driver does."""

    campaign: Campaign
    folder: Path
    seed: int = 1
    spread: float = 1.0
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "campaign.yaml").write_text(self.campaign.to_yaml(), encoding="utf-8")
        self.ledger = Ledger(self.folder / NAME, write=True)
        self.ledger.note("source", str(self.folder))
        self.ledger.note("wall_seconds", "123.4")
        self.ledger.event("started")
        self.space = Space(self.campaign)
        self.rng = np.random.default_rng(self.seed)
        self._evaluations = 0

    def truth(self, design: Design) -> tuple[float, ...]:
        """Made-up values of each objective, greater is better."""
        polar = {"cyano": 14.0, "fluoro": 9.0, "chloro": 6.0, "hydroxy": 3.0, "methyl": -2.0, "hydrogen": 0.0}
        values = dict(design.values)
        share = math.log(float(values["drive.frequency"]) / 20.0) / math.log(20.0)
        dipole = abs(polar[str(values["R10"])] + polar[str(values["R11"])] - polar[str(values["R12"])])
        velocity = 4.0 * dipole * share * (1.4 - share) + polar[str(values["R13"])]
        return velocity, -(20.0 + 8.0 * dipole * share + 0.02 * velocity**2)

    def measure(self, design: Design, error: float) -> tuple[Measured, ...]:
        """Noisy values with their intervals."""
        found = []
        for value in self.truth(design)[: len(self.campaign.objectives)]:
            drawn = value + error * float(self.rng.standard_normal())
            found.append(Measured(drawn, error, drawn - 2.04 * error, drawn + 2.04 * error))
        return tuple(found)

    def propose(self, agent: str, design: Design, batch: int = 0, rationale: str = "") -> Candidate | None:
        """Enter a proposal; its machine where it is a new one."""
        mean = self.truth(design)[0] + self.spread * 4.0 * float(self.rng.standard_normal())
        sd = None if agent == "random" else 4.0
        trial = Trial(0, agent, batch, design, rationale or "looks good", mean, sd)
        try:
            machine = self.space.resolve(design)
        except InfeasibleError as error:
            self.ledger.add(trial.refused(State.INFEASIBLE, str(error)))
            return None
        if self.ledger.smiles_of(machine.key):
            self.ledger.add(trial.refused(State.REPEAT, machine=machine.key))
            return None
        self.ledger.add(trial.queued(machine.key, machine.smiles).started())
        return machine

    def evaluate(self, agent: str, machine: Candidate, rung: int, reason: str = "") -> tuple[Measured, ...]:
        """Enter a result of a machine."""
        self._evaluations += 1
        key = f"job{self._evaluations:08d}"
        measured = () if reason else self.measure(machine.design, {0: 4.0, 1: 1.5}.get(rung, 0.5))
        controls = _controls(measured) if rung == CONFIRMATION and measured else {}
        seconds = float(self.rng.gamma(20.0, {0: 0.02, 1: 0.08}.get(rung, 0.3)))
        self.enter(Finding(key, machine.key, agent, rung, reason, measured, seconds, 1000, False, time.time(),
                           machine.spec.protocol.seed, controls))  # fmt: skip
        return measured

    def enter(self, finding: Finding) -> None:
        """Enter what an evaluation found, without samples."""
        self.ledger.add_finding(finding, {})

    def search(self, evaluations: int, confirm: int = 3) -> None:
        """A whole search: agents by turns, every third machine on the second rung, the best again."""
        agents = [agent.label for agent in self.campaign.agents]
        done = 0
        values: dict[str, tuple[float, str, Candidate]] = {}
        while done < evaluations:
            agent = agents[int(self.rng.integers(len(agents)))]
            machine = self.propose(agent, self._design(agent, values))
            if machine is None:
                continue
            failed = self.rng.random() < 0.03
            measured = self.evaluate(agent, machine, 0, "the integration diverged: step 12" if failed else "")
            done += 1
            if measured and done % 3 == 0:
                measured = self.evaluate(agent, machine, 1)
                done += 1
            if measured:
                values[machine.key] = (measured[0].low, agent, machine)
        best = sorted(values.values(), key=lambda row: -row[0])[:confirm]
        for _, agent, machine in best:
            self.evaluate(agent, machine, CONFIRMATION)

    def flood(self, evaluations: int) -> None:
        """Very many results without chemistry: every machine is a benzene."""
        design, agents = self.space.sample(self.rng), [agent.label for agent in self.campaign.agents]
        numbers = self.rng.standard_normal((evaluations, len(self.campaign.objectives)))
        for i, drawn in enumerate(numbers):
            key, agent = f"{i // 2:064x}", agents[i // 2 % len(agents)]
            if i % 2 == 0:
                trial = Trial(0, agent, i, design, "", float(drawn[0]) + 0.1, 0.5)
                self.ledger.add(trial.queued(key, "c1ccccc1").started())
            measured = tuple(Measured(x, 0.3, x - 0.6, x + 0.6) for x in drawn.tolist())
            self.enter(Finding(f"flood{i}", key, agent, i % 2, "", measured, 0.1, 1000, False, time.time()))

    def _machine(self) -> Design:
        """A design at random that is a machine."""
        return next(d for d in iter(lambda: self.space.sample(self.rng), None) if self.space.is_machine(d))

    def _design(self, agent: str, values: dict[str, tuple[float, str, Candidate]]) -> Design:
        """At random, or a change of one of the best."""
        if agent == "random" or len(values) < 10:
            return self.space.sample(self.rng)
        best = sorted(values.values(), key=lambda row: -row[0])[:10]
        parent = best[int(self.rng.integers(len(best)))][2].design
        fresh = dict(self.space.sample(self.rng).values)
        name = list(fresh)[int(self.rng.integers(len(fresh)))]
        return parent.replace(**{name: fresh[name]})

    def end(self, kind: str = "finished", text: str = "all evaluations of the budget are done") -> Path:
        """Close the ledger; the folder."""
        if kind:
            self.ledger.event(kind, text=text)
        self.ledger.commit()
        self.ledger.close()
        return self.folder


def rows_of(ledger: Ledger, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Rows of a query on a ledger's database, or none of a change to it."""
    return ledger._base.execute(sql, values).fetchall()


def _controls(measured: tuple[Measured, ...]) -> dict[str, Any]:
    first = measured[0]

    def control(value: float, p: float, statement: str) -> dict[str, Any]:
        ci95 = [value - 2.04 * first.error, value + 2.04 * first.error]
        velocity = {"value": value, "ci95": ci95, "unit": "turn/ns"}
        return {"velocity": velocity, "p_value": p, "passed": True, "statement": statement}

    return {
        "verdict": "forward",
        "p_value": 1e-30,
        "undriven": control(0.31, 0.62, "does not turn with the drive off"),
        "mirror": control(-first.value, 0.44, "mirror image goes the other way, equally fast"),
        "warnings": [],
    }
