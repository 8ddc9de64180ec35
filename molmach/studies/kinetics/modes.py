"""Second derivatives, normal modes and harmonic free energies."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from molmach.studies.kinetics.level import Floats
from molmach.units import BOLTZMANN

PLANCK = 0.399031271
"""Planck constant, kJ ps/mol."""

_LIGHT = 0.0299792458
"""Speed of light, cm/ps: 1 cm^-1 is this many 1/ps."""

DISPLACEMENT = 5e-4
"""Of a coordinate, for differences of gradients, nm."""

_REAL_IMAGINARY = 15.0
"""Imaginary frequencies below this (cm^-1) are noise of a flat mode."""

_DAMPING = 100.0
"""Wavenumber (cm^-1) below which a mode's entropy turns into a free rotor's (Grimme, 2012)."""


def wavenumber_energy(wavenumber: float) -> float:
    """h c times a wavenumber in cm^-1: a quantum, kJ/mol."""
    return PLANCK * _LIGHT * wavenumber


def finite_difference_hessian(gradients: Callable[[Floats], Floats], positions: Floats) -> Floats:
    """(3n, 3n) second derivatives, kJ/(mol nm^2), by central differences; free of rigid motions.

    Parameters
    ----------
    gradients
        Takes (m, n_atoms, 3) structures, gives their gradients.
    positions
        (n_atoms, 3), nm.
    """
    size = positions.size
    shift = DISPLACEMENT * np.eye(size).reshape(size, *positions.shape)
    slopes = gradients(np.concatenate([positions + shift, positions - shift])).reshape(2, size, size)
    hessian = (slopes[0] - slopes[1]) / (2.0 * DISPLACEMENT)
    project = internal_projector(positions)
    return np.asarray(project @ (0.5 * (hessian + hessian.T)) @ project)


def internal_projector(positions: Floats, masses: Floats | None = None) -> Floats:
    """(3n, 3n) projector that takes out the six rigid motions; in mass-weighted coordinates with masses."""
    weight = np.ones(len(positions)) if masses is None else np.sqrt(masses)
    centre = np.average(positions, axis=0, weights=weight**2)
    rigid = [np.outer(weight, axis).ravel() for axis in np.eye(3)]
    rigid += [(weight[:, None] * np.cross(axis, positions - centre)).ravel() for axis in np.eye(3)]
    basis, _ = np.linalg.qr(np.array(rigid).T)
    return np.asarray(np.eye(positions.size) - basis @ basis.T)


@dataclass(frozen=True, eq=False)
class Modes:
    """Normal modes of a stationary point.

    ``wavenumbers`` (3n - 6,) in cm^-1, imaginary ones negative, ascending; ``vectors``
    (3n - 6, n_atoms, 3) Cartesian displacements of unit norm.
    """

    wavenumbers: Floats
    vectors: Floats

    @property
    def imaginary(self) -> int:
        """Number of imaginary modes."""
        return int(np.sum(self.wavenumbers < -_REAL_IMAGINARY))

    @property
    def zero_point(self) -> float:
        """Half a quantum of every real mode, kJ/mol."""
        real = self.wavenumbers[self.wavenumbers > -_REAL_IMAGINARY]
        return 0.5 * wavenumber_energy(float(np.sum(np.abs(real))))


def normal_modes(hessian: Floats, positions: Floats, masses: Floats) -> Modes:
    """Modes of a (3n, 3n) Hessian in kJ/(mol nm^2) at positions in nm, masses in u."""
    root = np.repeat(np.sqrt(masses), 3)
    project = internal_projector(positions, masses)
    weighted = project @ (hessian / np.outer(root, root)) @ project
    values, vectors = np.linalg.eigh(weighted)
    rigid = np.argsort(np.linalg.norm(vectors - project @ vectors, axis=0))[-6:]
    kept = np.setdiff1d(np.arange(values.size), rigid)
    angular = np.sign(values[kept]) * np.sqrt(np.abs(values[kept]))
    cartesian = (vectors[:, kept] / root[:, None]).T
    cartesian /= np.linalg.norm(cartesian, axis=1, keepdims=True)
    return Modes(angular / (2.0 * math.pi * _LIGHT), cartesian.reshape(-1, *positions.shape))


def of_a_saddle(modes: Modes, direction: Floats | None) -> Modes:
    """Modes of a surface that has no stationary point there, as those of a saddle or a minimum.

    Parameters
    ----------
    modes
        Of that surface. The lowest one of a saddle is taken to be imaginary; all others are as stiff as they
        are curved, either way.
    direction
        (n_atoms, 3), in which the saddle is one; None for a minimum.
    """
    waves, vectors = np.abs(modes.wavenumbers), modes.vectors
    if direction is not None:
        waves[0] = -max(waves[0], 2.0 * _REAL_IMAGINARY)
        vectors = np.concatenate([direction[None], vectors[1:]])
    return Modes(waves, vectors)


def free_energy(modes: Modes, positions: Floats, masses: Floats, temperature: float) -> float:
    """Vibrational and rotational Gibbs energy beyond the potential energy, kJ/mol; imaginary modes left out.

    Harmonic vibrations with zero-point energy, soft modes' entropy damped into that of free rotors
    (Grimme, Chem. Eur. J. 18, 9955 (2012), equations 3 to 8), rigid classical rotation. Translation and
    pressure cancel between isomers.
    """
    kT = BOLTZMANN * temperature
    waves = np.maximum(modes.wavenumbers[modes.wavenumbers > -_REAL_IMAGINARY], 1.0)
    quantum = PLANCK * _LIGHT * waves
    x = quantum / kT
    vibrational_energy = 0.5 * quantum + quantum / np.expm1(x)
    harmonic = x / np.expm1(x) - np.log(-np.expm1(-x))
    inertia = PLANCK / (8.0 * math.pi**2 * _LIGHT * waves)
    centred = positions - np.average(positions, axis=0, weights=masses)
    tensor = np.einsum("i,ij,ik->jk", masses, centred, centred)
    moments = np.linalg.eigvalsh(np.trace(tensor) * np.eye(3) - tensor)
    reduced = inertia * moments.mean() / (inertia + moments.mean())
    rotor = 0.5 + 0.5 * np.log(8.0 * math.pi**3 * reduced * kT / PLANCK**2)
    damping = 1.0 / (1.0 + (_DAMPING / waves) ** 4)
    entropy = damping * harmonic + (1.0 - damping) * rotor
    spread = 8.0 * math.pi**2 * kT / PLANCK**2
    rotation = 0.5 * (math.log(math.pi) + float(np.sum(np.log(spread * moments))))
    return float(np.sum(vibrational_energy) - kT * np.sum(entropy) - kT * rotation)
