"""Work over cores: the same replicas with one worker process and with more, as a ratio of wall times.

    .venv/bin/python benchmarks/scaling.py [SYSTEM]

Process start-up and the loading of kernels are in the figures; five rounds, the two in turn.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from molmach import engine
from molmach.building import build
from molmach.cli.bench import standard_machines
from molmach.spec import load


def main() -> None:
    """Print the median wall times and the median ratio."""
    spec = load(sys.argv[1]) if len(sys.argv) > 1 else standard_machines()[1]
    cores = engine.available_cores()
    protocol = spec.protocol.model_copy(
        update={"replicas": 16 * 4 * cores, "duration": 600.0, "frames": 600.0}
    )
    condition = engine.prepare("claim", 0, build(spec), spec.drive, protocol)
    choice = engine.choose([condition], "batched", None)
    times: dict[int, list[float]] = {1: [], cores: []}
    for _ in range(5):
        for workers, measured in times.items():
            with tempfile.TemporaryDirectory() as work:
                task = engine.write_task([condition], choice, Path(work))
                started = time.perf_counter()
                engine.run_task(Path(work), task, workers)
                measured.append(time.perf_counter() - started)
    ratios = [one / many for one, many in zip(times[1], times[cores], strict=True)]
    print(f"{spec.name}: {protocol.replicas} replicas of {task.total_samples * task.sampling_steps} steps")
    print(f"1 worker {median(times[1]):.2f} s, {cores} workers {median(times[cores]):.2f} s")
    print(f"ratio {median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f})")


if __name__ == "__main__":
    main()
