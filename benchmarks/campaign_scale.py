"""A campaign's machinery at scale: efficiency over cores, overhead of an evaluation, a ledger of a million.

    python benchmarks/campaign_scale.py [efficiency] [overhead] [ledger] [--cores 2] [--sleep]

``efficiency``
    Evaluations of one second, on every core at once: their sum over cores times wall time.
``overhead``
    Evaluations that do nothing, all of them proposed before the first is started: wall time and the driver's
    own time of each, with everything that is written to disk.
``ledger``
    A ledger of a million evaluations: seconds in which it is opened and reported, and gone on from.

Nothing is simulated. ``--sleep`` waits instead of computing, where other programs use the machine.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from molmach.search.agents.interface import Agent, Proposal, View
from molmach.search.agents.team import LocalTeam
from molmach.search.loop.driver import Driver
from molmach.search.loop.evaluations import Task, evaluation_of
from molmach.search.loop.executors.ray import RayExecutor, RayTeam, connect
from molmach.search.record import results
from molmach.search.record.ledger import Ledger
from molmach.search.record.result import Result
from molmach.search.record.trial import Finding, Measured, Trial
from molmach.search.running import run_campaign
from molmach.search.space.design import Design
from molmach.search.space.space import Space
from molmach.spec import Campaign
from molmach.spec.campaign import loads_campaign

HERE = Path(__file__)
SMILES = "[CH:1]#[C:2]c1c([*:10])c([*:11])c([C:3]#[CH:4])cc1"
SAMPLES = [float(k % 7) for k in range(16)]


class Series(Agent):
    """Proposes one frequency after the other."""

    def propose(self, view: View, n: int) -> list[Proposal]:
        """The next ``n``."""
        start = len(view.taken)
        return [
            Proposal(
                Design.of({"R10": "fluoro", "R11": "chloro", "drive.frequency": 10.0 + 0.01 * (start + k)}),
                "the next one",
            )
            for k in range(n)
        ]


def campaign(evaluations: int, batch: int) -> Campaign:
    """A space with as many machines as are asked for."""
    content = {
        "name": "scale",
        "base": "difluorophenylene-rotor",
        "machine": {"smiles": SMILES},
        "space": {
            "sites": {10: ["fluoro", "chloro"], 11: ["fluoro", "chloro"]},
            "parameters": {"drive.frequency": {"low": "10 GHz", "high": "100000 GHz"}},
        },
        "objectives": {"maximise": "velocity"},
        "racing": {"rungs": [{"replicas": 16, "duration": "20 ps"}]},
        "confirmation": {"machines": 0},
        "agents": [f"{HERE}:Series"],
        "batch": batch,
        "budget": {"evaluations": evaluations},
    }
    return loads_campaign(content, "scale", HERE.parent)


def nothing(task: Task) -> Result:
    """An evaluation that is there at once."""
    return Result(task.key, {"velocity": SAMPLES}, seconds=0.0, steps=1)


def spin(task: Task) -> Result:
    """A second of computing."""
    end = time.process_time() + 1.0
    while time.process_time() < end:
        pass
    return Result(task.key, {"velocity": SAMPLES}, seconds=1.0, steps=1)


def sleep(task: Task) -> Result:
    """A second of waiting."""
    time.sleep(1.0)
    return Result(task.key, {"velocity": SAMPLES}, seconds=1.0, steps=1)


def timed(searched: Campaign, evaluation: Callable[[Task], Result], folder: Path) -> tuple[float, float, int]:
    """Wall time and the driver's processor time from the first proposal to the end, and evaluations done."""
    ledger = Ledger(folder / "ledger.sqlite", write=True)
    team = RayTeam(searched, HERE.parent)
    driver = Driver(searched, ledger, RayExecutor(evaluation), team, evaluation_of(searched, HERE.parent))
    wall, own = time.perf_counter(), time.process_time()
    driver.run()
    passed = time.perf_counter() - wall, time.process_time() - own
    done = ledger.evaluations()
    team.close()
    ledger.close()
    return *passed, done


