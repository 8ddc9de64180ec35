"""A stranger's drive whose quantities are not what is asked of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from molmach.errors import SpecError
from molmach.scoring import quantities
from molmach.spec import load
from molmach.spec.registered import load_registered, registered
from molmach.studies.simulation import Plan
from tests.helpers.machines import ROTOR

_SOURCE = """
from typing import Literal
from molmach.data.quantity import Quantity
from molmach.drives import AchiralDrive, DriveTerms
from molmach.spec import Driven


class Section(Driven):
    kind: Literal["odd"]


class Odd(AchiralDrive):
    spec = Section

    def terms(self, assembly, thermal_energy):
        return DriveTerms(torque=1.0)

    def undriven(self):
        return self.drive

"""


@pytest.fixture
def odd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """An installed drive with such a ``quantities``."""
    record = tmp_path / "theirs-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    module = f"odd_{abs(hash(request.param))}"
    (record / "entry_points.txt").write_text(f"[molmach.drives]\nodd = {module}:Odd\n")
    (tmp_path / f"{module}.py").write_text(_SOURCE + request.param)
    monkeypatch.syspath_prepend(tmp_path)
    registered.cache_clear()
    load_registered.cache_clear()
    yield
    registered.cache_clear()
    load_registered.cache_clear()


def _quantities(body: str) -> str:
    return f"    @classmethod\n    def quantities(cls):\n        {body}\n"


@pytest.mark.parametrize(
    ("odd", "told"),
    [
        (_quantities("raise RuntimeError('none today')"), "quantities.. raises RuntimeError: none today"),
        (_quantities("return ['a', 'b']"), r"quantities.. gives \['a', 'b'\]; expected a tuple of Quantity"),
        (_quantities("return None"), "quantities.. gives None"),
        (_quantities("import sys; sys.exit(3)"), "quantities.. raises SystemExit: 3"),
        ("    def quantities(self):\n        return ()\n", "raises TypeError.*expected a class method"),
        (_quantities("return (Quantity('velocity', 'mine', 'kg'),)"), "'velocity' takes the name of 'velocity'"),
        (_quantities("return (Quantity('{name}', 'all', 'kg', ('velocity',)),)"), "'{name}' takes the name of"),
        (_quantities("return (Quantity('occupancy_mine', 'mine', 'kg'),)"), "takes the name of 'occupancy_{name}'"),
    ],
    indirect=["odd"],
)  # fmt: skip
@pytest.mark.usefixtures("odd")
def test_faulty_quantities_stop_their_own_drive_alone(told: str) -> None:
    assert quantities.find("fuel_rate") is not None
    assert quantities.find("no_such_quantity") is None
    spec = load(ROTOR, ["drive={kind: odd}"])
    with pytest.raises(SpecError, match=rf"^drive\.kind: odd \(odd_\d+:Odd\): .*{told}"):
        Plan(spec).conditions()
