"""Drives and force fields that a package adds by an entry point."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from molmach.errors import SpecError
from molmach.spec import load
from molmach.spec.registered import load_registered, registered
from tests.helpers.machines import ROTOR


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed package whose drive has no module, and with a force field that is MMFF94."""
    record = tmp_path / "other-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (record / "entry_points.txt").write_text(
        "[molmach.drives]\nbroken = nowhere:Broken\n[molmach.forcefield]\nrenamed = molmach.forcefield.mmff94:MMFF94\n"
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


@pytest.mark.usefixtures("package")
def test_an_added_force_field_is_among_the_accepted_ones() -> None:
    assert load(ROTOR, ["protocol.force_field=renamed"]).protocol.build_field == "MMFF94"
    with pytest.raises(SpecError, match="expected 'MMFF94', 'MMFF94s', 'bead_spring' or 'renamed'"):
        load(ROTOR, ["protocol.force_field=UFF"])
