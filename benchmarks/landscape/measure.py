"""Measure every machine of a landscape, in random order; goes on where it was stopped.

    python benchmarks/landscape/measure.py [FOLDER]       # benchmarks/landscape: half an hour of one core
    python benchmarks/landscape/measure.py benchmarks/hindered-landscape

The folder holds a ``campaign.yaml`` whose space can be listed. Beside it comes ``landscape.npz``: for every
machine its key, the first design that makes it, and the velocity of each of its replicas (turn/ns). Designs
that are no machine, and machines that can't be built or simulated, are left out. ``WORKERS=4`` takes four
processes.
"""

from __future__ import annotations

import argparse
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


def tasks(folder: Path) -> tuple[dict[str, Design], list[Task]]:
    """The first design of every machine, and the evaluations to be done, in an order that is no design's."""
    campaign = load_campaign(folder / "campaign.yaml")
    space, dynamics = Space(campaign), Dynamics(campaign, campaign.evaluation.use)
    first: dict[str, Design] = {}
    todo: list[Task] = []
    for design in filter(space.is_machine, space.enumerate()):
        candidate = space.resolve(design)
        if candidate.key not in first:
            first[candidate.key] = design
            todo.append(dynamics.task(candidate, 0))
    return first, sorted(todo, key=lambda task: task.machine)


def main() -> None:
    """Measure what is missing, then join the parts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, nargs="?", default=HERE)
    folder = parser.parse_args().folder
    parts = folder / "landscape.parts.jsonl"
    first, todo = tasks(folder)
    lines = [json.loads(line) for line in parts.read_text().splitlines()] if parts.exists() else []
    done = {line["key"] for line in lines}
    missing = [task for task in todo if task.machine not in done]
    workers = int(os.environ.get("WORKERS", "2"))
    with parts.open("a") as stream, ProcessPoolExecutor(workers) as pool:
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
            mean = float(np.mean(velocity)) if velocity else float("nan")
            print(f"{len(lines)}/{len(todo)}  {mean:8.2f}  {result.reason}", flush=True)
    measured = [line for line in lines if line["velocity"]]
    np.savez_compressed(
        folder / "landscape.npz",
        keys=np.array([line["key"] for line in measured]),
        designs=np.array([first[line["key"]].to_json() for line in measured]),
        velocity=np.array([line["velocity"] for line in measured], dtype=np.float32),
    )
    parts.unlink()


if __name__ == "__main__":
    main()
