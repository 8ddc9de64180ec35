"""Up to which frequency a rotor follows: the exact velocity at that frequency has the lag that was asked for."""

from __future__ import annotations

import pytest

from molmach.theory import (
    SYNCHRONOUS_LAG,
    duration_to_resolve,
    highest_followed_frequency,
    inertial_rotating_field_velocity,
)


@pytest.mark.parametrize(("friction", "energy"), [(2.0, 8.0), (5.0, 12.0)])
def test_at_the_highest_frequency_the_lag_is_the_one_that_was_asked_for(
    friction: float, energy: float
) -> None:
    highest = highest_followed_frequency(2.5, friction, 3.0, energy)
    velocity = inertial_rotating_field_velocity(highest, 2.5, friction, 3.0, energy)
    assert velocity / highest == pytest.approx(1.0 - SYNCHRONOUS_LAG, abs=0.01)


def test_a_stronger_field_is_followed_further_and_more_friction_less() -> None:
    weak, strong = (highest_followed_frequency(2.5, 2.0, 3.0, energy) for energy in (6.0, 10.0))
    assert strong > weak > highest_followed_frequency(2.5, 4.0, 3.0, 6.0)


@pytest.mark.parametrize("energy", [0.0, 2.0])
def test_a_dipole_weaker_than_heat_follows_at_no_frequency(energy: float) -> None:
    assert highest_followed_frequency(2.5, 2.0, 3.0, energy) == 0.0


def test_the_duration_is_that_of_the_standard_error() -> None:
    duration = duration_to_resolve(velocity=0.3, diffusion=0.4, replicas=16, relative_error=0.1)
    assert (2.0 * 0.4 / (16 * duration)) ** 0.5 == pytest.approx(0.03)
