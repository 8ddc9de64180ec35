"""A campaign over several computers, which are lost, join, hang, lack molmach or have another one."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

import molmach
from molmach import agents, systems
from molmach.search.record.ledger import NAME, reading
from molmach.search.running import run_campaign
from molmach.spec.campaign import load_campaign
from tests.helpers.command_line import command
from tests.helpers.hosts import PORT, Hosts, missing, python_with, python_without_molmach
from tests.helpers.waiting import GENEROUS, wait_until
from tests.search.test_ray_executor import content, evaluated, evaluated_so_far

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "there are hosts")]


SLOW = '''
import time
from pathlib import Path

from molmach.search.loop.evaluations.dynamics import Dynamics


class Slow(Dynamics):
    """Takes five seconds, asleep, until a file is there."""

    @staticmethod
    def run(task):
        ends = time.monotonic() + 5.0
        while time.monotonic() < ends and not Path(__file__).with_name("open").exists():
            time.sleep(0.1)
        return Dynamics.run(task)
'''


def campaign_file(folder: Path) -> Path:
    """A campaign of 45 machines."""
    file = folder / "campaign.yaml"
    (folder / "slow.py").write_text(SLOW, encoding="utf-8")
    racing = {"rungs": [{"replicas": 16, "duration": "4 ps"}]}
    sections = content(3, racing=racing, evaluation={"use": "slow.py:Slow"}, agents=["random"])
    file.write_text(yaml.safe_dump(sections), encoding="utf-8")
    return file


def another_version(folder: Path) -> Path:
    """A folder with a molmach in which a kernel is another one."""
    copy = folder / "molmach"
    shutil.copytree(Path(molmach.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for package in (agents, systems):
        shutil.copytree(
            Path(package.__file__ or "").parent,
            copy / package.__name__.rpartition(".")[2],
            dirs_exist_ok=True,
        )
    kernel = copy / "engine" / "langevin_kernel.py"
    kernel.write_text(kernel.read_text(encoding="utf-8") + "\n# of another version\n", encoding="utf-8")
    return folder


def told(folder: Path) -> list[str]:
    """What a campaign has said of itself so far."""
    with suppress(Exception), reading(folder) as ledger:  # it may not be there yet
        return [event.text for event in ledger.events() if event.kind == "told"]
    return []


def test_a_campaign_outlives_what_happens_to_its_computers(tmp_path: Path) -> None:
    file, folder, gate = campaign_file(tmp_path), tmp_path / "struck", tmp_path / "open"
    gate.touch()
    run_campaign(load_campaign(file), tmp_path / "calm", executor="local", source=tmp_path)
    gate.unlink()
    bare = python_without_molmach(tmp_path / "bare")
    other = python_with(tmp_path / "py", another_version(tmp_path / "other"))
    here = sys.executable
    with Hosts(tmp_path) as hosts:
        for name in ("head", "first", "second", "bare", "other", "third"):
            hosts.add(name)
        where = {name: hosts.address(name) for name in ("first", "second", "third", "bare", "other")}
        hosts.start("head", "head")
        for name, python in (("first", here), ("second", here), ("bare", bare), ("other", other)):
            hosts.start(name, "head", python)
        words = command(
            "campaign", "run", str(file), "-o", str(folder), "--store", str(tmp_path / "struck.sqlite")
        )
        driver = hosts.run("head", *words, "--address", f"{hosts.address('head')}:{PORT}", "--json")

        def until_told(words: str) -> None:
            wait_until(
                lambda: driver.poll() is not None or any(words in line for line in told(folder)), words
            )

        for name in ("first", "second"):
            until_told(f"node {where[name]} is given work")
        begun = len(evaluated_so_far(folder))
        wait_until(lambda: driver.poll() is not None or len(evaluated_so_far(folder)) > begun + 4, "all work")
        hosts.cut_off("first")
        hosts.start("third", "head")
        until_told(f"node {where['third']} is given work")
        hosts.freeze("second")
        gate.touch()
        out, err = driver.communicate(timeout=GENEROUS)
        assert driver.returncode == 0, err
    document = json.loads(out)
    assert evaluated(folder) == evaluated(tmp_path / "calm")
    assert (document["lost"], document["failed"]) == (0, 0)
    assert f"node {where['bare']} is left out: it has no molmach" in err
    assert f"node {where['other']} is left out: it has other code: other sources of molmach" in err
    for name in ("first", "second"):
        gone, silent = "is gone; what it had in hand", "is given no work for 30 s: it does not answer"
        assert f"node {where[name]} {gone}" in err or f"node {where[name]} {silent}" in err
    assert [line for line in err.splitlines() if line.startswith("molmach: ")] == [
        f"molmach: {line}" for line in told(folder)
    ]
    with reading(folder) as ledger:
        assert len(ledger.by_code()) == 1


@pytest.mark.parametrize("on_the_head", [True, False])
def test_a_cluster_without_molmach_ends_a_campaign_and_fails_no_machine(
    tmp_path: Path, on_the_head: bool
) -> None:
    file, folder = campaign_file(tmp_path), tmp_path / "out"
    bare = python_without_molmach(tmp_path / "bare")
    python, cpus = (bare, 1) if on_the_head else (sys.executable, 0)
    with Hosts(tmp_path) as hosts:
        hosts.add("head")
        hosts.add("bare")
        hosts.start("head", "head", python, cpus)
        hosts.start("bare", "head", bare)
        words = command(
            "campaign", "run", str(file), "-o", str(folder), "--store", str(tmp_path / "e.sqlite")
        )
        driver = hosts.run("head", *words, "--address", f"{hosts.address('head')}:{PORT}")
        _, err = driver.communicate(timeout=GENEROUS)
    assert driver.returncode == 2
    words_of = {
        True: "node 10.83.0.1 can't be used, and agents think there: it has no molmach",
        False: "no node of the cluster can be given work: node 10.83.0.2: it has no molmach",
    }
    assert words_of[on_the_head] in err
    assert evaluated(folder) == {}
    assert NAME in {path.name for path in folder.iterdir()}
