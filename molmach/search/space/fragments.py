"""The library of substituents, by name and by group."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files

import yaml
from rdkit import Chem, rdBase

from molmach.errors import SpecError, shortened


@cache
def groups() -> dict[str, dict[str, str]]:
    """Group -> name -> SMILES with one ``[*]`` where the fragment is attached."""
    content = yaml.safe_load(files(__package__).joinpath("fragments.yaml").read_text("utf-8"))
    return {str(group): {str(k): str(v) for k, v in members.items()} for group, members in content.items()}


def library() -> dict[str, str]:
    """Name -> SMILES of every fragment."""
    return {name: smiles for members in groups().values() for name, smiles in members.items()}


def chosen(names: Iterable[str], own: Mapping[str, str], field: str) -> dict[str, str]:
    """The fragments that names of fragments and groups stand for, in their order, each once.

    Parameters
    ----------
    names
        Names of fragments, of groups, or of ``own`` fragments.
    own
        Fragments of the campaign's own: name -> SMILES.
    field
        Where the names stand in the campaign file.

    Raises
    ------
    SpecError
        A name that is not known, or a fragment that has no single place to attach it.
    """
    fragments: dict[str, str] = {}
    for name in names:
        if name in own:
            fragments[name] = checked(own[name], f"space.fragments.{name}")
        elif name in groups():
            fragments |= groups()[name]
        elif name in library():
            fragments[name] = library()[name]
        else:
            known = [*own, *groups(), *library()]
            nearest = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean '{nearest[0]}'?" if nearest else ""
            raise SpecError(
                f"{field}: got {name!r}; expected a fragment or a group of the library "
                f"({', '.join(groups())}), or one of space.fragments{hint}"
            )
    return fragments


def check_names(own: Iterable[str]) -> None:
    """Refuse own fragments that are called like a fragment or a group of the library.

    Raises
    ------
    SpecError
        One is.
    """
    for name in own:
        if name in groups() or name in library():
            what = "a group" if name in groups() else "a fragment"
            raise SpecError(
                f"space.fragments.{name}: {name!r} is {what} of the library; "
                "expected another name for one's own"
            )


def checked(smiles: str, field: str) -> str:
    """A fragment's SMILES, if it can be read and has one ``[*]`` with one bond.

    Raises
    ------
    SpecError
        Otherwise.
    """
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles)
    dummies = [] if molecule is None else [a for a in molecule.GetAtoms() if a.GetAtomicNum() == 0]
    if len(dummies) != 1 or dummies[0].GetDegree() != 1:
        raise SpecError(
            f"{field}: got {shortened(smiles)}; expected a SMILES with one [*] on one bond, such as '[*]OC'"
        )
    return smiles
