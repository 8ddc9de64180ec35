"""Ours beside the references: the rules of agreement, and the command."""

from __future__ import annotations

import json

import pytest

from molmach.score.statistics import Estimate
from molmach.validation import _judge, validate

from .test_cli import _molmach


@pytest.mark.parametrize(
    ("value", "ci95", "reference", "way", "item", "agrees"),
    [
        (1.0, (0.5, 1.5), -1.0, "sign", {}, False),
        (1.0, (0.5, 1.5), 1.0, "sign", {}, True),
        (1.0, (-0.1, 2.1), 1.0, "sign", {}, False),
        (1.0, (0.5, 1.5), 1.7, "interval", {}, True),
        (1.0, (0.5, 1.5), 1.9, "interval", {}, False),
        (84.6, (84.6, 84.6), 85.0, "tolerance", {"tolerance": 15, "unit": "kJ/mol"}, True),
        (104.6, (104.6, 104.6), 85.0, "tolerance", {"tolerance": 15, "unit": "kJ/mol"}, False),
        (0.1, (0.1, 0.1), 10.0, "tolerance", {"tolerance_factor": 50, "unit": "s"}, False),
        (51.0, (51.0, 51.0), 51.0, "exact", {}, True),
        (51.0, (51.0, 51.0), 52.0, "exact", {}, False),
    ],
)
def test_agreement_can_fail(
    value: float, ci95: tuple[float, float], reference: float, way: str, item: dict[str, object], agrees: bool
) -> None:
    assert _judge(Estimate(value, ci95, "1"), reference, way, item)[0] is agrees


def test_what_is_not_computed_says_why() -> None:
    found = {item.quantity: item for item in validate(["thioxanthene-motor"])}
    assert found["atoms"].verdict == "agrees"
    assert found["steps_per_turn"].verdict == "not computed"
    assert found["steps_per_turn"].ours is None
    assert found["steps_per_turn"].rule


def test_the_command_prints_one_document_and_refuses_unknown_machines() -> None:
    done = _molmach("validate", "thioxanthene-motor", "--json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["schema"] == "molmach.validation/1"
    assert {item["verdict"] for item in document["comparisons"]} == {"agrees", "not computed"}
    refused = _molmach("validate", "perpetuum-mobile")
    assert refused.returncode == 2
    assert "perpetuum-mobile: not a machine of the library" in refused.stderr
