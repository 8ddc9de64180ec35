"""Machines that look the same either way round are told so, not how many replicas would tell."""

from __future__ import annotations

import numpy as np
import pytest

from molmach.building import build
from molmach.data.observed import Observed
from molmach.scoring import score
from molmach.scoring.reasons import has_no_handedness
from molmach.spec import load
from tests.helpers.runs import run_of, series_of

OBLIQUE = "drive={kind: alternating_field, field: 3 V/nm, frequency: 300 GHz, direction: [1, 1, 0]}"
RING = "machine={kind: bead_catenane, stations: {a: 1, b: 9, c: 17, d: 19}}"


def _flash(*wells: str) -> str:
    stations = ", ".join(f"{name}: -20 kJ/mol" for name in wells)
    return f"drive={{kind: flashing, stations: {{{stations}}}, on_time: 20 ps, off_time: 20 ps}}"


@pytest.mark.parametrize(
    ("name", "changes", "alike"),
    [
        ("catenane-motor", [RING, _flash("a", "b", "c")], True),
        ("catenane-motor", [RING, _flash("a", "b", "d")], False),
        ("catenane-motor", [RING, _flash("a", "b", "c"), "drive.load=0.1 kJ/mol"], False),
        ("catenane-motor", [], False),
        ("difluorophenylene-rotor", [OBLIQUE], True),
        ("difluorophenylene-rotor", [], False),
        ("cyanobiphenyl-rotor", [OBLIQUE], False),
        ("cyanobiphenyl-rotor", [OBLIQUE, "drive.direction=[1, 0, 0]"], True),
    ],
)
def test_no_direction_is_possible_where_either_way_round_is_alike(
    name: str, changes: list[str], alike: bool
) -> None:
    """A line oblique to a held ring makes an achiral rotor's two ways differ; one beside an axle alone does not."""
    spec = load(name, changes)
    angle = np.random.default_rng(1).normal(0.0, 0.2, (8, 200))
    run = run_of(spec, build(spec), series_of(np.arange(200, dtype=np.float64) * 0.5, angle))
    assert has_no_handedness(Observed.of(run)) == alike
    assert ("no direction is possible" in score(run).reason) == alike
