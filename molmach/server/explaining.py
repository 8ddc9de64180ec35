"""What a run says, number by number with where each stands, and whether words about it are borne out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from molmach.errors import ScoreError, ServingError
from molmach.search.agents.saying import units_of
from molmach.search.record.facts import facts_of_ledger
from molmach.search.record.folder import read_campaign
from molmach.search.record.ledger import NAME, reading
from molmach.words import Fact, Facts, Judged, Source, Verdict, facts_of_settings, judge

_CONTROLS = {"undriven": Source.UNDRIVEN, "mirror": Source.MIRROR}
_LONGEST = 20_000


def facts_of_run(folder: Path, name: str) -> Facts:
    """Everything that a run folder lets one say.

    Parameters
    ----------
    folder
        The run's.
    name
        What it is called.

    Raises
    ------
    ScoreError
        It is no finished run.
    """
    document = read_score(folder)
    facts = [*_quantities(document["score"], document, name)]
    for control, source in _CONTROLS.items():
        said = (document.get("controls") or {}).get(control) or {}
        facts += _values(said, f"{name}: controls.{control}", source, document["score"].get("measure", ""))
        for key in ("p_value", "detectable", "bound"):
            if isinstance(said.get(key), int | float):
                number = float(said[key])
                unit = "1" if key == "p_value" else _unit(document)
                where = f"{name}: controls.{control}.{key}"
                facts.append(Fact(key, number, number, number, unit, where, source, name))
    units = (document.get("machine") or {}).get("units") or {}
    for key, value in (document.get("machine") or {}).items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            where = f"{name}: machine.{key}"
            facts.append(Fact(key, value, value, value, units.get(key, ""), where, Source.MEASURED, name))
    settings = yaml.safe_load((folder / "machine.yaml").read_text(encoding="utf-8"))
    facts += facts_of_settings({k: v for k, v in settings.items() if k != "machine"}, name)
    smiles = str((document.get("machine") or {}).get("smiles", ""))
    return Facts(
        tuple(facts), {name: (smiles,) if smiles else ()}, {}, current=name, leaders=frozenset({name})
    )


def read_score(folder: Path) -> dict[str, Any]:
    """The document of a finished run.

    Raises
    ------
    ScoreError
        There is none.
    """
    try:
        document = json.loads((folder / "score.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScoreError(f"{folder.name}: no score.json that can be read; expected a finished run") from error
    if not isinstance(document, dict) or "score" not in document:
        raise ScoreError(f"{folder.name}: score.json has no score; expected a simulation's")
    return document


def _unit(document: Mapping[str, Any]) -> str:
    score = document["score"]
    return str((score.get(score.get("measure", "velocity")) or {}).get("unit", ""))


def _quantities(score: Mapping[str, Any], document: Mapping[str, Any], name: str) -> Iterator[Fact]:
    yield from _values(score, f"{name}: score", Source.MEASURED, str(score.get("measure", "velocity")), name)
    for key in ("p_value", "replicas"):
        if isinstance(score.get(key), int | float):
            number = float(score[key])
            source = Source.COUNT if key == "replicas" else Source.MEASURED
            yield Fact(key, number, number, number, "1", f"{name}: score.{key}", source, name)


def _values(
    content: Mapping[str, Any], where: str, source: Source, measure: str, name: str = ""
) -> Iterator[Fact]:
    subject = name or where.partition(":")[0]
    for key, said in content.items():
        if isinstance(said, Mapping) and isinstance(said.get("value"), int | float):
            value = float(said["value"])
            interval = said.get("ci95") or [value, value]
            low, high = (value if end is None else float(end) for end in interval)
            unit = str(said.get("unit", ""))
            yield Fact(key, value, low, high, unit, f"{where}.{key}", source, subject, goal=key == measure)


def explanation(folder: Path, name: str) -> dict[str, Any]:
    """A run's verdict and what it rests on: sentences of molmach's, and every number with where it stands."""
    document = read_score(folder)
    score, controls = document["score"], document.get("controls") or {}
    facts = facts_of_run(folder, name)
    numbers = [
        {
            "quantity": fact.name, "value": fact.value, "ci95": [fact.low, fact.high], "unit": fact.unit,
            "from": fact.source.value, "reference": fact.reference,
        }
        for fact in facts.facts if fact.source is not Source.INPUT
    ]  # fmt: skip
    return {
        "run": name,
        "verdict": score.get("verdict"),
        "reason": score.get("reason"),
        "advice": score.get("advice"),
        "controls": {
            control: {"passed": said.get("passed"), "statement": said.get("statement")}
            for control, said in controls.items()
            if isinstance(said, Mapping)
        },
        "controlled": score.get("controlled"),
        "warnings": score.get("warnings") or [],
        "numbers": numbers,
    }


def facts_of_campaign(folder: Path) -> Facts:
    """Everything that a campaign's ledger lets one say."""
    campaign, source = read_campaign(folder)
    with reading(folder) as ledger:
        return facts_of_ledger(ledger, campaign, units_of(campaign, source))


def judged(folder: Path, name: str, text: str) -> dict[str, Any]:
    """Whether every number of a text about a run or a campaign is borne out, and by what.

    Parameters
    ----------
    folder, name
        Of the run or the campaign.
    text
        What somebody is about to say.

    Raises
    ------
    ServingError
        The text is too long.
    """
    if len(text) > _LONGEST:
        raise ServingError(f"text: got {len(text)} characters; expected at most {_LONGEST}")
    facts = facts_of_campaign(folder) if (folder / NAME).is_file() else facts_of_run(folder, name)
    return as_document(judge(text, facts))


def as_document(said: Judged) -> dict[str, Any]:
    """A judged statement for programs."""
    return {
        "marked": said.marked,
        "borne_out": [
            {"text": n.text, "reference": n.reference} for n in said.numbers if n.verdict is Verdict.BORNE_OUT
        ],
        "struck": [{"text": n.text, "reason": n.reason} for n in said.struck],
        "honest": not said.struck,
    }
