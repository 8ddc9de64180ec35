"""Drawings as elements of a page: they take its ink, its grid's colour and its font, in light and dark."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from xml.etree import ElementTree

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

from molmach.building import PART_COLOURS

INK, LINE = "#010203", "#010204"
"""Colours in a figure that stand for the page's text and for its thin lines."""

AMBER = PART_COLOURS["rotor"]
"""Highlight of a drawing by RDKit that takes the page's own amber, which leaves its ink readable."""

_FILLS = {
    "#" + "".join(f"{int(255 * share):02X}" for share in colour): f"var(--fill-{part})"
    for part, colour in PART_COLOURS.items()
}
_PAGE_SIZED = {"width", "height", "version", "baseProfile"}
"""Attributes of a document that its element in a page does without."""

_REFERENCE = re.compile(r"(?<=url\(#)")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document may hold, as somebody's name may."""


def inline_figure(figure: Figure, name: str, alt: str) -> Markup:
    """A figure as an ``svg`` element of an HTML page.

    Parameters
    ----------
    figure
        Drawn with :data:`INK` and :data:`LINE` for text, axes and grid, on no ground.
    name
        Unique on its page: identifiers in the element start with it.
    alt
        What a reader is told who does not see it.
    """
    stream = io.StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None})
    element = _element(stream.getvalue())
    _remove(element, lambda part: part.tag in ("metadata", "style"))

    def own(attribute: str, value: str) -> str:
        if attribute == "id":
            return f"{name}-{value}"
        if attribute == "href" and value.startswith("#"):
            return f"#{name}-{value[1:]}"
        value = _REFERENCE.sub(f"{name}-", value)
        return value.replace(INK, "currentColor").replace(LINE, "var(--line)")

    _rewrite(element, own)
    return _labelled(element, "plot", alt)


def inline_molecule(svg: str, alt: str) -> Markup:
    """A drawing by RDKit as an ``svg`` element of an HTML page, its highlights in the page's colours."""
    element = _element(svg)
    _remove(element, lambda part: part.tag == "rect" and "fill:#FFFFFF" in part.get("style", ""))

    def own(attribute: str, value: str) -> str:
        value = value.replace("#000000", "currentColor")
        for drawn, wanted in _FILLS.items():
            value = value.replace(drawn, wanted)
        return value

    _rewrite(element, own)
    return _labelled(element, "molecule", alt)


def _element(document: str) -> ElementTree.Element:
    """The element alone: without declarations, comments and namespaces, sized by the page."""
    element = ElementTree.fromstring(_NOT_XML.sub("", document).encode("utf-8"))
    for part in element.iter():
        part.tag = _local(part.tag)
        part.attrib = {_local(name): value for name, value in part.attrib.items()}
    element.attrib = {name: value for name, value in element.attrib.items() if name not in _PAGE_SIZED}
    return element


def _local(name: str) -> str:
    """A name without its namespace, as in HTML."""
    return name.rpartition("}")[2]


def _remove(element: ElementTree.Element, unwanted: Callable[[ElementTree.Element], bool]) -> None:
    for part in list(element.iter()):
        for child in [child for child in part if unwanted(child)]:
            part.remove(child)


def _rewrite(element: ElementTree.Element, own: Callable[[str, str], str]) -> None:
    """Replace the value of every attribute by ``own(name, value)``."""
    for part in element.iter():
        for name, value in part.attrib.items():
            part.set(name, own(name, value))


def _labelled(element: ElementTree.Element, kind: str, alt: str) -> Markup:
    element.attrib = {"class": kind, "role": "img", "aria-label": alt, **element.attrib}
    return Markup(ElementTree.tostring(element, encoding="unicode"))
