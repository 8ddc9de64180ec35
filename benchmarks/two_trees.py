"""Speed of the compiled engine in two source trees, side by side: processor time, in turn, on one core.

    python benchmarks/two_trees.py TREE_A TREE_B [MACHINE ...] [--rounds N]

A tree is a folder with ``molmach`` in it, such as ``git worktree add ../before HEAD~1`` makes. Sixty-four
replicas in four blocks; for each machine the median over the rounds of B's time over A's, and both medians in
us a step and replica. Processor time and turns are there since other programs want the core as well.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from statistics import median

import numpy as np

MACHINES = ("difluorophenylene-rotor", "catenane-motor", "thioxanthene-motor", "methoxytrityl-gyroscope")
REPLICAS, LEAST_SECONDS = 64, 0.03


def serve(machines: list[str]) -> None:
    """Read the number of a machine, answer with the time of a step, until standard input closes."""
    from molmach import engine
    from molmach.building import build
    from molmach.cli.bench import standard_machines
    from molmach.engine.batched import LANES, BatchedStepper, Inputs
    from molmach.spec import load

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    standard = {spec.name: spec for spec in standard_machines()}
    blocks, steps = [], []
    seeds = np.random.SeedSequence(0).generate_state(4 * REPLICAS).astype(np.uint32).reshape(REPLICAS, 4)
    for name in machines:
        spec = standard[name] if name in standard else load(name)
        condition = engine.prepare(spec.name, 0, build(spec), spec.drive, spec.protocol)
        engine.compile_kernels([condition])
        inputs = Inputs.of([condition])
        blocks.append(
            [BatchedStepper(inputs, [0] * LANES, seeds[i : i + LANES]) for i in range(0, REPLICAS, LANES)]
        )
        steps.append(20)

    def measure(machine: int) -> float:
        while True:
            started = time.thread_time()
            for block in blocks[machine]:
                block.advance(1, steps[machine])
            elapsed = time.thread_time() - started
            if elapsed > LEAST_SECONDS:
                return elapsed / steps[machine] / REPLICAS * 1e6
            steps[machine] *= 2

    for machine in range(len(machines)):
        measure(machine)
    print("ready", flush=True)
    for line in sys.stdin:
        print(measure(int(line)), flush=True)


def main() -> None:
    """Time both trees in turn and print a line a machine."""
    parser = argparse.ArgumentParser()
    parser.add_argument("trees", nargs="*")
    parser.add_argument("--rounds", type=int, default=41)
    parser.add_argument("--serve", action="store_true")
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.trees)
        return
    machines = chosen.trees[2:] or list(MACHINES)
    servers = [
        subprocess.Popen(
            [sys.executable, "-P", __file__, "--serve", *machines],
            env={**os.environ, "PYTHONPATH": os.path.abspath(tree)},  # noqa: PTH100
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for tree in chosen.trees[:2]
    ]

    def ask(server: subprocess.Popen[str], machine: int) -> float:
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(f"{machine}\n")
        server.stdin.flush()
        return float(server.stdout.readline())

    for server in servers:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
    times: list[list[tuple[float, float]]] = [[] for _ in machines]
    for turn in range(chosen.rounds):
        for machine in range(len(machines)):
            order = (0, 1) if turn % 2 == 0 else (1, 0)
            measured = {side: ask(servers[side], machine) for side in order}
            times[machine].append((measured[0], measured[1]))
    for name, own in zip(machines, times, strict=True):
        ratio = median(b / a for a, b in own)
        print(
            f"{name}: {median(a for a, _ in own):.3f} and {median(b for _, b in own):.3f} us, B/A {ratio:.3f}"
        )
    for server in servers:
        assert server.stdin is not None
        server.stdin.close()
        server.wait()


if __name__ == "__main__":
    main()
