"""What is installed is what is here: a wheel has every package, and every file that the code reads."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.helpers.waiting import GENEROUS

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


BUILT_FROM = ("pyproject.toml", "README.md", "LICENSE", *HOMES)
"""What a wheel is made of."""


def _run(*words: str | Path, cwd: Path) -> str:
    """What a program prints that ends well; without this checkout and its environment in its way."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    ended = subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=2 * GENEROUS,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with a wheel of this checkout, whose requirements it takes from this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    source, wheels, environment = folder / "source", folder / "wheels", folder / "environment"
    source.mkdir()
    for name in BUILT_FROM:
        place = ROOT / name
        if place.is_dir():
            shutil.copytree(place, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(place, source / name)
    _run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", wheels, source, cwd=folder)
    _run(sys.executable, "-m", "venv", environment, cwd=folder)
    (packages,) = environment.glob("lib/python*/site-packages")
    others = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "requirements.pth").write_text("\n".join(others) + "\n", encoding="utf-8")
    (wheel,) = wheels.glob("molmach-*.whl")
    python = environment / "bin" / "python"
    _run(python, "-m", "pip", "install", "--no-deps", "--force-reinstall", wheel, cwd=folder)
    return environment / "bin"


@pytest.mark.slow
def test_a_wheel_works_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    """Its own files are used, and they are enough for the demo and for a machine of one's own."""
    where = _run(installed / "python", "-c", "import molmach; print(molmach.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)
    demo = json.loads(_run(installed / "molmach", "demo", "--json", cwd=tmp_path))
    assert demo["score"]["verdict"] == "forward"
    assert (tmp_path / "molmach-demo" / "report.html").is_file()
    drawn = _run(
        installed / "molmach", "new", "Fc1ccccc1C#Cc1ccccc1", "--yes", "--name", "mine", cwd=tmp_path
    )
    assert "written: mine.yaml" in drawn
    assert "mine" in _run(installed / "molmach", "build", "mine.yaml", cwd=tmp_path)


@pytest.mark.slow
def test_what_a_wheel_asks_for_is_what_is_installed_here(installed: Path, tmp_path: Path) -> None:
    code = (
        "from importlib.metadata import requires, version\n"
        "from packaging.requirements import Requirement\n"
        "asked = [Requirement(text) for text in requires('molmach')]\n"
        "plain = [one for one in asked if one.marker is None]\n"
        "assert len(plain) > 10\n"
        "print([one.name for one in plain if version(one.name) not in one.specifier])"
    )
    assert _run(installed / "python", "-c", code, cwd=tmp_path).strip() == "[]"
