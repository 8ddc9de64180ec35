"""What is installed is what is here: a wheel has every package, and every file that the code reads."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HOMES = {"molmach": "molmach", "agents": "molmach.agents", "systems": "molmach.systems"}


@pytest.fixture(scope="module")
def setup() -> dict[str, list[str]]:
    """``packages`` and the patterns of ``package-data``, by package."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    return {"packages": wanted["packages"], **wanted["package-data"]}


def test_every_package_is_listed(setup: dict[str, list[str]]) -> None:
    found = {
        ".".join([name, *path.parent.relative_to(ROOT / home).parts])
        for home, name in HOMES.items()
        for path in (ROOT / home).rglob("__init__.py")
    }
    assert sorted(setup["packages"]) == sorted(found)


def test_every_data_file_belongs_to_a_package(setup: dict[str, list[str]]) -> None:
    taken = {"py.typed"}
    for home, name in HOMES.items():
        for path in (ROOT / home).rglob("*"):
            if path.is_dir() or path.suffix == ".py" or "__pycache__" in path.parts:
                continue
            owner = next(folder for folder in path.parents if (folder / "__init__.py").is_file())
            package = ".".join([name, *owner.relative_to(ROOT / home).parts])
            matched = {found for pattern in setup.get(package, []) for found in owner.glob(pattern)}
            assert path in matched or path.name in taken, f"{path.relative_to(ROOT)} is not in the wheel"
