"""The parts of a search: intervals of expressions, racing, the bandit, ledger and store."""

from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from molmach.data.quantity import Quantity
from molmach.errors import CampaignError, SpecError
from molmach.search import Finding, Measured, Result, progress
from molmach.search.loop.bandit import Bandit
from molmach.search.loop.book import TrialBook
from molmach.search.loop.evaluations import evaluation_of
from molmach.search.loop.quantities import FIELD, FOLLOWED, Expression, threshold_factors
from molmach.search.loop.racing import Ladder
from molmach.search.record.cache import Store
from molmach.search.record.folder import claim
from molmach.search.record.fronts import fronts
from molmach.search.record.ledger import NAME, Ledger
from molmach.search.record.trial import CONFIRMATION
from tests.helpers.ledgers import Scribe, campaign
from tests.helpers.planted import space_of
from tests.helpers.waiting import GENEROUS

numbers = st.floats(-100.0, 100.0)

# intervals


@given(st.lists(numbers, min_size=4, max_size=40), st.floats(-3.0, 3.0))
def test_the_interval_of_a_mean_is_students(values: list[float], factor: float) -> None:
    """The jackknife of a linear function is its exact standard error."""
    measured = Expression(f"{factor!r} * temperature + 1").measure({"temperature": values})
    assert measured.value == pytest.approx(factor * np.mean(values) + 1.0, abs=1e-9)
    error = abs(factor) * np.std(values, ddof=1) / np.sqrt(len(values))
    assert measured.error == pytest.approx(error, rel=1e-6, abs=1e-9)
    half = stats.t.ppf(0.975, len(values) - 1) * error
    assert measured.high - measured.value == pytest.approx(half, rel=1e-6, abs=1e-8)


@given(st.lists(numbers, min_size=4, max_size=40), st.floats(-3.0, 3.0))
def test_a_line_carries_the_interval_of_a_skewed_mean(values: list[float], factor: float) -> None:
    """Its ends are the velocity's, exchanged by a negative factor, and none lies inside Student's."""
    own = Expression("velocity").measure({"velocity": values})
    line = Expression(f"{factor!r} * velocity + 1").measure({"velocity": values})
    ends = sorted(factor * end + 1.0 for end in (own.low, own.high))
    assert (line.low, line.high) == pytest.approx(ends, rel=1e-6, abs=1e-8)
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    assert line.error == pytest.approx(abs(factor) * own.error, rel=1e-6, abs=1e-9)
    half = stats.t.ppf(0.975, len(values) - 1) * error
    assert own.error == pytest.approx(error, rel=1e-6, abs=1e-9)
    assert min(own.high - own.value, own.value - own.low) >= half * (1.0 - 1e-9) - 1e-9


def test_intervals_of_ratios_hold_the_truth_as_often_as_they_say() -> None:
    """2000 draws of 32 replicas: 95 % coverage within 0.93 to 0.965 (binomial, level 1e-3 at 0.947)."""
    rng = np.random.default_rng(7)
    expression = Expression("velocity / work_rate")
    hits = 0
    for _ in range(2000):
        work = rng.normal(10.0, 3.0, 32)
        velocity = 0.4 * work + rng.normal(0.0, 2.0, 32)
        found = expression.measure({"velocity": velocity.tolist(), "work_rate": work.tolist()})
        hits += found.low <= 0.4 <= found.high
    assert 0.93 <= hits / 2000 <= 0.965


@pytest.mark.parametrize(
    ("text", "through"),
    [
        ("abs(directionality)", lambda x: x),
        ("1 * directionality", lambda x: x),
        ("3 - directionality / 2", lambda x: 3.0 - x / 2.0),
        ("exp(-directionality)", lambda x: np.exp(-x)),
        ("sqrt(directionality)", np.sqrt),
        ("abs(2 * abs(-directionality))", lambda x: 2.0 * x),
    ],
)
def test_what_is_monotone_in_a_quantity_has_its_interval(text: str, through: Any) -> None:
    """Ten steps ahead and none back are no certainty, whatever is made of them."""
    samples = {"forward": [3.0, 4.0, 3.0], "backward": [0.0, 0.0, 0.0]}
    alone, found = (Expression(name).measure(samples) for name in ("directionality", text))
    assert alone.low == pytest.approx(0.383, abs=1e-3)
    ends = sorted((through(alone.low), through(alone.high)))
    assert (found.low, found.value, found.high) == pytest.approx((ends[0], through(1.0), ends[1]))
    width = (ends[1] - ends[0]) / (alone.high - alone.low)
    assert found.error == pytest.approx(width * alone.error)


