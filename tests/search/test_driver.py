"""A campaign's driver with real machines and made-up results: budgets, bad agents, lost work, going on."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from molmach.errors import CampaignError
from molmach.search import Agent, Design, Evaluation, Finding, Proposal, Result, Task, View
from molmach.search.agents.runner import Answer
from molmach.search.agents.team import LocalTeam
from molmach.search.loop.driver import Driver
from molmach.search.loop.evaluations import evaluation_of
from molmach.search.loop.executors import LocalExecutor
from molmach.search.loop.objectives import Objectives
from molmach.search.plugins import module_name
from molmach.search.record import results
from molmach.search.record.cache import Store
from molmach.search.record.ledger import Ledger
from molmach.search.record.trial import CONFIRMATION
from molmach.spec import Campaign
from molmach.spec.campaign import loads_campaign
from tests.helpers.ledgers import rows_of
from tests.helpers.waiting import GENEROUS

REPLICAS = 16
FRAGMENTS = ["hydrogen", "fluoro", "chloro", "cyano", "methyl"]


def searched(**sections: Any) -> Campaign:
    """325 machines, held at one end so that the ends differ; two rungs, two of the best confirmed."""
    content = {
        "name": "driven",
        "base": "difluorophenylene-rotor",
        "machine": {
            "smiles": "[CH:1]#[C:2]c1c([*:10])c([*:11])c([C:3]#[CH:4])c([*:12])c1([*:13])",
            "stator": [1, 2, 3],
        },
        "space": {"sites": dict.fromkeys((10, 11, 12, 13), FRAGMENTS)},
        "objectives": {"maximise": "velocity"},
        "racing": {
            "rungs": [{"replicas": REPLICAS, "duration": "20 ps"}, {"replicas": 32, "duration": "40 ps"}]
        },
        "confirmation": {"machines": 2, "replicas": 32},
        "agents": ["random"],
        "budget": {"evaluations": 60},
        **sections,
    }
    return loads_campaign(content, "driven", Path(__file__).parent)


def truth(machine: str) -> float:
    """A machine's made-up velocity: the quantile of a standard Gaussian, times ten."""
    share = int(hashlib.sha256(machine.encode()).hexdigest()[:12], 16) / 16**12
    return float(10.0 * math.sqrt(2.0) * _erfinv(2.0 * share - 1.0))


def _erfinv(x: float) -> float:
    from scipy.special import erfinv

    return float(erfinv(x))


def measure(task: Task) -> Result:
    """A noisy result, the same for the same task."""
    protocol = task.spec.protocol
    rng = np.random.default_rng(protocol.seed)
    velocity = rng.normal(truth(task.machine), 4.0, protocol.replicas)
    controls = {"verdict": "forward"} if task.rung == CONFIRMATION else {}
    return Result(task.key, {"velocity": velocity.tolist()}, seconds=1.5, steps=1000, controls=controls)


def dynamics(campaign: Campaign) -> Evaluation:
    """The campaign's evaluation, of which only the tasks are used."""
    return evaluation_of(campaign, Path())


def carry_out(
    campaign: Campaign,
    path: str | Path = ":memory:",
    evaluation: Callable[[Task], Result] = measure,
    slots: int = 2,
    patience: float = GENEROUS,
    store: Store | None = None,
) -> tuple[Ledger, str]:
    """Carry a campaign out in this process; its ledger, and why it ended."""
    ledger = Ledger(path, write=True)
    team = LocalTeam(campaign, Path(__file__).parent, patience)
    executor = LocalExecutor(evaluation, slots)
    try:
        return ledger, Driver(campaign, ledger, executor, team, dynamics(campaign), store=store).run()
    except BaseException:
        ledger.close()
        raise


def entries(ledger: Ledger) -> dict[str, tuple[Any, ...]]:
    """What was found, by evaluation, without the moment at which."""
    return {e.key: (e.machine, e.agent, e.rung, e.reason, e.measured) for e in ledger.findings()}


def document(ledger: Ledger, campaign: Campaign) -> dict[str, Any]:
    """The campaign's document."""
    return results.document(ledger, campaign, Path("nowhere"))


