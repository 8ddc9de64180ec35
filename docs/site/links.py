"""Links as they lead on the site, where the documents, those of the project and the notebooks are pages."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Container
from pathlib import Path

_ROOT = Path(__file__).parent.parent.parent
_DOCS = _ROOT / "docs"
PROJECT = tuple(_ROOT / f"{name}.md" for name in ("ARCHITECTURE", "CONTRIBUTING", "CHANGELOG"))
"""Documents beside the README that are pages of the site, each under its name in small letters."""
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
_CODE = re.compile(r"(^(`{3,}).*?^\2|`[^`\n]*`)", re.DOTALL | re.MULTILINE)


def translate(text: str, home: Path, stage: Path, place: Path, pages: Container[str]) -> str:
    """A page's text with its links changed for the site.

    A picture from elsewhere in the repository is brought along; of a link to a file that is no page the words
    stay.

    Parameters
    ----------
    text
        Markdown.
    home
        The folder in which the page lies in the repository.
    stage
        Root of the staged pages.
    place
        The folder in which the page lies there.
    pages
        Names of the notebooks that are pages.
    """

    def changed(match: re.Match[str]) -> str:
        picture, words, target, anchor = match.groups()
        if re.match(r"[a-z]+:", target):
            return match[0]
        source = (home / target).resolve()
        if source.is_relative_to(_DOCS):
            there = stage / source.relative_to(_DOCS)
        elif source in PROJECT:
            there = stage / source.name.lower()
        elif source.suffix == ".ipynb" and source.stem in pages:
            there = stage / "notebooks" / f"{source.stem}.md"
        elif picture:
            there = stage / "images" / source.relative_to(_ROOT)
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, there)
        else:
            return words
        return f"{picture}[{words}]({os.path.relpath(there, place)}{anchor or ''})"

    # text, code, fence, text, ...: code stays, and its fence is a part of it
    parts = _CODE.split(text)
    return "".join(
        part if number % 3 == 1 else "" if number % 3 == 2 else _LINK.sub(changed, part)
        for number, part in enumerate(parts)
    )
