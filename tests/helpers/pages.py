"""Pages as a parser reads them, and what tries to get out of its place on one."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr"}

EVIL = "<script>alert(1)</script> & \"'$name ${css} {{ 7 * 7 }} {% raw %} </style>"


class Checker(HTMLParser):
    """A page as parsed.

    Attributes
    ----------
    problems
        Tags that are not closed, identifiers that stand twice, pictures without words, headers of nothing.
    tags, ids, references, texts
        What is on it: names of elements, identifiers, addresses, and what a reader reads.
    handlers
        Attributes that are scripts.
    skeleton
        Elements in their order, each with the names of its attributes.
    """

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[str] = []
        self.problems: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.references: list[str] = []
        self.texts: list[str] = []
        self.handlers: list[str] = []
        self.skeleton: list[tuple[str, tuple[str, ...]]] = []
        self.feed(text)
        self.problems += [f"<{tag}> is not closed" for tag in self.stack]
        self.problems += [f"id {i} stands twice" for i in set(self.ids) if self.ids.count(i) > 1]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes(tag, attrs)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes(tag, attrs)
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.stack or self.stack.pop() != tag:
            self.problems.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.stack):
            self.texts.append(data)

    def _attributes(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.add(tag)
        self.skeleton.append((tag, tuple(found)))
        self.handlers += [name for name in found if name.startswith("on")]
        self.ids += [found["id"] or ""] if "id" in found else []
        self.references += [found[name] or "" for name in ("href", "src", "xlink:href") if name in found]
        if tag == "svg" and not (found.get("aria-label") or found.get("aria-hidden")):
            self.problems.append("a picture without words")
        if tag == "th" and not (found.get("scope") or found.get("role")):
            self.problems.append("a header of nothing")