# the plain course


def test_a_campaign_spends_its_budget_and_runs_the_winners_again() -> None:
    campaign = searched()
    ledger, reason = carry_out(campaign)
    found = document(ledger, campaign)
    assert reason == "all evaluations of the budget are done"
    assert found["state"] == "finished"
    assert (found["evaluations"], found["confirmations"], found["lost"]) == (60, 2, 0)
    assert found["core_seconds"] == pytest.approx(90.0)
    past = list(ledger.findings())
    assert len({e.key for e in past}) == 62
    rungs = [e.rung for e in past]
    first, second = rungs.count(0), rungs.count(1)
    assert 0 < second <= first // 3 + 3
    best = found["best"][:2]
    assert all(row["confirmed"]["verified"] for row in best)
    leaders = sorted({e.machine: e.measured[0].low for e in past if e.rung >= 0}.items(), key=lambda r: -r[1])
    assert {row["machine"] for row in best} == {machine for machine, _ in leaders[:2]}
    seeds = rows_of(ledger, "SELECT COUNT(DISTINCT seed), COUNT(*) FROM evaluations")[0]
    assert seeds[0] == seeds[1]


def test_the_winners_second_run_takes_back_what_luck_gave() -> None:
    """All machines are equal: the best of 200 looks good, its second run does not (level 1e-3 each way)."""
    campaign = searched(
        budget={"evaluations": 200}, racing={"rungs": [{"replicas": 16, "duration": "20 ps"}]}
    )

    def equal(task: Task) -> Result:
        rng = np.random.default_rng(task.spec.protocol.seed)
        return Result(task.key, {"velocity": rng.normal(0.0, 4.0, task.spec.protocol.replicas).tolist()})

    ledger, _ = carry_out(campaign, evaluation=equal)
    first = {e.machine: e.measured[0] for e in ledger.findings() if e.rung == 0}
    again = {e.machine: e.measured[0] for e in ledger.findings() if e.rung == CONFIRMATION}
    assert all(first[machine].value > 1.5 for machine in again)
    for m in again.values():
        assert abs(m.value) < 3.6 * m.error


def test_every_ending_is_named() -> None:
    assert carry_out(searched(budget={"core_seconds": 15.0}))[1] == "the budget's core seconds are spent"
    assert carry_out(searched(budget={"evaluations": 300, "target": 5.0}))[1] == "the target is reached"
    few = searched(
        space={"sites": {n: ["hydrogen", "fluoro"] for n in (10, 11, 12, 13)}},
        budget={"evaluations": 300},
    )
    ledger, reason = carry_out(few)
    assert reason == "no agent has another idea"
    machines = {e.machine for e in ledger.findings()}
    assert len(machines) == (2**4 + 2**2) // 2  # every machine of the space, each once


def test_minimising_is_maximising_the_opposite() -> None:
    campaign = searched(objectives={"minimise": "velocity"})
    found = document(carry_out(campaign)[0], campaign)
    best = found["best"][0]["objectives"][0]
    assert best["value"] < 0.0
    assert best["ci95"][0] < best["value"] < best["ci95"][1]


def test_several_objectives_give_a_front_that_nobody_on_it_dominates() -> None:
    campaign = searched(objectives=[{"maximise": "velocity"}, {"minimise": "work_rate"}])

    def both(task: Task) -> Result:
        result = measure(task)
        rng = np.random.default_rng(task.spec.protocol.seed + 1)
        cost = rng.normal(truth(task.machine[::-1]), 4.0, task.spec.protocol.replicas)
        return Result(task.key, {**result.samples, "work_rate": cost.tolist()})

    found = document(carry_out(campaign, evaluation=both)[0], campaign)
    front = [row for row in found["best"] if row["on_front"]]
    assert len(front) >= 2
    ends = [(row["objectives"][0]["ci95"][0], -row["objectives"][1]["ci95"][1]) for row in front]
    for a in ends:
        assert not any(b != a and b[0] >= a[0] and b[1] >= a[1] for b in ends)


