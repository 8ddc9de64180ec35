"""A stranger's drive, machine kind or force field that is not what is asked of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from molmach import drives, engine
from molmach.building import build, kind_of
from molmach.cli.main import run
from molmach.engine.batched import Inputs
from molmach.errors import PluginWarning, SpecError
from molmach.scoring.quantities import drive_quantities
from molmach.spec import load
from molmach.spec.registered import load_registered, registered
from tests.helpers.machines import ROTOR

Install = Callable[[str, str, str], None]

_DRIVE = """
from typing import Literal
from molmach.drives import DriveModel, DriveTerms
from molmach.drives.base import Channel, Clock, Switch, SwitchedTerm
from molmach.spec import Driven

NAN = float("nan")


class Section(Driven):
    kind: Literal["odd"]


class Whole(DriveModel):
    spec = Section

    def terms(self, assembly, thermal_energy):
        return DriveTerms(torque=1.0)

    def mirror(self):
        return self.drive

    def undriven(self):
        return self.drive


"""


@pytest.fixture
def install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Install]:
    """Installs what a source calls ``Odd`` as ``odd`` in a group."""
    module = f"odd_{abs(hash(request.node.nodeid))}"

    def installed(group: str, source: str, before: str = "") -> None:
        record = tmp_path / "theirs-1.0.dist-info"
        record.mkdir()
        (record / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
        (record / "entry_points.txt").write_text(f"[{group}]\nodd = {module}:Odd\n")
        (tmp_path / f"{module}.py").write_text(before + source)
        monkeypatch.syspath_prepend(tmp_path)
        _forget()

    yield installed
    _forget()


def _forget() -> None:
    registered.cache_clear()
    load_registered.cache_clear()
    kind_of.cache_clear()


def _use_drive() -> None:
    drive = load(ROTOR, ["drive={kind: odd}"]).drive
    drives.mirror(drive)
    drives.undriven(drive)
    drives.terms(drive, build(load(ROTOR)), 2.5)


def _use_force_field() -> None:
    spec = load(ROTOR, ["protocol.force_field=odd"])
    Inputs.of([engine.prepare("claim", 0, build(spec), spec.drive, spec.protocol)])


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("class Odd:\n    spec = Section\n", "expected a class that derives from DriveModel"),
        ("class Odd(DriveModel):\n    pass\n", "it has no spec; expected a class that derives from Driven"),
        ("class Odd(Whole):\n    spec = int\n", "it has <class 'int'> as spec; expected"),
        (
            "class Other(Driven):\n    kind: Literal['another']\n\n\nclass Odd(Whole):\n    spec = Other\n",
            "the kind of its section is 'another'; expected 'odd'",
        ),
        (
            "class Other(Driven):\n    kind: str\n\n\nclass Odd(Whole):\n    spec = Other\n",
            r"may be any text; expected the line 'kind: Literal\['odd'\]' in it",
        ),
        ("class Odd(DriveModel):\n    spec = Section\n", r"it has no terms\(\)"),
        ("class Odd(Whole):\n    def terms(self, a, kT):\n        return {}['x']\n", r"its terms\(\) raises KeyError: 'x'"),
        (
            "class Odd(Whole):\n    def terms(self, a, kT):\n        raise SystemExit(0)\n",
            r"its terms\(\) raises SystemExit: 0",
        ),
        ("class Odd(Whole):\n    def undriven(self):\n        raise GeneratorExit\n", r"its undriven\(\) raises GeneratorExit"),
        ("class Odd(Whole):\n    def __init__(self, drive):\n        1 / 0\n", "its class raises ZeroDivisionError"),
        ("class Odd(Whole):\n    def terms(self, a, kT):\n        pass\n", r"terms\(\) gives None; expected DriveTerms"),
        (
            "class Odd(Whole):\n    def terms(self, a, kT):\n        return DriveTerms(torque=NAN)\n",
            "gives torque = nan; expected a finite number",
        ),
        (
            "class Odd(Whole):\n    def terms(self, a, kT):\n        return DriveTerms(cosine=(1.0, 0.0))\n",
            r"gives cosine = \(1.0, 0.0\); expected three finite numbers",
        ),
        (
            "class Odd(Whole):\n    def terms(self, a, kT):\n"
            "        return DriveTerms(switches=(Switch((Channel(0.5, 0.5),)),))\n",
            "gives a switch 0 without a term",
        ),
        (
            "class Odd(Whole):\n    def terms(self, a, kT):\n"
            "        return DriveTerms(switches=(Switch(clock=Clock(NAN, 0.5)),))\n",
            r"gives switches\[0\].clock.period = nan; expected",
        ),
        ("class Odd(Whole):\n    def mirror(self):\n        pass\n", r"mirror\(\) gives None; expected the section"),
        ("class Odd(Whole):\n    def undriven(self):\n        pass\n", r"undriven\(\) gives None; expected the section"),
    ],
)  # fmt: skip
def test_a_faulty_drive_is_named(install: Install, source: str, told: str) -> None:
    install("molmach.drives", source, _DRIVE)
    with pytest.raises(SpecError, match=rf"^drive\.kind: odd \(odd_\d+:Odd\): .*{told}"):
        _use_drive()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("class Odd:\n    pass\n", "derives from MachineKind"),
        ("class Odd(MachineKind):\n    pass\n", r"it has no build\(\)"),
        (
            "class Odd(MachineKind):\n    def build(self, spec):\n        pass\n",
            "it has no coordinate; expected",
        ),
        (
            "class Odd(MachineKind):\n    coordinate = int\n\n    def build(self, spec):\n        pass\n",
            "it has no coordinate.scale; expected",
        ),
    ],
)
def test_a_faulty_machine_kind_is_named(install: Install, source: str, told: str) -> None:
    install("molmach.machines", source, "from molmach.building import MachineKind\n\n\n")
    with pytest.raises(SpecError, match=rf"^machine\.kind: odd \(odd_\d+:Odd\): .*{told}"):
        kind_of("odd")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("pass", r"its build\(\) gives None; expected an Assembly"),
        ("return {}['x']", r"its build\(\) raises KeyError: 'x'"),
        ("raise SystemExit(0)", r"its build\(\) raises SystemExit: 0"),
    ],
)
def test_a_kind_that_does_not_build_is_named(install: Install, body: str, told: str) -> None:
    source = f"class Odd(RotorKind):\n    spec = Section\n\n    def build(self, spec):\n        {body}\n"
    section = "class Section(Rotor):\n    kind: Literal['odd']\n\n\n"
    before = "from typing import Literal\nfrom molmach.building.rotor import Rotor, RotorKind\n\n\n" + section
    install("molmach.machines", source, before)
    with pytest.raises(SpecError, match=rf"^machine\.kind: odd \(odd_\d+:Odd\): {told}"):
        build(load(ROTOR, ["machine.kind=odd"]))


def test_a_drive_with_faulty_quantities_is_left_out_with_a_warning(install: Install) -> None:
    source = "class Odd(Whole):\n    @classmethod\n    def quantities(cls):\n        return {}['x']\n"
    install("molmach.drives", source, _DRIVE)
    with pytest.warns(
        PluginWarning, match=r"^drive\.kind: odd \(.*quantities\(\) raises KeyError.*are left out$"
    ):
        assert drive_quantities()


@pytest.mark.parametrize("body", ["return {}['x']", "raise SystemExit(0)", "raise GeneratorExit"])
def test_whatever_a_plug_in_raises_is_one_message_that_names_it(
    install: Install,
    body: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    source = f"class Odd(Whole):\n    @property\n    def frequency(self):\n        {body}\n"
    install("molmach.drives", source, _DRIVE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["molmach", "simulate", ROTOR, "--set", "drive={kind: odd}"])
    with pytest.raises(SystemExit) as ended:
        run()
    shown = capsys.readouterr()
    assert ended.value.code == 2
    assert re.fullmatch(r"molmach: molmach\.drives: odd \(odd_\d+:Odd\): \w+.*\n", shown.err), shown.err


@pytest.mark.parametrize("values", [np.nan, np.zeros(3)])
def test_a_coordinate_without_a_value_at_the_built_structure_is_named(
    monkeypatch: pytest.MonkeyPatch, values: float
) -> None:
    spec = load(ROTOR)
    monkeypatch.setattr("molmach.building.rotor_angle.RotorAngle.__call__", lambda self, positions: values)
    with pytest.raises(SpecError, match=r"^machine\.kind: rotor \(.*\): its coordinate RotorAngle gives"):
        engine.prepare("claim", 0, build(spec), spec.drive, spec.protocol)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("class Odd(MMFF94):\n    kinds = 'rotor'\n", "it has no kinds; expected a tuple"),
        ("class Odd(MMFF94):\n    builds_with = None\n", "it has no builds_with; expected"),
        (
            "class Odd(MMFF94):\n    def __init__(self):\n        pass\n",
            "it can't be made from its name: TypeError",
        ),
        (
            "class Odd(MMFF94):\n    builds_with = 'MMFF94'\n\n    def kernel_tables(self, molecule):\n        pass\n",
            r"its kernel_tables\(\) gives None; expected",
        ),
    ],
)
def test_a_faulty_force_field_is_named(install: Install, source: str, told: str) -> None:
    install("molmach.forcefield", source, "from molmach.forcefield.mmff94 import MMFF94\n\n\n")
    with pytest.raises(SpecError, match=rf"protocol\.force_field: odd \(odd_\d+:Odd\): .*{told}"):
        _use_force_field()
