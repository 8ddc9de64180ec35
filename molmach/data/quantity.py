"""A quantity: what it is of each replica, how the means combine, its unit, its bounds and its interval.

Whoever brings a quantity (motion, stations, followers, energies, a drive) says it as one :class:`Quantity`;
:mod:`molmach.scoring.quantities` gathers them, and scores, objectives of campaigns, scans and the list in the
documentation read them there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from molmach.building import Scale
from molmach.data.intervals import Combine, Interval, Jackknife, Student
from molmach.data.observed import Known, Observed
from molmach.data.statistics import Estimate, Floats

Samples = Mapping[str, ArrayLike]
"""Name -> (n_replicas,) numbers, one a replica."""

Sampler = Callable[[Observed], Mapping[str, Floats]]
"""Gives (n_replicas,) numbers by name; none of what can't be known of the observed."""

NOT_NEGATIVE = (0.0, math.inf)
SHARE = (0.0, 1.0)


@dataclass(frozen=True)
class Need:
    """What a quantity asks of a run to stand in its score.

    Attributes
    ----------
    words
        What it is.
    met
        Whether it is there, of a run, a motion, or a machine that is not simulated yet.
    """

    words: str
    met: Callable[[Known], bool]


ANY_MOTION = Need("any motion", lambda known: True)
CLOSED = Need("a coordinate with a period", lambda known: known.scale.period is not None)
OPEN = Need("a coordinate without a period", lambda known: known.scale.period is None)
COUNTED = Need(
    "a coordinate with a period, or with stations",
    lambda known: known.scale.period is not None or bool(known.station_names),
)
STATIONS = Need("stations", lambda known: bool(known.station_names))
SEVERAL_STATIONS = Need("two stations or more", lambda known: len(known.station_names) > 1)
COUNTABLE = Need(
    "a coordinate with a period, or with two stations or more",
    lambda known: known.scale.period is not None or len(known.station_names) > 1,
)
FOLLOWERS = Need("wheels that the rotor turns", lambda known: bool(known.follower_names))
A_RUN = Need("a simulated run", lambda known: known.drive is not None)
A_TURNING_RUN = Need(f"{A_RUN.words} of {CLOSED.words}", lambda known: A_RUN.met(known) and CLOSED.met(known))
A_LOAD = Need("a load", lambda known: known.drive is not None and known.drive.load != 0.0)
OBJECTIVES_ALONE = Need("a campaign, as an objective", lambda known: False)


def mean(values: Floats) -> Floats:
    """A quantity that is the mean of its own numbers."""
    return values


def always_defined(*samples: Floats) -> str:
    """Nothing can be said against a quantity."""
    return ""


def ratio(above: Floats, below: Floats) -> Floats:
    """Quotient of means; nan where the lower is zero."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below != 0.0, np.divide(above, below), math.nan)


@dataclass(frozen=True)
class Quantity:
    """One number of a machine, with the way to it.

    Attributes
    ----------
    name
        As in results and objectives. ``{unit}`` and ``{event}`` stand for what the coordinate's motion is
        counted in (:class:`molmach.building.Scale`), ``{name}`` for a station's or a follower's name.
    meaning
        In half a sentence.
    unit
        With the same placeholders, and ``{per_unit}`` for 1 over the coordinate's unit, which is a pure
        number where motion is counted in periods.
    of
        Names of the numbers per replica of which it is a function; default its own name.
    combine
        That function, of their means, each a (k,) array; default the mean itself.
    bounds
        The values that it can have; intervals are cut there.
    interval
        How its interval is made; default Student's for a mean and the jackknife for other functions.
    needs
        What a run must have for it to stand in the run's score.
    beside
        Names of numbers per replica that the interval takes beside those of ``of``, where all are known.
    sampler
        Gives numbers of ``of`` that every run does not have in any case.
    asks
        What a machine must have for it to be an objective; default what it needs in a score, and nothing
        of those that are objectives alone.
    undefined
        Takes the numbers of ``of``, each (n_replicas,), and says why there is no such quantity; '' where
        there is one.
    decades
        Whether it is positive and spans decades, so that distances between its values are told in these.
    """

    name: str
    meaning: str
    unit: str
    of: tuple[str, ...] = ()
    combine: Combine = mean
    bounds: tuple[float, float] = (-math.inf, math.inf)
    interval: Interval | None = None
    needs: Need = ANY_MOTION
    sampler: Sampler | None = None
    asks: Need | None = None
    beside: tuple[str, ...] = ()
    undefined: Callable[..., str] = always_defined
    decades: bool = False

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the numbers per replica that are asked for."""
        return self.of or (self.name,)

    @property
    def asked(self) -> Need:
        """What a machine must have for it to be an objective."""
        if self.asks is not None:
            return self.asks
        return ANY_MOTION if self.needs is OBJECTIVES_ALONE else self.needs

    @property
    def way(self) -> Interval:
        """How its interval is made."""
        if self.interval is not None:
            return self.interval
        return Student() if self.combine is mean else Jackknife()

    def known_from(self, samples: Samples) -> bool:
        """Whether its numbers are among those that were taken."""
        return all(name in samples for name in self.inputs)

    def estimate(self, samples: Samples) -> Estimate:
        """Value and 95 % interval from one number a replica of each of :attr:`inputs`."""
        arrays = [np.asarray(samples[name], dtype=np.float64) for name in self.inputs]
        reason = self.undefined(*arrays)
        if reason:
            return Estimate(math.nan, (math.nan, math.nan), self.unit, undefined=reason)
        if all(name in samples for name in self.beside):
            arrays += [np.asarray(samples[name], dtype=np.float64) for name in self.beside]
        return replace(self.way.estimate(arrays, self.combine).within(self.bounds), unit=self.unit)

    def on(self, scale: Scale) -> Quantity:
        """The quantity of a coordinate whose motion is counted so."""
        per_unit = "1" if scale.period == scale.unit_size else f"1/{scale.unit}"
        return self._filled({"unit": scale.unit, "event": scale.event, "per_unit": per_unit})

    def called(self, name: str) -> Quantity:
        """The quantity of one of its family: of a station's or a follower's name."""
        return self._filled({"name": name})

    def _filled(self, words: Mapping[str, str]) -> Quantity:
        def fill(text: str) -> str:
            return re.sub(r"\{(\w+)\}", lambda match: words.get(match[1], match[0]), text)

        return replace(
            self,
            name=fill(self.name),
            unit=fill(self.unit),
            meaning=fill(self.meaning),
            of=tuple(map(fill, self.of)),
            beside=tuple(map(fill, self.beside)),
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = re.split(r"\{(\w+)\}", self.name)
        return re.compile(
            "".join(re.escape(part) if k % 2 == 0 else rf"(?P<{part}>\w+)" for k, part in enumerate(parts))
        )

    def matching(self, name: str) -> Quantity | None:
        """The quantity of that name, itself or of its family; None where the name is not one of them.

        >>> Quantity("occupancy_{name}", "share of the time", "1").matching("occupancy_left").name
        'occupancy_left'
        """
        match = self._pattern.fullmatch(name)
        return None if match is None else self._filled(match.groupdict())


def named(quantities: Sequence[Quantity], name: str) -> Quantity | None:
    """The quantity of a name; one that is called so goes before one whose family has it."""
    for quantity in quantities:
        if quantity.name == name:
            return quantity
    return next((member for q in quantities if (member := q.matching(name)) is not None), None)
