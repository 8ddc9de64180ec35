"""Langevin dynamics of many hindered rotors, and the rotor under a steady torque, against exact answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from molmach import theory
from molmach.theory import DrivenRotors, Rotor1D, driven_velocities

KT = 2.4943
GRID = np.linspace(0.0, 2.0 * math.pi, 72, endpoint=False)
TURNING = (np.array([1.0, 0.0]), np.array([0.0, 1.0]))

Floats = NDArray[np.float64]


def _rotors(
    inertia: float,
    hindering: Floats,
    field: float,
    frequency: float,
    torque: float = 0.0,
    lines: tuple[Floats, Floats] = TURNING,
    dipole_angle: float = 0.0,
    friction: float = 2.0,
) -> DrivenRotors:
    dipole: Floats = np.array([[math.cos(dipole_angle), math.sin(dipole_angle)]])
    cosine, sine = lines
    drag = np.array([friction])
    across = np.multiply(field, cosine), np.multiply(field, sine)
    return DrivenRotors(
        np.array([inertia]), dipole, hindering[None], GRID[None], *across, frequency, torque, drag, KT
    )


def _mean(rotors: DrivenRotors, replicas: int = 600, duration: float = 40.0) -> tuple[float, float]:
    turned = driven_velocities(rotors, replicas, 10.0, duration, seed=3)
    return float(turned.mean()), float(turned.std() / math.sqrt(turned.size))


@pytest.mark.parametrize(
    ("inertia", "energy", "frequency"), [(3.0, 7.0, 1.2), (8.0, 9.0, -0.6), (2.0, 3.0, 0.3)]
)
def test_a_free_dipole_turns_as_the_klein_kramers_equation_says(
    inertia: float, energy: float, frequency: float
) -> None:
    """Fails by chance once in a thousand, and always where the field turns the wrong way or mu E is 10 % off."""
    value, error = _mean(_rotors(inertia, np.zeros(72), energy, frequency))
    exact = theory.inertial_rotating_field_velocity(frequency, KT, 2.0, inertia, energy)
    assert value == pytest.approx(exact, abs=3.3 * error)


def test_a_hindered_rotor_under_a_torque_turns_as_the_klein_kramers_equation_says() -> None:
    """Fails by chance once in a thousand; the barrier halves the velocity."""
    hindering = 0.5 * 10.0 * 2 * np.sin(2 * GRID)
    value, error = _mean(_rotors(3.0, hindering, 0.0, 1.0, torque=12.0))
    exact = theory.inertial_tilted_velocity(hindering + 12.0, KT, 2.0, 3.0)
    assert value == pytest.approx(exact, abs=3.3 * error + 0.01 * abs(exact))


def test_an_oblique_dipole_in_an_alternating_field_turns_as_one_rotor_alone() -> None:
    """Two integrators and an interpolated torque; fails by chance once in a thousand."""
    rotor, line = Rotor1D(3.0, 2.0, KT), (np.array([1.0, 0.0]), np.zeros(2))
    hindering = 0.5 * 10.0 * 2 * np.sin(2 * GRID)
    frequency = 2.0 * math.pi * 0.2
    value, error = _mean(_rotors(3.0, hindering, 28.0, frequency, lines=line, dipole_angle=math.pi / 4))
    alone = theory.simulate(
        rotor,
        theory.alternating_field_torque(28.0, frequency, math.pi / 4),
        potential=theory.hindering_torque(10.0, 2),
        timestep_ps=0.02, steps=2000, sample_every=2000, replicas=400, rng=np.random.default_rng(5),
        equilibration_steps=500,
    )  # fmt: skip
    other, other_error = theory.mean_velocity_and_error(alone)
    assert abs(value) > 20.0 * error
    assert value == pytest.approx(other, abs=3.3 * math.hypot(error, other_error))


def test_the_same_seed_gives_the_same_numbers_and_leaves_numpys_alone() -> None:
    rotors = _rotors(3.0, np.zeros(72), 5.0, 1.0)
    before = str(np.random.get_state())  # noqa: NPY002
    first, second = (driven_velocities(rotors, 4, 1.0, 2.0, seed=9) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert str(np.random.get_state()) == before  # noqa: NPY002
    assert (driven_velocities(rotors, 4, 1.0, 2.0, seed=10) != first).all()


@settings(max_examples=5, deadline=None)
@given(st.floats(-1.5, 1.5), st.floats(0.5, 8.0), st.floats(0.5, 30.0))
def test_in_the_frame_of_the_field_a_dipole_is_a_tilted_rotor(
    w: float, energy: float, friction: float
) -> None:
    tilted = theory.inertial_tilted_velocity(
        -friction * 3.0 * w - energy * np.sin(GRID[::6]), KT, friction, 3.0
    )
    turning = theory.inertial_rotating_field_velocity(w, KT, friction, 3.0, energy)
    assert w + tilted == pytest.approx(turning, abs=1e-5 * (abs(w) + 0.1))


def test_strong_friction_gives_stratonovichs_velocity() -> None:
    angles = GRID[::3]
    hindering = 0.5 * 8.0 * 3 * np.sin(3 * angles) + 2.0 * np.sin(angles + 1.0)
    tilted = theory.inertial_tilted_velocity(hindering + 3.0, KT, 200.0, 3.0)
    overdamped = theory.stratonovich_velocity(
        lambda x: 4.0 * np.cos(3 * x) + 2.0 * np.cos(x + 1.0), 3.0, KT, KT / 600.0
    )
    assert tilted == pytest.approx(overdamped, rel=2e-3)
    assert theory.inertial_tilted_velocity(hindering, KT, 2.0, 3.0) == pytest.approx(0.0, abs=1e-9)