def test_failures_are_results_and_the_agents_go_on() -> None:
    campaign = searched()

    def half(task: Task) -> Result:
        if int(task.machine[:2], 16) % 2:
            return Result(task.key, reason="the integration diverged", seconds=0.5)
        return measure(task)

    ledger, _ = carry_out(campaign, evaluation=half)
    found = document(ledger, campaign)
    assert 15 <= found["failed"] <= 40
    assert found["evaluations"] == 60
    failed = {e.machine for e in ledger.findings() if not e.ok}
    assert not {row["machine"] for row in found["best"]} & failed
    assert all(e.rung == 0 for e in ledger.findings() if not e.ok)


def test_an_objective_that_is_not_defined_is_a_failure_with_its_reason() -> None:
    campaign = searched(objectives={"maximise": "sqrt(velocity)"})
    ledger, _ = carry_out(campaign)
    reasons = {e.reason for e in ledger.findings()}
    assert reasons == {"", "the objective is not defined for this run"}


MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "unequal": (
        {"samples": {"velocity": [1.0, 2.0], "work-rate": [1.0] * 3}},
        "2 of velocity and 3 of work-rate",
    ),
    "empty": ({"samples": {"velocity": []}}, "velocity: no numbers"),
    "words": ({"samples": {"velocity": ["fast", "slow"]}}, "velocity: got 'fast'; expected a number"),
    "nothing": ({"samples": {"velocity": None}}, "velocity: got 'None'; expected a list of numbers"),
    "a table": ({"samples": {"velocity": [[1.0], [2.0]]}}, r"velocity: got '\[1.0\]'"),
    "no mapping": ({"samples": [1.0, 2.0]}, "expected numbers by quantity"),
    "no cost": ({"samples": {"velocity": [1.0, 2.0]}, "seconds": None}, "seconds: got 'None'"),
    "no number": ({"samples": {"velocity": [1.0, 2.0]}, "steps": math.nan}, "steps: got nan"),
    "an object": (
        {"samples": {"velocity": [1.0, 2.0]}, "controls": {"a": object()}},
        "controls: .*plain values",
    ),
    "nan": ({"samples": {"velocity": [1.0, math.nan, 2.0]}}, "the objective is not defined for this run"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_result_is_a_failure_that_says_what_is_wrong(kind: str, tmp_path: Path) -> None:
    """The campaign goes on, and its record and the shared evaluations can be written."""
    wrong, words = MALFORMED[kind]
    campaign = searched(budget={"evaluations": 20})
    broken = 0

    def malformed(task: Task) -> Result:
        nonlocal broken
        if task.machine < "8":
            broken += 1
            return replace(Result(task.key), **wrong)
        return measure(task)

    with closing(Store(tmp_path / "evaluations.sqlite")) as store:
        ledger, _ = carry_out(campaign, evaluation=malformed, store=store)
    failed = [finding.reason for finding in ledger.findings() if not finding.ok]
    assert len(failed) == broken > 0
    assert all(re.search(words, reason) for reason in failed)


def test_a_quantity_that_raises_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """A function of one's own may raise anything."""
    campaign = searched(objectives={"maximise": "velocity"})
    objectives = Objectives(campaign.objectives, dynamics(campaign))

    def failing(self: Objectives, samples: object) -> None:
        raise IndexError("too\nfar")

    monkeypatch.setattr(Objectives, "measure", failing)
    reason, measured = objectives.judge(Result("key", {"velocity": [1.0, 2.0]}))
    assert reason.startswith("the objective can't be measured: ")
    assert measured == ()


def test_negative_counts_have_no_directionality() -> None:
    campaign = searched(objectives={"maximise": "directionality"})
    objectives = Objectives(campaign.objectives, dynamics(campaign))
    (quantity,) = (q for _, e in objectives._wanted for q in e.quantities.values())
    counts = dict(zip(quantity.inputs, ([-3.0, -1.0], [1.0, 1.0]), strict=True))
    reason, measured = objectives.judge(Result("key", counts))
    assert reason == "the objective is not defined for this run"
    assert measured == ()


def test_one_number_stands_beside_those_of_replicas() -> None:
    """Exact, it is the same in every replica; its own error is added in squares."""
    campaign = searched(objectives={"maximise": "velocity - 2 * work_rate"})
    objectives = Objectives(campaign.objectives, dynamics(campaign))
    velocity = [1.0, 2.0, 4.0, 5.0]
    alone, repeated, uncertain = (
        objectives.measure({"velocity": velocity, "work_rate": [3.0] * n, **error})[0]
        for n, error in ((1, {}), (4, {}), (1, {"work_rate.error": [0.25]}))
    )
    assert alone == repeated
    assert alone.value == pytest.approx(-3.0)
    assert uncertain.value == alone.value
    assert uncertain.error == pytest.approx(math.hypot(alone.error, 0.5))
    assert uncertain.high - uncertain.value == pytest.approx(
        math.hypot(alone.high - alone.value, 1.959964 * 0.5), rel=1e-5
    )


# going on


class PowerCutError(BaseException):
    """Ends a campaign without any cleaning up."""


def test_a_campaign_in_one_process_is_deterministic() -> None:
    campaign = searched(agents=["random", "evolutionary"], budget={"evaluations": 40})
    runs = [carry_out(campaign, slots=2)[0] for _ in range(2)]
    assert entries(runs[0]) == entries(runs[1])


WHOLE = {"sites": {n: ["hydrogen", "fluoro", "cyano"] for n in (10, 11, 12, 13)}}
"""45 machines, all of which are measured: then order does not matter."""


@pytest.mark.parametrize("cut", [0, 1, 7, 20, 45, 50])
def test_a_campaign_cut_anywhere_ends_as_an_undisturbed_one(tmp_path: Path, cut: int) -> None:
    """What was finished is kept, nothing is done twice, and where order does not matter the best is the same."""
    campaign = searched(
        space=WHOLE,
        agents=["random", {"use": "random", "name": "another"}],
        budget={"evaluations": 1000},
        racing={
            "rungs": [{"replicas": REPLICAS, "duration": "20 ps"}, {"replicas": 32, "duration": "40 ps"}],
            "keep": 1,
        },
    )
    undisturbed, _ = carry_out(campaign)
    calls: list[str] = []

    def evaluation(task: Task) -> Result:
        if len(calls) == cut:
            raise PowerCutError
        calls.append(task.key)
        return measure(task)

    with pytest.raises(PowerCutError):
        carry_out(campaign, tmp_path / "ledger.sqlite", evaluation)
    kept = Ledger(tmp_path / "ledger.sqlite")
    before = entries(kept)
    kept.close()
    assert before.keys() == set(calls)
    calls.append("the cut")
    resumed, _ = carry_out(campaign, tmp_path / "ledger.sqlite", evaluation)
    after = entries(resumed)
    assert before.items() <= after.items()
    assert len(calls) == len(set(calls)) == 1 + len(after)
    found, wanted = document(resumed, campaign), document(undisturbed, campaign)
    assert found["lost"] == 0
    assert found["best"][0]["machine"] == wanted["best"][0]["machine"]
    assert {k: v[4] for k, v in after.items() if v[2] == 0} == {
        k: v[4] for k, v in entries(undisturbed).items() if v[2] == 0
    }
    resumed.close()


def test_more_budget_goes_on_where_it_ended(tmp_path: Path) -> None:
    ledger, _ = carry_out(searched(), tmp_path / "ledger.sqlite")
    first = entries(ledger)
    ledger.close()
    calls = []

    def counted(task: Task) -> Result:
        calls.append(task.key)
        return measure(task)

    ledger, _ = carry_out(searched(budget={"evaluations": 90}), tmp_path / "ledger.sqlite", counted)
    assert first.items() <= entries(ledger).items()
    assert not set(calls) & set(first)
    assert document(ledger, searched())["evaluations"] == 90


def test_what_another_campaign_has_evaluated_is_not_done_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "evaluations.sqlite")
    first, _ = carry_out(searched(), store=store)
    calls = []

    def counted(task: Task) -> Result:
        calls.append(task)
        return measure(task)

    second, _ = carry_out(searched(), evaluation=counted, store=store)
    assert entries(second).keys() == entries(first).keys()
    assert all(task.rung == CONFIRMATION for task in calls)  # a verdict is always made anew
    assert document(second, searched())["core_seconds"] == 0.0
    assert document(second, searched())["reused"] == 60


