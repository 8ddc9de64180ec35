"""Templates: everything that is put into a page is text, and no HTML is written anywhere else."""

from __future__ import annotations

import ast
import dataclasses
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined, UndefinedError, meta
from markupsafe import Markup
from matplotlib.figure import Figure

import molmach.agents
import molmach.report
import molmach.systems
from molmach.building.assembly import Floats
from molmach.report.campaign.page import CampaignPage
from molmach.report.comparison_page import ComparisonPage
from molmach.report.kinetics_page import KineticsPage
from molmach.report.page import RunPage
from molmach.report.scan_page import ScanPage
from molmach.report.svg import inline_figure, inline_molecule
from molmach.report.tables import Table
from molmach.report.templates import environment, render
from molmach.report.trajectory_page import TrajectoryPage
from tests.helpers.pages import EVIL, Checker

ROOT = Path(molmach.__file__).parent
PAGES = {
    "run.html": RunPage,
    "trajectory.html": TrajectoryPage,
    "scan.html": ScanPage,
    "comparison.html": ComparisonPage,
    "kinetics.html": KineticsPage,
    "campaign.html": CampaignPage,
    "live.html": CampaignPage,
}
ELEMENT = re.compile(
    r"</?(?:a|article|b|body|br|caption|code|dd|details|div|dl|dt|em|figcaption|figure|footer|h[1-6]|head|header|hr|html|i|"
    r"img|input|li|link|main|meta|noscript|ol|output|p|path|pre|script|section|small|span|strong|style|sub|summary|sup|svg|"
    r"table|tbody|td|th|thead|title|tr|ul)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
texts = st.text(min_size=1, max_size=30).filter(lambda text: not text.isspace())


def filled(kind: Any, text: str) -> Any:
    """A value of a type in which every string is ``text``: a page's view, whatever was written."""
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return filled(parts[0], text)
    if kind is Table:
        return Table(text, (text, "second"), ((text, text), (text, text)), (1,))
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return kind(**{field.name: filled(hints[field.name], text) for field in dataclasses.fields(kind)})  # type: ignore[operator]
    if origin is tuple and Ellipsis not in parts:
        return tuple(filled(part, text) for part in parts)
    if origin in (list, tuple, Sequence):
        return (origin if origin is not Sequence else tuple)([filled(parts[0], text)] * 2)
    if origin in (dict, Mapping):
        return {text: filled(parts[1], text)}
    return {
        Markup: Markup('<svg aria-label="drawn"></svg>'),
        str: text,
        int: 3,
        bool: True,
        bytes: b"png",
        Any: [text],
    }[kind]


def _page(name: str, text: str) -> Checker:
    return Checker(render(name, page=filled(PAGES[name], text)))


@pytest.mark.parametrize("name", PAGES)
@settings(deadline=None, max_examples=30)
@given(text=texts)
@example(text=EVIL)
@example(text='"><img src=x onerror=alert(1)>')
@example(text="</title></style></script><!--")
@example(text="{{ page }} {% include 'base.html' %}")
def test_whatever_is_written_the_page_has_the_same_elements_and_shows_it(name: str, text: str) -> None:
    plain, page = _page(name, "word"), _page(name, text)
    assert not page.problems
    assert page.skeleton == plain.skeleton
    assert not page.handlers
    shown, wanted = ([part.strip() for part in one.texts] for one in (page, plain))
    assert shown.count(text.strip()) >= wanted.count("word") > 0


@pytest.mark.filterwarnings("ignore:Glyph")
@settings(deadline=None, max_examples=30)
@given(text=texts)
@example(text=EVIL)
def test_text_in_a_drawing_is_text(text: str) -> None:
    figure = Figure()
    figure.subplots().set_title(text.replace("$", ""), parse_math=False)
    drawn = Checker(inline_figure(figure, "name", text))
    assert not drawn.problems
    assert drawn.tags <= {"svg", "defs", "g", "path", "use", "text", "clippath", "rect", "tspan"}
    assert not drawn.handlers
    molecule = Checker(inline_molecule("<svg xmlns='http://www.w3.org/2000/svg'><path d='M0'/></svg>", text))
    assert molecule.skeleton == [("svg", ("class", "role", "aria-label")), ("path", ("d",))]


def test_a_value_that_a_template_asks_for_has_to_be_given() -> None:
    assert environment().undefined is StrictUndefined
    with pytest.raises(UndefinedError, match="page"):
        render("run.html")
    view = dataclasses.asdict(filled(ScanPage, "word"))
    del view["summary"]
    with pytest.raises(UndefinedError, match="summary"):
        render("scan.html", page=view)


def test_every_template_is_used() -> None:
    known = set(environment().list_templates())
    reached = {
        name for name in known if any(f'"{name}"' in path.read_text("utf-8") for path in ROOT.rglob("*.py"))
    }
    assert set(PAGES) <= reached
    waiting = list(reached)
    while waiting:
        for name in meta.find_referenced_templates(_tree(waiting.pop())):
            if name is not None and name not in reached:
                reached.add(name)
                waiting.append(name)
    assert reached == known


def test_every_macro_is_used() -> None:
    sources = {name: _source(name) for name in environment().list_templates()}
    everything = "".join(sources.values())
    for name in re.findall(r"{% macro (\w+)\(", everything):
        assert len(re.findall(rf"(?<!macro )\b{name}\(", everything)) >= 1, name


def _source(name: str) -> str:
    loader = environment().loader
    assert loader is not None
    return loader.get_source(environment(), name)[0]


def _tree(name: str) -> Any:
    return environment().parse(_source(name))


MODULES = sorted(
    path for home in (ROOT, Path(molmach.agents.__path__[0]), Path(molmach.systems.__path__[0])) for path in home.rglob("*.py")
)  # fmt: skip


@pytest.mark.parametrize("path", MODULES, ids=lambda path: "/".join(path.parts[-3:]))
def test_no_module_writes_html(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names = {alias.name for alias in node.names}
            assert not (node.module == "html" and "escape" in names), "html.escape"
            assert not (node.module == "string" and "Template" in names), "string.Template"
        elif isinstance(node, ast.Import):
            assert "html" not in {alias.name for alias in node.names}
    written = [text for text in _strings(tree) if ELEMENT.search(text)]
    assert not written


def _strings(tree: ast.AST) -> Iterator[str]:
    """Every string of a module, f-strings with their fields as blanks, but not those that document it."""
    documents = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else " " for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documents:
            yield node.value


def test_no_element_of_the_moving_picture_has_the_colour_of_a_part() -> None:
    """CIE 1976 distance of every element's colour from every part's, in light and dark: 20 is plain to see."""
    folder = Path(molmach.report.__file__).parent
    script, style = ((folder / name).read_text(encoding="utf-8") for name in ("viewer.js", "style.css"))
    table = re.search(r"const HETERO = \{(.*?)\}", script, re.DOTALL)
    assert table is not None
    elements = dict(re.findall(r'(\w+): "(#[0-9a-f]{6})"', table[1]))
    parts = re.findall(r"--(rotor|stator|follower|axle|station|rest|field): (#[0-9a-f]{6})", style)
    assert {"N", "O", "F", "Cl", "Br", "I", "S", "P", "Si"} <= elements.keys()
    assert {name for name, _ in parts} >= {"rotor", "stator", "axle", "station"}
    for element, colour in elements.items():
        others = [(f"element {name}", other) for name, other in elements.items() if name != element]
        for name, other in [*parts, *others]:
            assert np.linalg.norm(_cielab(colour) - _cielab(other)) > 20.0, (element, name)


def _cielab(colour: str) -> Floats:
    """L*, a*, b* of an sRGB colour under D65 (CIE 15, 2004)."""
    linear = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(linear > 0.04045, ((linear + 0.055) / 1.055) ** 2.4, linear / 12.92)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x = to_xyz @ linear / [0.95047, 1.0, 1.08883]
    f = np.where(x > (6 / 29) ** 3, np.cbrt(x), x / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])
