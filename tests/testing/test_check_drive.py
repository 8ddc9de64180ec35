"""``check_drive`` holds for our own drives, and notices what is wrong with others."""

from __future__ import annotations

import math
from typing import Any

import pytest

from molmach import drives
from molmach.drives import DriveModel, DriveTerms
from molmach.drives.constant_torque import ConstantTorqueModel
from molmach.drives.photoisomerisation import PhotoisomerisationModel
from molmach.drives.rotating_field import RotatingFieldModel
from molmach.drives.station_switch import StationSwitchModel
from molmach.errors import SpecError
from molmach.spec import Spec, load
from molmach.spec.registered import DRIVES, registered
from molmach.testing import check_drive

ROTOR = "difluorophenylene-rotor"
SHUTTLE = "switched-diketone-shuttle"
MOTOR = "dimethylcyclobutylidene-fluorene-motor"
BEADS = "catenane-motor"

FIELD = {"kind": "rotating_field", "field": "2 V/nm", "frequency": "-80 GHz", "phase": "30 deg"}
TORQUE = {"kind": "constant_torque", "torque": "7 kJ/mol", "load": "-1 kJ/mol"}
LIGHT = {"kind": "photoisomerisation", "absorption": "5 /ns", "lifetime": "2 ps"}
SWITCH = {
    "kind": "station_switch",
    "stations": {"bind-a": ["-6 kJ/mol", "0 kJ/mol"], "bind-b": ["0 kJ/mol", "-6 kJ/mol"]},
    "switch_on": "1 /ns",
    "switch_off": "2 /ns",
}

CASES: list[tuple[dict[str, Any], str, str | None]] = [
    ({"kind": "none", "load": "2 kJ/mol"}, ROTOR, None),
    (FIELD, ROTOR, None),
    (
        {
            "kind": "alternating_field",
            "field": "3 V/nm",
            "frequency": "200 GHz",
            "direction": [1, 2, 0.5],
            "phase": "20 deg",
        },
        ROTOR,
        None,
    ),
    (TORQUE, ROTOR, SHUTTLE),
    (LIGHT, MOTOR, ROTOR),
    (SWITCH, BEADS, ROTOR),
    (
        {
            "kind": "flashing",
            "stations": {"bind-a": "-6 kJ/mol", "site-a": "3 kJ/mol"},
            "on_time": "5 ps",
            "off_time": "9 ps",
        },
        BEADS,
        ROTOR,
    ),
    (
        {"kind": "flashing", "stations": {"bind-a": "-6 kJ/mol"}, "period": "200 ps", "duty": 0.3},
        BEADS,
        ROTOR,
    ),
]


def _short(name: str) -> Spec:
    return load(name, ["protocol.replicas=2"])


@pytest.mark.parametrize(("section", "acts_on", "not_on"), CASES, ids=lambda value: str(value)[:28])
def test_our_drives_obey(section: dict[str, Any], acts_on: str, not_on: str | None) -> None:
    check_drive(section, _short(acts_on), None if not_on is None else _short(not_on))


def test_fuel_obeys() -> None:
    spec = _short(BEADS)
    section = spec.drive.model_dump(mode="json", exclude_none=True)
    assert section["kind"] == "chemical_fuel"
    check_drive(section, spec, _short(ROTOR))


def test_every_drive_of_ours_is_checked() -> None:
    assert {section["kind"] for section, _, _ in CASES} | {"chemical_fuel"} == set(registered(DRIVES))


class _NotMirrored(RotatingFieldModel):
    """Turns the same way in the mirror."""

    def mirror(self) -> Any:
        return self.drive


class _StillDriven(ConstantTorqueModel):
    """Has itself as undriven twin."""

    def undriven(self) -> Any:
        return self.drive.model_copy(update={"load": 0.0})


class _LitInTheDark(PhotoisomerisationModel):
    def undriven(self) -> Any:
        return self.drive


class _Nameless(StationSwitchModel):
    events = None  # type: ignore[assignment]


class _Infinite(RotatingFieldModel):
    def terms(self, assembly: Any, thermal_energy: float) -> DriveTerms:
        return DriveTerms(cosine=(math.inf, 0.0, 0.0))


class _Wide(StationSwitchModel):
    """Acts anywhere, by doing nothing where there are no stations."""

    def terms(self, assembly: Any, thermal_energy: float) -> DriveTerms:
        return super().terms(assembly, thermal_energy) if assembly.track else DriveTerms()


@pytest.mark.parametrize(
    ("faulty", "section", "acts_on", "not_on", "message"),
    [
        (_NotMirrored, FIELD, ROTOR, None, "the field is not the reflected one"),
        (_StillDriven, TORQUE, ROTOR, None, "a torque of 7 kJ/mol does work"),
        (_LitInTheDark, LIGHT, MOTOR, None, "breaks detailed balance"),
        (_Nameless, SWITCH, BEADS, None, "expected a name if, and only if, it throws a switch"),
        (_Infinite, FIELD, ROTOR, None, "finite numbers"),
        (_Wide, SWITCH, BEADS, ROTOR, "is taken; expected a SpecError"),
    ],
)
def test_a_faulty_drive_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
    faulty: type[DriveModel],
    section: dict[str, Any],
    acts_on: str,
    not_on: str | None,
    message: str,
) -> None:
    ours = drives.model
    monkeypatch.setattr(
        drives, "model", lambda drive: (faulty if drive.kind == section["kind"] else ours)(drive)
    )
    with pytest.raises((AssertionError, SpecError), match=message):
        check_drive(section, _short(acts_on), None if not_on is None else _short(not_on))
