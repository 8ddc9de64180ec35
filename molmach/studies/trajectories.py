"""Trajectories made elsewhere: read, scored and, where a folder is named, written with a page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from molmach.data import UNKNOWN, Motion
from molmach.data.copies import Copies
from molmach.data.statistics import finite_or_none
from molmach.files import write_json
from molmach.report import write_trajectory_report
from molmach.scoring import CopiesScore, Score, read_trajectories, score
from molmach.scoring.copies import DEPENDENT
from molmach.scoring.selection import Selection
from molmach.studies import folder
from molmach.studies.folder import fresh
from molmach.studies.provenance import provenance

SCHEMA = "molmach.score/1"


@dataclass(frozen=True)
class Plan(folder.Plan):
    """Trajectories to be scored.

    Attributes
    ----------
    topology, trajectories, axle, rotor
        As :func:`molmach.read_trajectories` takes them.
    options
        Its other arguments, where they are not its defaults.
    source
        Where the trajectories come from, as the user named it.
    """

    topology: str | Path
    trajectories: tuple[str | Path, ...]
    axle: Selection
    rotor: Selection
    options: Mapping[str, Any] = field(default_factory=dict)
    source: Mapping[str, Any] = field(default_factory=dict)

    noun = "score"
    document = "score.json"
    pieces = ()

    @property
    def identity(self) -> folder.Identity:
        """sha256 of what is read and how, hexadecimal."""
        parts = (self.topology, self.trajectories, self.axle, self.rotor, sorted(self.options.items()))
        return {"key": hashlib.sha256(repr(parts).encode()).hexdigest()}

    @property
    def default_place(self) -> Path:
        """``runs/<first twelve characters of the key>-score``."""
        return Path("runs") / f"{self.identity['key'][:12]}-score"


@dataclass(frozen=True, eq=False)
class Result:
    """What was read, and its score.

    Attributes
    ----------
    motion
        Of the trajectories; of several copies of the machine, their mean.
    score
        Its score.
    source
        Where it comes from, as the user named it.
    origin
        Provenance: date and versions.
    copies, scores
        The motion and the score of every copy; None where there is one machine.
    """

    motion: Motion
    score: Score
    source: Mapping[str, Any]
    origin: Mapping[str, Any]
    copies: Copies | None = None
    scores: CopiesScore | None = None

    def to_json(self) -> dict[str, Any]:
        """The JSON document: schema ``molmach.score/1``.

        ``unknown`` says of each quantity of a run that is not here why it can't be known.
        """
        times = self.motion.time_ps
        copies = (
            {}
            if self.scores is None
            else {
                "copies": self.scores.to_json(),
                "statistics": {"each": self.scores.each, "copies": DEPENDENT, "replicas": "independent"},
            }
        )
        return {
            "schema": SCHEMA,
            "score": self.score.to_json(),
            "controls": {},
            "unknown": UNKNOWN,
            "machine": {
                "moment_of_inertia": finite_or_none(self.motion.moment_of_inertia),
                "units": {"moment_of_inertia": "u nm^2"},
            },
            "source": {
                **self.source,
                "frames": int(times.size),
                "interval": float(times[1] - times[0]),
                "units": {"interval": "ps"},
            },
            **copies,
            "provenance": dict(self.origin),
        }


def run(plan: Plan, out: str | Path | None = None) -> Result:
    """Read and score; write a new folder ``out``, where one is named, which appears whole.

    Raises
    ------
    ScoreError
        As :func:`molmach.read_trajectories`.
    SpecError
        The folder holds something, or can't be written.
    """
    place = None if out is None else plan.folder(out)
    if place is not None:
        place.require_free()
    read = read_trajectories(plan.topology, plan.trajectories, plan.axle, plan.rotor, **plan.options)
    result = _scored(read, plan.source)
    if place is not None:
        with place.held() as work:
            place.require_free()
            place.claim()
            made = fresh(work / "result")
            _write(result, place.place.name, made)
            place.publish(made)
    return result


def _scored(read: Motion | Copies, source: Mapping[str, Any]) -> Result:
    if isinstance(read, Motion):
        return Result(read, score(read), source, provenance())
    scores = score(read)
    return Result(read.mean, scores.mean, source, provenance(), read, scores)


def _write(result: Result, name: str, directory: Path) -> None:
    """Write ``coordinate.npz``, ``report.html`` with its plots, and last ``score.json``."""
    document = result.to_json()
    source = document["source"] | document["provenance"]["versions"]
    shown = {key: _shown(value) for key, value in source.items() if key != "units"}
    shown["interval"] += " ps"
    (result.copies or result.motion).save(directory / "coordinate.npz")
    write_trajectory_report(result.motion, result.score, name, shown, directory)
    write_json(directory / Plan.document, document)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