def test_an_expression_of_several_knows_of_the_error_that_the_jackknife_does_not_see() -> None:
    samples = {"forward": [3.0, 4.0, 3.0], "backward": [0.0, 0.0, 0.0], "velocity": [5.0, 5.0, 5.0]}
    alone = Expression("directionality").measure(samples)
    for text in ("directionality + velocity", "directionality * velocity / 5", "directionality**2 / 2"):
        found = Expression(text).measure(samples)
        assert found.error >= 0.5 * alone.error, text
        assert found.low < found.value - 0.3, text


def test_an_unknown_sign_keeps_intervals_of_sizes_in_order() -> None:
    """Machines that are not told from standing still are still told apart by how near they are to it."""
    slow, fast = ([-1.5, 0.2, 1.6, 0.1], [0.5, 2.2, 3.6, 2.1])
    lows = [Expression("abs(velocity)").measure({"velocity": values}).low for values in (slow, fast)]
    assert lows[0] < lows[1]
    same = Expression("velocity").measure({"velocity": fast})
    turned = Expression("abs(velocity)").measure({"velocity": [-value for value in fast]})
    assert (turned.low, turned.high, turned.error) == pytest.approx((same.low, same.high, same.error))


def test_single_values_stay_within_their_bounds() -> None:
    share = Quantity("share", "a share", "1", bounds=(0.0, 1.0))
    samples = {"share": [0.99], "share.error": [0.1]}

    def find(name: str) -> Quantity | None:
        return share if name == "share" else None

    measured = Expression("share", find=find).measure(samples)
    assert (measured.value, measured.high) == (0.99, 1.0)
    assert measured.error == pytest.approx(0.1)
    assert measured.low == pytest.approx(0.99 - 0.196, abs=1e-4)
    assert Expression("10 * share", find=find).measure(samples).high == pytest.approx(10.0)


def test_derived_quantities_are_what_they_are_called() -> None:
    samples = {
        "velocity": [2.0, 4.0, 3.0, 3.0],
        "diffusion": [1.0, 1.0, 1.0, 1.0],
        "forward": [3.0, 5.0, 4.0, 4.0],
        "backward": [1.0, 1.0, 1.0, 1.0],
        "input_power": [10.0, 14.0, 12.0, 12.0],
        "load_power": [1.0, 2.0, 1.5, 1.5],
        "entropy_rate": [18.0, 18.0, 18.0, 18.0],
    }

    def value(text: str) -> float:
        return Expression(text).measure(samples).value

    assert value("directionality") == pytest.approx((16 - 4) / (16 + 4))
    assert value("peclet") == pytest.approx(3.0)
    assert value("efficiency") == pytest.approx(1.5 / 12.0)
    assert value("uncertainty_ratio") == pytest.approx(18.0 / 9.0)
    assert value("precision") * value("uncertainty_ratio") == pytest.approx(1.0)
    assert value("max(abs(-velocity), 2) ** 2 - sqrt(4)") == pytest.approx(7.0)


def test_the_threshold_field_lies_where_half_of_the_turns_are_followed() -> None:
    fields = threshold_factors()
    samples: dict[str, list[float]] = {}
    for k, field in enumerate(fields):
        followed = field**4 / (field**4 + 0.6**4)
        samples[FIELD.format(k)] = [float(field)] * 8
        samples[FOLLOWED.format(k)] = [float(followed)] * 8
    found = Expression("threshold_field").measure(samples)
    assert found.value == pytest.approx(0.6, rel=0.05)
    never = {name: [0.1] * 8 if "followed" in name else value for name, value in samples.items()}
    assert not Expression("threshold_field").measure(never).defined


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        Expression(text)
    except SpecError as error:
        assert "expected an expression of" in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "velocity.real",
        "velocity[0]",
        "lambda: 1",
        "max(velocity)",
        "[velocity]",
        "True",
        "'a'",
        "9" * 501,
    ],
)
def test_what_is_no_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        Expression(text)


