"""The helical forms of an overcrowded alkene, and the mapping of one form's atoms onto another's.

Rotor and stator of such a motor meet beside the C=C bond in a fjord, where they can't be coplanar; which
lies above the other is the form's helicity. A form of one helicity relaxes to the other by sliding past
in the fjord (thermal helix inversion), with the C=C bond's torsion changing by far less than a right angle;
half a turn about it is the photochemical step. Where neither half of a motor is symmetric, half a turn
makes the other of two isomers, E and Z, each with its own stable and metastable form.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdCIPLabeler, rdDistGeom, rdForceFieldHelpers
from scipy.spatial.transform import Rotation

from molmach.errors import KineticsError
from molmach.studies.kinetics.level import Floats
from molmach.units import KCAL

CONFORMERS = 60
_SAME_ENERGY = 0.3
_SAME_ANGLE = 0.1
_LARGEST_SLIDE = 0.5 * np.pi

_CONFORMERS_WITHIN = 20.0
"""How far above a form its conformers are looked at with MMFF94, kJ/mol: twice what counts in the end."""


@dataclass(frozen=True, eq=False)
class Alkene:
    """A motor's molecule and its double bond.

    Attributes
    ----------
    molecule
        With explicit hydrogens; its conformers are not used.
    bond
        The two carbon atoms of the C=C bond, rotor's first.
    isomer
        ``E`` or ``Z``; empty where both are the same.
    """

    molecule: Chem.Mol
    bond: tuple[int, int]
    isomer: str = ""

    @property
    def content(self) -> bytes:
        """Everything that the molecule is, without its conformers."""
        bare = Chem.Mol(self.molecule)
        bare.RemoveAllConformers()
        return bare.ToBinary(Chem.PropertyPickleOptions.NoProps) + repr(self.bond).encode()  # type: ignore[no-any-return]

    def torsions(self, positions: Floats) -> Floats:
        """(4,) torsions about C=C of all pairs of neighbours, rad."""
        i, j = self.bond
        return np.array(
            [
                dihedral(positions, (a, i, j, b))
                for a in neighbours(self.molecule, i, j)
                for b in neighbours(self.molecule, j, i)
            ]
        )

    def helicity(self, positions: Floats) -> float:
        """Torsion across the fjord, rad: positive where it is a right-handed screw.

        Of the two pairs of arms that lie on one side of C=C, the one whose outer atoms come closest
        makes the fjord; the torsion runs from outer atom to outer atom along the arms' inner atoms.
        Where no two aromatic arms lie on one side, it is the twist of C=C, the mean over both sides.
        """
        i, j = self.bond
        fjords, twists = [], []
        for a in neighbours(self.molecule, i, j):
            for b in neighbours(self.molecule, j, i):
                twist = dihedral(positions, (a, i, j, b))
                if abs(twist) > 0.5 * np.pi:
                    continue
                twists.append(twist)
                if not (self._aromatic(a) and self._aromatic(b)):
                    continue
                for p in neighbours(self.molecule, a, i):
                    for q in neighbours(self.molecule, b, j):
                        gap = float(np.linalg.norm(positions[p] - positions[q]))
                        fjords.append((gap, dihedral(positions, (p, a, b, q))))
        return min(fjords)[1] if fjords else float(np.mean(twists or [0.0]))

    def _aromatic(self, atom: int) -> bool:
        return bool(self.molecule.GetAtomWithIdx(atom).GetIsAromatic())

    def require_arms(self) -> None:
        """Raise where no neighbour of the double bond is aromatic: nothing is overcrowded there."""
        i, j = self.bond
        arms = neighbours(self.molecule, i, j) + neighbours(self.molecule, j, i)
        if not any(self._aromatic(arm) for arm in arms):
            raise KineticsError(
                "machine.axle: its double bond has no aromatic arm, so there is no helix; "
                "expected an overcrowded alkene"
            )

    def is_isomer(self, positions: Floats) -> bool:
        """Whether a structure is this isomer: embedding may turn a crowded double bond over."""
        bond = self.molecule.GetBondBetweenAtoms(*self.bond)
        if not self.isomer:
            return True
        first, last = bond.GetStereoAtoms()
        four = (first, bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), last)
        beside = abs(dihedral(positions, four)) < 0.5 * np.pi
        return bool(beside == (bond.GetStereo() == Chem.BondStereo.STEREOCIS))


@dataclass(frozen=True, eq=False)
class Form:
    """A relaxed structure: energy (kJ/mol) and positions (n_atoms, 3) in nm."""

    energy: float
    positions: Floats


def neighbours(molecule: Chem.Mol, atom: int, but: int) -> list[int]:
    """Heavy neighbours of an atom, one left out."""
    return [
        n.GetIdx()
        for n in molecule.GetAtomWithIdx(atom).GetNeighbors()
        if n.GetIdx() != but and n.GetAtomicNum() > 1
    ]


def dihedral(positions: Floats, atoms: tuple[int, int, int, int]) -> float:
    """Torsion a-b-c-d, rad, IUPAC's sign."""
    a, b, c, d = (positions[k] for k in atoms)
    u, v, w = b - a, c - b, d - c
    m, n = np.cross(u, v), np.cross(v, w)
    return float(np.arctan2(np.cross(m, n) @ v / np.linalg.norm(v), m @ n))


