"""Measure every machine of the landscape: python benchmarks/landscape/measure.py (about half an hour a core).

Writes ``landscape.npz`` beside this file: for every machine its key, the first design that makes it, and the
velocity of each of its replicas (turn/ns). Goes on where it was stopped.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from molmach.search import Design, Space
from molmach.search.loop.evaluations import Task, evaluate
from molmach.search.loop.evaluations.dynamics import Dynamics
from molmach.spec import load_campaign

HERE = Path(__file__).parent
PARTS = HERE / "landscape.parts.jsonl"


def tasks() -> tuple[dict[str, Design], list[Task]]:
    """The first design of every machine, and the evaluations to be done."""
    campaign = load_campaign(HERE / "campaign.yaml")
    space, dynamics = Space(campaign), Dynamics(campaign, campaign.evaluation.use)
    first: dict[str, Design] = {}
    todo: list[Task] = []
    for design in space.enumerate():
        candidate = space.resolve(design)
        if candidate.key not in first:
            first[candidate.key] = design
            todo.append(dynamics.task(candidate, 0))
    return first, todo


def main() -> None:
    """Measure what is missing, then join the parts."""
    first, todo = tasks()
    lines = [json.loads(line) for line in PARTS.read_text().splitlines()] if PARTS.exists() else []
    done = {line["key"] for line in lines}
    missing = [task for task in todo if task.machine not in done]
    workers = int(os.environ.get("WORKERS", "2"))
    with PARTS.open("a") as stream, ProcessPoolExecutor(workers) as pool:
        for task, result in zip(missing, pool.map(evaluate, missing), strict=True):
            velocity = [round(v, 3) for v in result.samples.get("velocity", [])]
            line = {
                "key": task.machine,
                "reason": result.reason,
                "seconds": result.seconds,
                "velocity": velocity,
            }
            stream.write(json.dumps(line) + "\n")
            stream.flush()
            lines.append(line)
            print(f"{len(lines)}/{len(todo)}  {np.mean(velocity):8.2f}  {result.reason}", flush=True)
    np.savez_compressed(
        HERE / "landscape.npz",
        keys=np.array([line["key"] for line in lines]),
        designs=np.array([first[line["key"]].to_json() for line in lines]),
        velocity=np.array([line["velocity"] for line in lines], dtype=np.float32),
    )
    PARTS.unlink()


if __name__ == "__main__":
    main()
