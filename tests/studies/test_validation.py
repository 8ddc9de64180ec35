"""Ours beside the references: the rules of agreement, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from molmach.building import build
from molmach.data.stations import StationMap
from molmach.data.statistics import Estimate
from molmach.studies.validation import _judge, settled_share, unequal_shuttle, validate
from tests.helpers.command_line import run_molmach
from tests.helpers.runs import run_of, series_of


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


def test_what_is_not_computed_says_why(tmp_path: Path) -> None:
    found = {item.quantity: item for item in validate(["thioxanthene-motor"], tmp_path / "v").comparisons}
    assert found["atoms"].verdict == "agrees"
    assert found["steps_per_turn"].verdict == "not computed"
    assert found["steps_per_turn"].ours is None
    assert found["steps_per_turn"].rule


def test_the_command_prints_one_document_and_refuses_unknown_machines() -> None:
    done = run_molmach("validate", "thioxanthene-motor", "--json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["schema"] == "molmach.validation/1"
    assert {item["verdict"] for item in document["comparisons"]} == {"agrees", "not computed"}
    refused = run_molmach("validate", "perpetuum-mobile")
    assert refused.returncode == 2
    assert "perpetuum-mobile: not a machine of the library" in refused.stderr


def test_a_switched_shuttle_counts_when_it_has_settled() -> None:
    """The ring is left in the settled half of every off phase of even replicas, and right otherwise."""
    spec = unequal_shuttle(4, 3200.0)
    assembly = build(spec)
    stations = StationMap.of(assembly)
    assert stations is not None
    time_ps = np.arange(0.0, 3201.0, 0.5)
    phase = time_ps % 1600.0
    left = ((phase >= 400.0) & (phase < 800.0)) & (np.arange(4) % 2 == 0)[:, None]
    places = np.where(left, stations.places[0], stations.places[1])
    run = run_of(spec, assembly, series_of(time_ps, places))
    assert settled_share(run, "left", on=False).value == pytest.approx(0.5)
    assert settled_share(run, "right", on=False).value == pytest.approx(0.5)
    assert settled_share(run, "left", on=True).value == 0.0
