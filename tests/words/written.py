"""A small ledger written by hand, about which the statements beside it were written."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from molmach.search import Design, Finding, Measured, State, Trial
from molmach.search.record.rows import Foretold
from molmach.search.record.trial import CONFIRMATION
from tests.helpers.ledgers import Scribe, campaign

_STUDENT = 2.04


def _measured(value: float, half: float) -> Measured:
    return Measured(value, half / _STUDENT, value - half, value + half)


def _control(value: float, half: float) -> dict[str, Any]:
    velocity = {"value": value, "ci95": [value - half, value + half], "unit": "turn/ns"}
    return {"velocity": velocity, "p_value": 0.4, "passed": True, "statement": "as it must"}


_MACHINES: tuple[tuple[Any, ...], ...] = (
    # R10, R11, GHz, velocity, directionality, agent, predicted
    ("hydrogen", "hydrogen", 50.0, (0.4, 1.6), (0.02, 0.05), "random", None),
    ("cyano", "fluoro", 100.0, (92.0, 3.0), (0.93, 0.03), "bayesian", (85.0, 10.0)),
    ("cyano", "cyano", 200.0, (121.0, 3.0), (0.97, 0.01), "bayesian", (110.0, 12.0)),
    ("chloro", "methyl", 100.0, (45.2, 2.4), (0.71, 0.06), "evolutionary", None),
    ("hydroxy", "hydroxy", 300.0, (-12.5, 2.1), (-0.33, 0.05), "random", None),
    ("methyl", "hydroxy", 150.0, None, None, "evolutionary", None),
)
_THEORY = {2: (80.0, 20.0), 3: (131.0, 15.0)}


def written(folder: Path) -> tuple[Path, dict[str, str]]:
    """The campaign's folder, and what statements put in braces: keys k1 to k6 and molecules s1 to s6."""
    goals = [{"maximise": "velocity"}, {"maximise": "directionality"}]
    scribe = Scribe(campaign(objectives=goals), folder)
    names: dict[str, str] = {}
    for number, (r10, r11, frequency, velocity, directionality, agent, predicted) in enumerate(_MACHINES, 1):
        rest = {"R12": "hydrogen", "R13": "hydrogen", "drive.frequency": frequency}
        values: dict[str, str | float] = {"R10": r10, "R11": r11, **rest}
        design = Design.of(values)
        machine = scribe.space.resolve(design)
        mean, sd = predicted or (None, None)
        others = ((None, None),) if predicted else ()
        trial = Trial(0, agent, 0, design, "looks good", mean, sd, State.PROPOSED, others=others)
        scribe.ledger.add(trial.queued(machine.key, machine.smiles).started())
        measured = () if velocity is None else (_measured(*velocity), _measured(*directionality))
        reason = "" if measured else "the integration diverged: step 12"
        scribe.enter(_finding(f"job{number}", machine.key, agent, 0, reason, measured, {}))
        names |= {f"k{number}": machine.key[:12], f"s{number}": machine.smiles}
        if number in _THEORY:
            mean, sd = _THEORY[number]
            scribe.ledger.foretell(machine.key, Foretold((mean, None), (sd, None), "rotor in a field"))
        if number == 2:
            controls = {
                "verdict": "forward",
                "undriven": _control(0.31, 1.0),
                "mirror": _control(-90.8, 1.2),
                "warnings": [],
            }
            again = (_measured(91.1, 1.2), _measured(0.93, 0.02))
            scribe.enter(_finding("again2", machine.key, agent, CONFIRMATION, "", again, controls))
    return scribe.end(), names


def _finding(
    key: str, machine: str, agent: str, rung: int, reason: str, measured: tuple[Measured, ...], controls: Any
) -> Finding:
    return Finding(key, machine, agent, rung, reason, measured, 1.0, 1000, False, time.time(), 1, controls)
