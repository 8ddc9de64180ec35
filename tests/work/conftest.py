"""A small work unit, and its result."""

from __future__ import annotations

import pytest

from molmach.spec import Spec, load
from molmach.studies.simulation import Plan
from molmach.work import Result, Unit, make_unit, run_unit
from tests.helpers.machines import ROTOR


@pytest.fixture(scope="session")
def small() -> Spec:
    return load(
        ROTOR,
        [
            "protocol.replicas=6", "protocol.duration=8 ps", "protocol.equilibration=1 ps", "protocol.sampling=0.1 ps",
            "protocol.frames=1 ps",
        ],
    )  # fmt: skip


@pytest.fixture(scope="session")
def unit(small: Spec) -> Unit:
    """Two batches, of 16 replicas and of 2, of the claim and its controls; ten segments each."""
    return make_unit(Plan(small), segments=10)


@pytest.fixture(scope="session")
def result(unit: Unit) -> Result:
    return run_unit(unit)
