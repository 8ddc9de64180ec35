"""Atoms of a topology, named by numbers or by a selection of MDTraj's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.errors import Argument, ScoreError

Selection = str | Sequence[int]
"""0-based numbers (also as text, ``3,8``) or MDTraj's language (``resname ROT and name C1``)."""

Atoms = NDArray[np.int64]

AXLE, ROTOR, STATOR = Argument("axle"), Argument("rotor"), Argument("stator")
FOLLOWER_AXLE, FOLLOWER = Argument("follower_axle"), Argument("follower")
TOPOLOGY, TRAJECTORIES = Argument("topology"), Argument("trajectories")
FRAME_INTERVAL, STRIDE = Argument("frame_interval_ps"), Argument("stride")
EQUILIBRATION, DROP_REPEATED = Argument("equilibration_ps"), Argument("drop_repeated=True")
EACH = Argument("each")
"""What errors call the arguments of :func:`molmach.read_trajectories`."""

_ACCEPTED = "0-based atom indices with commas (3,8) or a selection of MDTraj's (resname ROT and name C1 C2)"
_ARROW = "->"


def parse_indices(argument: Argument, chosen: Selection) -> tuple[int, ...] | None:
    """Atom numbers, or None for a text in MDTraj's language, which takes a topology to read.

    Raises
    ------
    ScoreError
        The text starts as a list of numbers and is none, or is empty.
    """
    if not isinstance(chosen, str):
        if any(int(i) != i for i in chosen):
            raise ScoreError(argument, f" {','.join(map(str, chosen))}: expected {_ACCEPTED}")
        return tuple(int(i) for i in chosen)
    if re.fullmatch(r"\s*-?\d+\s*(,\s*-?\d+\s*)*", chosen):
        return tuple(int(part) for part in chosen.split(","))
    if not chosen.strip() or re.match(r"\s*-?\d", chosen):
        raise ScoreError(argument, f" {chosen}: expected {_ACCEPTED}")
    return None


def select(argument: Argument, chosen: Selection, topology: Any, within: Atoms | None = None) -> Atoms:
    """Atom numbers of a selection, in its own order, each once.

    Parameters
    ----------
    argument
        What an error names.
    chosen
        The selection.
    topology
        MDTraj's.
    within
        The atoms of one copy of the machine, to which the selection is narrowed; None for all.

    Raises
    ------
    ScoreError
        The text can't be read, or names an atom twice, none, or one that is not there.
    """
    numbers = parse_indices(argument, chosen)
    shown = chosen if isinstance(chosen, str) else ",".join(map(str, chosen))
    if numbers is None:
        try:
            numbers = tuple(int(i) for i in topology.select(chosen))
        except Exception as error:  # MDTraj's parser raises its own and Python's errors alike
            reason = " ".join(str(error).split())[:100]
            raise ScoreError(
                argument, f" {shown}: MDTraj can't read it ({reason}); expected {_ACCEPTED}"
            ) from error
    if not numbers:
        raise ScoreError(
            argument, f" {shown}: selects no atom of the {topology.n_atoms}; expected {_ACCEPTED}"
        )
    wrong = [i for i in numbers if not 0 <= i < topology.n_atoms]
    if wrong:
        raise ScoreError(
            argument,
            f" {shown}: got atom {wrong[0]}; expected 0-based indices from 0 to {topology.n_atoms - 1}",
        )
    if len(set(numbers)) != len(numbers):
        twice = next(i for i in numbers if numbers.count(i) > 1)
        raise ScoreError(argument, f" {shown}: got atom {twice} twice; expected each atom once")
    atoms = np.array(numbers, dtype=np.int64)
    if within is not None:
        atoms = atoms[np.isin(atoms, within)]
        if not atoms.size:
            raise ScoreError(argument, f" {shown}: selects no atom here; expected atoms of every copy")
    return atoms


def check_axle(argument: Argument, chosen: Selection) -> None:
    """What can be said of an axle without a topology.

    Raises
    ------
    ScoreError
        A list of numbers that are not two.
    """
    if isinstance(chosen, str) and _ARROW in chosen:
        return
    numbers = parse_indices(argument, chosen)
    if numbers is not None and len(numbers) != 2:
        raise ScoreError(argument, f" {chosen}: expected two atoms, such as ", argument, " 3,8")


def select_axle(
    argument: Argument, chosen: Selection, topology: Any, within: Atoms | None = None
) -> tuple[Atoms, Atoms]:
    """The atoms of an axle's tail and head; each end is the mean place of its atoms.

    Parameters
    ----------
    argument
        What an error names.
    chosen
        Two atoms, from -> to (a selection gives them in the topology's order), or two selections with
        ``->`` between them.
    topology
        MDTraj's.
    within
        The atoms of one copy of the machine; None for all.

    Raises
    ------
    ScoreError
        As :func:`select`, or there are not two ends.
    """
    check_axle(argument, chosen)
    if isinstance(chosen, str) and _ARROW in chosen:
        ends = [select(argument, part, topology, within) for part in chosen.split(_ARROW)]
    else:
        ends = [np.array([i]) for i in select(argument, chosen, topology, within)]
    if len(ends) != 2:
        raise ScoreError(
            argument,
            f" {chosen}: selects {len(ends)} atoms; expected two, or two selections as in "
            "'name C1 C2 -> name C8'; where they are of several copies, ",
            EACH,
            " residue",
        )
    if np.array_equal(np.sort(ends[0]), np.sort(ends[1])):
        raise ScoreError(argument, f" {chosen}: both ends are the same; expected two different ones")
    return ends[0], ends[1]