# racing


def measured(value: float, error: float) -> tuple[Measured, ...]:
    """One objective with its interval."""
    return (Measured(value, error, value - 2.0 * error, value + 2.0 * error),)


def race(truth: list[float], noise: float, keep: int, seed: int) -> tuple[str, int, list[int]]:
    """The winner, evaluations and the count on each of three rungs; errors halve from rung to rung."""
    rng = np.random.default_rng(seed)
    ladder, waiting, counts = Ladder(3, keep), list(range(len(truth))), [0, 0, 0]
    while True:
        promotion = ladder.promotion()
        if promotion is None and not waiting:
            break
        machine, rung = promotion or (str(waiting.pop(0)), 0)
        ladder.started(machine, rung)
        error = noise / 2.0**rung
        counts[rung] += 1
        ladder.finished(machine, rung, measured(truth[int(machine)] + error * rng.standard_normal(), error))
    return ladder.leaders(1)[0][0], sum(counts), counts


def test_racing_finds_the_best_with_few_long_runs() -> None:
    """Twenty races among a hundred: the best is a clear one and wins every time."""
    truth = [0.1 * k for k in range(99)] + [14.0]
    for seed in range(20):
        order = np.random.default_rng(100 + seed).permutation(100)
        winner, _, counts = race([truth[k] for k in order], 1.0, 3, seed)
        assert truth[order[int(winner)]] == 14.0
        assert counts[0] == 100
        assert counts[1] <= 45
        assert counts[2] <= 22


def test_a_machine_that_is_lost_for_sure_is_not_promoted() -> None:
    ladder = Ladder(2, 2)
    ladder.finished("best", 0, measured(10.0, 0.1))
    ladder.finished("best", 1, measured(10.0, 0.05))
    for k in range(20):
        ladder.finished(f"poor{k}", 0, measured(1.0 + 0.01 * k, 0.1))
    assert ladder.promotion() is None


def test_a_leader_that_disappoints_gives_others_their_chance_again() -> None:
    ladder = Ladder(2, 2)
    ladder.finished("lucky", 0, measured(10.0, 0.1))
    ladder.finished("steady", 0, measured(5.0, 0.1))
    assert ladder.promotion() == ("lucky", 1)
    ladder.started("lucky", 1)
    ladder.finished("third", 0, measured(4.0, 0.1))
    ladder.finished("fourth", 0, measured(3.0, 0.1))
    assert ladder.promotion() is None
    ladder.finished("lucky", 1, measured(2.0, 0.1))
    assert ladder.promotion() == ("steady", 1)


def test_machines_are_ranked_by_what_is_sure() -> None:
    ladder = Ladder(1, 2)
    ladder.finished("noisy", 0, measured(12.0, 5.0))
    ladder.finished("sure", 0, measured(10.0, 0.5))
    ladder.finished("failed", 0, ())
    assert [row[0] for row in ladder.leaders(5)] == ["sure", "noisy"]


@settings(max_examples=80)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=25))
def test_fronts_are_those_of_the_definition(points: list[tuple[int, int, int]]) -> None:
    array = np.array(points, dtype=np.float64)
    left, expected, depth = set(range(len(points))), [0] * len(points), 0
    while left:
        front = {
            i
            for i in left
            if not any(
                all(a >= b for a, b in zip(points[j], points[i], strict=True)) and points[j] != points[i]
                for j in left
            )
        }
        for i in front:
            expected[i] = depth
        left -= front
        depth += 1
    assert fronts(array, len(points) + 1) == expected


# the bandit


