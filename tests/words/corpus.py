"""Statements about a ledger, made of its rows by templates: honest ones, and the same with something made up.

Nothing here knows how the gate reads words: rows are read from the ledger's tables, and sentences are put
together from them as agents and people put them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from molmach.search.record.ledger import Ledger
from molmach.search.record.trial import Finding, Trial

_HONEST = (
    "Trial {n} reached {v} ± {h} {u}.",
    "Trial {n} was measured at {v} {u} and is worth a second look.",
    "#{n} has a velocity of {v} {u}, interval {low} to {high}.",
    "Machine {k} turns at {v} {u}.",
    "{s} gave {v} ± {h} {u}.",
    "I start from trial {n}, whose velocity is {v} +/- {h} {u}, and change one group.",
    "The velocity of trial {n} is about {round} {u}.",
    "trial {n}: velocity = {v} {u}",
    "Of all that I know, trial {n} is typical: [{low}, {high}] {u}.",
    "With {v} {u} trial {n} does better than a machine that stands still.",
    "Trial {n} ({v} {u}) has {group} at R10.",
    "Trial {n} makes {pico} turn/ps at {ghz} GHz.",
    "Trial {n} against trial {m}: {v} against {w} {u}.",
    "Trial {n} beats trial {m} by {diff} {u}.",
)
_FAR = (
    "Trial {n} reached {V} ± {h} {u}.",
    "Trial {n} was measured at {V} {u} and is worth a second look.",
    "#{n} has a velocity of {V} {u}.",
    "Machine {k} turns at {V} {u}.",
    "{s} gave {V} ± {h} {u}.",
    "I start from trial {n}, whose velocity is {V} +/- {h} {u}, and change one group.",
    "The velocity of trial {n} is about {V} {u}.",
    "trial {n}: velocity = {V} {u}",
    "Trial {n} ({V} {u}) has {group} at R10.",
    "Trial {n} was measured at {v} ± {narrow} {u}.",
    "Trial {n} turns at {v} turn/ms.",
    "Trial {n} turns at {minus} {u}.",
    "Trial {n} makes {v} {u} at {GHZ} GHz.",
    "Trial {n} against trial {m}: {v} against {W} {u}.",
    "Trial {n} beats trial {m} by {DIFF} {u}.",
)


@dataclass(frozen=True)
class Statement:
    """A text, and whether the ledger bears it out."""

    text: str
    honest: bool


def statements(ledger: Ledger, seed: int, each: int) -> Iterator[Statement]:
    """So many honest and so many fabricated statements about a ledger's first objective, a velocity."""
    rng = np.random.default_rng(seed)
    rows = list(_rows(ledger))
    for honest, templates in ((True, _HONEST), (False, _FAR)):
        for number in range(each):
            template = templates[number % len(templates)]
            one, other = _pair(rows, rng, template)
            yield Statement(template.format(**_fields(one, other, rng)), honest)


def _rows(ledger: Ledger) -> Iterator[tuple[Trial, Finding]]:
    longest: dict[str, Finding] = {}
    for finding in ledger.findings():
        if finding.ok and finding.rung >= longest.get(finding.machine, finding).rung >= 0:
            longest[finding.machine] = finding
    seen: set[str] = set()
    for trial in ledger.trials():
        once = trial.smiles not in seen  # a molecule under two frequencies is two machines
        if trial.machine in longest and trial.machine not in seen and once:
            seen |= {trial.machine, trial.smiles}
            yield trial, longest[trial.machine]


def _pair(
    rows: list[tuple[Trial, Finding]], rng: np.random.Generator, template: str
) -> tuple[tuple[Trial, Finding], tuple[Trial, Finding]]:
    """Two rows, the first clearly above zero and, where one beats the other, above the second."""
    while True:
        i, j = rng.choice(len(rows), size=2, replace=False)
        a, b = rows[int(i)][1].measured[0], rows[int(j)][1].measured[0]
        if a.low > 2.0 and a.value > 3.0 * (a.high - a.value) and (a.low > b.high or "beats" not in template):
            return rows[int(i)], rows[int(j)]


def _fields(
    one: tuple[Trial, Finding], other: tuple[Trial, Finding], rng: np.random.Generator
) -> dict[str, str]:
    trial, m = one[0], one[1].measured[0]
    there = other[1].measured[0]
    half = 0.5 * (m.high - m.low)
    away = half * rng.uniform(3.0, 8.0) + 0.1 * abs(m.value)
    far = m.value + away if rng.random() < 0.7 or m.value - away < 0.0 else m.value - away
    digit = 10.0 ** math.floor(math.log10(half)) if half > 0.0 else 1.0
    frequency = float(trial.design["drive.frequency"])
    difference = m.value - there.value
    spread = math.hypot(half, 0.5 * (there.high - there.low))
    places = max(0, -math.floor(math.log10(max(half, 1e-3))) + 1)
    return {
        "n": str(trial.number), "m": str(other[0].number), "k": trial.machine[:12], "s": trial.smiles,
        "v": f"{m.value:.{places}f}", "w": f"{there.value:.{places}f}", "h": f"{half:.{places}f}",
        "low": f"{m.low:.{places}f}", "high": f"{m.high:.{places}f}", "u": "turn/ns",
        "round": f"{round(m.value / digit) * digit:g}", "pico": f"{m.value / 1000.0:.5g}",
        "ghz": f"{frequency:.4g}", "GHZ": f"{frequency * 1.7:.4g}", "group": str(trial.design["R10"]),
        "V": f"{far:.{places}f}", "W": f"{there.value + away + 3.0 * spread:.{places}f}",
        "narrow": f"{half / 10.0:.{places + 1}f}", "minus": f"-{m.value:.{places}f}",
        "diff": f"{difference:.{places}f}", "DIFF": f"{difference + 4.0 * spread + 5.0:.{places}f}",
    }  # fmt: skip