def test_lost_work_is_done_again_and_given_up_after_five_times() -> None:
    campaign = searched(budget={"evaluations": 30})
    tries: dict[str, int] = {}

    def unreliable(task: Task) -> Result:
        tries[task.key] = tries.get(task.key, 0) + 1
        poison = task.machine.startswith(("1", "2"))
        if poison or (task.machine.startswith(("3", "4", "5")) and tries[task.key] < 3):
            raise OSError("the node went away")
        return measure(task)

    ledger, _ = carry_out(campaign, evaluation=unreliable)
    for entry in ledger.findings():
        if entry.machine.startswith(("1", "2")):
            assert tries[entry.key] == 5
            assert entry.reason == "lost 5 times: OSError: the node went away"
        else:
            assert entry.ok
    assert document(ledger, campaign)["lost"] == 0


def test_a_cluster_that_gives_nothing_back_ends_the_campaign() -> None:
    def gone(task: Task) -> Result:
        raise OSError("no node")

    with pytest.raises(CampaignError, match="evaluations don't come back any more: OSError: no node"):
        carry_out(searched(), evaluation=gone)


# bad agents

BAD_AGENTS = '''
import math, time
from molmach.search import Agent, Design, Proposal

class Crashing(Agent):
    def propose(self, view, n):
        raise RuntimeError("no idea \\ud800")

class Exiting(Agent):
    def propose(self, view, n):
        raise SystemExit(3)

class Stillborn(Agent):
    def __init__(self, space):
        1 / 0
    def propose(self, view, n):
        return []

class Hanging(Agent):
    def propose(self, view, n):
        while True:
            try:
                time.sleep(0.1)
            except Exception:
                pass

class Rubbish(Agent):
    answers = [None, 7, "x", [None], [Proposal(None, "")], [Proposal(Design.of({"R10": object()}), "")],
               [Proposal(Design((("R10", [1]),)), "")], [Proposal(Design.of({}), "", 1.0, -1.0)]]
    def propose(self, view, n):
        return self.answers[view.batch % len(self.answers)]

class Endless(Agent):
    """More than it is asked for, all the same, with predictions that are no numbers."""
    def propose(self, view, n):
        while True:
            yield Proposal(Design.of(dict.fromkeys(("R10", "R11", "R12", "R13"), "cyano")), "", math.nan, math.inf)

class Nowhere(Agent):
    """Machines that are none."""
    def propose(self, view, n):
        return [Proposal(Design.of({"R10": f"fragment {view.batch} {k}"}), "out of bounds") for k in range(n)]

class Silent(Agent):
    def propose(self, view, n):
        return []

class Meddling(Agent):
    """Tries to change what others see."""
    def propose(self, view, n):
        try:
            view.trials.clear()
        except Exception:
            pass
        try:
            view.taken.clear()
        except Exception:
            pass
        return []
'''
PATIENCE = 3.0
"""Seconds in which even a busy machine answers for an agent that does not hang."""
BAD_NAMES = (
    "Crashing", "Exiting", "Stillborn", "Hanging", "Rubbish", "Endless", "Nowhere", "Silent", "Meddling",
)  # fmt: skip


