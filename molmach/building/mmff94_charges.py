"""Whether MMFF94 knows of the charges that a molecule has.

MMFF94 makes partial charges of the formal charges of its atom types (Halgren, J. Comput. Chem. 17, 616
(1996), equation 15): an ammonium's nitrogen has +1, a carboxylate's oxygens -1/2 each. A charge on an atom
whose type has none, as on phosphorus of a phosphonium, is lost without a word, and the partial charges are
another ion's. The other way round, RDKit takes the oxygens of carbon dioxide for a carboxylate's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from rdkit import Chem

_CENTRES = (45, 67, 68, 69, 82, 53, 61, 17, 18, 73, 25, 77)
"""Types drawn with a positive charge, or with none, beside an oxygen, sulfur, nitrogen or carbon drawn with a
negative one: NO2, N=O and N-oxides, the middle of azides and diazo groups, isonitriles; sulfoxides, sulfones,
sulfinates; phosphorus with oxygen; perchlorate."""

_TERMINALS = (32, 72, 47, 48, 60)
"""Their partners: oxygen and sulfur with one neighbour, the end of azides, nitrogen on a sulfone, carbon of
isonitriles."""

_SHARING = (32, 72), (55, 56, 81), (76,)
"""Types that share a charge with their like: about one atom, along a chain of them, in a ring."""

_ROUNDING = 1e-3


@dataclass(frozen=True)
class LostCharge:
    """An atom whose formal charge MMFF94 does not have.

    Attributes
    ----------
    atom
        Its index.
    formal, given
        What it has by its valence, and by its type, in words.
    """

    atom: int
    formal: str
    given: str


def uncharged_atom(molecule: Chem.Mol, properties: Any) -> LostCharge | None:
    """The first atom whose charge MMFF94 loses or makes up; None where every ion has its charge.

    Formal charges by valence and by type are held against each other group by group: where a group is drawn
    with charges that its types leave out (nitro groups), or shares its charge (carboxylates), the sums must
    agree, and elsewhere the charges of each atom. So two errors that cancel in the whole ion are seen. At
    last the partial charges of each separate ion must add up.
    """
    atoms = range(molecule.GetNumAtoms())
    formal = np.array([atom.GetFormalCharge() for atom in molecule.GetAtoms()], dtype=np.float64)
    by_type = np.array([properties.GetMMFFFormalCharge(i) for i in atoms])
    types = [properties.GetMMFFAtomType(i) for i in atoms]
    excess = formal - by_type
    for group in _groups(molecule, types, excess):
        if abs(excess[group].sum()) > _ROUNDING:
            worst = max(group, key=lambda i: (abs(excess[i]), -i))
            return LostCharge(worst, _signed(formal[worst]), _signed(by_type[worst]))
    partial = np.array([properties.GetMMFFPartialCharge(i) for i in atoms])
    for ion in (list(fragment) for fragment in Chem.GetMolFrags(molecule)):
        if abs(partial[ion].sum() - formal[ion].sum()) > _ROUNDING:
            worst = max(ion, key=lambda i: (abs(formal[i]), -i))
            total = partial[ion].sum()
            return LostCharge(worst, _signed(formal[worst]), f"an ion whose charges add up to {total:+.3g}")
    return None


def _groups(
    molecule: Chem.Mol, types: list[int], excess: np.ndarray[Any, np.dtype[np.float64]]
) -> Iterator[list[int]]:
    """Atoms whose charges by valence and by type differ, in groups that may make up for each other."""
    left = {int(i) for i in np.flatnonzero(np.abs(excess) > _ROUNDING)}
    while left:
        group, front = [], [min(left)]
        while front:
            i = front.pop()
            if i not in left:
                continue
            left.remove(i)
            group.append(i)
            front += [j for j in left if _belong_together(molecule, types, i, j)]
        yield sorted(group)


def _belong_together(molecule: Chem.Mol, types: list[int], i: int, j: int) -> bool:
    """Whether two atoms are a centre and its partner, or share one charge."""
    pair = types[i], types[j]
    if molecule.GetBondBetweenAtoms(i, j) is not None:
        drawn = any(a in _CENTRES and b in _TERMINALS for a, b in (pair, pair[::-1]))
        return drawn or pair == (76, 76)
    if not any(all(t in alike for t in pair) for alike in _SHARING):
        return False
    neighbours = ({a.GetIdx() for a in molecule.GetAtomWithIdx(k).GetNeighbors()} for k in (i, j))
    return bool(set.intersection(*neighbours))


def _signed(charge: float) -> str:
    return "no charge" if abs(charge) < _ROUNDING else f"charge {charge:+.3g}"
