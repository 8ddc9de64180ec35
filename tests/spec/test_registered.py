"""Entry points that clash or name nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest

from molmach import drives
from molmach.errors import SpecError
from molmach.spec import load
from molmach.spec.registered import entry, load_registered, registered
from tests.helpers.machines import ROTOR

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a distribution of a name with entry points and modules."""

    def installed(name: str, points: str, **modules: str) -> None:
        folder = tmp_path / name
        record = folder / f"{name}-1.0.dist-info"
        record.mkdir(parents=True)
        (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (record / "entry_points.txt").write_text(points)
        for module, source in modules.items():
            (folder / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(folder)
        registered.cache_clear()
        load_registered.cache_clear()

    yield installed
    registered.cache_clear()
    load_registered.cache_clear()


@pytest.mark.parametrize("name", ["aaa", "zzz"])
def test_a_name_of_ours_stays_ours(install: Install, name: str) -> None:
    install(name, "[molmach.drives]\nrotating_field = nowhere:Other\n")
    assert entry("molmach.drives", "rotating_field").value.startswith("molmach.drives.rotating_field:")
    spec = load(ROTOR, ["drive={kind: rotating_field, field: 1 V/nm, frequency: 50 GHz}"])
    assert type(drives.model(spec.drive)).__module__ == "molmach.drives.rotating_field"


def test_two_strangers_of_one_name_are_both_named(install: Install) -> None:
    install("one", "[molmach.drives]\ntwin = m_one:M\n")
    install("two", "[molmach.drives]\ntwin = m_two:M\n")
    with pytest.raises(SpecError, match=r"twin is registered by one \(m_one:M\) and two \(m_two:M\)"):
        load(ROTOR, ["drive={kind: twin}"])
    assert load(ROTOR, ["drive={kind: none}"]).drive.kind == "none"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("not a value!", "not a value! of theirs can't be imported: the entry point is wrong"),
        ("nowhere.inside:M", "the entry point is wrong, there is no module nowhere"),
        ("leaves:M", "leaves:M can't be imported: SystemExit: 7"),
        ("needs:M", "needs:M can't be imported: ModuleNotFoundError: .*'an_extra'"),
        ("leaves_not:M", "can't be imported: AttributeError: .*leaves_not.* has no attribute 'M'"),
    ],
)
def test_what_names_nothing_is_told(install: Install, value: str, told: str) -> None:
    modules = {"leaves": "raise SystemExit(7)\n", "needs": "import an_extra\n", "leaves_not": ""}
    install("theirs", f"[molmach.drives]\nodd = {value}\n", **modules)
    with pytest.raises(SpecError, match=told):
        load(ROTOR, ["drive={kind: odd}"])
    kinds = {get_args(model.spec.model_fields["kind"].annotation)[0] for model in drives.models()}
    assert "none" in kinds
