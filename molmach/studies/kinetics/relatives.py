"""Saddles of related motors, carried over to a new one: the best first guess that there is.

Motors of a class differ by substituents, and the saddle of the scaffold that they share is much the same. A
relative's saddle is laid on the new molecule by the common scaffold, atom on atom, and what hangs on that
otherwise is taken from the new molecule's own form.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zipfile import BadZipFile

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdFMCS, rdForceFieldHelpers

from molmach.studies.kinetics.forms import Alkene, Form, handedness, superposed, wrapped
from molmach.studies.kinetics.level import Floats

_SCHEMA = "molmach.saddles/1"
_PATIENCE = 20
"""Seconds after which the common scaffold of two molecules is given up; it takes hundredths."""

_MOST_WAYS = 1000
_LARGEST_SLIDE = 0.5 * np.pi
_ONE_HYDROGEN = 0.06
"""Farthest that a hydrogen on a common atom may be from its place in the form, nm, methyl groups apart."""

_SETTLING = 500
"""Steps of relaxing what is not the relative's, at most."""

_HOLD = 500.0
"""Force constant that holds an atom where the relative has it, kcal/(mol A^2): a bond's, so that only what
is strained gives way."""

Mapping = dict[int, int]


@dataclass(frozen=True, eq=False)
class Relative:
    """A motor whose saddles are known.

    Attributes
    ----------
    alkene
        The motor, of one isomer.
    saddles, tangents
        (k, n_atoms, 3): structures, nm, and the unit directions over them, lowest first.
    """

    alkene: Alkene
    saddles: Floats
    tangents: Floats

    def packed(self) -> bytes:
        """All of it in bytes, for :func:`unpacked`."""
        content = io.BytesIO()
        bare = Chem.Mol(self.alkene.molecule)
        bare.RemoveAllConformers()
        np.savez_compressed(
            content,
            schema=np.array(_SCHEMA),
            molecule=np.frombuffer(bare.ToBinary(Chem.PropertyPickleOptions.NoProps), dtype=np.uint8),
            bond=np.array(self.alkene.bond),
            isomer=np.array(self.alkene.isomer),
            saddles=self.saddles,
            tangents=self.tangents,
        )
        return content.getvalue()


def unpacked(content: bytes) -> Relative | None:
    """What :meth:`Relative.packed` packed; None where it is something else, or of another version."""
    try:
        with np.load(io.BytesIO(content)) as arrays:
            if str(arrays["schema"]) != _SCHEMA:
                return None
            molecule = Chem.Mol(arrays["molecule"].tobytes())
            first, second = (int(atom) for atom in arrays["bond"])
            alkene = Alkene(molecule, (first, second), str(arrays["isomer"]))
            return Relative(alkene, arrays["saddles"], arrays["tangents"])
    except (KeyError, ValueError, OSError, EOFError, RuntimeError, BadZipFile):
        return None


def carried(relative: Relative, alkene: Alkene, form: Form) -> list[tuple[Floats, Floats]]:
    """Guesses of a motor's saddles from a relative's, as structure (n_atoms, 3), nm, and direction.

    Parameters
    ----------
    relative
        Its saddles; those of its mirror image serve as well.
    alkene
        The new motor.
    form
        One of its forms, by which handedness, numbering and what the relative lacks are decided.

    Returns
    -------
    One for each saddle, in their order, in the way that shares most atoms; none where the relative has not
    all of the new motor's rings, or does not fit it in any way.
    """
    ways = list(_ways(relative.alkene, alkene))
    guesses = []
    for saddle, tangent in zip(relative.saddles, relative.tangents, strict=True):
        best: tuple[tuple[int, float], Floats, Mapping, float] | None = None
        for way in ways:
            for image in (1.0, -1.0):
                laid = _laid(relative, image * saddle, alkene, form, way)
                if laid is None:
                    continue
                x, shared = laid
                fit = (-len(shared), _apart(x, form.positions, list(way.values())))
                if best is None or fit < best[0]:
                    best = (fit, x, shared, image)
        if best is not None:
            _, x, shared, image = best
            direction = _direction(image * tangent, shared, len(x))
            guesses.append((_settled(alkene, x, shared), direction))
    return guesses


def _ways(relative: Alkene, alkene: Alkene) -> Iterator[Mapping]:
    """Every way to map the common scaffold's heavy atoms, relative's to the new motor's."""
    old, old_heavy = _skeleton(relative.molecule)
    new, new_heavy = _skeleton(alkene.molecule)
    common = rdFMCS.FindMCS([old, new], ringMatchesRingOnly=True, completeRingsOnly=True, timeout=_PATIENCE)
    if common.canceled or common.numAtoms == 0:
        return
    query = Chem.MolFromSmarts(common.smartsString)
    rings = {atom.GetIdx() for atom in alkene.molecule.GetAtoms() if atom.IsInRing()}
    theirs = [
        [old_heavy[i] for i in match]
        for match in old.GetSubstructMatches(query, uniquify=False, maxMatches=_MOST_WAYS)
    ]
    ours = [
        [new_heavy[i] for i in match]
        for match in new.GetSubstructMatches(query, uniquify=False, maxMatches=_MOST_WAYS)
    ]
    seen = set()
    for one in theirs:
        for other in ours:
            way = dict(zip(one, other, strict=True))
            fits = [way.get(atom) for atom in relative.bond] == list(alkene.bond)
            if fits and rings <= set(other) and (known := tuple(sorted(way.items()))) not in seen:
                seen.add(known)
                yield way


def _skeleton(molecule: Chem.Mol) -> tuple[Chem.Mol, list[int]]:
    """The molecule without hydrogens, its stereochemistry forgotten, and its atoms' numbers before."""
    heavy = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() > 1]
    bare = Chem.RemoveHs(molecule)
    Chem.RemoveStereochemistry(bare)
    return bare, heavy


