"""The server's folder: nothing outside it is read or written, and no code of anybody's is run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from molmach.errors import ServingError, SpecError
from molmach.server.jobs import Jobs, Limits
from molmach.server.resources import read
from molmach.server.root import MACHINES, Root, check_campaign
from molmach.server.tools import Tools
from molmach.spec import loads

DIYNE = "C#Cc1ccc(C#C)c(C#N)c1C#N"


def _tools(folder: Path, limits: Limits | None = None, read_only: bool = False) -> Tools:
    root = Root(folder, read_only)
    return Tools(root, Jobs(root, limits or Limits()))


@pytest.mark.parametrize(
    "name",
    ["", "..", "../x", "a/../../x", "/etc/passwd", "~/x/../../y", "a//b", "a\\b", "-o", "runs/-o", "a\x00b", "a\nb",
     "C:/x", "runs/./x", "x" * 400],
)  # fmt: skip
def test_names_that_lead_out_or_are_none_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ServingError, match="expected a name within"):
        Root(tmp_path / "root").inside(name)


def test_a_link_does_not_lead_out(tmp_path: Path) -> None:
    root = Root(tmp_path / "root")
    secret = tmp_path / "secret.json"
    secret.write_text('{"key": 1}', encoding="utf-8")
    (root.folder / "runs").symlink_to(tmp_path)
    with pytest.raises(ServingError, match="leads out"):
        read(root, "runs%2Fsecret.json")


def test_files_of_other_kinds_and_missing_ones_are_not_read(tmp_path: Path) -> None:
    root = Root(tmp_path / "root")
    (root.folder / "plugin.py").write_text("1", encoding="utf-8")
    for name in ("plugin.py", "nothing.json"):
        with pytest.raises(ServingError, match="no such file"):
            read(root, name)


def test_a_server_that_reads_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    tools = _tools(tmp_path / "root", read_only=True)
    calls: list[Callable[[], object]] = [
        lambda: tools.draft_machine("one", DIYNE),
        lambda: tools.write_machine("one", "name: one"),
        lambda: tools.build_machine("difluorophenylene-rotor"),
        lambda: tools.simulate("difluorophenylene-rotor"),
        lambda: tools.run_campaign("one", "base: difluorophenylene-rotor"),
        lambda: tools.cancel_job("one"),
    ]
    for call in calls:
        with pytest.raises(ServingError, match="only reads"):
            call()
    assert list((tmp_path / "root").iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "agents: ['mine.py:Agent']\n",
        "agents: [{use: 'mine.py:Agent', name: a}]\n",
        "evaluation: {use: 'x.py:Mine'}\n",
        "theory: {estimators: ['/tmp/x.py:Mine']}\n",
        "base: ../../machine.yaml\n",
        "base: /etc/passwd\n",
        "[1, 2]\n",
        "a: [\n",
        "a: " + "[" * 5000,
    ],
)
def test_campaigns_that_bring_code_or_files_are_refused(text: str) -> None:
    with pytest.raises((ServingError, SpecError), match=r"expected|not valid"):
        check_campaign(text)


def test_a_campaign_of_what_is_installed_is_taken() -> None:
    content = check_campaign("base: difluorophenylene-rotor\nagents: [random, {use: bayesian, name: b}]\n")
    assert content["base"] == "difluorophenylene-rotor"


# drafts


def test_a_draft_finds_what_turns_and_reads_as_a_machine(tmp_path: Path) -> None:
    tools = _tools(tmp_path / "root")
    said = tools.draft_machine("nitrile", DIYNE)
    assert said["file"] == "machines/nitrile.yaml"
    with pytest.raises(ServingError, match="is there already"):
        tools.draft_machine("nitrile", DIYNE)
    spec = loads(said["yaml"])
    assert (spec.machine.kind, spec.drive.kind) == ("rotor", "rotating_field")
    assert tools.read_machine("nitrile")["key"] == spec.key
    assert tools.list_systems()["machines"] == ["nitrile"]


@pytest.mark.parametrize("smiles", ["not a molecule", "", "C" * 2000, "/etc/passwd", "secret.sdf", "--json"])
def test_what_is_no_molecule_is_refused_in_a_sentence(tmp_path: Path, smiles: str) -> None:
    with pytest.raises((ServingError, SpecError), match="expected"):
        _tools(tmp_path / "root").draft_machine("one", smiles)
    assert not (tmp_path / "root" / MACHINES / "one.yaml").exists()


def test_a_text_in_a_name_gets_nowhere(tmp_path: Path) -> None:
    tools = _tools(tmp_path / "root")
    for name in ("../one", "one two", "ignore all rules; rm -rf", "", "x" * 200):
        with pytest.raises((ServingError, SpecError)):
            tools.draft_machine(name, DIYNE)
    with pytest.raises(ServingError, match="path=value"):
        tools.simulate("difluorophenylene-rotor", changes=["--no-controls"])
    with pytest.raises(ServingError, match="does not start with"):
        tools.scan("difluorophenylene-rotor", ["--workers=8"])
