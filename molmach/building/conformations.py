"""The shapes of a molecule: which conformers are one, what each weighs, and what mirror images add."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molmach.building.assembly import Assembly, Floats
from molmach.building.embed import Conformer
from molmach.building.fingerprint import MOST_ALIKE, Complex, Fingerprint, difference
from molmach.building.mirror import mirrored
from molmach.errors import BuildError
from molmach.units import thermal_energy

LEAST_WEIGHT = 0.05
"""No replica starts in a shape that is rarer than the commonest by this factor: 7.5 kJ/mol at 300 K."""


@dataclass(frozen=True, eq=False)
class KnownShapes:
    """The shapes in which replicas of a machine start, as numbers; the first is the built structure's.

    Attributes
    ----------
    fingerprint
        What tells them apart.
    prints
        (n_shapes, n_numbers) their fingerprints.
    energy
        (n_shapes,) of the force field that machines are built with, kJ/mol.
    weight
        (n_shapes,) share of the molecules, exp(-E/kT) over their sum; 0 where no replica starts.
    """

    fingerprint: Fingerprint
    prints: Complex
    energy: Floats
    weight: Floats

    def nearest(self, positions: Floats) -> NDArray[np.int64]:
        """(...) number of the shape nearest to each of (..., n_atoms, 3) structures."""
        numbers = self.fingerprint(positions)[..., None, :]
        apart = np.sum(np.abs(numbers - self.prints) ** 2, axis=-1)
        return np.asarray(np.argmin(apart, axis=-1))

    def save(self, path: Path) -> None:
        """Write one npz file."""
        own = {name: getattr(self, name) for name in _ARRAYS}
        np.savez(path, **own, atoms=self.fingerprint.atoms, first=self.fingerprint.first)

    @classmethod
    def read(cls, path: Path) -> KnownShapes:
        """Read what :meth:`save` wrote."""
        with np.load(path) as stored:
            fingerprint = Fingerprint(stored["atoms"], stored["first"])
            return KnownShapes(fingerprint, **{name: stored[name] for name in _ARRAYS})


_ARRAYS = ("prints", "energy", "weight")


@dataclass(frozen=True, eq=False)
class Shapes(KnownShapes):
    """The shapes in which replicas of a machine start, as structures.

    Attributes
    ----------
    molecules
        The machine's molecule in each shape, laid into the frame as the built one.
    own_image
        (n_shapes,) whether reflection leaves the shape as it is.
    """

    molecules: tuple[Chem.Mol, ...]
    own_image: NDArray[np.bool_]

    def assembly(self, machine: Assembly, shape: int) -> Assembly:
        """The machine in a shape; its anchors hold the stator where it is in that shape."""
        return machine if shape == 0 else replace(machine, molecule=self.molecules[shape], shapes=None)

    def mirrored(self) -> Shapes:
        """Of the mirror image, in the same order."""
        return replace(self, molecules=tuple(map(mirrored, self.molecules)), prints=np.conjugate(self.prints))

    def joined(self, other: Shapes, temperature_K: float) -> Shapes:
        """With the shapes that a second search gave beside these, all weighed by their energies.

        A shape that both know keeps structure, energy and number; those of the second search alone come
        last. So a search that has found nothing but rare shapes does not make them common.
        """
        prints = self.fingerprint(np.array([_positions(molecule) for molecule in other.molecules]))
        apart = difference(prints[:, None], self.prints[None])
        new = np.flatnonzero(apart.min(axis=1) >= MOST_ALIKE).tolist()
        if not new:
            return self
        energy = np.concatenate([self.energy, other.energy[new]])
        return Shapes(
            self.fingerprint,
            np.concatenate([self.prints, prints[new]]),
            energy,
            _weights(energy, temperature_K),
            (*self.molecules, *(other.molecules[k] for k in new)),
            np.concatenate([self.own_image, other.own_image[new]]),
        )


def _weights(energy: Floats, temperature_K: float) -> Floats:
    """(n_shapes,) shares exp(-E/kT) of energies, kJ/mol; 0 of those that are too rare."""
    kT = thermal_energy(temperature_K)
    above = energy - energy.min()
    share = np.where(above > -kT * math.log(LEAST_WEIGHT), 0.0, np.exp(-above / kT))
    return np.asarray(share / share.sum())


def shapes_of(
    machine: Assembly,
    conformers: Sequence[Conformer],
    lay: Callable[[Chem.Mol], None],
    achiral: bool,
    temperature_K: float,
) -> Shapes:
    """The shapes among the conformers of a machine, with their mirror images where it is achiral.

    The built structure's is the first, though it may be too rare for a replica to start in it.

    Parameters
    ----------
    machine
        As built, from the first of the conformers.
    conformers
        The built structure's first.
    lay
        Lays a conformer into the frame in place; one for which it raises BuildError is left out.
    achiral
        Whether a shape and its mirror image are shapes of one machine, equally common.
    temperature_K
        At which shapes are weighed.
    """
    places = np.array([_positions(conformer.molecule) for conformer in conformers])
    fingerprint = Fingerprint.of(machine, places)
    rarest = -thermal_energy(temperature_K) * math.log(LEAST_WEIGHT)
    lowest = min(conformer.energy for conformer in conformers)
    energies: list[float] = []
    molecules: list[Chem.Mol] = []
    prints: list[Complex] = []
    energy_of: list[int] = []
    for conformer, numbers in zip(conformers, fingerprint(places), strict=True):
        shape = _number(numbers, prints)
        if shape is not None:
            energies[energy_of[shape]] = min(energies[energy_of[shape]], conformer.energy)
            continue
        molecule = Chem.Mol(conformer.molecule) if prints else machine.molecule
        if prints and (conformer.energy - lowest > rarest or not _is_laid(molecule, lay)):
            continue
        image = np.conjugate(numbers)
        made = [(molecule, numbers)]
        if achiral and _number(image, [*prints, numbers]) is None:
            made.append((mirrored(molecule), image))
        molecules += [structure for structure, _ in made]
        prints += [print_ for _, print_ in made]
        energy_of += [len(energies)] * len(made)
        energies.append(conformer.energy)
    energy, all_prints = np.array(energies)[energy_of], np.array(prints)
    own_image = (difference(all_prints, np.conjugate(all_prints)) < MOST_ALIKE) & achiral
    weight = _weights(energy, temperature_K)
    return Shapes(fingerprint, all_prints, energy, weight, tuple(molecules), own_image)


def _number(numbers: Complex, prints: Sequence[Complex]) -> int | None:
    """Which of the shapes has such a fingerprint; None where none has."""
    return next((k for k, known in enumerate(prints) if difference(numbers, known) < MOST_ALIKE), None)


def _is_laid(molecule: Chem.Mol, lay: Callable[[Chem.Mol], None]) -> bool:
    """Lay a conformer into the frame, if it can be."""
    try:
        lay(molecule)
    except BuildError:
        return False
    return True


def _positions(molecule: Chem.Mol) -> Floats:
    return np.asarray(molecule.GetConformer().GetPositions(), dtype=np.float64)
