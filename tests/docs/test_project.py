"""What a maintainer relies on is so: habits, the map of the tree, bounds of versions, and what a host of repositories reads."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.helpers.documents import PAGES, ROOT, blocks, name_of
from tools.minimum_constraints import lower_bounds

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def _phony() -> set[str]:
    listed = re.search(r"^\.PHONY:((?:.*\\\n)*.*)", MAKEFILE, re.MULTILINE)
    assert listed
    return set(listed[1].replace("\\", " ").split())


def test_make_help_and_the_page_for_contributors_list_every_target() -> None:
    helped = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert helped.returncode == 0, helped.stderr
    listed = dict(re.findall(r"^make ([a-z-]+) +(\S.*)$", helped.stdout, re.MULTILINE))
    assert listed.keys() == _phony()
    assert set(re.findall(r"^\| `make ([a-z-]+)` \|", CONTRIBUTING, re.MULTILINE)) == _phony()
    assert _phony() == set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.MULTILINE))


_PLACE = re.compile(r"(?:molmach|agents|systems|tests|docs|tools|benchmarks|examples)/[\w./-]+")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_place_that_is_named_is_there(page: Path) -> None:
    """What stands in backquotes and is a path of ours, but for the files that a page tells a reader to write."""
    quoted = re.findall(
        r"`([^`\n]+)`", re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    )
    named = {text.partition("::")[0] for text in quoted if _PLACE.fullmatch(text.partition("::")[0])}
    written = {block.file for block in blocks(page)}
    missing = [name for name in named - written if "NAME" not in name and not (ROOT / name).exists()]
    assert missing == []


def test_every_package_has_its_row_in_the_architecture() -> None:
    rows = set(re.findall(r"^\| `(molmach/\w+|agents|systems|tests)` \|", ARCHITECTURE, re.MULTILINE))
    packages = {f"molmach/{path.parent.name}" for path in (ROOT / "molmach").glob("*/__init__.py")}
    assert rows == packages | {"agents", "systems", "tests"}


def test_the_order_of_imports_in_the_architecture_is_the_contract() -> None:
    layers = PROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    block = re.search(r"^    testing > .*\n(?:    .*\n)*", ARCHITECTURE, re.MULTILINE)
    assert block
    layers_named = re.split(r"\s*>\s*", block[0].strip())
    assert layers_named == [layer.removeprefix("molmach.") for layer in layers]


def test_every_requirement_has_one_lower_bound() -> None:
    bounds = lower_bounds(PROJECT["project"])
    assert len(bounds) > len(PROJECT["project"]["dependencies"])
    listed = subprocess.run(
        [sys.executable, "tools/minimum_constraints.py"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert dict(line.split("==") for line in listed.stdout.splitlines()) == bounds


@pytest.mark.parametrize("requirement", ["numpy", "numpy<3", "numpy>=2,<3", "numpy~=2.0", "other[extra]"])
def test_a_requirement_without_a_plain_lower_bound_is_refused(requirement: str) -> None:
    with pytest.raises(ValueError, match=re.escape(requirement)):
        lower_bounds({"name": "molmach", "dependencies": [requirement]})


def test_a_package_that_is_bounded_twice_is_bounded_alike() -> None:
    project = {"name": "molmach", "dependencies": ["a>=1"], "optional-dependencies": {"x": ["a>=2"]}}
    with pytest.raises(ValueError, match="a>=2 and a>=1"):
        lower_bounds(project)
    project["optional-dependencies"] = {"x": ["a>=1", "molmach[y]"], "y": ["b>=3"]}
    assert lower_bounds(project) == {"a": "1", "b": "3"}


def test_tested_versions_are_not_below_the_bounds() -> None:
    def key(version: str) -> tuple[int, ...]:
        return tuple(int(part) for part in re.findall(r"\d+", version))

    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.lower().replace("_", "-").split("==") for line in lines if not line.startswith("#"))
    bounds = {name.lower(): version for name, version in lower_bounds(PROJECT["project"]).items()}
    extras = PROJECT["project"]["optional-dependencies"]
    untested = ("export", "language", "mcp", "pymdp")  # extras that are not installed for the tests
    apart = {re.split(r"\W*>=", line)[0].lower() for extra in untested for line in extras[extra]}
    assert bounds.keys() - apart <= pins.keys()
    for name in bounds.keys() & pins.keys():
        assert key(pins[name]) >= key(bounds[name]), name


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "type", "authors", "version", "license"} <= citation.keys()
    assert citation["version"] == PROJECT["project"]["version"]
    assert " AND ".join(citation["license"]) == PROJECT["project"]["license"]
    assert f"## Unreleased: {citation['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_hooks_use_the_environment_of_the_project_and_download_nothing() -> None:
    settings = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook for repository in settings["repos"] for hook in repository["hooks"]]
    assert [repository["repo"] for repository in settings["repos"]] == ["local"]
    assert {hook["language"] for hook in hooks} == {"system"}
    for hook in hooks:
        program, word, *_ = hook["entry"].split()
        assert program == ".venv/bin/ruff" or (program == "make" and word in _phony()), hook["entry"]


def test_continuous_integration_covers_what_the_project_says_that_it_runs_on() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    matrix = yaml.safe_load(text)["jobs"]["test"]["strategy"]["matrix"]
    versions = re.findall(r"Python :: (3\.\d+)", " ".join(PROJECT["project"]["classifiers"]))
    assert matrix["python"] == versions
    assert PROJECT["project"]["requires-python"] == f">={versions[0]}"
    assert {system.split("-")[0] for system in matrix["os"]} == {"ubuntu", "macos"}
    targets = set(matrix["target"]) | {row["target"] for row in matrix["include"]}
    assert targets == {"test", "test-minimum", "test-newest"}
    assert targets <= _phony()
    assert {row["python"] for row in matrix["include"] if row["target"] == "test-minimum"} == {versions[0]}
    assert "://" not in text
    debian = re.search(r"apt-get install -y -qq (.*)", text)
    assert debian
    for package in debian[1].split():
        assert f"`{package}`" in CONTRIBUTING
        assert f"`{package}`" in (ROOT / "README.md").read_text(encoding="utf-8")


TEMPLATES = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_a_form_whose_fields_have_names(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= form.keys()
    names = [field["id"] for field in form["body"]]
    assert len(set(names)) == len(names)
    for field in form["body"]:
        assert field["type"] in ("textarea", "input", "checkboxes", "dropdown")
        assert field["attributes"]["label"]


def test_a_bug_is_reported_with_what_it_takes_to_see_it_again() -> None:
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text(encoding="utf-8"))
    required = {field["id"] for field in form["body"] if field.get("validations", {}).get("required")}
    assert {"command", "machine", "doctor"} <= required
    assert "`molmach doctor --json`" in {field["attributes"]["label"] for field in form["body"]}
