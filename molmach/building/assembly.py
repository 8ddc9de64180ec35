"""A built machine: its molecule, and which atoms are what in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molmach import units
from molmach.building.kinds import kind_of
from molmach.building.stereo import assign_stereo
from molmach.building.strain import Strain
from molmach.spec.axes import canonical_smiles, has_axes, turn_over

if TYPE_CHECKING:
    from molmach.building.conformations import Shapes

Floats = NDArray[np.float64]

MASS = "mass"
"""Property of an atom that has not its element's mass but this one, u."""


@dataclass(frozen=True)
class Track:
    """What rings of an interlocked machine are threaded on; the first of them is the one that counts.

    Attributes
    ----------
    path
        Indices of the track's atoms in order: an axle's from end to end, a ring's once around.
    loops
        Indices of each threaded ring's atoms in order, once around.
    stations
        Names of places along the track, and their atoms.
    affinities
        Energy A (kJ/mol) and width w (nm) of rings at a station, A exp(-d^2/2 w^2), where the
        machine has it beyond its force field.
    """

    path: tuple[int, ...]
    loops: tuple[tuple[int, ...], ...]
    stations: dict[str, tuple[int, ...]]
    affinities: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Follower:
    """A wheel that the rotor turns, as one gear another.

    Attributes
    ----------
    axle
        Indices of its axle's two atoms, from -> to.
    atoms
        Indices of the atoms that turn.
    teeth
        Of this wheel.
    gear_ratio
        Turns of this wheel to a turn of the rotor when they mesh; a turn counter-clockwise seen from
        the head of the wheel's own axle is positive.
    """

    axle: tuple[int, ...]
    atoms: tuple[int, ...]
    teeth: int
    gear_ratio: float


@dataclass(frozen=True, eq=False)
class Assembly:
    """A machine in the laboratory frame.

    A rotor's or rotaxane's axle lies on the z axis, from its first atom to its second, its midpoint
    at the origin; the track of a catenane lies across z, its centroid at the origin. The reference
    atom lies in the xz half-plane with x > 0.

    Attributes
    ----------
    name
        The machine's name.
    kind
        Name of its :class:`~molmach.building.MachineKind`.
    molecule
        RDKit molecule with explicit hydrogens and one conformer (angstrom, RDKit's unit).
    axle
        Indices of the axle's two atoms, from -> to; none in a catenane, where z itself is the axis.
    stator
        Indices of the anchored atoms.
    rotor
        Indices of the atoms that move: the rotor's, or the first threaded ring's.
    force_field
        Name of the force field; partial charges and geometry come from it.
    track
        What the rings of an interlocked machine are threaded on; None for a rotor.
    followers
        Wheels that a rotor turns, by name.
    strain
        What is said of the shape of each molecule in it; empty where the kind says nothing.
    shapes
        Those in which replicas start; None where the kind looks for none, and in a machine that was read
        from a file.
    """

    name: str
    kind: str
    molecule: Chem.Mol
    axle: tuple[int, ...]
    stator: tuple[int, ...]
    rotor: tuple[int, ...]
    force_field: str
    track: Track | None = None
    followers: dict[str, Follower] = field(default_factory=dict)
    strain: tuple[Strain, ...] = ()
    shapes: Shapes | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user is told of parts that could not be built in a good shape."""
        return tuple(part.warning for part in self.strain if part.warning is not None)

    def require_track(self) -> Track:
        """The track of a machine whose kind has one."""
        assert self.track is not None, f"a {self.kind} has no track"
        return self.track

    @property
    def positions_nm(self) -> Floats:
        """(n_atoms, 3) coordinates, nm."""
        return np.asarray(self.molecule.GetConformer().GetPositions(), dtype=np.float64) / 10.0

    @property
    def masses(self) -> Floats:
        """(n_atoms,) standard atomic masses, u."""
        return np.array([mass_of(atom) for atom in self.molecule.GetAtoms()])

    @property
    def charges(self) -> Floats:
        """(n_atoms,) partial charges, e, as the machine's kind has them."""
        return kind_of(self.kind).charges(self)

    @property
    def formula(self) -> str:
        """What the machine consists of: a molecular formula in Hill order, or numbers of beads."""
        return kind_of(self.kind).formula(self)

    @property
    def smiles(self) -> str:
        """Canonical isomeric SMILES without map numbers, axes of chirality marked; of beads their chains."""
        plain = Chem.RemoveHs(self.molecule)
        for atom in plain.GetAtoms():
            atom.SetAtomMapNum(0)
        return canonical_smiles(plain)

    @property
    def chiral(self) -> bool:
        """Whether its mirror image is another isomer, by its stereocentres and axes of chirality."""
        return not is_achiral(self.molecule)

    @property
    def achiral_with_roles(self) -> bool:
        """Whether the molecule is its own mirror image with every part in its role."""
        parts = (self.stator, self.rotor, *(wheel.atoms for wheel in self.followers.values()), self.axle[:1])
        return is_achiral(self.molecule, parts)

    @property
    def own_mirror_image(self) -> bool:
        """Whether nothing but its present shape tells it from its mirror image in the xz plane."""
        return kind_of(self.kind).own_mirror_image(self)

    @property
    def turns_about_carbon_double_bond(self) -> bool:
        """Whether the axle is a C=C bond, about which light turns a motor and heat inverts its helix."""
        bond = self.molecule.GetBondBetweenAtoms(*self.axle) if self.axle else None
        if bond is None or bond.GetBondType() != Chem.BondType.DOUBLE:
            return False
        return {bond.GetBeginAtom().GetAtomicNum(), bond.GetEndAtom().GetAtomicNum()} == {6}

    def moment_of_inertia(self, masses: Floats | None = None) -> float:
        """Rotor's moment of inertia about the axle, u nm^2.

        Parameters
        ----------
        masses
            (n_atoms,) masses in u, where hydrogen masses were changed; the standard ones otherwise.
        """
        atoms = list(self.rotor)
        off_axis = self.positions_nm[atoms, :2]
        weights = (self.masses if masses is None else masses)[atoms]
        return float(np.sum(weights * np.sum(off_axis**2, axis=1)))

    @property
    def dipole_debye(self) -> Floats:
        """(3,) dipole moment of the whole molecule from its partial charges, debye, about the origin."""
        return np.asarray(self.charges @ self.positions_nm / units.DEBYE)

    @property
    def rotor_dipole_debye(self) -> Floats:
        """(2,) part of the rotor's dipole that lies across the axle (x, y), debye.

        It is taken about the axle, so that its torque in a uniform field is the rotor's even where
        the rotor alone is not neutral.
        """
        atoms = list(self.rotor)
        return np.asarray(self.charges[atoms] @ self.positions_nm[atoms, :2] / units.DEBYE)


