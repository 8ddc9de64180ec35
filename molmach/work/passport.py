"""A machine's passport: a finished claim with all that it takes to do it again, in one file."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from molmach import drives
from molmach.building import Assembly, read_sdf
from molmach.building.files import to_sdf
from molmach.data import Performance, Run, Series
from molmach.data.looks import Look, LookPlan
from molmach.engine import Condition
from molmach.errors import MolmachError, WorkError, shortened
from molmach.scoring import score
from molmach.studies.run_folder import read_document, read_run
from molmach.studies.simulation import Plan
from molmach.work.document import Document, Name
from molmach.work.replay import Verification, run_unit, verify
from molmach.work.result import TOLERANCE, Result
from molmach.work.unit import SEGMENTS, unit_of

SAME_SCORE = 1e-9
"""Relative difference between two computers' numbers of a score that counts as none."""

_SCORED = ("score", "controls", "looks", "until")
_EXACT = ("heat", "drive_work", "load_work", "events", "energy_change", "temperature", "intact")

Text = Annotated[str, Field(max_length=10**7)]


class Passport(Document):
    """A finished claim.

    Attributes
    ----------
    result
        The work unit of the claim and its controls (spec, structure, numbers, seeds) and what came of it:
        chains of digests, series, the code's identity.
    structures
        Condition -> the built machine as an SDF record with its parts.
    scored
        ``score``, ``controls``, ``looks`` and ``until`` of the run's document.
    date
        Of the run.
    """

    noun: ClassVar[str] = "passport of a machine"
    SCHEMA: ClassVar[str] = "molmach.passport/1"

    result: Result
    structures: Annotated[dict[Name, Text], Field(max_length=3)]
    scored: dict[Name, Any]
    date: Annotated[str, Field(max_length=40)]