@pytest.fixture(scope="module")
def bad_agents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of agents that do everything wrong."""
    path = tmp_path_factory.mktemp("agents") / "bad.py"
    path.write_text(BAD_AGENTS, encoding="utf-8")
    return path


def test_no_bad_agent_stops_the_others(bad_agents: Path) -> None:
    names = [f"{bad_agents}:{name}" for name in BAD_NAMES]
    campaign = searched(agents=[*names, "random"], budget={"evaluations": 40})
    ledger, reason = carry_out(campaign, patience=PATIENCE)
    assert reason == "all evaluations of the budget are done"
    found = document(ledger, campaign)
    assert found["evaluations"] == 40
    evaluated = {name: row["evaluated"] for name, row in found["agents"].items()}
    assert evaluated["random"] >= 20
    assert evaluated.get("Endless", 0) <= 10  # one of its own, and what explores in place of repeats
    assert found["agents"]["Nowhere"]["infeasible"] > 0
    given_up = {who for (who,) in rows_of(ledger, "SELECT who FROM events WHERE kind = 'agent_benched'")}
    assert given_up == {"Crashing", "Exiting", "Stillborn", "Hanging", "Rubbish"}
    words = dict(rows_of(ledger, "SELECT who, text FROM events WHERE kind = 'agent_failed'"))
    assert f"no answer within {PATIENCE:g} s" in words["Hanging"]
    assert "RuntimeError: no idea" in words["Crashing"]
    assert "ZeroDivisionError" in words["Stillborn"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_bad_agent_alone_ends_the_campaign_with_a_reason(bad_agents: Path, name: str) -> None:
    campaign = searched(agents=[f"{bad_agents}:{name}"])
    if name == "Nowhere":
        with pytest.raises(
            CampaignError, match="none of what was proposed is a machine; Nowhere last: R10: got"
        ):
            carry_out(campaign, patience=PATIENCE)
    elif name in ("Endless", "Silent", "Meddling"):
        assert carry_out(campaign, patience=PATIENCE)[1] == "no agent has another idea"
    else:
        patience = 0.2 if name == "Hanging" else PATIENCE  # it is three times waited for, in vain
        with pytest.raises(CampaignError, match=f"every agent has failed; the last one: {name}: "):
            carry_out(campaign, patience=patience)


# team play


class Knowing(Agent):
    """Knows the truth and predicts it."""

    sd = 1.0

    def propose(self, view: View, n: int) -> list[Proposal]:
        """The best of 200 designs at random."""
        designs = {view.space.resolve(d).key: d for d in (view.space.sample(view.rng) for _ in range(200))}
        best = sorted((k for k in designs if k not in view.taken), key=truth, reverse=True)[:n]
        return [Proposal(designs[key], "I know", truth(key), self.sd) for key in best]


class Proud(Knowing):
    """Is wrong and sure of it."""

    def propose(self, view: View, n: int) -> list[Proposal]:
        """Designs at random, each said to be the best."""
        return [Proposal(view.space.sample(view.rng), "surely", 40.0, 0.1) for _ in range(n)]


def test_the_team_is_judged_by_what_it_delivers() -> None:
    """Of two campaigns: which agent leads after one depends on the machines that chance shows it."""
    here = Path(__file__).name
    campaigns = [
        searched(
            agents=[f"{here}:Knowing", f"{here}:Proud", "random"],
            racing={"rungs": [{"replicas": REPLICAS, "duration": "20 ps"}]},
            budget={"evaluations": 60},
            seed=seed,
        )
        for seed in (1, 2)
    ]
    teams = [document(carry_out(campaign)[0], campaign)["agents"] for campaign in campaigns]
    evaluated = {name: sum(team[name]["evaluated"] for team in teams) for name in teams[0]}
    assert evaluated["Knowing"] > 1.2 * evaluated["Proud"]
    assert evaluated["Knowing"] > 1.2 * evaluated["random"]
    for team in teams:
        assert team["Knowing"]["coverage"] > 0.85
        assert team["Proud"]["coverage"] < team["Knowing"]["coverage"]
        assert team["Knowing"]["surprise"] < team["Proud"]["surprise"]
        assert min(row["evaluated"] for row in team.values()) >= 3


class Slowed(LocalTeam):
    """Agents that think meanwhile, one of which answers only when it was looked for so often."""

    thinks_meanwhile = True

    def __init__(self, campaign: Campaign, slow: str, looks: int) -> None:
        super().__init__(campaign, Path(__file__).parent)
        self._slow, self._looks, self._waited = slow, looks, 0

    def answers(self) -> dict[str, Answer]:
        """The quick ones' at once."""
        question = self._asked.pop(self._slow, None)
        answers: dict[str, Answer] = {}
        while self._asked:
            answers |= super().answers()
        if question is not None:
            self._asked[self._slow] = question
            self._waited += 1
            if self._waited > self._looks:
                self._waited = 0
                answers |= super().answers()
        return answers


