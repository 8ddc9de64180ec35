"""Which computers are given work, how long a job may take, and when what is lost is a machine's failure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from molmach.errors import CampaignError
from molmach.identity import identity
from molmach.search.loop.ending import Ending
from molmach.search.loop.executors.nodes import MOST_LOST, Nodes, State
from molmach.search.loop.executors.patience import TIMES, Patience
from molmach.search.loop.losses import Losses
from molmach.testing.executor import _task


@dataclass(frozen=True)
class Computer:
    """A computer of two cores."""

    key: str
    address: str
    cores: int = 2


def nodes_of(*names: str, trusted: str = "") -> Nodes:
    """Nodes that have joined and not been asked."""
    nodes = Nodes(trusted)
    nodes.update(Computer(name, f"at-{name}") for name in names)
    return nodes


def test_only_those_that_have_passed_get_work() -> None:
    nodes = nodes_of("a", "b", "c", trusted="c")
    assert [node.key for node in nodes.good] == ["c"]
    asked = nodes.to_ask(0.0)
    assert [node.key for node in asked] == ["a", "b"]
    for node in asked:
        nodes.asked(node)
    assert nodes.to_ask(1e9) == []  # they are being asked
    nodes.passed(nodes["a"])
    nodes.leave_out(nodes["b"], "it has no molmach", 0.0)
    assert {node.key for node in nodes.good} == {"a", "c"}
    assert nodes.cores == 4
    assert nodes.news() == ["node at-a is given work: 2 cores", "node at-b is left out: it has no molmach"]
    assert nodes.news() == []


def test_a_node_that_is_left_out_is_asked_again_ever_more_rarely_and_told_once() -> None:
    nodes, now, pauses = nodes_of("a"), 0.0, []
    for _ in range(9):
        (node,) = nodes.to_ask(now)
        nodes.asked(node)
        nodes.leave_out(node, "it has no molmach", now)
        assert nodes.to_ask(now) == []
        pauses.append(node.until - now)
        now = node.until
    assert pauses == [30.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 3600.0, 3600.0]
    assert nodes.news() == ["node at-a is left out: it has no molmach"]
    nodes.passed(nodes["a"])
    assert nodes.news() == ["node at-a is given work again: 2 cores"]


def test_a_node_that_loses_different_jobs_in_a_row_is_put_aside() -> None:
    nodes = nodes_of("a")
    node = nodes["a"]
    nodes.passed(node)
    for _ in range(2 * MOST_LOST):
        assert not nodes.has_lost(node, "the same job", 0.0)  # which may be the job's doing
    nodes.came_back(node)
    losses = [nodes.has_lost(node, f"job {k}", 0.0) for k in range(MOST_LOST)]
    assert losses == [False] * (MOST_LOST - 1) + [True]
    assert node.state is State.ASIDE
    assert nodes.good == []
    assert nodes.hopeless == ""  # it may yet be good for something


def test_the_drivers_own_node_is_never_to_blame() -> None:
    nodes = nodes_of("a", trusted="a")
    assert not any(nodes.has_lost(nodes["a"], f"job {k}", 0.0) for k in range(10 * MOST_LOST))
    assert [node.key for node in nodes.good] == ["a"]


def test_no_hope_is_left_when_every_node_is_left_out() -> None:
    nodes = nodes_of("a", "b")
    nodes.leave_out(nodes["a"], "it has no molmach", 0.0)
    assert nodes.hopeless == ""  # the other has not been asked
    nodes.leave_out(nodes["b"], "it fails the self-test", 0.0)
    assert nodes.hopeless == "node at-a: it has no molmach; node at-b: it fails the self-test"
    nodes.update([Computer("c", "at-c")])
    assert nodes.hopeless == ""
    assert nodes_of().hopeless == ""  # nodes may yet come


def test_a_node_that_is_gone_is_told() -> None:
    nodes = nodes_of("a", "b")
    nodes.passed(nodes["a"])
    nodes.news()
    assert nodes.update([Computer("b", "at-b")]) == ["a"]
    assert nodes.news() == ["node at-a is gone; what it had in hand is done elsewhere"]


def test_a_job_may_take_many_times_what_is_expected_of_it() -> None:
    patience, task = Patience(shortest=1.0), replace(_task(0), seconds=10.0)
    assert patience.limit(task) == TIMES * 10.0
    patience.took(task, 5.0)  # a fast computer makes nobody impatient
    assert patience.limit(task) == TIMES * 10.0
    patience.took(task, 40.0)  # a slow one makes all patient
    assert patience.limit(task) == TIMES * 40.0
    assert patience.limit(replace(task, seconds=0.01)) == 1.0


def test_a_job_of_which_nobody_knows_is_measured_by_others_of_its_kind() -> None:
    patience, task = Patience(shortest=1.0), _task(0)
    unknown = patience.limit(task)
    assert unknown >= 3600.0
    patience.took(task, 7.0)
    assert patience.limit(task) == TIMES * 7.0
    assert patience.limit(replace(task, rung=1)) == unknown


def test_what_a_computer_loses_is_never_a_tasks_failure() -> None:
    losses, task = Losses(), _task(0)
    assert all(losses.again(task, "its node is gone", blameless=True) for _ in range(500))
    losses.came_back()
    assert losses.given_up == []
    with pytest.raises(CampaignError, match="don't come back any more: its node is gone"):
        all(losses.again(task, "its node is gone", blameless=True) for _ in range(10_000))


def test_what_is_given_up_is_a_failure_only_if_others_come_back() -> None:
    def lost_for_good(losses: Losses, task: Any) -> None:
        while losses.again(task, "no luck", blameless=False):
            pass

    losses, task = Losses(), _task(0)
    lost_for_good(losses, task)
    assert (losses.given_up, losses.count) == ([], 1)
    losses.came_back()
    assert losses.given_up == [(task, "lost 5 times: no luck")]
    assert losses.given_up == []
    lost_for_good(losses, _task(1))
    with pytest.raises(CampaignError, match="no evaluation has come back: lost 5 times: no luck"):
        losses.at_the_end(others=False)
    losses.at_the_end(others=True)
    assert [given_up.key for given_up, _ in losses.given_up] == [_task(1).key]
    for number in range(4):
        lost_for_good(losses, _task(number))
    with pytest.raises(CampaignError, match="don't come back any more"):
        lost_for_good(losses, _task(4))


def test_the_end_of_the_time_leaves_what_runs_a_tenth_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    ending = Ending(600.0)
    assert not ending.over
    ending.out_of_time()
    now += 59.0
    assert not ending.over
    ending.out_of_time()  # it is over once
    now += 2.0
    assert ending.over
    assert ending.in_vain
    ending.came_back()
    assert not ending.in_vain
    now += 3 * 600.0
    assert ending.in_vain


def test_whoever_asks_for_the_end_may_say_when(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    ending = Ending(None)
    ending.ask(None)
    now += 1e6
    assert ending.asked
    assert not ending.over
    ending.ask(8.0)
    now += 9.0
    assert ending.over
    assert not ending.in_vain


def test_why_a_node_gets_no_work_is_told() -> None:
    pytest.importorskip("ray")
    from molmach.search.loop.executors.ray_workers import why_not

    here = identity()
    wanted = {"identity": here.to_json(), "check": "bits"}
    assert why_not(dict(wanted), wanted) == ""
    other = replace(here, version="9.9").to_json()
    assert (
        why_not({**wanted, "identity": other}, wanted)
        == "it has other code: molmach 9.9, not " + here.version
    )
    assert why_not({**wanted, "check": "others"}, wanted).startswith("it fails the self-test")
    nothing = {"missing": "ModuleNotFoundError: No module named 'molmach'", "version": ""}
    assert why_not(nothing, wanted) == "it has no molmach"
    old = {"missing": "No module named 'molmach.search.loop.executors.selftest'", "version": "0.0.9"}
    assert why_not(old, wanted).startswith("its molmach 0.0.9 can't say what it is (No module")
    assert "says nothing of its code" in why_not({"check": "bits"}, wanted)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("nonsense", "no address of a Ray cluster; expected HOST:PORT or 'auto'"),
        ("127.0.0.1:99999", "no address of a Ray cluster"),
        ("127.0.0.1:1", "no Ray cluster answers there (Connection refused)"),
    ],
)
def test_a_wrong_address_is_told_at_once(address: str, words: str) -> None:
    pytest.importorskip("ray")
    from molmach.search.loop.executors.ray_cluster import connect

    with pytest.raises(CampaignError) as caught:
        connect(address)
    assert f"address {address}: {words}" in str(caught.value)
