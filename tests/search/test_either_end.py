"""A machine counted from the other end of its axle is the same one exactly where it moves alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from molmach.building import build, kind_of
from molmach.search import Design, Space
from molmach.search.space.identity import machine_key
from molmach.spec import Spec, load, load_campaign
from molmach.spec.campaign import loads_campaign
from tests.helpers.machines import ROTOR

CORE = "[CH:1]#[C:2]c1c({first})c({second})c([C:3]#[CH:4])cc1"
LANDSCAPE = Path("benchmarks/landscape")
GROUPS = ["F", "Cl", "C#N", "C", "OC", "[C@H](F)C", "[C@@H](F)C", "N", "C(=O)C"]


def _machine(first: str, second: str, *changes: str, core: str = CORE) -> Spec:
    return load(ROTOR, [f"machine.smiles={core.format(first=first, second=second)!r}", *changes])


def _same(*changes: str, first: str = "C#N", second: str = "F", core: str = CORE) -> bool:
    one = machine_key(_machine(first, second, *changes, core=core))
    return one == machine_key(_machine(second, first, *changes, core=core))


def test_a_space_has_each_molecule_once_where_both_ends_are_alike() -> None:
    space = Space(load_campaign("examples/small.yaml"))
    machines = {(candidate := space.resolve(design)).key: candidate.smiles for design in space.enumerate()}
    assert space.size == 36
    assert len(machines) == len(set(machines.values())) == 6 * 7 // 2


LINE = "drive={kind: alternating_field, field: 1 V/nm, frequency: 100 GHz, direction: %s}"


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ((), True),
        (("drive.frequency=-50 GHz",), True),
        (("drive.load=3 kJ/mol",), True),
        (("drive={kind: constant_torque, torque: 5 kJ/mol}",), True),
        (("drive={kind: none}",), True),
        ((LINE % "[1, 0, 0]",), False),  # x is laid out by an atom that molmach chooses
        ((LINE % "[1, 0, 1]", "machine.reference_atom=2"), False),
        (("machine.axle=[3, 2]",), True),
        (("machine.stator=[1, 2, 3]",), False),
    ],
)
def test_the_drive_and_the_roles_decide(changes: tuple[str, ...], same: bool) -> None:
    assert _same(*changes) is same


def test_a_line_in_the_plane_sees_no_end_where_its_atom_is_named() -> None:
    """Two biphenyl rings held at right angles: the middle of the stator's own symmetry names x."""
    core = "[CH:1]#[C:2]c1c({first})c({second})c([C:3]#[CH:4])c[c:5]1"
    assert not _same(LINE % "[1, 0, 0]", "machine.reference_atom=5", core=core)  # 5 lies at one end
    core = "[CH:1]#[C:2]c1c({first})c({second})c([C:3]#[CH:4])c([C:6])c1[C:7]"
    assert not _same(LINE % "[1, 0, 0]", "machine.reference_atom=6", core=core)


def test_ends_that_differ_are_two_machines() -> None:
    core = "[CH3:1][C:2]#Cc1c({first})c({second})c([C:3]#[CH:4])cc1"
    assert not _same("machine.axle=[2, 3]", "machine.stator=[1, 2, 3, 4]", core=core)


def test_one_hand_counted_from_its_other_end_is_another_machine() -> None:
    assert not _same(first="[C@H](F)C", second="F")
    assert not _same(first="[C@@H](F)C", second="[C@@H](F)C(F)F")


def test_a_bond_that_is_the_axle_has_its_rotor_at_one_end() -> None:
    spec = load("cyanobiphenyl-rotor")
    assert kind_of("rotor").from_the_other_end(spec.machine) == ()


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(GROUPS), st.sampled_from(GROUPS))
def test_every_form_of_a_machine_names_the_same_forms(first: str, second: str) -> None:
    spec = _machine(first, second)
    forms = kind_of("rotor").from_the_other_end(spec.machine)
    assert not forms or spec.machine in forms
    for form in forms:
        assert kind_of("rotor").from_the_other_end(form) == forms
        assert machine_key(spec.model_copy(update={"machine": form})) == machine_key(spec)
        assert type(form).model_validate(form.model_dump(mode="json")) == form


def test_what_is_one_machine_has_one_inertia_and_dipole() -> None:
    def of(first: str, second: str) -> tuple[float, float]:
        built = build(_machine(first, second))
        atoms = list(built.rotor)
        inertia = float(built.masses[atoms] @ np.sum(built.positions_nm[atoms, :2] ** 2, axis=1))
        dipole = np.linalg.norm(built.charges[atoms] @ built.positions_nm[atoms, :2])
        return inertia, float(dipole)

    assert of("C#N", "F") == pytest.approx(of("F", "C#N"), rel=1e-3)


def _pairs() -> list[tuple[int, int]]:
    """Places in the measured landscape of designs that are one machine."""
    space = Space(load_campaign(LANDSCAPE / "campaign.yaml"))
    with np.load(LANDSCAPE / "landscape.npz") as stored:
        designs = [Design.from_json(str(text)) for text in stored["designs"]]
    places: dict[str, list[int]] = {}
    for place, design in enumerate(designs):
        places.setdefault(space.resolve(design).key, []).append(place)
    assert (len(designs), len(places)) == (666, 351)
    return [(pair[0], pair[1]) for pair in places.values() if len(pair) == 2]


@pytest.mark.slow
def test_measured_from_both_ends_machines_turn_alike() -> None:
    """666 phenylenes were measured, 192 replicas each, 315 of them from both ends of the axle.

    If these turn alike, Welch's p-values of the pairs are even; Kolmogorov's test says otherwise by chance
    once in a thousand times.
    """
    with np.load(LANDSCAPE / "landscape.npz") as stored:
        velocity = stored["velocity"].astype(np.float64)
    p = [stats.ttest_ind(velocity[a], velocity[b], equal_var=False).pvalue for a, b in _pairs()]
    assert len(p) == 315
    assert stats.kstest(p, "uniform").pvalue > 1e-3


def test_designs_of_one_machine_are_shown_once() -> None:
    content: dict[str, Any] = load_campaign("examples/small.yaml").model_dump(mode="json", exclude_none=True)
    content["drive"] = {"kind": "alternating_field", "field": "1 V/nm", "frequency": "100 GHz"}
    apart = Space(loads_campaign(content, "apart", Path()))
    one, other = (Design.of({"R10": a, "R11": b}) for a, b in (("cyano", "fluoro"), ("fluoro", "cyano")))
    assert apart.resolve(one).smiles == apart.resolve(other).smiles
    assert apart.resolve(one).key != apart.resolve(other).key