def test_the_budget_goes_to_who_delivers() -> None:
    """Agents whose machines are better by one standard deviation get more than half of three's turns."""
    for seed in range(5):
        rng, bandit, turns = np.random.default_rng(seed), Bandit(["good", "poor", "failing"], seed), []
        for turn in range(300):
            agent = bandit.choose(["good", "poor", "failing"], turn)
            turns.append(agent)
            value = {"good": rng.normal(1.5), "poor": rng.normal(), "failing": None}[agent]
            bandit.record(agent, () if value is None else (Measured(value, 1.0, value - 2.0, value + 2.0),))
        assert turns.count("good") > 150
        assert turns.count("poor") >= 5
        assert turns.count("failing") >= 5
        assert sum(bandit.shares.values()) == pytest.approx(1.0)
        assert max(bandit.shares, key=bandit.shares.__getitem__) == "good"


def test_the_bandit_depends_on_seed_and_turn_alone() -> None:
    choices = [
        [Bandit(["a", "b"], seed).choose(["a", "b"], turn) for turn in range(40)] for seed in (1, 1, 2)
    ]
    assert choices[0] == choices[1] != choices[2]


def test_bandit_and_report_count_the_same_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """One rule says what a find is: where it is another one, both follow."""
    values = [1.0, 0.5, 2.0, 2.0, float("nan"), 3.0, 0.0]
    rows = [Measured(value, 0.1, value - 0.2, value + 0.2) for value in values]
    findings = [Finding(str(n), str(n), "a", 0, "", (row,), 1.0, 1, False, 0.0) for n, row in enumerate(rows)]

    def counted() -> tuple[int, int]:
        bandit, hits = Bandit(["a"], 1), 0
        for row in rows:
            before = bandit.shares, bandit._hits["a"]
            bandit.record("a", (row,))
            hits += bandit._hits["a"] > before[1]
        return hits, progress.finds(findings)["a"]

    assert counted() == (3, 3)  # of fewer than five values only a new best is among the best fifth
    monkeypatch.setattr("molmach.search.loop.finds._TOP_SHARE", 0.5)
    assert counted() == (5, 5)


# the book of trials


def test_agents_hear_of_no_confirmation(tmp_path: Path) -> None:
    """Not even when a machine that was confirmed is measured again, as a larger budget has it."""
    scribe = Scribe(campaign(agents=("random",)), tmp_path)
    machine = scribe.propose("random", scribe._machine())
    assert machine is not None
    book = TrialBook(scribe.space, scribe.ledger)
    book.recover()
    measured = scribe.measure(machine.design, 1.0)
    for rung in (0, CONFIRMATION, 1):
        book.found(Finding(f"k{rung}", machine.key, "random", rung, "", measured, 1.0, 1, False, 0.0))
    (trial,) = book.news(0)
    assert [finding.rung for finding in trial.findings] == [0, 1]
    assert trial.confirmation is None
    assert book[machine.key].confirmation is not None
    scribe.end()


def test_a_killed_drivers_half_unpacked_folders_go(tmp_path: Path) -> None:
    searched = campaign()
    half, whole = tmp_path / "machines" / ".0123.4711.tmp", tmp_path / "machines" / "0123"
    for folder in (half, whole):
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{}", encoding="utf-8")
    with closing(Ledger(tmp_path / NAME, write=True)) as ledger:
        claim(tmp_path, ledger, searched, tmp_path)
    assert not half.exists()
    assert (whole / "run.json").exists()


# tasks


def test_the_same_evaluation_has_the_same_key_and_seed_and_every_other_another() -> None:
    space = space_of()
    searched = campaign()
    machine = space.resolve(next(iter(space.enumerate())))
    other = space.resolve(list(space.enumerate())[77])
    dynamics = evaluation_of(searched, Path())
    tasks = [dynamics.task(m, rung) for m in (machine, other) for rung in (0, 1, CONFIRMATION)]
    assert len({task.key for task in tasks if task}) == len({task.seed for task in tasks if task}) == 6
    again = campaign(agents=("random",), budget={"evaluations": 7}, description="another")
    assert evaluation_of(again, Path()).task(machine, 1) == dynamics.task(machine, 1)


# ledger and store


