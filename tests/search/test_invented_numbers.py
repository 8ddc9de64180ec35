"""Numbers that an agent invents are struck out of its words, and it is believed less for them."""

from __future__ import annotations

from pathlib import Path

from molmach.search import Agent, Proposal, View
from molmach.search.agents.interface import fresh_samples
from molmach.search.agents.team import LocalTeam
from molmach.search.loop.driver import Driver
from molmach.search.loop.executors import LocalExecutor
from molmach.search.record import results
from molmach.search.record.ledger import Ledger
from molmach.words import marks_in
from tests.helpers.waiting import GENEROUS
from tests.search.test_driver import dynamics, measure, searched


class Honest(Agent):
    """Proposes at random, and says what was measured of the latest machine."""

    summary = "at random, and honest"

    def propose(self, view: View, n: int) -> list[Proposal]:
        reason = "nothing is known yet"
        if view.measured:
            last = view.measured[-1]
            assert last.finding is not None
            m = last.finding.measured[0]
            reason = f"trial {last.number} has {m.value:.1f} turn/ns ({m.low:.1f} to {m.high:.1f}), so I go elsewhere"
        return [Proposal(design, reason) for design in fresh_samples(view, n)]

    def explain(self, view: View) -> str:
        best = max(view.measured, key=lambda trial: trial.values[0])
        return f"The best is trial {best.number} with {best.values[0]:.2f} turn/ns."


class Fabricator(Agent):
    """Proposes as well as the other, and makes up what it saw."""

    summary = "at random, and makes numbers up"

    def propose(self, view: View, n: int) -> list[Proposal]:
        number = view.measured[-1].number if view.measured else 1
        reason = f"trial {number} reached 412 turn/ns, and this one will do 500 turn/ns"
        return [Proposal(design, reason) for design in fresh_samples(view, n)]

    def explain(self, view: View) -> str:
        return "My machines reach 480 turn/ns."


HERE = Path(__file__)
AGENTS = [{"use": f"{HERE.name}:{name}", "name": name.lower()} for name in ("Honest", "Fabricator")]


def _driver(ledger: Ledger, evaluations: int, agents: list[dict[str, str]] = AGENTS) -> Driver:
    campaign = searched(agents=agents, budget={"evaluations": evaluations}, confirmation={"machines": 0})
    team = LocalTeam(campaign, HERE.parent, GENEROUS)
    return Driver(campaign, ledger, LocalExecutor(measure, 1), team, dynamics(campaign))


def test_a_fabricators_standing_falls_within_ten_evaluations() -> None:
    ledger = Ledger(":memory:", write=True)
    driver = _driver(ledger, 10)
    driver.run()
    rows = driver.snapshot().agents
    assert rows["honest"]["trust"] == 1.0
    assert rows["fabricator"]["trust"] <= 0.5
    assert rows["fabricator"]["share"] < 0.75 * rows["honest"]["share"]
    reasons = [trial.rationale for trial in ledger.trials() if trial.agent == "fabricator"]
    assert reasons
    assert all(marks_in(reason) == (0, 2) and "~~500 turn/ns~~" in reason for reason in reasons)


def test_twins_who_both_are_honest_keep_their_standing() -> None:
    twins = [{"use": f"{HERE.name}:Honest", "name": name} for name in ("one", "other")]
    driver = _driver(Ledger(":memory:", write=True), 10, twins)
    driver.run()
    assert {row["trust"] for row in driver.snapshot().agents.values()} == {1.0}


def test_standing_is_the_same_after_a_stop(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.sqlite", write=True)
    first = _driver(ledger, 12)
    first.run()
    before = {name: (row["trust"], row["share"]) for name, row in first.snapshot().agents.items()}
    ledger.close()
    ledger = Ledger(tmp_path / "ledger.sqlite", write=True)
    again = _driver(ledger, 12)
    assert {name: (row["trust"], row["share"]) for name, row in again.snapshot().agents.items()} == before
    ledger.close()


def test_explanations_are_judged_and_counted() -> None:
    ledger = Ledger(":memory:", write=True)
    driver = _driver(ledger, 8)
    driver.run()
    said = driver.explain()
    assert said["fabricator"] == "My machines reach ~~480 turn/ns~~."
    assert marks_in(said["honest"]) == (1, 0)
    for agent, text in said.items():
        ledger.note_explanation(agent, text)
    numbers = {name: row["numbers"] for name, row in results.agents(ledger, driver.campaign).items()}
    assert numbers["honest"]["struck"] == 0
    assert numbers["honest"]["borne_out"] > 1
    assert numbers["fabricator"]["borne_out"] == 0
    assert numbers["fabricator"]["struck"] > 2
