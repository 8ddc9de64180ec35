"""What is one turn of a drive that a machine follows."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from molmach import drives
from molmach.building import PLACES, TURNS
from molmach.scoring.regime import turn_of
from molmach.spec import load
from molmach.units import TURN
from tests.helpers.machines import ROTOR

ROTATING = "drive={kind: rotating_field, field: 1 V/nm, frequency: 50 GHz}"
ALTERNATING = "drive={kind: alternating_field, field: 1 V/nm, frequency: 50 GHz}"


@pytest.mark.parametrize(
    ("drive", "own_unit", "period", "expected"),
    [
        (ROTATING, "rad", TURN, TURN),
        (ROTATING, "rad", TURN / 3, TURN),  # a third of a turn to a period of the field is no full turn
        (ROTATING, "rad", 2.0, None),
        (ROTATING, "rad", 2 * TURN, None),
        (ROTATING, "nm", TURN, None),
        (ALTERNATING, "rad", TURN / 3, TURN / 3),
        (ALTERNATING, "nm", 1.5, 1.5),
        ("drive={kind: none}", "rad", TURN, None),
    ],
)
def test_a_drive_with_a_sense_makes_full_turns(
    drive: str, own_unit: str, period: float, expected: float | None
) -> None:
    scale = replace(TURNS, own_unit=own_unit, period=period, unit_size=period)
    assert turn_of(scale, drives.model(load(ROTOR, [drive]).drive)) == pytest.approx(expected)


def test_an_open_coordinate_has_no_turn() -> None:
    assert turn_of(PLACES, drives.model(load(ROTOR, [ROTATING]).drive)) is None
    assert math.isclose(turn_of(TURNS, drives.model(load(ROTOR, [ROTATING]).drive)) or 0.0, TURN)
