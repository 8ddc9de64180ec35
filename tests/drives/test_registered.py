"""Drives and force fields that a package adds by an entry point."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import pytest

from molmach.building import build
from molmach.errors import BuildError, SpecError
from molmach.spec import load
from molmach.spec.registered import load_registered, registered
from tests.helpers.machines import ROTOR


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package whose drive has no module, with force fields that are ours by other names."""
    record = tmp_path / "other-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (record / "entry_points.txt").write_text(
        "[molmach.drives]\nbroken = nowhere:Broken\n[molmach.forcefield]\nrenamed = molmach.forcefield.mmff94:MMFF94\n"
        "absent = nowhere:Absent\nother_beads = other_fields:OtherBeads\nown_way = other_fields:OwnWay\n"
    )
    (tmp_path / "other_fields.py").write_text(
        "from molmach.forcefield.bead_spring import BeadSpring\n"
        "from molmach.forcefield.mmff94 import MMFF94\n\n\n"
        "class OtherBeads(BeadSpring):\n    pass\n\n\n"
        "class OwnWay(MMFF94):\n    builds_with = 'own_way'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registered.cache_clear()
    yield
    registered.cache_clear()
    load_registered.cache_clear()


@pytest.mark.usefixtures("package")
def test_an_entry_point_without_a_module_is_named() -> None:
    with pytest.raises(SpecError, match=r"molmach\.drives: broken = nowhere:Broken can't be imported"):
        load(ROTOR, ["drive={kind: broken}"])


@pytest.mark.usefixtures("package")
def test_our_own_kinds_are_read_without_the_others() -> None:
    assert load(ROTOR, ["drive={kind: none}"]).drive.kind == "none"


@pytest.fixture(params=["molmach.drives", "molmach.machines", "molmach.forcefield"])
def stale_group(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A group of entry points of which an installation from before has none of molmach's own."""
    listed = entry_points

    def without(group: str) -> list[EntryPoint]:
        ours = "molmach" if group == request.param else ""
        return [point for point in listed(group=group) if point.dist is None or point.dist.name != ours]

    monkeypatch.setattr("molmach.spec.registered.entry_points", without)
    registered.cache_clear()
    load_registered.cache_clear()
    yield request.param
    registered.cache_clear()
    load_registered.cache_clear()


def test_an_installation_older_than_the_code_says_so(stale_group: str) -> None:
    with pytest.raises(SpecError, match=f"{stale_group}: .* older than this code; .*pip install -e"):
        load(ROTOR)


def test_an_unknown_kind_is_named_with_those_that_there_are() -> None:
    with pytest.raises(SpecError, match=r"drive\.kind: got 'rotating'.*accepted: .*none, .*rotating_field"):
        load(ROTOR, ["drive.kind=rotating"])
    with pytest.raises(SpecError, match=r"machine\.kind: got 'motor'.*accepted: .*catenane, rotaxane, rotor"):
        load(ROTOR, ["machine.kind=motor"])


def test_machines_and_drives_are_read_and_built_without_an_engine() -> None:
    code = (
        "import sys, molmach.drives, molmach.building, molmach.spec\n"
        f"spec = molmach.spec.load({ROTOR!r})\n"
        "assembly = molmach.building.build(spec)\n"
        "assert molmach.drives.terms(spec.drive, assembly, 2.5).has_field\n"
        "loaded = {'openmm', 'numba', 'ray', 'mdtraj'} & sys.modules.keys()\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("package")
def test_an_added_force_field_is_among_the_accepted_ones() -> None:
    assert load(ROTOR, ["protocol.force_field=renamed"]).protocol.build_field == "MMFF94"
    with pytest.raises(SpecError, match=r"expected .*'MMFF94s', .*'bead_spring', .*'own_way' or 'renamed'"):
        load(ROTOR, ["protocol.force_field=UFF"])


@pytest.mark.usefixtures("package")
def test_a_force_field_says_itself_what_it_is_for() -> None:
    """Ours and a stranger's by one rule; a refusal names all that fit, without those that can't be imported."""
    beads = load("catenane-motor", ["protocol.force_field=other_beads"])
    assert build(beads).molecule.GetNumAtoms() == build(load("catenane-motor")).molecule.GetNumAtoms()
    with pytest.raises(
        SpecError, match=r"got 'MMFF94' for a bead_catenane; expected bead_spring or other_beads$"
    ):
        load("catenane-motor", ["protocol.force_field=MMFF94"])
    accepted = "expected MMFF94, MMFF94s, own_way or renamed$"
    for name in ("bead_spring", "other_beads"):
        with pytest.raises(SpecError, match=f"got '{name}' for a rotor; {accepted}"):
            load(ROTOR, [f"protocol.force_field={name}"])


@pytest.mark.usefixtures("package")
def test_molecules_are_built_with_a_force_field_that_places_them() -> None:
    with pytest.raises(
        BuildError, match=r"built with 'own_way'.* expected one that builds with MMFF94 or MMFF94s"
    ):
        build(load(ROTOR, ["protocol.force_field=own_way"]))
