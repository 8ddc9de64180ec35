"""Nobody but its owner asks which drive, machine kind or coordinate it has before it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from molmach.building import PLACES, TURNS
from molmach.spec.registered import DRIVES, MACHINES, load_registered, registered

ROOT = Path(__file__).parent.parent
PACKAGES = ("molmach", "agents")

KINDS = {*registered(DRIVES), *registered(MACHINES)}
UNITS = {scale.unit for scale in (TURNS, PLACES)}
OWNERS = {
    owned.__name__: f"{owned.__module__.replace('.', '/')}.py"
    for group in (DRIVES, MACHINES)
    for registered_class in (load_registered(group, name) for name in registered(group))
    for owned in (registered_class, registered_class.spec)
}
"""Class of a kind, or of its section -> the file that defines it."""


def _last_name(node: ast.expr) -> str:
    """The name that an expression ends with: ``kind`` of ``spec.drive.kind``, ``x["kind"]``, ``x.get("kind")``."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            return name
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(name)), *_]):
            return name
    return ""


def _texts(node: ast.expr) -> set[str]:
    return {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }


def _classes(node: ast.expr) -> set[str]:
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return names | {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}


def _asked(node: ast.AST) -> set[str]:
    """Names of kinds, units and classes that a piece of code tells apart."""
    match node:
        case ast.Compare():
            sides = [node.left, *node.comparators]
            names, texts = {_last_name(side) for side in sides}, set().union(*map(_texts, sides))
            asked = texts & KINDS if "kind" in names else set()
            return asked | (texts & UNITS if "unit" in names else set())
        case ast.Call(
            func=ast.Attribute(value=asked_of, attr="startswith"), args=[ast.Constant(value=str(text))]
        ):
            return {text} & UNITS if _last_name(asked_of) == "unit" else set()
        case ast.Call(func=ast.Name(id="isinstance"), args=[_, classes]):
            return _classes(classes) & OWNERS.keys()
        case ast.Call(
            func=ast.Name(id="getattr" | "hasattr"), args=[asked_of, ast.Constant(value=str(text)), *_]
        ):
            return {f"getattr {text}"} if _last_name(asked_of) in ("drive", "machine") else set()
        case ast.Match(subject=subject, cases=cases) if _last_name(subject) in ("kind", "unit"):
            patterns = [part for case in cases for part in ast.walk(case.pattern)]
            return {t for part in patterns if isinstance(part, ast.Constant) for t in _texts(part)} & (
                KINDS | UNITS
            )
    return set()


def _questions(code: str) -> Iterator[tuple[int, str]]:
    """(line, what is told apart) for every such test in a module."""
    for node in ast.walk(ast.parse(code)):
        for asked in sorted(_asked(node)):
            yield getattr(node, "lineno", 0), asked


def test_only_owners_ask_which_drive_or_kind_or_unit_it_is() -> None:
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            for line, asked in _questions(path.read_text(encoding="utf-8")):
                if OWNERS.get(asked) != name:
                    found.append(f"{name}:{line}: {asked}")
    assert not found, "expected the owner of these to have a method instead:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "code",
    [
        "isinstance(run.drive, RotatingField)",
        "isinstance(drive, spec.StationSwitch | Flashing)",
        "assembly.kind == 'rotor'",
        "machine.get('kind') != 'rotaxane'",
        "kind in ('catenane', 'bead_catenane')",
        "coordinate.scale.unit == 'turn'",
        "velocity.unit.startswith('turn')",
        "getattr(spec.drive, 'field', None)",
        "match drive.kind:\n    case 'flashing':\n        pass",
    ],
)
def test_a_question_of_that_sort_is_noticed(code: str) -> None:
    assert list(_questions(code))


@pytest.mark.parametrize(
    "code",
    [
        "protocol.constraints == 'none'",
        "kind == 'finished'",
        "isinstance(content, Driven)",
        "scale.period is None",
        "getattr(machine_file, 'name')",
    ],
)
def test_other_questions_are_left_alone(code: str) -> None:
    assert not list(_questions(code))