def test_an_evaluation_is_entered_once(tmp_path: Path) -> None:
    scribe = Scribe(campaign(), tmp_path)
    machine = scribe.propose("random", next(d for d in [scribe.space.sample(scribe.rng)] if d))
    while machine is None:
        machine = scribe.propose("random", scribe.space.sample(scribe.rng))
    first = Finding("k", machine.key, "random", 0, "", measured(1.5, 0.5), 1.0, 10, False, 12.0, 5)
    again = Finding("k", machine.key, "random", 0, "", measured(9.0, 0.5), 1.0, 10, False, 13.0, 5)
    assert scribe.ledger.add_finding(first, {"velocity": [1.0, 2.0]})
    assert not scribe.ledger.add_finding(again, {"velocity": [1.0, 2.0]})
    scribe.ledger.commit()
    assert list(scribe.ledger.findings()) == [first]
    assert scribe.ledger.samples("k") == {"velocity": [1.0, 2.0]}


def _write(path: Path, answers: multiprocessing.Queue[str]) -> None:
    try:
        Ledger(path, write=True)
        answers.put("wrote")
    except CampaignError as error:
        answers.put(str(error))


def test_one_process_writes_and_others_read_meanwhile(tmp_path: Path) -> None:
    scribe = Scribe(campaign(), tmp_path)
    scribe.search(20)
    scribe.ledger.commit()
    answers: multiprocessing.Queue[str] = multiprocessing.Queue()
    second = multiprocessing.Process(target=_write, args=(tmp_path / "ledger.sqlite", answers))
    second.start()
    assert "another process is running this campaign" in answers.get(timeout=GENEROUS)
    second.join()
    scribe.ledger.event("half a step")
    reader = Ledger(tmp_path / "ledger.sqlite")
    assert len(list(reader.findings())) >= 20
    assert reader.last_event("half a step") is None
    with pytest.raises(sqlite3.OperationalError):
        reader.event("readers don't write")
    reader.close()


def test_what_is_no_ledger_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="no such ledger"):
        Ledger(tmp_path / "none.sqlite")
    (tmp_path / "text.sqlite").write_text("a" * 5000)
    for write in (False, True):
        with pytest.raises(CampaignError, match="not a ledger of molmach"):
            Ledger(tmp_path / "text.sqlite", write=write)
    base = sqlite3.connect(tmp_path / "other.sqlite")
    base.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
    base.execute("INSERT INTO meta VALUES ('format', 'molmach.ledger/999')")
    base.commit()
    base.close()
    with pytest.raises(CampaignError, match=r"format molmach\.ledger/999; this version reads"):
        Ledger(tmp_path / "other.sqlite")


def test_what_other_code_has_evaluated_is_not_believed(tmp_path: Path) -> None:
    """749 in place of -28 turn/ns was one version's answer to another's question."""
    store = Store(tmp_path / "e.sqlite")
    store.put([Result("a", {"velocity": [749.0]}, code="old"), Result("b", {"velocity": [1.0]})])
    assert store.get("a", "new") is None
    assert store.get("b", "") is None  # nobody has said by which code
    store.put([Result("a", {"velocity": [-28.0]}, code="new")])
    for code, value in (("old", 749.0), ("new", -28.0)):
        kept = store.get("a", code)
        assert kept is not None
        assert (kept.samples, kept.code) == ({"velocity": [value]}, code)


def test_campaigns_share_what_was_evaluated(tmp_path: Path) -> None:
    one, two = Store(tmp_path / "e.sqlite"), Store(tmp_path / "e.sqlite")
    one.put(
        [Result("a", {"velocity": [1.0]}, "", 2.0, 30, code="x"), Result("b", {}, "diverged", 1.0, code="x")]
    )
    assert two.get("a", "x") == Result("a", {"velocity": [1.0]}, "", 0.0, 30)
    two.put([Result("a", {"velocity": [9.0]}, "", 2.0, 30, code="x")])
    assert one.get("a", "x") == two.get("a", "x")
    failed = two.get("b", "x")
    assert failed is not None
    assert failed.reason == "diverged"
    assert two.get("c", "x") is None
    (tmp_path / "no.sqlite").write_text("b" * 5000)
    with pytest.raises(CampaignError, match="can't be used for evaluations"):
        Store(tmp_path / "no.sqlite")
