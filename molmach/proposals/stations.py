"""Places on a thread or a ring that hold a macrocycle, by what is known to hold which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Flag, auto

import numpy as np
from rdkit import Chem

from molmach.building.linking import macrocycle, thread_path


class Host(Flag):
    """What a macrocycle offers to what goes through it."""

    ETHERS = auto()
    AMIDES = auto()
    CATIONS = auto()
    OTHER = auto()


@dataclass(frozen=True)
class Pattern:
    """A group that holds macrocycles.

    Attributes
    ----------
    name
        What chemists call it.
    smarts
        The group; the atoms with map numbers are the station.
    held_by
        Hosts that it is known for.
    """

    name: str
    smarts: str
    held_by: Host


PATTERNS = (
    Pattern("fumaramide", "[#7]C(=O)[C:1]=[C:1]C(=O)[#7]", Host.AMIDES),
    Pattern("ammonium", "[NX4+;!H0:1]", Host.ETHERS),
    Pattern("bipyridinium", "[n+:1]1ccc(cc1)-c1cc[n+:1]cc1", Host.ETHERS),
    Pattern("triazolium", "[n+;r5:1]~[n;r5]~[n;r5]", Host.ETHERS),
    Pattern("imidazolium", "[n+;r5:1]~[c;r5]~[n;r5]", Host.ETHERS),
    Pattern("pyridinium", "[n+;r6:1]", Host.ETHERS),
    Pattern("tetrathiafulvalene", "[#6]1~[#6]S[C:1](=[C:1]2S[#6]~[#6]S2)S1", Host.CATIONS),
    Pattern("dioxynaphthalene", "[OX2]c1[c:1]ccc2c1ccc[c:1]2[OX2]", Host.CATIONS),
    Pattern("dioxynaphthalene", "[OX2]c1cccc2[c:1]1ccc[c:1]2[OX2]", Host.CATIONS),
    Pattern("benzidine", "[#7]c1cc[c:1](cc1)-[c:1]1ccc([#7])cc1", Host.CATIONS),
    Pattern("hydroquinone", "[OX2][c:1]1cc[c:1](cc1)[OX2]", Host.CATIONS),
    Pattern("diimide", "O=C1[#7:1]C(=O)c2ccc3C(=O)[#7:1]C(=O)c4ccc1c2c34", Host.ETHERS),
    Pattern("urea", "[NX3;H1][C:1](=O)[NX3;H1]", Host.ETHERS | Host.AMIDES),
    Pattern("amide", "[NX3;H1][C:1]=O", Host.AMIDES),
    Pattern("ester", "[#6][C:1](=O)[OX2][#6]", Host.AMIDES),
    Pattern("ketone", "[#6][C:1](=O)[#6]", Host.AMIDES | Host.ETHERS),
)
"""From the strongest hold to the weakest."""

_TOGETHER = 4
"""Bonds within which two groups of a sort are one station: two amides on one benzene ring."""


@dataclass(frozen=True)
class Station:
    """A place that is proposed as a station.

    Attributes
    ----------
    name
        In the machine file.
    atoms
        Indices of its atoms.
    held
        Whether the macrocycle is known to hold on to such a group.
    """

    name: str
    atoms: tuple[int, ...]
    held: bool


def host_of(ring: Chem.Mol) -> Host:
    """What a macrocycle offers, by its own atoms and their neighbours."""
    loop = set(macrocycle(ring))
    offered = Host(0)
    for smarts, least, host in _HOSTS:
        matches = ring.GetSubstructMatches(Chem.MolFromSmarts(smarts))
        if sum(match[0] in loop for match in matches) >= least:
            offered |= host
    return offered or Host.OTHER


_HOSTS = (
    ("[OX2]([#6])[#6]", 4, Host.ETHERS),
    ("[NX3;H1]C=O", 2, Host.AMIDES),
    ("[n+]", 2, Host.CATIONS),
)


def stations_on(track: Chem.Mol, host: Host, closed: bool) -> list[Station]:
    """Stations of a thread, or of a ring (``closed``), those that the macrocycle holds first.

    Groups off the way along the track are none. A thread on which nothing is recognised gets one in its
    middle, since a ring has to start somewhere.
    """
    path = list(macrocycle(track) if closed else thread_path(track))
    distance = np.asarray(Chem.GetDistanceMatrix(track))
    groups: list[tuple[Pattern, list[int]]] = []
    taken: set[int] = set()
    for pattern in PATTERNS:
        for match, atoms in _matches(track, pattern):
            if taken & set(match) or distance[np.ix_(path, atoms)].min() > 1:
                continue
            taken |= set(match)
            near = [
                g
                for g in groups
                if g[0].name == pattern.name and distance[np.ix_(g[1], atoms)].min() <= _TOGETHER
            ]
            if near and pattern.name in _MERGED:
                near[0][1].extend(atoms)
            else:
                groups.append((pattern, list(atoms)))
    if not groups and not closed:
        return [Station("middle", (path[len(path) // 2],), False)]
    place = {atom: number for number, atom in enumerate(path)}
    groups.sort(
        key=lambda group: (
            not group[0].held_by & host,
            PATTERNS.index(group[0]),
            _where(group[1], place, distance),
        )
    )
    names = _names([pattern.name for pattern, _ in groups])
    return [
        Station(name, tuple(sorted(set(atoms))), bool(pattern.held_by & host))
        for name, (pattern, atoms) in zip(names, groups, strict=True)
    ]


_MERGED = ("amide", "ester", "ketone", "pyridinium")


def _where(atoms: Sequence[int], place: dict[int, int], distance: np.ndarray) -> float:
    return float(np.mean([place[min(place, key=lambda i: distance[i, atom])] for atom in atoms]))


def _matches(track: Chem.Mol, pattern: Pattern) -> list[tuple[tuple[int, ...], list[int]]]:
    query = Chem.MolFromSmarts(pattern.smarts)
    marked = [atom.GetIdx() for atom in query.GetAtoms() if atom.GetAtomMapNum()]
    return [(match, [match[i] for i in marked]) for match in track.GetSubstructMatches(query)]


def _names(names: Sequence[str]) -> list[str]:
    counted: dict[str, int] = {}
    result = []
    for name in names:
        counted[name] = counted.get(name, 0) + 1
        result.append(f"{name}-{counted[name]}" if names.count(name) > 1 else name)
    return result