class Steady(Agent):
    """Its designs depend on nothing that was found."""

    def propose(self, view: View, n: int) -> list[Proposal]:
        """The best of ten designs at random, n times."""
        tens = [[view.space.sample(view.rng) for _ in range(10)] for _ in range(n)]
        return [Proposal(max(ten, key=lambda d: truth(view.space.resolve(d).key)), "steady") for ten in tens]


def steady_and_others(**sections: Any) -> Campaign:
    """One agent that delivers and two that don't."""
    here = Path(__file__).name
    return searched(
        agents=[f"{here}:Steady", f"{here}:Proud", "random"],
        racing={"rungs": [{"replicas": REPLICAS, "duration": "20 ps"}]},
        confirmation={"machines": 0},
        **sections,
    )


def owners(ledger: Ledger) -> list[str]:
    """Whose machines were measured, in their order."""
    return [entry.agent for entry in ledger.findings()]


def test_turns_go_by_what_was_delivered_not_by_whose_answer_is_there() -> None:
    """Agents of one process answer one after the other; equal turns would be 200 of 600."""
    turns = 0
    for seed in (1, 2, 3, 4):
        ledger, _ = carry_out(steady_and_others(seed=seed, budget={"evaluations": 150}), slots=1)
        turns += owners(ledger).count("Steady")
    assert turns > 250


