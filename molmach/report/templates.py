"""HTML from the templates beside this module: what is put into one is text, unless it is ``Markup``."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from molmach.report.marks import pieces


def render(name: str, **values: object) -> Markup:
    """A page or a part of one.

    Parameters
    ----------
    name
        File in the folder ``templates``.
    values
        What the template lays out. Strings are escaped; :class:`markupsafe.Markup` stands as it is.

    Raises
    ------
    jinja2.UndefinedError
        The template asks for a value that is not given.
    """
    return Markup(environment().get_template(name).render(values))


@cache
def environment() -> Environment:
    """Where all templates come from."""
    templates = Environment(
        loader=PackageLoader("molmach.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.globals["resource"] = _program
    templates.filters["pieces"] = pieces
    templates.globals["resource_text"] = resource
    return templates


def _program(name: str) -> Markup:
    """A style sheet or script of this package, as it stands in a page."""
    return Markup(resource(name))


def resource(name: str) -> str:
    """The text of a file that comes with this package."""
    return files("molmach.report").joinpath(name).read_text(encoding="utf-8")
