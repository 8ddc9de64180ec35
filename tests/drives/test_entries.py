"""A stranger's drive whose entries have names of their own: errors and scans speak of these."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from molmach import engine
from molmach.building import build
from molmach.errors import SpecError
from molmach.search.loop.evaluations.dynamics import _followed
from molmach.spec import load
from molmach.spec.registered import load_registered, registered
from molmach.studies.scan.diagram import picture
from molmach.studies.scan.plan import plan_scan
from molmach.studies.scan.point import Point
from molmach.studies.scan.result import Scan
from molmach.testing import check_drive
from tests.helpers.machines import ROTOR

SWING = "drive={kind: swing, amplitude: 1 V/nm, pace: 50 GHz}"
BLINK = "drive={kind: blink, twist: 4 kJ/mol, cycle: 1 ps}"

_SOURCE = '''
import math
from typing import Literal

from molmach.drives import AchiralDrive, DriveTerms, FieldDrive
from molmach.drives.base import Clock, Switch, SwitchedTerm
from molmach.drives.shapes import Twist
from molmach.spec import Driven, fields
from molmach.units import TURN, VOLT_PER_NM


class Swing(Driven):
    """A field along x.

    Attributes
    ----------
    amplitude
        V/nm.
    pace
        Periods per time, GHz.
    """

    kind: Literal["swing"]
    amplitude: fields.Field
    pace: fields.Frequency


class SwingModel(AchiralDrive, FieldDrive):
    spec = Swing
    strength = "amplitude"
    frequency_key = "pace"

    def terms(self, assembly, thermal_energy):
        size = self.drive.amplitude * VOLT_PER_NM
        return DriveTerms((size, 0.0, 0.0), (0.0, 0.0, 0.0), TURN * self.drive.pace * 1e-3)


class Blink(Driven):
    """A twist of the axle that comes and goes.

    Attributes
    ----------
    twist
        kJ/mol.
    cycle
        ps.
    """

    kind: Literal["blink"]
    twist: fields.Energy
    cycle: fields.Time


class BlinkModel(AchiralDrive):
    spec = Blink
    events = "throw"
    period_key = "cycle"

    def terms(self, assembly, thermal_energy):
        first, second = assembly.axle
        atoms = assembly.molecule.GetAtomWithIdx
        before = next(n.GetIdx() for n in atoms(first).GetNeighbors() if n.GetIdx() != second)
        after = next(n.GetIdx() for n in atoms(second).GetNeighbors() if n.GetIdx() != first)
        shape = Twist(((before, first, second, after),), (1.0,))
        return DriveTerms(
            switches=(Switch(clock=Clock(self.drive.cycle, 0.5)),),
            switched=(SwitchedTerm(shape, 0, 0.0, self.drive.twist),),
        )

    def undriven(self):
        return self.drive.model_copy(update={"cycle": math.inf, "load": 0.0})
'''


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The two drives, installed as a package."""
    record = tmp_path / "entries-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: entries\nVersion: 1.0\n")
    (record / "entry_points.txt").write_text(
        "[molmach.drives]\nswing = named_entries:SwingModel\nblink = named_entries:BlinkModel\n"
    )
    (tmp_path / "named_entries.py").write_text(_SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    registered.cache_clear()
    yield
    registered.cache_clear()
    load_registered.cache_clear()


@pytest.mark.parametrize(
    ("drive", "change", "message"),
    [
        (SWING, "drive.pace=90 THz", r"^drive\.pace: 90000 GHz makes a period of .* fewer than 20 steps"),
        (BLINK, "drive.cycle=0.01 ps", r"^drive\.cycle: 0\.01 ps is fewer than 20 steps"),
    ],
)
def test_a_period_too_short_for_the_step_is_refused_by_its_own_name(
    drive: str, change: str, message: str
) -> None:
    spec = load(ROTOR, [drive, change])
    with pytest.raises(SpecError, match=message):
        engine.prepare("claim", 0, build(spec), spec.drive, spec.protocol)


def test_the_drives_obey() -> None:
    check_drive({"kind": "swing", "amplitude": "1 V/nm", "pace": "50 GHz"}, load(ROTOR))
    check_drive({"kind": "blink", "twist": "4 kJ/mol", "cycle": "1 ps"}, load(ROTOR))


@pytest.mark.parametrize("flipped", [False, True])
def test_a_scan_of_its_field_and_frequency_is_drawn_as_ours_are(flipped: bool) -> None:
    """The field goes up and the frequency to the right, whichever is given first."""
    over = {"drive.amplitude": "1 V/nm, 2 V/nm", "drive.pace": "50 GHz, 60 GHz"}
    spec = load(ROTOR, [SWING])
    plan = plan_scan(spec, dict(reversed(over.items())) if flipped else over, 5.0)
    points = tuple(Point(p.values, p.spec, np.zeros(0), {}, 1.0, 1.0, 0.0, "not run") for p in plan.points)
    found = Scan(plan, points)
    assert (found.field_key, found.frequency_key) == ("drive.amplitude", "drive.pace")
    panel = picture(found).axes[0]
    assert "pace" in panel.get_xlabel()
    assert "amplitude" in panel.get_ylabel()


def test_a_scan_of_its_frequency_and_something_else_puts_the_frequency_to_the_right() -> None:
    over = {"drive.pace": "50 GHz, 60 GHz", "protocol.temperature": "250 K, 300 K"}
    plan = plan_scan(load(ROTOR, [SWING]), over, 5.0)
    points = tuple(Point(p.values, p.spec, np.zeros(0), {}, 1.0, 1.0, 0.0, "not run") for p in plan.points)
    assert "pace" in picture(Scan(plan, points)).axes[0].get_xlabel()


def test_a_threshold_field_asks_for_a_field_and_a_frequency() -> None:
    with pytest.raises(SpecError, match="under drive blink; expected a drive with a field and a frequency"):
        _followed(load(ROTOR, [BLINK]), (1.0,))