@dataclass(frozen=True)
class Examination:
    """What came of doing a passport's claim again.

    Attributes
    ----------
    verification
        Of the dynamics.
    score
        Where the score that its series give differs from what it says, place by place; empty where nowhere.
    """

    verification: Verification
    score: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether all that was looked at is as the passport says."""
        return self.verification.same and not self.score

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return {**self.verification.to_json(), "same": self.same, "score_differs": list(self.score)}


def make_passport(
    folder: str | Path,
    segments: int = SEGMENTS,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Passport:
    """The passport of a finished run, which is carried out once more for its digests.

    Parameters
    ----------
    folder
        The run's.
    segments
        Links of each batch's chain, at most.
    progress
        See :func:`molmach.work.run_unit`.

    Raises
    ------
    ScoreError
        The folder is no finished run.
    WorkError
        It was run by the ``native`` engine, whose bits depend on the computer; or this code does not give
        the run's numbers here.
    """
    document, run = read_document(Path(folder)), read_run(folder)
    if run.performance.engine != "batched":
        raise WorkError(
            f"{folder}: was run by the {run.performance.engine} engine, whose bits depend on the computer; "
            "expected a run of the batched one"
        )
    stages = list(_stages(run))
    result = run_unit(unit_of(run.spec, stages, segments), progress)
    own = {"claim": run, **run.controls}
    for condition, series in zip(stages[0], _series(result), strict=True):
        what = _unlike(own[condition.name].series, series)
        if what:
            raise WorkError(
                f"{folder}: done again here, the {condition.name}'s {what} comes out otherwise; expected the "
                "code and the computer that it was made with"
            )
    return Passport(
        form=Passport.SCHEMA,
        result=result,
        structures={name: to_sdf(part.assembly) for name, part in own.items()},
        scored={name: document[name] for name in _SCORED},
        date=document["provenance"]["date"],
    )


def examine(passport: Passport, count: int | None = 1, random: Random | None = None) -> Examination:
    """Do a passport's claim again, in part or in whole, and score its series anew.

    Parameters as those of :func:`molmach.work.verify`.

    Raises
    ------
    WorkError, SpecError, ForceFieldError
        It is malformed.
    """
    shown = verify(passport.result, count, random)
    try:
        run = _run(passport)
        told = score(run)
    except MolmachError:
        raise
    except Exception as error:  # series and structures of a stranger's
        raise WorkError(f"scored: can't be made again ({type(error).__name__}: {error})") from error
    again = {"score": told.to_json(), "controls": {n: part.to_json() for n, part in told.controls.items()}}
    said = {name: passport.scored.get(name) for name in again}
    return Examination(shown, tuple(_differing("", said, again)))


def _stages(run: Run) -> Iterator[list[Condition]]:
    """The conditions of a run, in the stages in which replicas were added."""
    numbers = [look.replicas for look in run.looks] or [run.replicas]
    first = run.spec.protocol.model_copy(update={"replicas": numbers[0]})
    spec = run.spec.model_copy(update={"protocol": first})
    conditions = Plan(spec, bool(run.controls)).conditions()
    yield conditions
    for before, after in pairwise(numbers):
        yield [condition.with_replicas(before, after - before) for condition in conditions]
    for condition in conditions[1:]:
        more = run.controls[condition.name].replicas - numbers[-1]
        if more:
            yield [condition.with_replicas(numbers[-1], more)]


def _series(result: Result) -> list[Series]:
    return [part.series for part in result.collected()]


def _unlike(kept: Series, made: Series) -> str:
    """What of two series differs; '' where nothing does."""
    for name in _EXACT:
        if not np.array_equal(getattr(kept, name), getattr(made, name)):
            return name
    for name in ("coordinate", "followers"):
        one, other = getattr(kept, name), getattr(made, name)
        if one.shape != other.shape or not np.allclose(one, other, rtol=0.0, atol=TOLERANCE):
            return name
    return ""


def _run(passport: Passport) -> Run:
    """The run that a passport tells of, from its series and structures."""
    spec = passport.result.unit.spec
    series = dict(zip(_conditions(passport), _series(passport.result), strict=True))
    own = {"claim": spec.drive, "undriven": drives.undriven(spec.drive), "mirror": drives.mirror(spec.drive)}
    performance = Performance(1.0, 1.0, "batched", "compiled", 1)
    runs = {
        name: Run(spec, _assembly(passport, name), own[name], part, performance)
        for name, part in series.items()
    }
    claim = runs.pop("claim")
    until, looks = passport.scored.get("until"), passport.scored.get("looks") or []
    return replace(
        claim,
        controls=runs,
        until=None if until is None else LookPlan(until["first"], until["most"]),
        looks=tuple(Look.of_json(look) for look in looks),
    )


def _conditions(passport: Passport) -> list[str]:
    """Names of the unit's conditions, without those of their parts."""
    unit = passport.result.unit
    names = [unit.conditions[unit.part_of.index(number)] for number in range(len(unit.starting))]
    if names[:1] != ["claim"] or not set(names) <= {"claim", "undriven", "mirror"}:
        raise WorkError(f"conditions: {shortened(names)}; expected a claim and its controls")
    return names


def _assembly(passport: Passport, name: str) -> Assembly:
    if name not in passport.structures:
        raise WorkError(f"structures: lacks {name}")
    with tempfile.TemporaryDirectory(prefix="molmach-") as folder:
        path = Path(folder) / "assembly.sdf"
        path.write_text(passport.structures[name], encoding="utf-8")
        return read_sdf(path, passport.result.unit.spec.protocol.build_field)


def _differing(place: str, said: Any, made: Any) -> Iterator[str]:
    """Where two JSON values differ by more than rounding."""
    if isinstance(said, Mapping) and isinstance(made, Mapping):
        for key in sorted({*said, *made}):
            yield from _differing(f"{place}.{key}".lstrip("."), said.get(key), made.get(key))
    elif isinstance(said, Sequence) and isinstance(made, Sequence) and not isinstance(said, str):
        if len(said) != len(made):
            yield f"{place}: {len(said)} entries, not {len(made)}"
        else:
            for number, (one, other) in enumerate(zip(said, made, strict=True)):
                yield from _differing(f"{place}.{number}", one, other)
    elif not _same(said, made):
        yield f"{place}: {shortened(said)}, and done again {shortened(made)}"


def _same(said: Any, made: Any) -> bool:
    numbers = (int, float)
    if isinstance(said, bool) or isinstance(made, bool):
        return said is made
    if isinstance(said, numbers) and isinstance(made, numbers):
        return math.isclose(said, made, rel_tol=SAME_SCORE, abs_tol=SAME_SCORE)
    return bool(said == made)
