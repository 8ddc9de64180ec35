"""Shared fixtures: small real machines, and conditions run in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from molmach import engine
from molmach.build import Assembly, build
from molmach.engine import Series
from molmach.engine.replica import run_replica
from molmach.spec import Drive, Protocol, Spec, load

ROTOR = "difluorophenylene-rotor"


@pytest.fixture(scope="session")
def rotor_spec() -> Spec:
    """The difluorophenylene rotor in its rotating field."""
    return load(ROTOR)


@pytest.fixture(scope="session")
def rotor(rotor_spec: Spec) -> Assembly:
    """The same, built."""
    return build(rotor_spec)


@pytest.fixture
def run_series(tmp_path: Path) -> Callable[[Assembly, Drive, Protocol], Series]:
    """Runs a machine under a drive on the Reference platform in this process."""

    def run(assembly: Assembly, drive: Drive, protocol: Protocol, label: int = 0) -> Series:
        condition = engine.prepare(f"condition-{label}", label, assembly, drive, protocol)
        directory = tmp_path / condition.name
        engine.write_condition(condition, directory, "Reference")
        for replica in range(protocol.replicas):
            assert run_replica(directory, replica)
        return engine.collect(directory, protocol.sampling).series

    return run
