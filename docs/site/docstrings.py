"""Docstrings as the site shows them: their sections, and what they refer to.

The interface offers things under other names than those of the modules in which they stand, so a reference is
followed to the object itself. What is there but on no page stays plain text; what is not there is a warning.
"""

from __future__ import annotations

import builtins
import importlib
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from docutils import nodes
from pydantic import BaseModel
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext.napoleon import Config
from sphinx.ext.napoleon.docstring import NumpyDocstring
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

_LOG = logging.getLogger(__name__)
_NOTHING = object()
_UNDERLINE = re.compile(r"-{3,}$")
_NAPOLEON = Config(napoleon_use_rtype=False)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("autodoc-process-docstring", _sections)
    app.connect("missing-reference", _resolve)
    app.connect("autodoc-process-signature", _signature)
    app.connect("autodoc-skip-member", _skip)
    return {"parallel_read_safe": True}


def _sections(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Numpy's sections as reStructuredText.

    Napoleon is called rather than loaded, for it takes what stands before a colon in a property's
    docstring for its type; and attributes that are told of together, `low, high`, it does not know.
    """
    role = "method" if what in ("attribute", "data", "property") else what
    start, end = _attributes(lines)
    before, after = (
        NumpyDocstring(part, _NAPOLEON, app, role, name, thing, options).lines()
        for part in (lines[:start], lines[end:])
    )
    lines[:] = [*before, "", *_definitions(lines[start:end]), "", *after]


def _attributes(lines: list[str]) -> tuple[int, int]:
    """Where the section of attributes begins and ends; an empty stretch at the end where there is none."""
    heads = [number for number, line in enumerate(lines[1:]) if _UNDERLINE.match(line)]
    for head, following in pairwise([*heads, len(lines)]):
        if lines[head] == "Attributes":
            return head, following
    return len(lines), len(lines)


def _definitions(section: list[str]) -> list[str]:
    """The section of attributes as a list of definitions."""
    if not section:
        return []
    lines = [
        f"    {line}" if line.startswith(" ") else f"    ``{line}``" if line else "" for line in section[2:]
    ]
    return [":Attributes:", "", *lines]


def _resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.TextElement) -> Any:
    if node.get("refdomain") != "py":
        return None
    for path in _candidates(node):
        meant = _object(path)
        if meant is _NOTHING:
            continue
        place = _places(env).get(id(meant))
        if place is None:
            return shown
        document, anchor = place
        return make_refnode(app.builder, node["refdoc"], document, anchor, shown)
    written = (
        node.rawsource.startswith(":") or node["reftype"] == "exc"
    )  # by a person; others are annotations
    if written and not hasattr(builtins, node["reftarget"]):
        _LOG.warning("%s is not there", node.rawsource or node["reftarget"], location=node)
    return None


def _candidates(node: pending_xref) -> Iterator[str]:
    """What the name may stand for: in full, in its class, in its module, and where that was written."""
    target = node["reftarget"].lstrip("~.")
    module, owner = node.get("py:module"), node.get("py:class")
    yield target
    scope = ".".join(part for part in (module, owner) if part)
    while scope:
        yield f"{scope}.{target}"
        home = getattr(_object(scope), "__module__", None)
        if isinstance(home, str):
            yield f"{home}.{target}"
        scope = scope.rpartition(".")[0]


def _object(path: str) -> Any:
    """What an absolute dotted name of ours stands for."""
    if not path.startswith("molmach"):
        return _NOTHING
    parts = path.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ImportError:
            continue
        for name in parts[cut:]:
            found = getattr(found, name, _NOTHING)
            if found is _NOTHING:
                return _NOTHING
        return found
    return _NOTHING


def _places(env: BuildEnvironment) -> dict[int, tuple[str, str]]:
    """Page and anchor of every object that a page shows."""
    if not hasattr(env, "molmach_places"):
        known = env.domains["py"].objects
        env.molmach_places = {id(_object(name)): (at.docname, at.node_id) for name, at in known.items()}
    return env.molmach_places


def _signature(app: Sphinx, what: str, name: str, thing: Any, *_: Any) -> tuple[str, str] | None:
    """A section of a file is written in YAML and not called: its fields are told, not a signature."""
    return ("", "") if what == "class" and issubclass(thing, BaseModel) else None


def _skip(app: Sphinx, what: str, name: str, thing: Any, *_: Any) -> bool | None:
    """Names that a pydantic model has for itself."""
    return True if name.startswith("model_") else None
