"""Designs of a space at random, by number, and in a random order, whatever their number."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from molmach.errors import MolmachError
from molmach.search.space.design import Categorical, Design, Value, Variable
from molmach.search.space.limits import MOST_CHOSEN, Frame, Within, frame_of, machine_mass, mass_of
from molmach.search.space.order import random_order
from molmach.spec import MachineSection
from molmach.spec.space import Constraints

_CHECKED = 8
"""Designs at random whose weights are held against what adds up, before it is relied on."""


class Drawing:
    """Designs, of which those that weigh too much are left out where weights add up.

    Parameters
    ----------
    variables
        Of the space.
    sites, choices
        Names of those variables that are substituents, and of those that choose parts.
    within
        What keeps to the limits; None where there are none, or weights do not add up.
    """

    def __init__(
        self,
        variables: Sequence[Variable],
        sites: Sequence[str],
        choices: Sequence[str],
        within: Within | None,
    ) -> None:
        named = {variable.name: variable for variable in variables if isinstance(variable, Categorical)}
        self._variables, self.within = tuple(variables), within
        self._sites = [named[name] for name in sites] if within else []
        self._choices = [named[name] for name in choices] if within else []
        held = {variable.name for variable in (*self._sites, *self._choices)}
        self._free = [variable for variable in variables if variable.name not in held]

    @property
    def count(self) -> int | None:
        """How many there are; None where a variable is continuous."""
        counts = [variable.count for variable in self._free]
        if None in counts:
            return None
        within = 1 if self.within is None else self.within.count
        return within * math.prod(count for count in counts if count is not None)

    def sample(self, rng: np.random.Generator) -> Design:
        """One at random, each as likely as any other; of all, where none keeps to the limits."""
        if self.within is None or not self.within.count:
            return Design.of({variable.name: variable.sample(rng) for variable in self._variables})
        values = {variable.name: variable.sample(rng) for variable in self._free}
        return Design.of(values | self._within_limits(_below(self.within.count, rng)))

    def _within_limits(self, number: int) -> dict[str, Value]:
        assert self.within is not None, "only designs within limits have such numbers"
        frame, filled = self.within.at(number)
        values: dict[str, Value] = {}
        for variable in reversed(self._choices):
            frame, place = divmod(frame, variable.count)
            values[variable.name] = variable.values[place]
        sites = zip(self._sites, filled, strict=True)
        return values | {variable.name: variable.values[place] for variable, place in sites}

    def at(self, number: int) -> Design:
        """The design of a number from 0 to :attr:`count` - 1."""
        values: dict[str, Value] = {}
        for variable in self._free:
            assert variable.count is not None, "a continuous variable has no numbers"
            number, place = divmod(number, variable.count)
            values[variable.name] = (
                variable.values[place] if isinstance(variable, Categorical) else int(variable.low) + place
            )
        if self.within is not None:
            values |= self._within_limits(number)
        return Design.of(values)

    def in_random_order(self, rng: np.random.Generator, start: int = 0) -> Iterator[Design]:
        """All, each once, from a place of a random order on and then from its beginning."""
        count = self.count
        if not count:
            return
        order: Callable[[int], int] = random_order(count, rng)
        for place in range(count):
            yield self.at(order((start + place) % count))


def _below(count: int, rng: np.random.Generator) -> int:
    """A whole number below one that may be of any size, each as likely."""
    bits = count.bit_length()
    while True:
        number = int.from_bytes(rng.bytes((bits + 7) // 8), "little") >> (-bits % 8)
        if number < count:
            return number


def within_of(
    limits: Constraints,
    variables: Sequence[Variable],
    substituents: Mapping[str, Mapping[str, str]],
    choices: Sequence[str],
    machine_of: Callable[[Design], MachineSection],
) -> Within | None:
    """What keeps to the additive limits of a space; None where there are none, or weights do not add up.

    Parameters
    ----------
    limits
        Of the space.
    variables
        Of the space.
    substituents
        Name of a site's variable -> name of each of its values -> SMILES.
    choices
        Names of the variables that choose parts.
    machine_of
        The machine's section of a design; may raise MolmachError.
    """
    named = {variable.name: variable for variable in variables if isinstance(variable, Categorical)}
    chosen = [named[name] for name in choices]
    limited = limits.molecular_weight is not None or limits.heavy_atoms is not None
    if not limited or math.prod(variable.count for variable in chosen) > MOST_CHOSEN:
        return None
    masses = [
        np.array([mass_of([members[value]]) for value in named[site].values])
        for site, members in substituents.items()
    ]
    middle = {v.name: v.values[0] if isinstance(v, Categorical) else v.at(0.5) for v in variables}
    try:
        frames = []
        for options in itertools.product(*(variable.values for variable in chosen)):
            reference = Design.of({**middle, **dict(zip(choices, options, strict=True))})
            frame = _frame(reference, named, list(substituents), masses, machine_of)
            if frame is None:
                return None
            frames.append(frame)
        within = Within(limits, masses, frames)
        return (
            within if _adds_up(within, frames, masses, variables, substituents, chosen, machine_of) else None
        )
    except (MolmachError, AttributeError, TypeError, ValueError):  # what is no machine has no weight
        return None


def _frame(
    reference: Design,
    named: Mapping[str, Categorical],
    sites: Sequence[str],
    masses: Sequence[np.ndarray],
    machine_of: Callable[[Design], MachineSection],
) -> Frame | None:
    heavier = {}
    for number, (site, values) in enumerate(zip(sites, masses, strict=True)):
        more = values - values[0]
        other = int(np.argmax(np.abs(more[:, 0])))
        if more[other, 0]:
            design = reference.replace(**{site: named[site].values[other]})
            heavier[number] = machine_mass(machine_of(design)), more[other]
    return frame_of(machine_mass(machine_of(reference)), heavier, [values[0] for values in masses])


def _adds_up(
    within: Within,
    frames: Sequence[Frame],
    masses: Sequence[np.ndarray],
    variables: Sequence[Variable],
    substituents: Mapping[str, Mapping[str, str]],
    chosen: Sequence[Categorical],
    machine_of: Callable[[Design], MachineSection],
) -> bool:
    """Whether designs at random weigh what their parts do."""
    rng = np.random.default_rng(0)
    for _ in range(_CHECKED):
        design = Design.of({variable.name: variable.sample(rng) for variable in variables})
        frame = 0
        for variable in chosen:
            frame = frame * variable.count + variable.values.index(str(design[variable.name]))
        sites = zip(frames[frame].times, masses, substituents.items(), strict=True)
        sums = np.array(frames[frame].mass)
        for often, values, (site, members) in sites:
            sums = sums + often * values[list(members).index(str(design[site]))]
        if np.any(np.abs(machine_mass(machine_of(design)) - sums) > 0.01):
            return False
    return True