def mass_of(atom: Chem.Atom) -> float:
    """Mass of an atom, u: its element's, or a bead's own."""
    return float(atom.GetDoubleProp(MASS) if atom.HasProp(MASS) else atom.GetMass())


def is_achiral(molecule: Chem.Mol, parts: Sequence[tuple[int, ...]] = ()) -> bool:
    """Whether a molecule has the same formula, stereochemistry included, as its mirror image.

    Parameters
    ----------
    molecule
        With a conformer where there are parts.
    parts
        Atoms that the reflection must not exchange with others; none where any atoms may be exchanged.
    """
    marked = Chem.Mol(molecule)
    heavy = [atom.GetIdx() for atom in marked.GetAtoms() if atom.GetAtomicNum() > 1]
    numbers = [sum((i in part) << n for n, part in enumerate(parts)) for i in heavy]
    for i, number in zip(heavy, numbers, strict=True):
        if number:
            marked.GetAtomWithIdx(i).SetIsotope(number)
    if any(numbers):
        assign_stereo(marked)
    if not _has_hands(marked):
        return True
    plain = Chem.RemoveHs(marked)
    for atom in plain.GetAtoms():
        atom.SetAtomMapNum(0)
    image = Chem.Mol(plain)
    for atom in image.GetAtoms():
        atom.InvertChirality()
    turn_over(image)
    return canonical_smiles(image) == canonical_smiles(plain)


def _has_hands(molecule: Chem.Mol) -> bool:
    """Whether a reflection changes any mark of stereochemistry: those of atoms and of axes."""
    unmarked = Chem.ChiralType.CHI_UNSPECIFIED
    return any(atom.GetChiralTag() != unmarked for atom in molecule.GetAtoms()) or has_axes(molecule)