def wrapped(angle: Floats) -> Floats:
    """The angle's equal in [-pi, pi)."""
    return np.asarray((angle + np.pi) % (2.0 * np.pi) - np.pi)


def isomers(alkene: Alkene) -> tuple[Alkene, ...]:
    """The E and the Z isomer of a motor, in this order; the motor as it is where both are the same."""
    index = alkene.molecule.GetBondBetweenAtoms(*alkene.bond).GetIdx()
    potential = Chem.FindPotentialStereo(Chem.Mol(alkene.molecule))
    if not any(e.type == Chem.StereoType.Bond_Double and e.centeredOn == index for e in potential):
        return (alkene,)
    by_name = {}
    for stereo in (Chem.BondStereo.STEREOCIS, Chem.BondStereo.STEREOTRANS):
        molecule = Chem.Mol(alkene.molecule)
        bond = molecule.GetBondWithIdx(index)
        begin, end = bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()
        bond.SetStereoAtoms(neighbours(molecule, begin, end)[0], neighbours(molecule, end, begin)[0])
        bond.SetStereo(stereo)
        rdCIPLabeler.AssignCIPLabels(molecule)
        name = bond.GetProp("_CIPCode").upper()
        by_name[name] = Alkene(molecule, alkene.bond, name)
    return by_name["E"], by_name["Z"]


def find_forms(alkene: Alkene, seed: int) -> list[Form]:
    """MMFF94-relaxed forms from embedded conformers, lowest first, each once."""
    molecule = Chem.Mol(alkene.molecule)
    parameters = rdDistGeom.ETKDGv3()
    parameters.randomSeed = seed
    rdDistGeom.EmbedMultipleConfs(molecule, CONFORMERS, parameters)
    results = rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(molecule, maxIters=10_000)
    forms: list[Form] = []
    for conformer, (status, energy) in zip(molecule.GetConformers(), results, strict=True):
        positions = np.asarray(conformer.GetPositions()) / 10.0
        if status != 0 or not alkene.is_isomer(positions):
            continue
        if not any(_same(alkene, form, KCAL * energy, positions) for form in forms):
            forms.append(Form(KCAL * energy, positions))
    if not forms:
        raise KineticsError("machine.smiles: no form relaxed with MMFF94; expected a molecule that it covers")
    return sorted(forms, key=lambda form: form.energy)


def _same(alkene: Alkene, form: Form, energy: float, positions: Floats) -> bool:
    turn = wrapped(alkene.torsions(form.positions) - alkene.torsions(positions))
    return abs(form.energy - energy) < _SAME_ENERGY and bool(np.abs(turn).max() < _SAME_ANGLE)


def stable_and_metastable(alkene: Alkene, forms: list[Form]) -> tuple[Form, list[Form]]:
    """The lowest form, and the lowest of the other helicity that is one slide away, in every mapping.

    The second's atoms are renumbered so that bonds and handedness are the first's; what symmetry
    leaves open (a tert-butyl group's three places) gives several.

    Raises
    ------
    KineticsError
        There is no form of the other helicity.
    """
    stable = forms[0]
    sense = alkene.helicity(stable.positions)
    for form in forms[1:]:
        if alkene.helicity(form.positions) * sense >= 0.0:
            continue
        near = [Form(form.energy, p) for p in mappings(alkene, stable.positions, form.positions)]
        if near:
            return stable, near
    raise KineticsError(
        f"machine.smiles: only one helical form {f'of {alkene.isomer} ' if alkene.isomer else ''}is stable, "
        "so there is no helix inversion; expected an overcrowded alkene"
    )


