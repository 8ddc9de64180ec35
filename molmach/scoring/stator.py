"""The atoms against which angles are taken: those that don't turn with a wheel."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from molmach.data.statistics import Floats
from molmach.errors import ScoreError
from molmach.scoring.carried import carried, neighbours, refuse_scattered, turns_about_another
from molmach.scoring.machine import Machine, bonded_groups
from molmach.scoring.selection import STATOR, Atoms
from molmach.scoring.wheel import Wheel


def still_atoms(
    machine: Machine, wheels: Sequence[Wheel], files: Sequence[Floats], weights: Floats
) -> tuple[Atoms, list[str]]:
    """Numbers (within the machine) of the stator's atoms, and what a reader must know about them.

    Parameters
    ----------
    machine
        With the numbers that the topology has.
    wheels
        Its wheels, with numbers within the machine.
    files
        (n_frames, n_atoms, 3) of each file, whole.
    weights
        (n_atoms,) masses, or ones.

    Raises
    ------
    ScoreError
        A wheel is not one part that turns about its axle, or a chosen stator turns with one.
    """
    numbers = machine.atoms
    pairs = np.searchsorted(numbers, np.array(machine.bonds, dtype=np.int64).reshape(-1, 2))
    bonds = [(int(i), int(j)) for i, j in pairs]
    remarks = [] if machine.together else _doubts(wheels, files, bonds, weights, numbers)
    held = np.searchsorted(numbers, machine.stator)
    going = carried(wheels, files, bonds, weights, held)
    if not going.size:
        return held, remarks
    shown = ",".join(map(str, numbers[going][:10])) + (",..." if going.size > 10 else "")
    if machine.chosen:
        raise ScoreError(
            STATOR, f": turns with the rotor (atoms {shown}, bonded to it); expected atoms that do not turn"
        )
    return np.setdiff1d(held, going), [
        *remarks,
        f"atoms {shown} are bonded to the rotor beside its axle and turn with it, so they are no stator; "
        "they are in no moment of inertia, as they were not chosen with the rotor",
    ]


def _doubts(
    wheels: Sequence[Wheel],
    files: Sequence[Floats],
    bonds: list[tuple[int, int]],
    weights: Floats,
    numbers: Atoms,
) -> list[str]:
    """What is doubtful about wheels; those are refused that are no part turning about its axle."""
    around = neighbours(files[0][0], bonds, wheels)
    pairs = [(atom, other) for atom, near in enumerate(around) for other in near]
    groups = bonded_groups(range(len(numbers)), pairs)
    parts = [np.array(sorted(group), dtype=np.int64) for group in groups]
    remarks = []
    for wheel in wheels:
        if np.linalg.norm(wheel.axis(files[0][0])) < 1e-6:
            continue  # refused where the angle is taken
        refuse_scattered(wheel, files, weights, parts, numbers)
        if turns_about_another(wheel, files):
            ends = [
                {k for k, part in enumerate(parts) if np.isin(end, part).any()}
                for end in (wheel.tail, wheel.head)
            ]
            if not ends[0] & ends[1]:
                raise ScoreError(
                    wheel.argument,
                    ": turns about another line than its axle, whose ends are of two molecules; expected an "
                    "axle through the part that turns",
                )
            remarks.append(
                f"the {wheel.argument} moves along its axle as much as about it, as what turns about another "
                "line does; an axle through the middle of what turns would be a better one"
            )
    return remarks
