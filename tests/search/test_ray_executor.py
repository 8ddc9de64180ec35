"""Campaigns on Ray: nodes that come and go, agents and workers that die, and kill -9 of everything."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from molmach.search import Result, Task
from molmach.search.loop.driver import Driver
from molmach.search.loop.evaluations import evaluation_of
from molmach.search.record import results
from molmach.search.record.folder import read_campaign
from molmach.search.record.ledger import NAME, Ledger
from molmach.search.record.trial import CONFIRMATION
from molmach.search.running import run_campaign
from molmach.spec.campaign import load_campaign, loads_campaign
from tests.helpers.command_line import command
from tests.helpers.processes import below, kill
from tests.helpers.waiting import GENEROUS, wait_until

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc")

SMILES = "[CH:1]#[C:2]c1c([*:10])c([*:11])c([C:3]#[CH:4])c([*:12])c1([*:13])"
FRAGMENTS = ["hydrogen", "fluoro", "cyano", "chloro", "methyl"]


def content(members: int, **sections: Any) -> dict[str, Any]:
    """A campaign of short simulations that ends when every machine of its space is measured."""
    return {
        "name": "faults",
        "base": "difluorophenylene-rotor",
        "machine": {"smiles": SMILES, "stator": [1, 2, 3]},  # held at one end: the ends differ
        "protocol": {"equilibration": "2 ps"},
        "space": {"sites": dict.fromkeys((10, 11, 12, 13), FRAGMENTS[:members])},
        "objectives": {"maximise": "velocity"},
        "racing": {
            "rungs": [{"replicas": 16, "duration": "4 ps"}, {"replicas": 32, "duration": "8 ps"}],
            "keep": 4,
        },
        "confirmation": {"machines": 1, "replicas": 16},
        "agents": ["random", {"use": "random", "name": "another"}],
        "budget": {"evaluations": 100_000},
        **sections,
    }


def run(file: Path, folder: Path) -> subprocess.Popen[str]:
    """A campaign in a session of its own."""
    store = folder.with_suffix(".store")
    return subprocess.Popen(
        command("campaign", "run", str(file), "-o", str(folder), "--cores", "2", "--store", str(store), "--json"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def evaluated(folder: Path) -> dict[str, Any]:
    """Key -> machine, rung and value of every evaluation in a folder's ledger."""
    ledger = Ledger(folder / NAME)
    found = {e.key: (e.machine, e.rung, e.reason, e.measured) for e in ledger.findings()}
    count = ledger.evaluations()
    ledger.close()
    assert count == len(found)
    return found


def searched(found: dict[str, Any]) -> dict[str, Any]:
    """Without the winners' second run."""
    return {key: row for key, row in found.items() if row[1] != CONFIRMATION}


def strike(driver: subprocess.Popen[str], victim: str, rng: np.random.Generator) -> bool:
    """Kill -9 a worker, an agent, the driver, or all at once as a power cut does; whether one was there."""
    family = below(driver.pid)
    if victim == "power":
        for pid in [driver.pid, *family]:
            kill(pid)
        return True
    if victim == "driver":
        return kill(driver.pid)
    title = {"worker": ("ray::Evaluator",), "agent": ("ray::Runner",)}[victim]
    chosen = [pid for pid, text in family.items() if text.startswith(title)]
    return bool(chosen) and kill(chosen[int(rng.integers(len(chosen)))])


def suffer(file: Path, folder: Path, strikes: list[str], seed: int) -> tuple[dict[str, Any], Counter[str]]:
    """Carry a campaign out while it is struck, resuming it whenever its driver is gone; its document."""
    rng = np.random.default_rng(seed)
    struck: Counter[str] = Counter()
    waiting = list(strikes)
    before: dict[str, Any] = {}
    ends = time.monotonic() + GENEROUS
    while time.monotonic() < ends:
        driver = run(file, folder)
        known = len(before)
        while driver.poll() is None:
            time.sleep(0.05)
            if not (folder / NAME).exists() or not waiting:
                continue
            if len(evaluated_so_far(folder)) <= known:  # every strike meets a campaign at work
                continue
            time.sleep(float(rng.uniform(0.0, 0.6)))
            victim = waiting[0]
            if driver.poll() is None and strike(driver, victim, rng):
                struck[victim] += 1
                waiting.pop(0)
                known = len(evaluated_so_far(folder))
                if victim in ("power", "driver"):
                    driver.wait(timeout=GENEROUS)
        out, err = driver.communicate(timeout=GENEROUS)
        after = evaluated(folder)
        assert before.items() <= after.items()  # nothing finished is lost or changed
        before = after
        if driver.returncode == 0:
            document: dict[str, Any] = json.loads(out)
            return document, struck
        assert driver.returncode < 0, err
    raise AssertionError(f"not finished within {GENEROUS:g} s; struck {dict(struck)}")


def evaluated_so_far(folder: Path) -> dict[str, Any]:
    """As :func:`evaluated`; nothing where the ledger is just being made."""
    try:
        return evaluated(folder)
    except Exception:
        return {}


