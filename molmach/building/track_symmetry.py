"""Symmetries of a machine with a track: what lays the track on itself, and its ring on the same ring."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molmach.building.assembly import Assembly, Floats
from molmach.building.kinds import kind_of
from molmach.building.stereo import assign_stereo
from molmach.spec.axes import has_axes

_HELD_TOLERANCE_NM = 0.02
"""What is held stands where it was built, so it must be as symmetric there as atoms move."""


@dataclass(frozen=True, eq=False)
class TrackSymmetry:
    """An exchange of equal atoms that lays a track on itself.

    Attributes
    ----------
    shift, reversed
        Atom i of the track's path goes where atom shift + i was, or shift - i where it is reversed.
    image
        (n_atoms,) where each atom of the machine goes.
    mirrored
        Whether the places of atoms are reflected with it, or only turned.
    """

    shift: int
    reversed: bool
    image: NDArray[np.int64]
    mirrored: bool


@lru_cache(maxsize=8)
def track_symmetries(assembly: Assembly) -> tuple[TrackSymmetry, ...]:
    """Of a machine with one ring on a track; of turns of a closed track those by a whole part of it.

    The exchange, and a turn or reflection in space, must leave as they are: elements, bonds and charges;
    the hand of every stereocentre; the hand of the threading, which no motion along the track changes (a
    ring with two faces has one of them ahead wherever it is); and where anchors hold atoms. What a drive
    does to equal stations is the drive's affair.
    """
    track = assembly.track
    if track is None or len(track.loops) != 1:
        return ()
    closed = kind_of(assembly.kind).track == "closed"
    own = _Fragment(assembly, track.path)
    ring = _Fragment(assembly, track.loops[0])
    if own.atoms & ring.atoms or len(own.atoms | ring.atoms) < assembly.molecule.GetNumAtoms():
        return ()
    if not (own.atoms.issuperset(track.path) and ring.atoms.issuperset(track.loops[0])):
        return ()
    rings = {(mirrored, turned): ring.image(mirrored, turned) for mirrored in (0, 1) for turned in (0, 1)}
    size = len(track.path)
    turns = [(shift, False) for shift in range(1, size) if size % shift == 0] if closed else []
    reversals = [(shift, True) for shift in (range(size) if closed else (size - 1,))]
    exchanged = (_exchange(assembly, own, rings, shift, back) for shift, back in (*turns, *reversals))
    return tuple(symmetry for symmetry in exchanged if symmetry is not None)


def _exchange(
    assembly: Assembly,
    own: _Fragment,
    rings: dict[tuple[int, int], dict[int, int] | None],
    shift: int,
    back: bool,
) -> TrackSymmetry | None:
    """That symmetry, by a turn in space or by a reflection; None where there is neither.

    The arrowed path and the arrowed ring have a hand together, which a reflection changes, and so does
    turning either arrow round; all of them together must leave it.
    """
    order = [(shift - i if back else shift + i) % len(own.path) for i in range(len(own.path))]
    if not own.alike(order):
        return None
    for mirrored in (0, 1):
        of_ring = rings[mirrored, mirrored ^ int(back)]
        of_track = None if of_ring is None else own.onto([own.path[i] for i in order], bool(mirrored))
        if of_ring is None or of_track is None:
            continue
        both = of_track | of_ring
        image = np.array([both[i] for i in range(assembly.molecule.GetNumAtoms())])
        if _held_alike(assembly, image, bool(mirrored)):
            return TrackSymmetry(shift, back, image, bool(mirrored))
    return None


class _Fragment:
    """One molecule of a machine, and a path in it."""

    def __init__(self, assembly: Assembly, path: tuple[int, ...]) -> None:
        whole = assembly.molecule
        members = next((part for part in Chem.GetMolFrags(whole) if path[0] in part), ())
        self.path, self.atoms = path, set(members)
        self._number = {atom: i for i, atom in enumerate(members)}
        editable = Chem.RWMol(whole)
        editable.BeginBatchEdit()
        for atom in range(whole.GetNumAtoms()):
            if atom not in self.atoms:
                editable.RemoveAtom(atom)
        editable.CommitBatchEdit()
        self._molecule = editable.GetMol()
        for atom in self._molecule.GetAtoms():
            atom.SetAtomMapNum(0)
        self._members = members
        self._charges = assembly.charges[list(members)]
        self._rank = list(Chem.CanonicalRankAtoms(self._molecule, breakTies=False, includeChirality=False))

    def alike(self, order: list[int]) -> bool:
        """Whether atoms of the path are of one kind with those of the path in that order."""
        ranks = [self._rank[self._number[atom]] for atom in self.path]
        return all(ranks[i] == ranks[j] for i, j in enumerate(order))

    def image(self, mirrored: int, turned: int) -> dict[int, int] | None:
        """Where atoms go when the closed path is laid on itself, turned round or not; None where it can't."""
        size = len(self.path)
        for start in range(size):
            order = [(start - i if turned else start + i) % size for i in range(size)]
            onto = self.onto([self.path[i] for i in order], bool(mirrored)) if self.alike(order) else None
            if onto is not None:
                return onto
        return None

    def onto(self, places: list[int], mirrored: bool) -> dict[int, int] | None:
        """Where atoms go when those of the path go to those places and all hands are kept, or turned over."""
        if has_axes(self._molecule):
            return None
        here, there = self._marked(list(self.path), mirrored), self._marked(places, False)
        if Chem.MolToSmiles(here) != Chem.MolToSmiles(there):
            return None
        orders = (list(text.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"]) for text in (here, there))
        match = dict(zip(*orders, strict=True))
        return {self._members[i]: self._members[j] for i, j in match.items()} if self._same(match) else None

    def _marked(self, atoms: list[int], mirrored: bool) -> Chem.Mol:
        """A copy that knows the atoms by their order, with the hands that they have in space then."""
        marked = Chem.Mol(self._molecule)
        for number, atom in enumerate(atoms):
            marked.GetAtomWithIdx(self._number[atom]).SetIsotope(number + 1)
        assign_stereo(marked)
        if mirrored:
            for atom in marked.GetAtoms():
                atom.InvertChirality()
        return marked

    def _same(self, match: dict[int, int]) -> bool:
        """Whether elements, charges and bonds are those of where the atoms go."""
        atom = self._molecule.GetAtomWithIdx
        if any(_kind(atom(i)) != _kind(atom(j)) for i, j in match.items()):
            return False
        if not np.allclose(self._charges[list(match)], self._charges[list(match.values())], atol=1e-6):
            return False
        between = self._molecule.GetBondBetweenAtoms
        images = (
            (bond, between(match[bond.GetBeginAtomIdx()], match[bond.GetEndAtomIdx()]))
            for bond in self._molecule.GetBonds()
        )
        return all(other is not None and other.GetBondType() == bond.GetBondType() for bond, other in images)


def _kind(atom: Chem.Atom) -> tuple[int, int, int]:
    return atom.GetAtomicNum(), atom.GetFormalCharge(), atom.GetIsotope()


def _held_alike(assembly: Assembly, image: NDArray[np.int64], mirrored: bool) -> bool:
    """Whether a turn or reflection in space lays the places where atoms are held on each other."""
    held = list(assembly.stator)
    if sorted(image[held].tolist()) != sorted(held):
        return False
    if not held:
        return True
    places = assembly.positions_nm
    before, after = (places[which] - places[held].mean(axis=0) for which in (held, image[held]))
    return bool(
        np.max(np.linalg.norm(before @ _turn(before, after, mirrored) - after, axis=1)) < _HELD_TOLERANCE_NM
    )


def _turn(before: Floats, after: Floats, mirrored: bool) -> Floats:
    """(3, 3) turn that lays centred points on others best, after a reflection of all if it is mirrored.

    Kabsch, Acta Cryst. A 32, 922 (1976). Points of a plane are their own reflection.
    """
    left, singular, right = np.linalg.svd(before.T @ after)
    hand = np.sign(np.linalg.det(left @ right)) * (-1.0 if mirrored else 1.0)
    if singular[2] < 1e-9 * singular[0]:
        hand = 1.0
    return np.asarray(left @ np.diag([1.0, 1.0, hand]) @ right)
