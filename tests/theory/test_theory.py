"""The exactly solvable references against each other and against limits known on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, special, stats

from molmach import theory
from molmach.theory import Rotor1D
from molmach.units import TURN

KT = 2.4943
ROTOR = Rotor1D(2.96, 2.0, KT)

Floats = NDArray[np.float64]


@settings(max_examples=25)
@given(st.floats(-20, 20), st.floats(0.5, 5), st.floats(0.01, 10))
def test_a_flat_washboard_drifts_and_diffuses_freely(torque: float, kT: float, d0: float) -> None:
    assert theory.stratonovich_velocity(np.zeros_like, torque, kT, d0) == pytest.approx(
        torque * d0 / kT, rel=1e-9, abs=1e-14
    )
    assert theory.effective_diffusion(np.zeros_like, torque, kT, d0) == pytest.approx(d0, rel=1e-9)


@settings(max_examples=25)
@given(st.floats(0, 12), st.integers(1, 4), st.floats(0.01, 30))
def test_velocity_is_odd_in_the_torque_on_a_symmetric_potential(
    barrier: float, fold: int, torque: float
) -> None:
    def potential(x: Floats) -> Floats:
        return 0.5 * barrier * np.cos(fold * x)

    forward = theory.stratonovich_velocity(potential, torque, KT, 0.4)
    assert forward > 0.0
    assert theory.stratonovich_velocity(potential, -torque, KT, 0.4) == pytest.approx(-forward, rel=1e-9)
    assert theory.stratonovich_velocity(potential, 0.0, KT, 0.4) == 0.0


def test_velocity_matches_brute_force_quadrature() -> None:
    def u(x: float) -> float:
        return 3.0 * math.sin(x) + 1.5 * math.cos(2 * x + 0.4)

    torque, d0 = 1.7, 0.42

    def v(x: float) -> float:
        return u(x) - torque * x

    double, _ = integrate.dblquad(
        lambda y, x: math.exp((v(x) - v(x - y)) / KT), 0, TURN, 0, TURN, epsabs=1e-7
    )
    exact = (1 - math.exp(-TURN * torque / KT)) / (double / d0 / TURN)
    ours = theory.stratonovich_velocity(lambda x: 3 * np.sin(x) + 1.5 * np.cos(2 * x + 0.4), torque, KT, d0)
    assert ours == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("barrier", [0.0, 5.0, 40.0, 120.0])
def test_diffusion_without_torque_is_lifson_and_jacksons(barrier: float) -> None:
    """D0 / (<exp U/kT> <exp -U/kT>), Bessel functions for a cosine; up to 48 kT."""
    ours = theory.effective_diffusion(lambda x: 0.5 * barrier * np.cos(x), 0.0, KT, 0.4)
    scaled = special.ive(0, 0.5 * barrier / KT)
    assert ours == pytest.approx(0.4 / scaled**2 * math.exp(-barrier / KT), rel=1e-12)


def test_linear_response_obeys_einstein() -> None:
    """d<v>/dF at F = 0 is D_eff / kT on any potential."""

    def u(x: Floats) -> Floats:
        return 4.0 * np.cos(3 * x) + np.sin(x)

    slope = theory.stratonovich_velocity(u, 1e-4, KT, 0.4) / 1e-4
    assert slope == pytest.approx(theory.effective_diffusion(u, 0.0, KT, 0.4) / KT, rel=1e-3)


def test_cold_rotor_in_a_rotating_field_follows_adler() -> None:
    for frequency in (0.3, 0.9, 1.5, 3.0, -1.5):
        cold = theory.rotating_field_velocity(frequency, 0.02, 2.0, 2.96, 6.0)
        assert cold == pytest.approx(float(theory.adler_velocity(frequency, 2.0, 2.96, 6.0)), abs=1e-4)
    assert theory.critical_dipole_energy(-0.5, 2.0, 3.0) == 3.0
    assert theory.adler_velocity(0.5, 2.0, 3.0, 3.0) == 0.5


def test_free_rotor_spreads_as_uhlenbeck_and_ornstein() -> None:
    """Variance of 4000 replicas at several times; chi-square bounds, false alarm 1e-4 each."""
    rng = np.random.default_rng(11)
    run = theory.simulate(
        ROTOR,
        theory.constant_torque(0.0),
        timestep_ps=0.01,
        steps=1000,
        sample_every=50,
        replicas=4000,
        rng=rng,
    )
    moved = run.angle - run.angle[:, :1]
    exact = theory.free_mean_square_angle(run.time_ps, KT, 2.0, 2.96)
    low, high = np.asarray(stats.chi2.ppf([5e-5, 1 - 5e-5], 4000)) / 4000
    ratio = (moved[:, 1:] ** 2).mean(axis=0) / exact[1:]
    assert np.all((ratio > low) & (ratio < high))
    assert exact[-1] == pytest.approx(2 * theory.rotational_diffusion(KT, 2.0, 2.96) * (10.0 - 0.5), rel=1e-6)


@pytest.mark.parametrize("reduced", [0.01, 0.3, 1.0])
def test_the_scheme_is_too_fast_by_x_coth_x(reduced: float) -> None:
    """Drift and diffusion of a step's own linear map, without sampling; displacement over 4000 steps.

    State (x, v) -> A (x, v) + F b + noise c; the mean grows by the drift, the variance by twice the diffusion.
    """
    friction, kT_over_m, force_over_m, count = 2.0, 1.7, 0.3, 4000
    dt = reduced / friction
    e = np.exp(-friction * dt)
    step = np.array([[1.0, 0.5 * dt * (1.0 + e)], [0.0, e]])
    kick = np.array([0.5 * dt * (1.0 + e), e]) * dt * force_over_m
    width = np.sqrt(kT_over_m * (1.0 - e * e)) * np.array([0.5 * dt, 1.0])
    mean, variance = np.zeros(2), np.diag([0.0, kT_over_m])
    half: tuple[float, float] = (0.0, 0.0)
    for number in range(count):
        if number == count // 2:
            half = (float(mean[0]), float(variance[0, 0]))
        mean = step @ mean + kick
        variance = step @ variance @ step.T + np.outer(width, width)
    elapsed = 0.5 * count * dt
    drift, diffusion = (mean[0] - half[0]) / elapsed, 0.5 * (variance[0, 0] - half[1]) / elapsed
    speed = theory.middle_scheme_speed(friction, dt)
    assert drift / (force_over_m / friction) == pytest.approx(speed, rel=1e-6)
    assert diffusion / (kT_over_m / friction) == pytest.approx(speed, rel=1e-6)
    assert theory.longest_middle_step(friction, speed - 1.0) == pytest.approx(dt, rel=1e-6)


@pytest.mark.slow
def test_integrator_agrees_with_stratonovich_when_overdamped() -> None:
    """g = 60/ps, four torques across the barrier; each within 3.9 standard errors (false alarm 1e-4)."""
    rotor = Rotor1D(2.96, 60.0, KT)
    d0 = theory.rotational_diffusion(KT, 60.0, 2.96)
    rng = np.random.default_rng(5)
    for torque in (1.0, 4.0, 8.0, 16.0):
        run = theory.simulate(
            rotor,
            theory.constant_torque(torque),
            potential=theory.hindering_torque(6.0, 2),
            timestep_ps=0.002,
            steps=50000,
            sample_every=50000,
            replicas=400,
            rng=rng,
            equilibration_steps=5000,
        )
        mean, error = theory.mean_velocity_and_error(run)
        exact = theory.stratonovich_velocity(lambda x: 3.0 * np.cos(2 * x), torque, KT, d0)
        assert abs(mean - exact) < 3.9 * error + 2e-3 * abs(exact)
        assert run.work[:, -1] == pytest.approx(torque * (run.angle[:, -1] - run.angle[:, 0]))


def test_hindered_rotor_is_boltzmann_distributed() -> None:
    """Independent replicas; Kolmogorov-Smirnov against exp(-U/kT), false alarm 1e-3."""
    rng = np.random.default_rng(2)
    run = theory.simulate(
        ROTOR,
        theory.constant_torque(0.0),
        potential=theory.hindering_torque(6.0, 2),
        timestep_ps=0.02,
        steps=2,
        sample_every=1,
        replicas=4000,
        rng=rng,
        equilibration_steps=4000,
    )
    grid = np.linspace(-math.pi, math.pi, 4001)
    density = np.exp(-3.0 * np.cos(2 * grid) / KT)
    cumulative = integrate.cumulative_trapezoid(density, grid, initial=0)
    wrapped = np.angle(np.exp(1j * run.angle[:, -1]))
    result = stats.kstest(wrapped, lambda x: np.interp(x, grid, cumulative / cumulative[-1]))
    assert result.pvalue > 1e-3


def test_locked_rotor_pays_the_drag() -> None:
    """Work of a locking field is g I w^2 t, within 4 standard errors (false alarm 1e-4)."""
    w = 0.314
    run = theory.simulate(
        ROTOR,
        theory.rotating_field_torque(40.0, w),
        timestep_ps=0.005,
        steps=40000,
        sample_every=40000,
        replicas=200,
        rng=np.random.default_rng(4),
        equilibration_steps=4000,
    )
    mean, _ = theory.mean_velocity_and_error(run)
    assert mean == pytest.approx(w, rel=0.01)
    work = run.work[:, -1] / 200.0
    assert abs(work.mean() - 2.0 * 2.96 * w * w) < 4 * stats.sem(work)


@pytest.mark.parametrize(("angle", "expected"), [(45.0, -178.5), (-45.0, 178.5), (0.0, 0.0), (90.0, 0.0)])
def test_oblique_dipole_turns_one_way_in_an_alternating_field(angle: float, expected: float) -> None:
    """The design's one-dimensional trial: A = 10, mu E = 28 kJ/mol, 200 GHz, 2/ps; within 4 standard errors.

    False alarm 6e-5 a case.
    """
    run = theory.simulate(
        Rotor1D(3.0, 2.0, KT),
        theory.alternating_field_torque(28.0, TURN * 0.2, math.radians(angle)),
        potential=theory.hindering_torque(10.0, 2),
        timestep_ps=0.005,
        steps=40000,
        sample_every=40000,
        replicas=200,
        rng=np.random.default_rng(9),
        equilibration_steps=4000,
    )
    mean, error = theory.mean_velocity_and_error(run)
    assert abs(mean / TURN * 1e3 - expected) < 4 * math.hypot(error / TURN * 1e3, 0.6 if expected else 0.0)


@settings(max_examples=10)
@given(st.floats(0.1, 6.0), st.floats(0.02, 1.0))
def test_inertia_does_not_matter_under_strong_friction(reduced: float, share: float) -> None:
    """The next term is of relative order kT/(g^2 I), 2e-5 here."""
    friction = 200.0
    w = share * reduced * KT / (friction * 2.96)
    heavy = theory.inertial_rotating_field_velocity(w, KT, friction, 2.96, reduced * KT)
    assert heavy == pytest.approx(
        theory.rotating_field_velocity(w, KT, friction, 2.96, reduced * KT), rel=1e-3, abs=1e-4 * w
    )
    backward = theory.inertial_rotating_field_velocity(-w, KT, friction, 2.96, reduced * KT)
    assert backward == pytest.approx(-heavy, rel=1e-6, abs=1e-9 * w)


@pytest.mark.parametrize(
    ("dipole_energy", "frequency"), [(2.5, 20.0), (3.5, 50.0), (7.0, 150.0), (14.0, 300.0)]
)
def test_the_inertial_rotor_in_a_rotating_field_is_the_langevin_rotor(
    dipole_energy: float, frequency: float
) -> None:
    """Within 4 standard errors of 1000 replicas of 100 ps: a false alarm in all is 3e-4; the seed is fixed."""
    w = TURN * frequency * 1e-3
    trajectory = theory.simulate(
        ROTOR, theory.rotating_field_torque(dipole_energy, w), timestep_ps=0.02, steps=5000, sample_every=5000,
        replicas=1000, rng=np.random.default_rng(round(frequency)), equilibration_steps=500,
    )  # fmt: skip
    mean, error = theory.mean_velocity_and_error(trajectory)
    exact = theory.inertial_rotating_field_velocity(w, KT, 2.0, 2.96, dipole_energy)
    assert abs(mean - exact) < 4.0 * error