def compare_with_undisturbed(tmp_path: Path, members: int, strikes: list[str], seed: int) -> Counter[str]:
    """A struck campaign on a cluster beside an undisturbed one in this process; how often it was struck.

    On one rung order does not matter; on several, who is promoted depends on who came first.
    """
    file = tmp_path / "campaign.yaml"
    racing = {"rungs": [{"replicas": 16, "duration": "4 ps"}]}
    file.write_text(yaml.safe_dump(content(members, racing=racing)), encoding="utf-8")
    calm = run_campaign(load_campaign(file), tmp_path / "calm", executor="local", source=tmp_path)
    found, struck = suffer(file, tmp_path / "struck", strikes, seed)
    machines = (members**4 + members**2) // 2
    assert evaluated(tmp_path / "struck") == evaluated(tmp_path / "calm")
    assert len(searched(evaluated(tmp_path / "calm"))) == machines
    assert (calm["lost"], found["lost"]) == (0, 0)
    assert found["state"] == calm["state"] == "finished"
    assert found["best"][0]["machine"] == calm["best"][0]["machine"]
    again = found["best"][0]["confirmed"]
    assert (Path(again["run_dir"]) / "report.html").is_file()
    assert Path(found["report"]).is_file()
    campaign, source = read_campaign(tmp_path / "struck")
    assert campaign.key == load_campaign(file).key
    assert source == tmp_path
    return struck


@pytest.mark.slow
def test_a_campaign_after_a_power_cut_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    assert compare_with_undisturbed(tmp_path, 2, ["power"], seed=1) == {"power": 1}


@pytest.mark.slow
def test_thirty_kills_lose_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    strikes = [
        str(v) for v in rng.permutation(["worker"] * 10 + ["agent"] * 6 + ["driver"] * 7 + ["power"] * 7)
    ]
    struck = compare_with_undisturbed(tmp_path, 5, strikes, seed=2)
    assert struck.total() == 30


@pytest.mark.slow
def test_nodes_come_and_go(tmp_path: Path) -> None:
    """A campaign over two nodes, of which one is lost half-way and another one joins."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    from molmach.search.loop.executors.ray import RayExecutor, RayTeam, connect

    campaign = loads_campaign(content(3, agents=["random"]), "nodes", tmp_path)
    where, stage = tmp_path / "nodes.txt", tmp_path / "stage.txt"
    where.touch()
    stage.write_text("two nodes")

    def done() -> Counter[str]:
        return Counter(line.split()[0] for line in where.read_text().splitlines())

    def evaluation(task: Task) -> Result:
        """Waits for its turn, so that every node has its share however slowly it starts."""
        here = ray.get_runtime_context().get_node_id()

        def my_turn() -> bool:
            counts = done()
            turns = {
                "two nodes": counts.total() < 14 and counts[here] < 10,
                "one node": counts.total() < 22,
                "another node": counts[here] < 3 or sum(count >= 3 for count in counts.values()) == 3,
            }
            return turns.get(stage.read_text(), False)  # it may be half written

        wait_until(my_turn, f"it is the turn of {here}")
        with where.open("a", encoding="utf-8") as stream:
            stream.write(f"{here} {task.key}\n")
        rng = np.random.default_rng(task.spec.protocol.seed)
        velocity = rng.normal(int(task.machine[:4], 16) / 6553.6, 1.0, task.spec.protocol.replicas)
        controls = {"verdict": "forward"} if task.rung == CONFIRMATION else {}
        return Result(task.key, {"velocity": velocity.tolist()}, seconds=0.25, controls=controls)

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        second = cluster.add_node(wait=False, num_cpus=1)
        cluster.wait_for_nodes(timeout=GENEROUS)

        def change_nodes(snapshot: Any) -> None:
            """However seldom it is called, no stage is left before it is over."""
            if stage.read_text() == "two nodes" and done().total() >= 14:
                cluster.remove_node(second, allow_graceful=False)
                stage.write_text("one node")
            elif stage.read_text() == "one node" and done().total() >= 22:
                cluster.add_node(wait=False, num_cpus=1)
                stage.write_text("another node")

        connect(cluster.address)
        ledger = Ledger(tmp_path / NAME, write=True)
        team, dynamics = RayTeam(campaign, tmp_path), evaluation_of(campaign, tmp_path)
        Driver(campaign, ledger, RayExecutor(evaluation), team, dynamics, watch=change_nodes).run()
        found = results.document(ledger, campaign, tmp_path)
        team.close()
        entries = list(ledger.findings())
        ledger.close()
    finally:
        ray.shutdown()
        cluster.shutdown()  # type: ignore[no-untyped-call]
    nodes = done()
    assert len(nodes) == 3, nodes  # the head, the node that was lost, and the one that joined
    assert min(nodes.values()) >= 3
    assert found["lost"] == 0
    assert len({e.machine for e in entries if e.rung == 0}) == 45
    assert all(e.ok for e in entries)
    assert len({e.key for e in entries}) == len(entries)
