"""Attaching fragments at the numbered sites of a machine's molecules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rdkit import Chem, rdBase

from molmach.errors import InfeasibleError
from molmach.spec.axes import axes, canonical_smiles

_SITE = re.compile(r"\[\*:(\d{1,3})\]")


def site_numbers(text: str) -> set[int]:
    """Numbers of the sites ``[*:10]`` in a text."""
    return {int(number) for number in _SITE.findall(text)}


def is_readable(smiles: str) -> bool:
    """Whether RDKit reads a SMILES, sites or not."""
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(smiles) is not None


def attach(content: Any, fragments: Mapping[int, str]) -> Any:
    """The content of a machine section with every site taken by its fragment.

    Parameters
    ----------
    content
        Nested mappings, lists and texts; texts with sites are SMILES.
    fragments
        Number of the site -> SMILES with one ``[*]``.

    Raises
    ------
    InfeasibleError
        RDKit can't join the two.
    """
    if isinstance(content, dict):
        return {key: attach(value, fragments) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [attach(value, fragments) for value in content]
    if isinstance(content, str) and (numbers := site_numbers(content)):
        return _attached(content, tuple((n, fragments[n]) for n in sorted(numbers)))
    return content


@lru_cache(maxsize=100_000)
def _attached(smiles: str, fragments: tuple[tuple[int, str], ...]) -> str:
    with rdBase.BlockLogs():
        core = Chem.MolFromSmiles(smiles)
        if core is None:
            raise InfeasibleError(f"RDKit can't read {smiles}; expected a SMILES with sites [*:10]")
        pieces = dict(fragments)
        joined = core
        marked = 0
        label = 1000  # above every map number, so that no atom of the machine is taken for a site
        for atom in list(core.GetAtoms()):
            if atom.GetAtomicNum() == 0 and atom.GetAtomMapNum() in pieces:
                fragment = Chem.MolFromSmiles(pieces[atom.GetAtomMapNum()])
                joined.GetAtomWithIdx(atom.GetIdx()).SetAtomMapNum(label)
                for end in fragment.GetAtoms():
                    if end.GetAtomicNum() == 0:
                        end.SetAtomMapNum(label)
                marked += len(axes(fragment))
                joined = Chem.CombineMols(joined, fragment)
                label += 1
        try:
            molecule = Chem.RemoveHs(Chem.molzip(joined))
        except (Chem.MolSanitizeException, RuntimeError, ValueError) as error:
            raise InfeasibleError(f"fragments can't be attached to {smiles}: {error}") from error
        if len(axes(molecule)) != len(axes(core)) + marked:
            raise InfeasibleError(
                f"an axis of chirality of {smiles} is lost where fragments are attached; expected fragments "
                "that keep it"
            )
        return canonical_smiles(molecule) if axes(molecule) else str(Chem.MolToSmiles(molecule))
