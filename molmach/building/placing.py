"""Laying a ring round a thread and letting the two make room for each other. Lengths in angstrom."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import scipy
from rdkit import Chem
from rdkit.Chem import rdForceFieldHelpers

from molmach.building.assembly import Floats
from molmach.building.planar_bonds import hold, stable_torsions

_POSES = 100
_TILT_DEG = 20.0
_ALONG, _ACROSS = 1.0, 0.6
_SOFTNESS = 0.85
"""Fraction of the sum of van der Waals radii below which a rigid pose counts as overlapping."""

_STAGES = ((0.5, 20.0, 60), (0.7, 50.0, 100), (0.85, 100.0, 200))
"""Fraction of the sum of radii kept clear, stiffness in kcal/mol/A^2, steps; one after the other."""
_POLAR = 0.75
"""What is left of that fraction between a hydrogen on N, O or S and an acceptor."""
_REACH = 2.5
_FINAL_STEPS = 2000
_FINAL_ROUNDS = 4


def radii(molecule: Chem.Mol) -> Floats:
    """(n_atoms,) van der Waals radii (Bondi, as in RDKit's periodic table), angstrom."""
    table = Chem.GetPeriodicTable()
    return np.array([table.GetRvdw(atom.GetAtomicNum()) for atom in molecule.GetAtoms()])


def place(
    conformers: Floats,
    ring_radii: Floats,
    around: tuple[Floats, Floats],
    centre: Floats,
    axis: Floats,
    offset: float,
    accept: Callable[[Floats], bool],
    random: np.random.Generator,
) -> Floats | None:
    """The rigid pose of a ring round a point of a thread that overlaps least.

    Parameters
    ----------
    conformers, ring_radii
        (n_conformers, n, 3), hole at the origin and along z, and (n,).
    around
        Positions (m, 3) and radii (m,) of what is there already.
    centre, axis
        (3,) the point and the thread's direction there.
    offset
        How far the hole's centre is moved off the thread, in a random direction.
    accept
        Whether the (n, 3) pose has the wanted topology.

    Returns
    -------
    (n, 3) positions, or None where no pose is accepted.
    """
    axis = axis / np.linalg.norm(axis)
    rotation = scipy.spatial.transform.Rotation
    frame = rotation.align_vectors(axis[None], np.array([[0.0, 0.0, 1.0]]))[0]
    count = len(conformers) * _POSES
    spin = rotation.from_rotvec(np.array([0.0, 0.0, 1.0]) * random.uniform(0, 2 * np.pi, (count, 1)))
    flip = rotation.from_rotvec(np.array([np.pi, 0.0, 0.0]) * random.integers(0, 2, (count, 1)))
    tilt = rotation.from_rotvec(random.normal(0.0, np.radians(_TILT_DEG), (count, 3)) * [1, 1, 0])
    turns = (frame * tilt * spin * flip).as_matrix().reshape(len(conformers), _POSES, 3, 3)
    angle = random.uniform(0, 2 * np.pi, count)
    shift = np.stack([offset * np.cos(angle), offset * np.sin(angle), np.zeros(count)], axis=1)
    shift = centre + frame.apply(shift + random.normal(0.0, [_ACROSS, _ACROSS, _ALONG], (count, 3)))
    posed = np.einsum("cpij,cnj->cpni", turns, conformers).reshape(count, -1, 3) + shift[:, None]
    positions, their_radii = around
    size = np.max(np.linalg.norm(conformers, axis=-1)) + offset + 5.0
    near = np.linalg.norm(positions - centre, axis=1) < size
    touching = _SOFTNESS * (ring_radii[:, None] + their_radii[near])
    overlap = [
        float(np.sum(np.clip(touching - scipy.spatial.distance.cdist(pose, positions[near]), 0.0, None) ** 2))
        for pose in posed
    ]
    for k in np.argsort(overlap):
        if accept(posed[k]):
            return np.asarray(posed[k])
    return None


def make_room(molecule: Chem.Mol, force_field: str) -> None:
    """Move the components of a molecule apart until none overlaps, in place.

    Between the components there is nothing but soft walls, whose distance grows in stages; inside them
    the force field acts, and amides and their like are held in their stable form.
    """
    part = np.empty(molecule.GetNumAtoms(), dtype=int)
    for number, atoms in enumerate(Chem.GetMolFrags(molecule)):
        part[list(atoms)] = number
    apart = np.triu(part[:, None] != part[None])
    size = radii(molecule)
    kept = size[:, None] + size[None]
    kept[polar_pairs(molecule)] *= _POLAR
    torsions = stable_torsions(molecule)
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule, mmffVariant=force_field)
    for fraction, stiffness, steps in _STAGES:
        field = rdForceFieldHelpers.MMFFGetMoleculeForceField(
            molecule, properties, ignoreInterfragInteractions=True
        )
        field.Initialize()
        hold(field, torsions)
        positions = np.asarray(molecule.GetConformer().GetPositions())
        close = apart & (scipy.spatial.distance.cdist(positions, positions) < fraction * kept + _REACH)
        for i, j in zip(*np.nonzero(close), strict=True):
            wall = float(fraction * kept[i, j])
            field.MMFFAddDistanceConstraint(int(i), int(j), False, wall, 1e3, stiffness)
        field.Minimize(maxIts=steps)


def relax(molecule: Chem.Mol, force_field: str, together: bool = True) -> bool:
    """Minimise in place, the components together or each as if it were alone; whether it converged."""
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule, mmffVariant=force_field)
    field = rdForceFieldHelpers.MMFFGetMoleculeForceField(
        molecule, properties, ignoreInterfragInteractions=not together
    )
    field.Initialize()
    return any(field.Minimize(maxIts=_FINAL_STEPS) == 0 for _ in range(_FINAL_ROUNDS))


def polar_pairs(molecule: Chem.Mol) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """(n_atoms, n_atoms) whether a pair is a hydrogen on N, O or S and another N, O, S or halogen."""
    numbers = np.array([atom.GetAtomicNum() for atom in molecule.GetAtoms()])
    donor = np.array(
        [
            atom.GetAtomicNum() == 1 and any(n.GetAtomicNum() in (7, 8, 16) for n in atom.GetNeighbors())
            for atom in molecule.GetAtoms()
        ]
    )
    acceptor = np.isin(numbers, (7, 8, 9, 16, 17, 35, 53))
    pairs = donor[:, None] & acceptor[None]
    return np.asarray(pairs | pairs.T)


def combine(parts: Sequence[tuple[Chem.Mol, Floats]]) -> Chem.Mol:
    """One molecule with one conformer from (molecule, (n, 3) positions) parts, in their order."""
    whole = Chem.Mol()
    for molecule, _ in parts:
        bare = Chem.Mol(molecule)
        bare.RemoveAllConformers()
        whole = Chem.CombineMols(whole, bare)
    conformer = Chem.Conformer(whole.GetNumAtoms())
    conformer.SetPositions(np.concatenate([positions for _, positions in parts]))
    whole.AddConformer(conformer, assignId=True)
    Chem.SanitizeMol(whole)
    return whole
