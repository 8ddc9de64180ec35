"""Drawings as elements of a page: they take its ink, its grid's colour and its font, in light and dark."""

from __future__ import annotations

import io
import re
from html import escape

import matplotlib
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
_IDENTIFIED = re.compile(r'(\bid="|href="#|url\(#)')


def inline_figure(figure: Figure, name: str, alt: str) -> str:
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
    element = re.sub(r"<(metadata|style)\b.*?</\1>", "", element, flags=re.DOTALL)
    element = _IDENTIFIED.sub(rf"\g<1>{name}-", element)
    element = element.replace(INK, "currentColor").replace(LINE, "var(--line)")
    return _labelled(element, "plot", alt)


def inline_molecule(svg: str, alt: str) -> str:
    """A drawing by RDKit as an ``svg`` element of an HTML page, its highlights in the page's colours."""
    element = re.sub(r"<rect style='opacity:1\.0;fill:#FFFFFF[^>]*>\s*</rect>", "", _element(svg))
    element = element.replace("#000000", "currentColor")
    for drawn, own in _FILLS.items():
        element = element.replace(drawn, own)
    return _labelled(element, "molecule", alt)


def _element(document: str) -> str:
    """The element alone: without declarations, comments and namespaces, sized by the page."""
    element = document[document.index("<svg") :]
    element = re.sub(r"<!--.*?-->", "", element, flags=re.DOTALL)
    head, rest = element.split(">", 1)
    head = re.sub(
        r"""\s+(?:xmlns(?::\w+)?|xml:space|version|baseProfile|width|height)=(["']).*?\1""", "", head
    )
    return f"{head}>{rest}".replace("xlink:href", "href").strip()


def _labelled(element: str, kind: str, alt: str) -> str:
    return element.replace("<svg", f'<svg class="{kind}" role="img" aria-label="{escape(alt)}"', 1)
