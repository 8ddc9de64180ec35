"""Parts of a machine's coordinate that its symmetry makes equal: used, and held against what a run did."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molmach import drives
from molmach.building import Assembly, coordinate_of, kind_of
from molmach.building.symmetry import rotor_fold, stator_fold
from molmach.building.track_symmetry import track_symmetries
from molmach.data import Run
from molmach.data.renewal import share_from_visits
from molmach.data.statistics import Floats
from molmach.data.wells import Wells, wells_of
from molmach.drives.equal_places import treats_alike
from molmach.units import TURN, thermal_energy

Ints = NDArray[np.int64]

CONTRADICTION = 0.99
"""Confidence of the interval that a share demanded by symmetry must lie in."""


@dataclass(frozen=True)
class EqualParts:
    """Equal parts of a coordinate.

    Attributes
    ----------
    period
        Of the coordinate, in its unit; None where it is open.
    fold
        How many equal parts a period has, one the next moved on.
    middle
        Place about which either side is the other's reflection; None where none is known.
    """

    period: float | None = None
    fold: int = 1
    middle: float | None = None

    @property
    def part(self) -> float | None:
        """Of the period, that which is repeated."""
        return None if self.period is None else self.period / self.fold

    @property
    def count(self) -> int:
        """How many parts there are."""
        return self.fold * (1 if self.middle is None else 2)

    def reflected(self, values: Floats) -> Floats:
        """Values on the other side of the middle, as far away."""
        assert self.middle is not None, "asked of a coordinate whose sides are equal"
        return np.asarray(2.0 * self.middle - values)

    def wells(self, coordinate: Floats, limits: tuple[float, float]) -> Wells:
        """Wells of one part, of a coordinate between limits."""
        if self.middle is None:
            return wells_of(coordinate.ravel(), self.part, limits, least_share=0.0)
        lowest = limits[0] if self.part is None else self.middle - 0.5 * self.part
        return wells_of(self.reduced(coordinate).ravel(), None, (lowest, self.middle), least_share=0.0)

    def reduced(self, values: Floats) -> Floats:
        """The equal places below the middle; values themselves where there is none."""
        if self.middle is None:
            return values
        away = values - self.middle
        if self.part is not None:
            away = away - self.part * np.round(away / self.part)
        return np.asarray(self.middle - np.abs(away))

    def numbered(self, coordinate: Floats, wells: Wells, well: int) -> tuple[Ints, int]:
        """Which of the equal copies of a well each value is in or next to, and how many copies there are.

        A well at a place that is its own reflection has none on the other side.
        """
        if self.middle is None:
            assert self.part is not None, "an open coordinate has equal parts by reflection alone"
            sector = np.round((coordinate - wells.peaks[well]) / self.part).astype(np.int64)
            return sector % self.fold, self.fold
        away = coordinate - self.middle
        sector = np.zeros(away.shape) if self.part is None else np.round(away / self.part)
        if wells.core[-1] == well:
            return sector.astype(np.int64) % self.fold, self.fold
        if self.part is not None and wells.core[0] == well:
            return np.floor(away / self.part).astype(np.int64) % self.fold, self.fold
        above = away - sector * (0.0 if self.part is None else self.part) > 0.0
        return (sector.astype(np.int64) % self.fold) * 2 + above, 2 * self.fold

    @property
    def statement(self) -> str:
        """That the parts are taken together."""
        parts = f"{self.count} parts of a turn equal"
        if self.period is None:
            parts = "both halves of the way along the axle equal"
        elif self.middle is not None:
            parts += ", every second one reversed"
        return f"the machine's symmetry makes {parts}, and shares are means over them"


def equal_parts_of(run: Run) -> EqualParts:
    """Of a run's coordinate: by turns of its rotor or stator, or by what lays its track on itself.

    A symmetry of what stands still counts where the drive leaves it.
    """
    assembly = run.assembly
    terms = drives.terms(run.drive, assembly, thermal_energy(run.spec.protocol.temperature))
    period = coordinate_of(assembly).scale.period
    if assembly.track is None:
        if period is None:
            return EqualParts()
        fold = math.lcm(rotor_fold(assembly), 1 if terms.has_field else stator_fold(assembly))
        return EqualParts(period, fold)
    left = [s for s in track_symmetries(assembly) if treats_alike(terms, run.drive.load, assembly, s)]
    turns = [symmetry.shift for symmetry in left if not symmetry.reversed]
    fold = len(assembly.track.path) // min(turns) if turns else 1
    reversals = [symmetry.shift for symmetry in left if symmetry.reversed]
    return EqualParts(period, fold, _middle(assembly, reversals[0], period) if reversals else None)


def _middle(assembly: Assembly, shift: int, period: float | None) -> float | None:
    """Place about which that reversal reflects the coordinate; None where it is no place on the track."""
    path, kind = assembly.require_track().path, kind_of(assembly.kind)
    places = [kind.place(assembly, (atom,)) for atom in path]
    if None in places:
        return None
    at = np.array(places, dtype=np.float64)
    twice = at + at[(shift - np.arange(len(path))) % len(path)]
    if period is None:
        return 0.5 * float(twice.mean())
    return 0.5 * float(np.angle(np.exp(1j * TURN / period * twice).mean())) * period / TURN


def held_against(
    equal: EqualParts, coordinate: Floats, wells: Wells, visits: Ints
) -> tuple[list[str], list[str]]:
    """That equal parts were taken together; and where the run contradicts it, that.

    Parameters
    ----------
    equal
        What symmetry demands.
    coordinate
        (n_replicas, n_samples).
    wells, visits
        Of one part, and (n_replicas, n_samples) which was visited last.
    """
    if equal.count == 1:
        return [], []
    deepest = int(np.argmax(np.bincount(visits.ravel(), minlength=wells.count)))
    copy, copies = equal.numbered(coordinate, wells, deepest)
    core = wells.core[wells.bins(equal.reduced(coordinate))] == deepest
    latest = np.maximum.accumulate(np.where(core, np.arange(core.shape[1]), 0), axis=1)
    held = np.take_along_axis(copy, latest, axis=1)
    changed = held[:, 1:] != held[:, :-1]
    if copies > 1 and not changed.any():
        return [f"{equal.statement}; no replica went from one to another"], []
    for number in range(copies if copies > 1 else 0):
        inside = held == number
        low, high = share_from_visits(
            float(inside.mean()), float((inside[:, 1:] & changed).sum()),
            float((inside[:, :-1] & changed).sum()), 1.0 - (1.0 - CONTRADICTION) / copies,
        )  # fmt: skip
        if not low <= 1.0 / copies <= high:
            return [], [
                f"{equal.statement}; but the run contradicts it: {inside.mean():.3g} ({low:.3g} to "
                f"{high:.3g}, 99 %) of the time in one of them, for 1/{copies}; it may need a longer "
                "equilibration, or move less symmetrically than it is built"
            ]
    return [equal.statement], []
