"""Each shape of a switched energy is one function: in NumPy, in OpenMM and compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import openmm
import pytest

from molmach.drives.shapes import SHAPES, Charged, Shape, Twist, Well
from molmach.lanes.types import LANES

RING, SITE = (0, 1, 2), (3, 4)
CASES: list[Shape] = [
    Well(RING, SITE, 0.4),
    Charged(RING, SITE, (0.1, -0.3, 0.25)),
    Twist(((0, 1, 2, 3), (4, 1, 2, 3)), (20.0, 35.0)),
]


def _of_openmm(shape: Shape, positions: Any) -> tuple[float, Any]:
    """Energy and forces at amplitude 3; the atoms stand behind two others."""
    force = shape.openmm_force("size", 2)
    force.addGlobalParameter("size", 3.0)
    system = openmm.System()
    for _ in range(len(positions) + 2):
        system.addParticle(1.0)
    system.addForce(force)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatform("Reference"))
    context.setPositions(np.concatenate([np.zeros((2, 3)), positions]))
    state = context.getState(getEnergy=True, getForces=True)
    return state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value[2:]


@pytest.mark.parametrize("shape", CASES, ids=lambda shape: type(shape).__name__)
def test_a_shape_is_the_same_in_numpy_openmm_and_compiled(shape: Shape) -> None:
    positions = np.random.default_rng(6).normal(0.0, 0.2, (5, 3))
    energy, forces = _of_openmm(shape, positions)
    assert 3.0 * shape.level(positions) == pytest.approx(energy, rel=1e-6)
    groups = shape.groups()
    starts = np.concatenate([[0], np.cumsum([len(group) for group in groups])]).astype(np.int32)
    high = np.repeat(positions.reshape(-1, 1), LANES, axis=1).astype(np.float32)
    force, level = np.zeros_like(high), np.zeros(LANES)
    shape.compiled()(
        np.array([atom for group in groups for atom in group], dtype=np.int32), starts,
        np.array(shape.numbers()), high, force, np.full(LANES, 3.0), level, np.zeros((2, LANES), np.float32),
    )  # fmt: skip
    assert np.all(level == level[0])
    assert 3.0 * level[0] == pytest.approx(energy, rel=1e-5)
    np.testing.assert_allclose(force[:, 0].reshape(-1, 3), forces, rtol=1e-4, atol=1e-4)


def test_every_shape_is_tested() -> None:
    assert {type(shape) for shape in CASES} == set(SHAPES)
