"""The engine gives the same bits whatever processor its kernels are compiled for, and fuses what it is asked to."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from llvmlite import binding

from benchmarks.same_bits import PROCESSORS, elsewhere
from molmach import systems
from molmach.engine.batched import Inputs
from molmach.spec import load
from molmach.studies.simulation import Plan

_FEATURES = binding.get_host_cpu_features()

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="names processors of one family"),
]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    for name in systems.names():
        Inputs.of(Plan(load(name)).conditions()).save(folder / f"{name}.npz")
    return folder


@pytest.mark.skipif(not _FEATURES.get("avx512dq", False), reason="runs code for AVX-512")
def test_every_library_machine_has_the_same_state_after_2000_steps(inputs: Path) -> None:
    _, here = elsewhere(sys.executable, {}, inputs, 2000)
    assert len(set(here.values())) == len(systems.names()) == len(here)
    for processor in ("haswell", "skylake-avx512", "x86-64-v2 with FMA"):
        assert elsewhere(sys.executable, PROCESSORS[processor], inputs, 2000)[1] == here, processor


_INSTRUCTIONS = """
import sys
import numpy as np
from molmach.engine.batched import BatchedStepper, Inputs
from molmach.spec import load
from molmach.studies.simulation import Plan
from tests.lanes.test_bits import assert_fused_as_asked
inputs = Inputs.of(Plan(load(sys.argv[1])).conditions())
stepper = BatchedStepper(inputs, [0], np.ones((1, 4), dtype=np.uint32))
stepper.advance(1, 1)
stepper.internal_energy()
kernels = inputs.kernels
for kernel in (kernels.start, kernels.run, kernels.energy):
    assert_fused_as_asked(kernel)
"""


@pytest.mark.skipif(not _FEATURES.get("fma", False), reason="reads the instructions of processors with FMA")
@pytest.mark.parametrize("name", ["catenane-motor", "difluorophenylene-rotor"])
def test_the_kernels_of_each_force_field_fuse_what_the_source_asks_for(name: str, tmp_path: Path) -> None:
    """In a process with no kernels on disk, since of those that are numba doesn't tell the instructions."""
    done = subprocess.run(
        [sys.executable, "-c", _INSTRUCTIONS, name],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
