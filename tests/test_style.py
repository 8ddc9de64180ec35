"""Words and sizes of the package's source: a reader finds a thing by its name, and a name says what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.helpers.sources import sources

SOURCES = sources()
MOST_LINES = 450


def _documented(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Name and docstring of a module, its classes, its functions, and what is assigned in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text is not None:
                yield getattr(node, "name", "the module"), text
        if isinstance(node, ast.Module | ast.ClassDef):
            for assigned, after in pairwise(node.body):
                match assigned, after:
                    case ast.Assign() | ast.AnnAssign(), ast.Expr(ast.Constant(str(text))):
                        target = assigned.targets[0] if isinstance(assigned, ast.Assign) else assigned.target
                        yield ast.unparse(target), text


def _says_nothing(text: str) -> bool:
    """One word, or a reference to a text that stands elsewhere today."""
    return len(text.split()) < 2 or text.strip().lower().startswith(("the same.", "as above", "see above"))


def _assigned(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of every variable and parameter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg


@pytest.mark.parametrize("name", SOURCES)
def test_a_docstring_is_more_than_a_word(name: str) -> None:
    tree = ast.parse(SOURCES[name].read_text(encoding="utf-8"))
    empty = {who: text for who, text in _documented(tree) if _says_nothing(text)}
    assert not empty, f"{name}: say what it is, in units and shapes where it has them"


@pytest.mark.parametrize("name", SOURCES)
def test_no_variable_is_called_found(name: str) -> None:
    lines = [
        line
        for line, word in _assigned(ast.parse(SOURCES[name].read_text(encoding="utf-8")))
        if "found" in word.split("_")
    ]
    assert not lines, f"{name}, lines {lines}: name what was found"


def test_no_module_is_too_long_to_read_at_once() -> None:
    long = {name: _lines(path) for name, path in SOURCES.items() if _lines(path) > MOST_LINES}
    assert not long, f"more than {MOST_LINES} lines"


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_what_these_checks_look_for_would_be_seen() -> None:
    tree = ast.parse(
        'def f(found):\n    """Thing."""\n    for found in (): pass\ndef g():\n    """The same."""\n'
        'HOTTEST = 2.0\n"""K."""\n'
    )
    assert {(who, _says_nothing(text)) for who, text in _documented(tree)} == {
        ("f", True), ("g", True), ("HOTTEST", True),
    }  # fmt: skip
    assert not _says_nothing("Two words.")
    assert [word for _, word in _assigned(tree)].count("found") == 2
