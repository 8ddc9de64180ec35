"""``check_machine_kind`` holds for our own kinds, and notices what is wrong with others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest

from molmach.building import Assembly, kinds
from molmach.building.rotor import RotorKind
from molmach.building.rotor_angle import RotorAngle
from molmach.spec import load
from molmach.spec.registered import MACHINES, registered
from molmach.testing import check_machine_kind, machine_kind

ROTOR = "difluorophenylene-rotor"
MACHINES_OF_OURS = (
    ROTOR,
    "triptycyl-ether-gear",
    "diketone-shuttle",
    "paraquat-crown-catenane",
    "catenane-motor",
)
LARGE = ("diketone-shuttle", "paraquat-crown-catenane")
"""Checked in the slow tests."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in MACHINES_OF_OURS],
)
def test_our_kinds_obey(name: str) -> None:
    check_machine_kind(load(name))


def test_every_kind_of_ours_is_checked() -> None:
    assert {load(name).machine.kind for name in MACHINES_OF_OURS} == set(registered(MACHINES))


class _Backward(RotorAngle):
    """Counts backward turns."""

    def __call__(self, positions_nm: Any) -> Any:
        return -super().__call__(positions_nm)


class _Uneven(RotorAngle):
    """Says that reflection leaves it."""

    parity: ClassVar[int] = 1


class _Stepped(RotorAngle):
    """Jumps by half a radian at every hundred-thousandth."""

    def __call__(self, positions_nm: Any) -> Any:
        angle = super().__call__(positions_nm)
        return angle + 0.5 * (np.floor(1e5 * angle) % 2.0)


class _BackwardKind(RotorKind):
    coordinate = _Backward


class _UnevenKind(RotorKind):
    coordinate = _Uneven


class _SteppedKind(RotorKind):
    coordinate = _Stepped


class _RandomKind(RotorKind):
    def build(self, spec: Any) -> Assembly:
        built = super().build(spec)
        conformer = built.molecule.GetConformer()
        conformer.SetAtomPosition(0, conformer.GetAtomPosition(0) * np.random.default_rng().uniform(0.9, 1.1))
        return built


class _LooseKind(RotorKind):
    def build(self, spec: Any) -> Assembly:
        return replace(super().build(spec), stator=())


class _NamelessKind(RotorKind):
    part_names: ClassVar[dict[str, str]] = {"rotor": "rotor"}


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        (_BackwardKind, "expected a whole number of them, forward"),
        (_UnevenKind, "by its parity of 1"),
        (_SteppedKind, "expected a continuous one"),
        (_RandomKind, "built at other positions"),
        (_LooseKind, "stator is empty"),
        (_NamelessKind, "part_names lacks"),
    ],
)
def test_a_faulty_kind_is_noticed(
    monkeypatch: pytest.MonkeyPatch, faulty: type[RotorKind], message: str
) -> None:
    for module in ("machine", "coordinate", "assembly", "threading"):
        monkeypatch.setattr(f"molmach.building.{module}.kind_of", lambda name: faulty())
    monkeypatch.setattr(machine_kind, "kind_of", lambda name: faulty())
    with pytest.raises(AssertionError, match=message):
        check_machine_kind(load(ROTOR))
    assert kinds.kind_of("rotor").coordinate is RotorAngle