@pytest.mark.parametrize("looks", [1, 10**9])
def test_no_slow_agent_stops_the_others(looks: int) -> None:
    campaign = steady_and_others(budget={"evaluations": 100})
    ledger = Ledger(":memory:", write=True)
    team = Slowed(campaign, "Steady", looks)
    Driver(campaign, ledger, LocalExecutor(measure, 4), team, dynamics(campaign)).run()
    measured = owners(ledger)
    assert len(measured) == 100
    assert (measured.count("Steady") >= 20) == (looks == 1)


class Watching(Agent):
    """Writes down what it is told."""

    seen: list[tuple[int, int]] = []  # noqa: RUF012 read by the test
    heard: list[Any] = []  # noqa: RUF012

    def observe(self, trials: Any) -> None:
        """Keep it."""
        type(self).heard += trials

    def propose(self, view: View, n: int) -> list[Proposal]:
        """One design at random."""
        assert len({t.machine for t in view.known}) == len(view.known)
        type(self).seen.append((view.batch, len(view.trials)))
        return [Proposal(view.space.sample(view.rng), "one")]


def test_every_agent_is_told_every_result() -> None:
    import importlib.util
    import sys

    campaign = searched(agents=[f"{Path(__file__).name}:Watching", "random"], budget={"evaluations": 40})
    ledger, _ = carry_out(campaign, slots=1)
    watching = sys.modules[module_name(Path(__file__))].Watching
    assert importlib.util.find_spec("molmach") is not None
    batches = [batch for batch, _ in watching.seen]
    counts = [count for _, count in watching.seen]
    assert batches == sorted(batches)
    assert counts == sorted(counts)
    past = [f for f in ledger.history() if isinstance(f, Finding) and f.rung >= 0]
    heard = [(t.machine, t.rung, t.values[0]) for t in watching.heard]
    assert set(heard) <= {(f.machine, f.rung, f.measured[0].value) for f in past}
    first_heard = list(dict.fromkeys(t.machine for t in watching.heard))
    assert first_heard == list(dict.fromkeys(f.machine for f in past))[: len(first_heard)]
    assert len(heard) >= 25
    assert {f.agent for f in watching.heard} == {"Watching", "random"}


def test_designs_of_this_file_are_designs() -> None:
    """The made-up truth is a standard Gaussian times ten over the machines, so that some machine is best."""
    from molmach.search import Space

    space = Space(searched())
    values = np.array([truth(k) for k in {space.resolve(d).key for d in space.enumerate()}])
    assert len(values) == 325
    assert abs(values.mean()) < 3.3 * 10 / math.sqrt(325)
    assert isinstance(next(iter(space.enumerate())), Design)