def _laid(
    relative: Relative, saddle: Floats, alkene: Alkene, form: Form, way: Mapping
) -> tuple[Floats, Mapping] | None:
    """The new motor's atoms around the relative's saddle, and all atoms that are the relative's.

    None where a stereocentre or the axle would not be as in the form.
    """
    x = np.full_like(form.positions, np.nan)
    for theirs, ours in way.items():
        x[ours] = saddle[theirs]
    placed = set(way.values())
    for atom in sorted(placed):
        hanging = _hanging(alkene.molecule, atom, placed)
        if hanging:
            marks = _around(alkene.molecule, atom, placed)
            moved = superposed(x[marks], form.positions[marks], form.positions)
            x[hanging] = moved[hanging]
    if np.isnan(x).any():
        return None
    shared = dict(way)
    for theirs, ours in way.items():
        shared |= _hydrogens(relative.alkene.molecule, alkene.molecule, saddle, x, form, theirs, ours)
    for theirs, ours in shared.items():
        x[ours] = saddle[theirs]
    slide = np.abs(wrapped(alkene.torsions(x) - alkene.torsions(form.positions))).max()
    if slide >= _LARGEST_SLIDE or not alkene.is_isomer(x) or not _alike(alkene.molecule, x, form.positions):
        return None
    return x, shared


def _hanging(molecule: Chem.Mol, atom: int, placed: set[int]) -> list[int]:
    """The atoms that hang on a placed atom and have no place yet."""
    stack, hanging = [atom], []
    while stack:
        for neighbour in molecule.GetAtomWithIdx(stack.pop()).GetNeighbors():
            index = neighbour.GetIdx()
            if index not in placed and index not in hanging:
                hanging.append(index)
                stack.append(index)
    return hanging


def _around(molecule: Chem.Mol, atom: int, placed: set[int]) -> list[int]:
    """A placed atom and those around it that have a place, three or more where there are so many."""
    marks = [atom]
    reach = [atom]
    while len(marks) < 3 and reach:
        reach = sorted(
            {
                n.GetIdx()
                for i in reach
                for n in molecule.GetAtomWithIdx(i).GetNeighbors()
                if n.GetIdx() in placed and n.GetIdx() not in marks
            }
        )
        marks += reach
    return marks


def _hydrogens(
    old: Chem.Mol, new: Chem.Mol, saddle: Floats, x: Floats, form: Form, theirs: int, ours: int
) -> Mapping:
    """The hydrogens of a common atom that are the relative's, in the order of least displacement.

    None of them where their numbers differ, where one would be far from its place (it is another's then),
    or where handedness would be another.
    """
    before, after = _hydrogens_of(old, theirs), _hydrogens_of(new, ours)
    if not before or len(before) != len(after):
        return {}
    bonded = [n.GetIdx() for n in new.GetAtomWithIdx(ours).GetNeighbors()]
    best: tuple[float, Mapping] | None = None
    for order in itertools.permutations(after):
        trial = x.copy()
        trial[list(order)] = saddle[before]
        if len(bonded) == 4 and handedness(trial, bonded) != handedness(form.positions, bonded):
            continue
        away = np.linalg.norm(trial[list(order)] - x[list(order)], axis=1)
        if len(before) < 3 and away.max() > _ONE_HYDROGEN:
            continue
        if best is None or float(np.sum(away**2)) < best[0]:
            best = (float(np.sum(away**2)), dict(zip(before, order, strict=True)))
    return {} if best is None else best[1]


def _hydrogens_of(molecule: Chem.Mol, atom: int) -> list[int]:
    return [n.GetIdx() for n in molecule.GetAtomWithIdx(atom).GetNeighbors() if n.GetAtomicNum() == 1]


def _alike(molecule: Chem.Mol, x: Floats, form: Floats) -> bool:
    """Whether every four-bonded atom has the same handedness in two structures."""
    for atom in molecule.GetAtoms():
        bonded = [n.GetIdx() for n in atom.GetNeighbors()]
        if len(bonded) == 4 and handedness(x, bonded) != handedness(form, bonded):
            return False
    return True


def _apart(x: Floats, form: Floats, atoms: Sequence[int]) -> float:
    marks = list(atoms)
    moved = superposed(form[marks], x[marks], x)
    return float(np.sqrt(np.mean(np.sum((moved[marks] - form[marks]) ** 2, axis=1))))


def _settled(alkene: Alkene, x: Floats, shared: Mapping) -> Floats:
    """The structure with what is not the relative's relaxed by MMFF94, all else held by springs."""
    molecule = Chem.Mol(alkene.molecule)
    molecule.RemoveAllConformers()
    conformer = Chem.Conformer(len(x))
    conformer.SetPositions(10.0 * x)
    molecule.AddConformer(conformer)
    force = rdForceFieldHelpers.MMFFGetMoleculeForceField(
        molecule, rdForceFieldHelpers.MMFFGetMoleculeProperties(molecule)
    )
    force.Initialize()
    for atom in shared.values():
        force.MMFFAddPositionConstraint(atom, 0.0, _HOLD)
    force.Minimize(maxIts=_SETTLING)
    return np.asarray(molecule.GetConformer().GetPositions()) / 10.0


def _direction(tangent: Floats, shared: Mapping, size: int) -> Floats:
    """The relative's direction on the atoms that are its, unit norm."""
    direction = np.zeros((size, 3))
    for theirs, ours in shared.items():
        direction[ours] = tangent[theirs]
    return np.asarray(direction / np.linalg.norm(direction))
