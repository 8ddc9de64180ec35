"""Exactly solvable models of driven rotors and ratchets: the references that simulations are held against.

Units: lengths in nm, angles in rad, times in ps, energies and torques in kJ/mol, moments of inertia in
u nm^2 (so that kJ/mol = u nm^2/ps^2), temperatures as k_B T in kJ/mol. This package imports nothing of
molmach's.
"""

from molmach.theory.adler import adler_velocity, critical_dipole_energy
from molmach.theory.affinity import ring_affinity, ring_currents, ring_hops, ring_velocity
from molmach.theory.driven_rotors import DrivenRotors, driven_velocities
from molmach.theory.following import (
    SYNCHRONOUS_LAG,
    duration_to_resolve,
    highest_followed_frequency,
)
from molmach.theory.free import free_mean_square_angle, rotational_diffusion
from molmach.theory.inertial import inertial_rotating_field_velocity, inertial_tilted_velocity
from molmach.theory.information_ratchet import (
    InformationRatchet,
    RatchetChain,
    RatchetSteadyState,
    directionality,
    discretise,
    evenly_spaced_motifs,
    stationary_probabilities,
    steady_state,
)
from molmach.theory.langevin import (
    Rotor1D,
    Torque,
    Trajectory1D,
    alternating_field_torque,
    constant_torque,
    hindering_torque,
    longest_middle_step,
    mean_velocity_and_error,
    middle_scheme_speed,
    rotating_field_torque,
    simulate,
    sum_torques,
)
from molmach.theory.markov import currents, entropy_production, stationary_distribution
from molmach.theory.reweighting import (
    effective_samples,
    mbar_free_energies,
    mbar_overlap,
    mbar_weights,
)
from molmach.theory.transition_paths import passages
from molmach.theory.washboard import (
    effective_diffusion,
    rotating_field_velocity,
    stratonovich_velocity,
)

__all__ = [
    "SYNCHRONOUS_LAG",
    "DrivenRotors",
    "InformationRatchet",
    "RatchetChain",
    "RatchetSteadyState",
    "Rotor1D",
    "Torque",
    "Trajectory1D",
    "adler_velocity",
    "alternating_field_torque",
    "constant_torque",
    "critical_dipole_energy",
    "currents",
    "directionality",
    "discretise",
    "driven_velocities",
    "duration_to_resolve",
    "effective_diffusion",
    "effective_samples",
    "entropy_production",
    "evenly_spaced_motifs",
    "free_mean_square_angle",
    "highest_followed_frequency",
    "hindering_torque",
    "inertial_rotating_field_velocity",
    "inertial_tilted_velocity",
    "longest_middle_step",
    "mbar_free_energies",
    "mbar_overlap",
    "mbar_weights",
    "mean_velocity_and_error",
    "middle_scheme_speed",
    "passages",
    "ring_affinity",
    "ring_currents",
    "ring_hops",
    "ring_velocity",
    "rotating_field_torque",
    "rotating_field_velocity",
    "rotational_diffusion",
    "simulate",
    "stationary_distribution",
    "stationary_probabilities",
    "steady_state",
    "stratonovich_velocity",
    "sum_torques",
]
