"""Several objectives: volumes, finds, races, leaders and predictions, none of which adds up units."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from molmach.agents.active_inference import ActiveInference
from molmach.agents.bayesian import Bayesian
from molmach.agents.evolutionary import Evolutionary
from molmach.agents.random import Random
from molmach.agents.reinforcement import Reinforcement
from molmach.search import Design, Measured, Proposal, Result, Task
from molmach.search.agents.interface import Agent
from molmach.search.agents.runner import checked
from molmach.search.agents.team import LocalTeam
from molmach.search.loop.bandit import Bandit
from molmach.search.loop.driver import Driver
from molmach.search.loop.evaluations import evaluation_of
from molmach.search.loop.executors import LocalExecutor
from molmach.search.loop.finds import Finds
from molmach.search.loop.racing import Ladder
from molmach.search.record import results
from molmach.search.record.folder import read_campaign
from molmach.search.record.hypervolume import Archive, gain, hypervolume, ranked, scaled
from molmach.search.record.ledger import NAME, Ledger, reading
from molmach.spec.campaign import AgentEntry
from tests.helpers.ledgers import campaign
from tests.helpers.planted import history, space_of, view_of

Floats = NDArray[np.float64]

BEFORE = Path(__file__).parent / "before"
points = st.lists(st.tuples(*[st.integers(-3, 9)] * 3), min_size=1, max_size=8)


def measured(*values: float, error: float = 0.0) -> tuple[Measured, ...]:
    return tuple(Measured(v, error, v - 2.0 * error, v + 2.0 * error) for v in values)


# volumes


def by_cells(rows: list[tuple[int, ...]]) -> int:
    """Unit cells between the origin and any of the points."""
    cells: set[tuple[int, ...]] = set()
    for row in rows:
        cells |= set(itertools.product(*(range(max(0, side)) for side in row)))
    return len(cells)


@given(points)
def test_the_volume_is_what_counting_cells_gives(rows: list[tuple[int, int, int]]) -> None:
    for objectives in (1, 2, 3):
        cut = [row[:objectives] for row in rows]
        array = np.array(cut, dtype=np.float64)
        assert hypervolume(array, np.zeros(objectives)) == pytest.approx(by_cells(cut))


@given(points, st.tuples(*[st.integers(-3, 9)] * 3))
def test_a_gain_is_the_volume_with_the_point_less_that_without(
    rows: list[tuple[int, int, int]], point: tuple[int, int, int]
) -> None:
    for objectives in (2, 3):
        front, one = (
            np.array(rows, dtype=np.float64)[:, :objectives],
            np.array(point[:objectives], dtype=float),
        )
        origin = np.zeros(objectives)
        more = hypervolume(np.vstack([front, one]), origin) - hypervolume(front, origin)
        assert gain(one, front, origin) == pytest.approx(more, abs=1e-9)


def test_of_more_objectives_the_gain_is_estimated() -> None:
    """8192 points of the box: standard error 1.1 % of the box at most; four of them."""
    rng = np.random.default_rng(1)
    for _ in range(10):
        front, one, origin = rng.random((6, 4)), 0.5 + 0.5 * rng.random(4), np.zeros(4)
        more = hypervolume(np.vstack([front, one]), origin) - hypervolume(front, origin)
        assert gain(one, front, origin) == pytest.approx(more, abs=0.022 * one.prod())


@pytest.mark.parametrize("objectives", [2, 3])
def test_no_order_depends_on_units(objectives: int) -> None:
    rng = np.random.default_rng(objectives)
    rows = rng.standard_normal((60, objectives))
    other = rows * np.array([1e6, 1e-3, 7.0])[:objectives] + np.array([5.0, -1e3, 0.0])[:objectives]
    assert ranked(rows, 20) == ranked(other, 20)
    assert scaled(rows, rows) == pytest.approx(scaled(other, other))
    gains = []
    for array in (rows, other):
        archive, own = Archive(objectives), []
        for row in array:
            own.append(archive.gain(row))
            archive.add(row)
        gains.append(own)
    assert gains[0] == pytest.approx(gains[1], abs=1e-9)


def test_the_first_few_of_a_front_stand_for_all_of_it() -> None:
    """A quarter of a circle: first the middle, then both sides, and no three neighbours at one end."""
    angle = np.linspace(0.0, 0.5 * np.pi, 41)
    order = ranked(np.column_stack([np.cos(angle), np.sin(angle)]), 5)
    assert 15 <= order[0] <= 25
    assert min(order) < 10
    assert max(order) > 30
    behind = np.vstack([np.column_stack([np.cos(angle), np.sin(angle)]), [[0.1, 0.1], [0.2, 0.2]]])
    assert ranked(behind, 43)[-2:] == [42, 41]


# finds


def test_of_two_agents_the_one_that_extends_the_front_is_credited() -> None:
    """One agent is best in the first objective and finds the same machine over and over; the other spreads.

    By the first objective alone every find would be the first agent's. 300 turns of 3 seeds; the one that
    spreads the front gets more than half of them by far.
    """
    for seed in range(3):
        rng, bandit, turns = np.random.default_rng(seed), Bandit(["same", "spreading"], seed), []
        for turn in range(300):
            agent = bandit.choose(["same", "spreading"], turn)
            turns.append(agent)
            angle = 0.0 if agent == "same" else rng.uniform(0.0, 0.5 * np.pi)
            reach = 1.0 + 0.002 * turn * (agent == "spreading") + 0.01 * rng.standard_normal()
            row = measured(reach * np.cos(angle), 1e3 * reach * np.sin(angle))
            bandit.record(agent, row)
        assert turns.count("spreading") > 200


def test_a_find_is_the_same_in_any_unit_and_noise_extends_no_front() -> None:
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((200, 2))
    plain, other, noisy = Finds(), Finds(), Finds()
    said = [plain.judge(measured(*row)) for row in rows]
    assert said == [other.judge(measured(1e4 * row[0], 1e-4 * row[1])) for row in rows]
    assert 3 <= sum(said) <= 40
    for row in rows:
        noisy.judge(measured(*row))
    assert not noisy.judge(measured(9.0, 9.0, error=9.0))
    assert noisy.judge(measured(9.0, 9.0, error=0.1))
    assert not noisy.judge(())
    assert not noisy.judge(measured(float("nan"), 1.0))


# racing


def goes_on(rows: Floats, keep: int = 4) -> list[str]:
    """Machines in the order in which they go on after all have been measured on the first rung."""
    ladder, names = Ladder(2, keep, rows.shape[1]), []
    for number, row in enumerate(rows):
        ladder.finished(f"{number:03d}", 0, measured(*row))
    while (promotion := ladder.promotion()) is not None:
        names.append(promotion[0])
        ladder.started(*promotion)
    return names


@pytest.mark.parametrize("objectives", [2, 3])
def test_who_goes_on_does_not_depend_on_units(objectives: int) -> None:
    rows = np.random.default_rng(objectives).standard_normal((80, objectives))
    other = rows * np.array([1e5, 1e-2, 3.0])[:objectives]
    assert goes_on(rows) == goes_on(other)
    assert len(goes_on(rows)) == 20


def test_none_goes_on_before_one_that_dominates_it() -> None:
    rows = np.random.default_rng(6).standard_normal((60, 2))
    order = [int(name) for name in goes_on(rows, keep=1)]
    assert sorted(order) == list(range(60))
    place = {number: k for k, number in enumerate(order)}
    for a, b in itertools.permutations(range(60), 2):
        if np.all(rows[a] >= rows[b]) and np.any(rows[a] > rows[b]):
            assert place[a] < place[b]


def test_those_that_go_on_are_spread_along_the_front() -> None:
    """Where a sum of values would only see the objective of the larger unit, both ends go on."""
    angle = np.linspace(0.0, 0.5 * np.pi, 40)
    rows = np.column_stack([np.cos(angle), 1000.0 * np.sin(angle)])
    order = [int(name) for name in goes_on(rows)][:6]
    assert min(order) < 12
    assert max(order) > 28


def test_a_late_machine_that_dominates_one_above_goes_on_at_once() -> None:
    ladder = Ladder(2, 4, 2)
    for number in range(4):
        ladder.finished(f"m{number}", 0, measured(float(number), -float(number)))
    promotion = ladder.promotion()
    assert promotion is not None
    ladder.finished(promotion[0], 1, measured(1.0, -1.0))
    assert ladder.promotion() is None
    ladder.finished("beside", 0, measured(8.0, -8.0))
    assert ladder.promotion() is None
    ladder.finished("late", 0, measured(2.0, 0.0))
    assert ladder.promotion() == ("late", 1)


def test_a_ladder_from_the_record_is_the_one_that_ran() -> None:
    """Whoever went on has left, in whatever order the record tells of it."""
    rows = np.random.default_rng(9).standard_normal((40, 2))
    ran, told = Ladder(3, 3, 2), Ladder(3, 3, 2)
    past: list[tuple[str, int, tuple[Measured, ...]]] = []
    for number, row in enumerate(rows):
        ran.finished(f"m{number}", 0, measured(*row))
        past.append((f"m{number}", 0, measured(*row)))
        while (promotion := ran.promotion()) is not None:
            ran.started(*promotion)
            found = measured(*(rows[int(promotion[0][1:])] * 0.9))
            ran.finished(*promotion, found)
            past.append((*promotion, found))
    for one in past:
        told.finished(*one)
    assert told.leaders(10) == ran.leaders(10)
    assert told.promotion() == ran.promotion()


# predictions


@pytest.mark.parametrize("kind", [Random, Bayesian, Evolutionary, Reinforcement, ActiveInference])
def test_agents_predict_each_objective_by_itself(kind: type[Agent]) -> None:
    """The second objective is a thousand times the first with its sign turned: so are the predictions."""
    space = space_of()
    names = [variable.name for variable in space.variables]

    def both(design: object) -> tuple[float, float]:
        polar = float(sum(design[name] in ("cyano", "fluoro") for name in names))  # type: ignore[index]
        return polar, -1000.0 * polar

    trials = history(space, 24, both)
    proposals = kind(space).propose(view_of(space, trials), 3)
    assert len(proposals) == 3
    for proposal in proposals:
        ((mean, sd),) = proposal.others
        assert None not in (proposal.mean, proposal.sd, mean, sd)
        assert proposal.mean is not None
        assert mean is not None
        assert sd is not None
        assert -1.0 < proposal.mean < 5.0
        assert -5500.0 < mean < 1500.0
        assert sd >= 0.0


def test_each_objective_is_scored_and_kept(tmp_path: Path) -> None:
    """An agent's two predictions, one of which is right, from the ledger and after a resume.

    The other one is off by 50, which shows after the first answers and widens all later ones.
    """
    objectives = [{"maximise": "velocity"}, {"minimise": "work_rate"}]
    code = (
        "from molmach.search import Agent, Proposal\n"
        "class Half(Agent):\n"
        "    explores = True\n"
        "    def propose(self, view, n):\n"
        "        return [Proposal(view.space.sample(view.rng), '', 0.0, 1.0, ((50.0, 0.1),)) for _ in range(n)]\n"
    )
    (tmp_path / "half.py").write_text(code, encoding="utf-8")
    searched = campaign(
        ("half",),
        objectives,
        budget={"evaluations": 60},
        confirmation={"machines": 0},
        racing={"rungs": [{"replicas": 16, "duration": "25 ps"}]},
    )
    agents = (AgentEntry(use="half.py:Half", name="half"),)
    searched = searched.model_copy(update={"agents": agents})
    rng = np.random.default_rng(0)

    def measure(task: Task) -> Result:
        pair = {"velocity": rng.standard_normal(), "work_rate": rng.standard_normal()}
        scattered = {name: [value + 0.1 * x for x in (-1.0, 0.0, 1.0, 0.0)] for name, value in pair.items()}
        return Result(task.key, scattered, "", 1.0, 100)

    place = tmp_path / NAME
    for evaluations in (40, 60):
        longer = searched.model_copy(
            update={"budget": searched.budget.model_copy(update={"evaluations": evaluations})}
        )
        with closing(Ledger(place, write=True)) as ledger:
            team = LocalTeam(longer, tmp_path)
            driver = Driver(longer, ledger, LocalExecutor(measure), team, evaluation_of(longer, tmp_path))
            driver.run()
            document = results.document(ledger, longer, tmp_path)["agents"]["half"]
            assert driver.snapshot().agents["half"]["coverage"] == document["coverage"]
            trials = [trial for trial in ledger.trials() if trial.machine]
            assert {tuple(mean for mean, _ in trial.opinions) for trial in trials} == {(0.0, 50.0)}
            first_said = min(trials, key=lambda trial: trial.number)
            assert first_said.opinions == ((0.0, 1.0), (50.0, 0.1))
            assert all(10.0 < (trial.opinions[1][1] or 0.0) < 100.0 for trial in trials[40:])
        first, second = document["calibration"]
        assert (first["expression"], second["expression"]) == ("velocity", "work_rate")
        assert first["predictions"] == second["predictions"] == evaluations
        assert first["coverage"] > 0.85
        assert second["coverage"] < 1.0


def test_a_ledger_of_several_objectives_of_before_has_none_and_gets_some(tmp_path: Path) -> None:
    """``two_objectives.sql`` was written when agents predicted their own mixture: that is not scored."""
    with closing(sqlite3.connect(tmp_path / NAME)) as base:
        base.executescript((BEFORE / "two_objectives.sql").read_text(encoding="utf-8"))
    text = (BEFORE / "two_objectives.yaml").read_text("utf-8")
    (tmp_path / "campaign.yaml").write_text(text, encoding="utf-8")
    old, source = read_campaign(tmp_path, ["budget.evaluations=14"])
    with reading(tmp_path) as ledger:
        assert list(ledger.predictions()) == []
        assert len(list(ledger.trials())) == 8
        document = results.document(ledger, old, tmp_path)
        assert "calibration" not in document["agents"]["random"]
        assert sum(machine["on_front"] for machine in document["best"]) >= 1

    def measure(task: Task) -> Result:
        return Result(task.key, {"velocity": [0.0, 1.0], "work_rate": [1.0, 2.0]}, "", 1.0, 100)

    with closing(Ledger(tmp_path / NAME, write=True)) as ledger:
        Driver(old, ledger, LocalExecutor(measure), LocalTeam(old, source), evaluation_of(old, source)).run()
        later = list(ledger.predictions())
        assert {p.objective for p in later} == {0, 1}
        assert all(p.value == (0.5 if p.objective == 0 else -1.5) for p in later)


@pytest.mark.parametrize(
    ("mean", "sd", "others", "said"),
    [
        (np.array([1.0, 2.0]), 1.0, (), "predicted mean '[1. 2.]'; expected a number or None"),
        ("high", 1.0, (), "predicted mean 'high'; expected a number or None"),
        (1.0, -1.0, (), "uncertainty of -1; expected zero or more"),
        (1.0, 1.0, ((1.0, 1.0), (1.0, 1.0)), "predicted 3 objectives; expected predictions of 2, or of"),
        (1.0, 1.0, (1.0, 1.0), "expected (mean, sd) of each objective after the first"),
        (1.0, 1.0, 7, "expected (mean, sd) of each objective after the first"),
    ],
)
def test_predictions_of_a_wrong_shape_are_the_agents_failure(
    mean: object, sd: object, others: object, said: str
) -> None:
    """What a campaign counts as a failure: after three the agent is left out, and the result names it."""
    proposal = Proposal(Design.of({}), "", mean, sd, others)  # type: ignore[arg-type]
    with pytest.raises((TypeError, ValueError)) as raised:
        checked(proposal, 2)
    assert said in str(raised.value)


def test_predictions_that_are_no_finite_numbers_are_none() -> None:
    nothing = checked(Proposal(Design.of({}), "", float("nan"), float("inf"), ((10**400, None),)), 2)
    assert (nothing.mean, nothing.sd, nothing.others) == (None, None, ((None, None),))
    first = checked(Proposal(Design.of({}), "", np.float32(1.0), np.array(2.0)), 3)  # type: ignore[arg-type]
    assert (first.mean, first.sd, first.others) == (1.0, 2.0, ((None, None), (None, None)))
    with pytest.raises(ValueError, match="the campaign has one"):
        checked(Proposal(Design.of({}), "", 1.0, 1.0, ((1.0, 1.0),)))