def efficiency(cores: int, evaluation: Callable[[Task], Result]) -> None:
    """Seconds of evaluation over cores times wall time."""
    with tempfile.TemporaryDirectory() as name:
        timed(campaign(cores, 4), evaluation, Path(name))  # workers are started by now
    wanted = 30 * cores
    with tempfile.TemporaryDirectory() as name:
        wall, own, done = timed(campaign(wanted, 4), evaluation, Path(name))
    print(
        f"efficiency  {done / (cores * wall):.3f}  ({done} evaluations of 1 s on {cores} cores in "
        f"{wall:.1f} s; driver {own:.1f} s)",
        flush=True,
    )


def overhead(wanted: int) -> None:
    """Milliseconds of wall time and of the driver's time for each evaluation."""
    with tempfile.TemporaryDirectory() as name:
        timed(campaign(4, 4), nothing, Path(name))
    with tempfile.TemporaryDirectory() as name:
        wall, own, done = timed(campaign(wanted, wanted), nothing, Path(name))
    print(
        f"overhead    {1e3 * wall / done:.2f} ms wall, {1e3 * own / done:.2f} ms of the driver for each of "
        f"{done} evaluations",
        flush=True,
    )


def fill(folder: Path, searched: Campaign, rows: int) -> None:
    """A campaign's folder with a ledger as it would be after so many evaluations."""
    run_campaign(searched, folder, executor="local", source=HERE.parent)
    ledger = Ledger(folder / "ledger.sqlite", write=True)
    smiles = Space(searched).resolve(next(iter(ledger.designs().values()))).smiles
    for k in range(rows):
        machine = f"{k * 2654435761 % 2**64:016x}{k:048x}"
        design = Design.of({"R10": "fluoro", "R11": "chloro", "drive.frequency": 10.0 + 0.01 * k})
        ledger.add(
            Trial(0, "Series", k // 4, design, "the next one", 50.0, 30.0).queued(machine, smiles).started()
        )
        value = float(k * 7919 % 1000003) / 1e4
        measured = (Measured(value, 1.0, value - 2.0, value + 2.0),)
        key = machine[::-1]
        ledger.add_finding(
            Finding(key, machine, "Series", 0, "", measured, 1.0, 1000, False, float(k), 1),
            {"velocity": SAMPLES},
        )
    ledger.commit()
    ledger.close()


def ledger(rows: int) -> None:
    """Seconds to open, to report and to go on from a large ledger."""
    searched = campaign(1, 4)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "campaign"
        fill(folder, searched, rows)
        size = (folder / "ledger.sqlite").stat().st_size
        started = time.perf_counter()
        opened = Ledger(folder / "ledger.sqlite")
        document = results.document(opened, searched, folder)
        reported = time.perf_counter() - started
        opened.close()
        started = time.perf_counter()
        command = [sys.executable, "-m", "molmach.cli.main", "campaign", "status", str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        shown = time.perf_counter() - started
        opened = Ledger(folder / "ledger.sqlite", write=True)
        started = time.perf_counter()
        evaluation = evaluation_of(searched, HERE.parent)
        Driver(searched, opened, RayExecutor(nothing), LocalTeam(searched, HERE.parent), evaluation)
        resumed = time.perf_counter() - started
        opened.close()
    print(
        f"ledger      {document['evaluations']} evaluations, {size / 1e6:.0f} MB: opened and reported in "
        f"{reported:.1f} s, 'campaign status' {shown:.1f} s, gone on from after {resumed:.1f} s",
        flush=True,
    )


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="*", default=["efficiency", "overhead", "ledger"])
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--sleep", action="store_true")
    parser.add_argument("--evaluations", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    wanted = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    connect(None, wanted.cores)
    if "efficiency" in wanted.what:
        efficiency(wanted.cores, sleep if wanted.sleep else spin)
    if "overhead" in wanted.what:
        overhead(wanted.evaluations)
    if "ledger" in wanted.what:
        ledger(wanted.rows)


if __name__ == "__main__":
    main()