def conformers(alkene: Alkene, forms: list[Form], form: Form) -> list[Form]:
    """A form's other conformers, those of its helicity not far above it, numbered like the lowest of all."""
    sense = alkene.helicity(form.positions)
    return [
        Form(other.energy, next(mappings(alkene, forms[0].positions, other.positions), other.positions))
        for other in forms
        if 0.0 < other.energy - form.energy < _CONFORMERS_WITHIN
        and alkene.helicity(other.positions) * sense > 0.0
    ]


def mappings(alkene: Alkene, onto: Floats, positions: Floats) -> Iterator[Floats]:
    """``positions`` with atoms renumbered like ``onto`` and laid on it, every way that breaks no bond.

    Heavy atoms follow the graph's automorphisms; hydrogens of one atom take the order of least
    displacement. Handedness at every four-bonded atom must agree, and the torsion about C=C must
    change by less than a right angle.
    """
    molecule = alkene.molecule
    hydrogens = {
        atom.GetIdx(): [n.GetIdx() for n in atom.GetNeighbors() if n.GetAtomicNum() == 1]
        for atom in molecule.GetAtoms()
        if atom.GetAtomicNum() > 1
    }
    heavy = list(hydrogens)
    reference = alkene.torsions(onto)
    for image in _automorphisms(molecule, heavy):
        laid = superposed(onto[heavy], positions[[image[h] for h in heavy]], positions)
        number = dict(image)
        for h in heavy:
            order = _order(molecule, h, hydrogens, number, onto, laid)
            if order is None:
                break
            number |= order
        else:
            renumbered = laid[[number[k] for k in range(len(onto))]]
            if np.abs(wrapped(alkene.torsions(renumbered) - reference)).max() < _LARGEST_SLIDE:
                yield superposed(onto, renumbered, renumbered)


def _automorphisms(molecule: Chem.Mol, heavy: list[int]) -> Iterator[dict[int, int]]:
    skeleton = Chem.RemoveHs(molecule)
    for match in skeleton.GetSubstructMatches(skeleton, uniquify=False, maxMatches=5000):
        yield {heavy[i]: heavy[k] for i, k in enumerate(match)}


def _order(
    molecule: Chem.Mol,
    centre: int,
    hydrogens: dict[int, list[int]],
    number: dict[int, int],
    onto: Floats,
    laid: Floats,
) -> dict[int, int] | None:
    """Its hydrogens in the order of least displacement and equal handedness; None if there is none."""
    own, theirs = hydrogens[centre], hydrogens[number[centre]]
    if len(own) != len(theirs):
        return None
    bonded = [n.GetIdx() for n in molecule.GetAtomWithIdx(centre).GetNeighbors()]
    best: tuple[float, dict[int, int]] | None = None
    for permutation in itertools.permutations(theirs):
        order = dict(zip(own, permutation, strict=True))
        if len(bonded) == 4:
            there = [order.get(k, number.get(k, -1)) for k in bonded]
            if handedness(onto, bonded) != handedness(laid, there):
                continue
        cost = float(sum(np.sum((onto[a] - laid[b]) ** 2) for a, b in order.items()))
        if best is None or cost < best[0]:
            best = (cost, order)
    return None if best is None else best[1]


def handedness(positions: Floats, four: list[int]) -> bool:
    """Which of the two ways round an atom's four neighbours lie, in the order given."""
    a, b, c, d = (positions[k] for k in four)
    return bool(np.cross(a - c, b - c) @ (d - c) > 0.0)


def superposed(onto: Floats, marks: Floats, positions: Floats) -> Floats:
    """``positions`` moved so that ``marks`` of it lie on ``onto`` with least squares."""
    centre, middle = onto.mean(axis=0), marks.mean(axis=0)
    rotation, _ = Rotation.align_vectors(onto - centre, marks - middle)
    return np.asarray(rotation.apply(positions - middle) + centre)
