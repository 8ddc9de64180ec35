"""Words whose numbers were judged (:mod:`molmach.words`), in the pieces that a page shows."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MARKED = re.compile(r"~~(?P<struck>.+?)~~| ?⟦(?P<cited>.+?)⟧", re.DOTALL)


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """What a text is made of: (kind, words), of the kinds ``plain``, ``struck`` and ``cited``.

    >>> list(pieces("92 ⟦trial 2⟧, not ~~129~~"))
    [('plain', '92'), ('cited', 'trial 2'), ('plain', ', not '), ('struck', '129')]
    """
    position = 0
    for mark in _MARKED.finditer(text):
        if mark.start() > position:
            yield "plain", text[position : mark.start()]
        yield ("struck", mark["struck"]) if mark["struck"] else ("cited", mark["cited"])
        position = mark.end()
    if position < len(text):
        yield "plain", text[position:]
