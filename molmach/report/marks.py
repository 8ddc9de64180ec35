"""Words whose numbers were judged (:mod:`molmach.words`), as HTML."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_STRUCK = re.compile(r"~~(.+?)~~", re.DOTALL)
_CITED = re.compile(r" ?⟦(.+?)⟧", re.DOTALL)


def marked(text: str) -> Markup:
    """A text with struck numbers struck through and references small behind the others.

    >>> marked("92 ⟦trial 2⟧, not ~~129~~ <b>")
    Markup('92 <small class="soft">[trial 2]</small>, not <del title="not borne out">129</del> &lt;b&gt;')
    """
    html = str(escape(text))
    html = _STRUCK.sub(r'<del title="not borne out">\1</del>', html)
    return Markup(_CITED.sub(r' <small class="soft">[\1]</small>', html))
