"""Whether the compiled engine gives the same bits on other processors and under other versions of numba.

    python benchmarks/same_bits.py [MACHINE ...] [--steps N] [--python PATH ...] [--unfused]

For every machine of the library, or those named: the claim and its controls in sixteen lanes, 2000 steps, and
the sha256 of the whole state and of the energies, compiled for this processor and others of its family, each
in a process of its own with kernels of its own. ``--python`` adds interpreters of environments with another
numba. The exit code is 1 where two digests of one machine differ.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np

from molmach import systems
from molmach.engine.batched import LANES, BatchedStepper, Inputs
from molmach.spec import load
from molmach.studies.simulation import Plan
from molmach.work.document import arrays_digest

PROCESSORS: dict[str, dict[str, str]] = {
    "this one": {},
    "haswell": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": ""},
    "skylake-avx512": {"NUMBA_CPU_NAME": "skylake-avx512", "NUMBA_CPU_FEATURES": ""},
    "x86-64-v2 with FMA": {"NUMBA_CPU_NAME": "x86-64-v2", "NUMBA_CPU_FEATURES": "+fma"},
}
"""What numba compiles for."""

UNFUSED = {"NUMBA_CPU_NAME": "x86-64-v2", "NUMBA_CPU_FEATURES": ""}
"""A processor without fused operations: the same bits by the C library, after minutes of compiling."""


def digest(inputs: Inputs, steps: int) -> str:
    """Of all that sixteen replicas, dealt to the conditions in turn, are after so many steps."""
    conditions = len(inputs.places)
    seeds = np.random.SeedSequence(5).generate_state(4 * LANES).astype(np.uint32).reshape(LANES, 4)
    stepper = BatchedStepper(inputs, [lane % conditions for lane in range(LANES)], seeds)
    stepper.advance(1, steps)
    return arrays_digest({**stepper.checkpoint(), "energy": stepper.internal_energy()})


def digests(folder: Path, steps: int) -> dict[str, str]:
    """Of every machine whose inputs are in a folder."""
    return {path.stem: digest(Inputs.read(path), steps) for path in sorted(folder.glob("*.npz"))}


def elsewhere(
    python: str, processor: Mapping[str, str], folder: Path, steps: int
) -> tuple[str, dict[str, str]]:
    """numba's version, and the digests, of a process that compiles for a processor."""
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            [python, __file__, "--folder", str(folder), "--steps", str(steps)],
            env={**os.environ, **processor, "NUMBA_CACHE_DIR": cache},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise SystemExit(done.stderr)
    told = json.loads(done.stdout.splitlines()[-1])
    return str(told["numba"]), dict(told["digests"])


def main() -> None:
    """Print a line a processor and version, and the machines of which digests differ."""
    parser = argparse.ArgumentParser()
    parser.add_argument("machines", nargs="*")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--python", action="append", default=[])
    parser.add_argument("--unfused", action="store_true", help="and a processor without fused operations")
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    if chosen.folder is not None:
        print(json.dumps({"numba": version("numba"), "digests": digests(chosen.folder, chosen.steps)}))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for machine in chosen.machines or systems.names():
            Inputs.of(Plan(load(machine)).conditions()).save(folder / f"{machine}.npz")
        every: list[dict[str, str]] = []
        for python in (sys.executable, *chosen.python):
            processors = PROCESSORS | ({"x86-64-v2": UNFUSED} if chosen.unfused else {})
            for processor, settings in processors.items():
                numba, own = elsewhere(python, settings, folder, chosen.steps)
                every.append(own)
                same = sum(own[machine] == every[0][machine] for machine in own)
                print(f"numba {numba}, {processor}: {same} of {len(own)} as the first", flush=True)
    differing = [machine for machine in every[0] if len({own[machine] for own in every}) > 1]
    print("all the same" if not differing else f"different: {', '.join(differing)}")
    raise SystemExit(bool(differing))


if __name__ == "__main__":
    main()
