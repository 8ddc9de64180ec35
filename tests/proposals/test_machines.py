"""What is proposed can be built and run as it is written, and its numbers are those of the built structure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from molmach import build, drives, load, simulate, suggest
from molmach.building.stereo import open_elements
from molmach.drives.suggesting import HELD, Suggestion, rounded_down, rounded_up
from molmach.errors import SpecError
from molmach.proposals import Proposals, read_drawing
from molmach.proposals.base import seen
from molmach.spec import loads
from molmach.units import thermal_energy
from tests.helpers.drawn import Drawn, pasted

_TOLANE = "Fc1ccccc1C#Cc1ccccc1"


@pytest.fixture(scope="module")
def tolane() -> Proposals:
    return suggest(_TOLANE)


def test_a_written_file_reads_back_builds_and_runs(tolane: Proposals, tmp_path: Path) -> None:
    path = tolane.write(tmp_path / "tolane.yaml", name="tolane", drive="rotating_field")
    spec = load(str(path), ["protocol.duration=5 ps", "protocol.equilibration=1 ps", "protocol.replicas=2"])
    assert build(spec).smiles == "Fc1ccccc1C#Cc1ccccc1"
    run = simulate(spec, tmp_path / "run", controls=False)
    assert np.isfinite(run.series.coordinate).all()


def test_numbers_are_those_of_the_machine_that_is_written(tolane: Proposals) -> None:
    proposal, assembly = tolane[0], build(tolane.machine())
    assert proposal.inertia == pytest.approx(assembly.moment_of_inertia(), rel=0.01)
    assert proposal.dipole == pytest.approx(float(np.linalg.norm(assembly.rotor_dipole_debye)), rel=0.01)
    assert proposal.thermal_field == pytest.approx(seen(assembly).thermal_field, rel=0.01)


def test_every_suggested_drive_acts_on_the_machine(tolane: Proposals) -> None:
    moving = [kind for kind, said in tolane[0].drives.items() if isinstance(said, Suggestion)]
    assert moving[0] == "rotating_field"
    assert "constant_torque" in moving
    for kind in moving:
        spec = tolane.machine(drive=kind)
        assert spec.drive.kind == kind
        drives.terms(spec.drive, build(spec), thermal_energy(300.0))


def test_a_suggested_field_holds_the_dipole_and_is_slow_enough(tolane: Proposals) -> None:
    spec = tolane.machine(drive="rotating_field")
    what, model = seen(build(spec)), drives.model(spec.drive)
    assert model.field_strength is not None
    assert model.frequency is not None
    assert what.energy_per_field * model.field_strength >= HELD * what.thermal_energy * 0.99
    assert model.frequency <= 0.51 * what.highest_ghz(model.field_strength)
    assert spec.protocol.duration * 1e-3 * model.frequency >= 5.0


def test_a_drive_that_can_not_move_it_is_refused_with_its_reason(tolane: Proposals) -> None:
    with pytest.raises(
        SpecError, match=r"drive photoisomerisation: acts on a double bond; expected one of rot"
    ):
        tolane.machine(drive="photoisomerisation")


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"axle": 2}, "axle 2: expected a number from 1 to 1"),
        ({"axle": 0}, "axle 0: expected a number from 1 to 1"),
        ({"isomer": 2}, "isomer 2: expected a number from 1 to 1"),
        ({"name": "no blanks"}, "name: got 'no blanks'; expected 1 to 80 letters"),
    ],
)
def test_a_choice_that_is_none_is_refused(tolane: Proposals, chosen: dict[str, int], told: str) -> None:
    with pytest.raises(SpecError, match=told):
        tolane.machine(**chosen)  # type: ignore[arg-type]


def test_a_notebook_shows_the_picture_and_the_table(tolane: Proposals) -> None:
    html = tolane._repr_html_()
    assert "<svg" in html
    assert "ring on an alkyne" in html


def test_elements_that_the_force_field_does_not_know_are_told_before_anything_is_built() -> None:
    with pytest.raises(SpecError, match=r"SMILES: .*atoms as drawn"):
        suggest("C[B-](C)(C)C#Cc1ccccc1")


def test_two_molecules_without_a_macrocycle_are_no_rotaxane() -> None:
    with pytest.raises(SpecError, match="largest rings have 6 and 0 members; expected a macrocycle of 18"):
        suggest("c1ccccc1", "CCCC")


@pytest.mark.parametrize(
    ("value", "down", "up"), [(0.1234, 0.12, 0.13), (1999.0, 1900.0, 2000.0), (2.0, 2.0, 2.0)]
)
def test_numbers_are_rounded_to_two_digits_either_way(value: float, down: float, up: float) -> None:
    assert (rounded_down(value), rounded_up(value)) == (down, up)


@pytest.mark.slow
@pytest.mark.parametrize(
    "drawn", [one for one in pasted() if one.kind != "none"], ids=lambda drawn: drawn.name
)
def test_every_machine_of_the_list_builds_as_it_is_written(drawn: Drawn) -> None:
    proposals = suggest(*drawn.pasted)
    spec = loads(proposals.text())
    assembly = build(spec)
    drives.terms(spec.drive, assembly, thermal_energy(300.0))
    assert not open_elements(assembly.molecule, {frozenset(assembly.axle)})


@pytest.mark.parametrize(
    ("drawn", "name"),
    [("C[N+](C)(C)Cc1ccccc1", "c10h16n-machine"), ("[O-]C(=O)c1ccccc1", "c7h5o2-machine")],
)
def test_a_charge_is_no_part_of_a_name(drawn: str, name: str) -> None:
    assert Proposals((drawn,), read_drawing([drawn]), ()).name == name
