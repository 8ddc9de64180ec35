"""The molecules of the landscapes: a core with up to six sites, and descriptors of what is made of it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, rdBase
from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors

from molmach.search.space import fragments as library

Floats = NDArray[np.float64]

_SIX_SITES = "[CH:1]#[C:2]c1c2c([*:10])c([*:11])c([*:12])c([*:13])c2c([C:3]#[CH:4])c2nc([*:14])c([*:15])cc12"


def core(sites: int) -> str:
    """SMILES of a rotor with so many sites, R10 first.

    Its two ends differ, so that no two designs are one machine.
    """
    smiles = _SIX_SITES
    for site in range(10 + sites, 16):
        smiles = smiles.replace(f"c([*:{site}])", "c")
    return smiles


@lru_cache(maxsize=2)
def descriptors(fragments: tuple[tuple[str, ...], ...]) -> Floats:
    """(designs, 3) logP (Wildman & Crippen), polar surface and weight of every design, the last site fastest.

    Parameters
    ----------
    fragments
        Names of the fragments of each site.
    """
    pieces = _pieces(fragments, library.library())
    with rdBase.BlockLogs():
        return np.array([_descriptors(_attached(chosen)) for chosen in itertools.product(*pieces)])


def _pieces(fragments: Sequence[Sequence[str]], known: dict[str, str]) -> list[list[Any]]:
    """Each site's fragments, with the site's number where they are attached."""
    return [
        [Chem.MolFromSmiles(known[name].replace("[*]", f"[*:{site}]")) for name in names]
        for site, names in enumerate(fragments, 10)
    ]


def _attached(pieces: Sequence[Any]) -> Any:
    joined = _core(len(pieces))
    for molecule in pieces:
        joined = Chem.CombineMols(joined, molecule)
    molecule = Chem.molzip(joined)
    Chem.SanitizeMol(molecule)
    return Chem.RemoveHs(molecule)


@lru_cache(maxsize=8)
def _core(sites: int) -> Any:
    """The core; its own map numbers are left out, for they are ends of the axle and not sites."""
    molecule = Chem.MolFromSmiles(core(sites))
    for atom in molecule.GetAtoms():
        if atom.GetAtomMapNum() < 10:
            atom.SetAtomMapNum(0)
    return molecule


def _descriptors(molecule: Any) -> list[float]:
    return [
        float(Crippen.MolLogP(molecule)),
        float(rdMolDescriptors.CalcTPSA(molecule)),
        float(Descriptors.MolWt(molecule)),
    ]
