"""What the documents hold: their blocks, their links, and the files that they tell a reader to write."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import yaml
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
PROJECT = [ROOT / f"{name}.md" for name in ("README", "ARCHITECTURE", "CONTRIBUTING", "CHANGELOG")]
PAGES = [*PROJECT, *sorted((ROOT / "docs").rglob("*.md"))]

_MARKDOWN = MarkdownIt("commonmark").enable("table")
_NAMED = re.compile(r"# ((?:[\w.-]+/)*[\w-]+\.(?:py|yaml|toml))\n")
_COMMAND = re.compile(r"(make|molmach|[A-Z0-9_]+=\S+ +\.venv/bin/\w+|\.venv/bin/\w+) ")
_INSTALLED = ("agents", "systems")
"""Folders that are mapped into the package."""


@dataclass(frozen=True)
class Block:
    """A code block of a page; ``kind`` is what its fence says or what it looks like."""

    page: str
    line: int
    kind: str
    text: str

    @property
    def file(self) -> str | None:
        """The file that a reader is told to write: named in the first line, or by a machine's own name."""
        named = _NAMED.match(self.text)
        if named:
            return named[1]
        if self.kind == "yaml":
            content = yaml.safe_load(self.text)
            if isinstance(content, dict) and "name" in content:
                return f"{content['name']}.yaml"
        return None

    @property
    def commands(self) -> list[str]:
        """The commands of a ``sh`` block: lines that go on put together, what is said beside them left out."""
        lines = re.sub(r" *\\\n *", " ", self.text).splitlines()
        said = (re.split(r" {3,}", line.strip())[0] for line in lines)
        return [command for command in said if command and not command.startswith("#")]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def name_of(page: Path) -> str:
    """A page as it is called in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    """Every code block of a page, fenced or indented."""
    found: list[Block] = []
    for token in _MARKDOWN.parse(page.read_text(encoding="utf-8")):
        line = (token.map or [0])[0] + 1
        if token.type == "fence":
            found.append(Block(name_of(page), line, token.info.strip(), token.content))
        elif token.type == "code_block":
            found += _parts(name_of(page), line, token.content)
    return found


def _parts(page: str, line: int, text: str) -> list[Block]:
    """An indented block, for Markdown sees one where a file and the commands that take it follow each other."""
    parts: list[Block] = []
    for paragraph in re.split(r"(?<=\n)\n+", text):
        kind = _look(paragraph)
        if parts and kind in ("", parts[-1].kind):
            parts[-1] = replace(parts[-1], text=f"{parts[-1].text}\n{paragraph}")
        else:
            parts.append(Block(page, line, kind, paragraph))
    return parts


def _look(text: str) -> str:
    """What a paragraph without a fence looks like; '' where it looks like nothing."""
    if _COMMAND.match(text):
        return "sh"
    if re.match(r"(import|from) \w", text):
        return "python"
    return "yaml" if re.match(r"[a-z_]+:( |\n)", text) else ""


def links(page: Path) -> Iterator[str]:
    """Where the links and pictures of a page lead."""
    for token in _MARKDOWN.parse(page.read_text(encoding="utf-8")):
        for part in token.children or ():
            target = part.attrGet("href") or part.attrGet("src")
            if target is not None:
                yield str(target)


def tables(page: Path) -> list[tuple[range, list[int]]]:
    """Every table of a page: the lines that it takes, from 0, and the cells of each of its rows as they are written."""
    lines = page.read_text(encoding="utf-8").splitlines()
    found = []
    for token in _MARKDOWN.parse("\n".join(lines)):
        if token.type == "table_open" and token.map:
            taken = range(*token.map)
            cells = [
                re.sub(r"\\\||`[^`]*`", "", lines[number]).strip().strip("|").count("|") + 1
                for number in taken
            ]
            found.append((taken, cells))
    return found


def anchors(page: Path) -> set[str]:
    """Names of a page's headings, as GitHub and the site make them."""
    tokens = _MARKDOWN.parse(page.read_text(encoding="utf-8"))
    found: set[str] = set()
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            words = "".join(part.content for part in inline.children or ())
            found.add(re.sub(r"[^\w\- ]", "", words.strip().lower()).replace(" ", "-"))
    return found


def inline_commands(page: Path) -> Iterator[str]:
    """Commands of ours within sentences."""
    for token in _MARKDOWN.parse(page.read_text(encoding="utf-8")):
        for part in token.children or ():
            if part.type == "code_inline" and part.content.startswith("molmach "):
                yield part.content


def write(found: Sequence[Block], work: Path, installation: Path) -> bool:
    """Write what a page tells a reader to write; whether any of it belongs into the package.

    Files of the package go into an installation of their own: a copy of it made of links, in which the
    page's files stand, with the entry points that the page adds. The working tree stays as it is.
    """
    ours = [b for b in found if b.file is not None and b.file.split("/")[0] in ("molmach", *_INSTALLED)]
    for block in found:
        if block.file is not None and block not in ours and block.file != "pyproject.toml":
            (work / block.file).write_text(block.text, encoding="utf-8")
    if not ours:
        return False
    package = installation / "molmach"
    _link(ROOT / "molmach", package)
    for folder in _INSTALLED:
        _link(ROOT / folder, package / folder)
    for block in ours:
        parts = Path(str(block.file)).parts
        place = package.joinpath(*(parts[1:] if parts[0] == "molmach" else parts))
        _open(place.parent)
        place.write_text(block.text, encoding="utf-8")
    _register([b.text for b in found if b.file == "pyproject.toml"], installation)
    return True


def _link(source: Path, folder: Path) -> None:
    """A folder whose entries are links."""
    folder.mkdir()
    for entry in source.iterdir():
        (folder / entry.name).symlink_to(entry)


def _open(folder: Path) -> None:
    """Make a folder in which files can be written: no link, but one of links."""
    if folder.is_symlink():
        source = folder.resolve()
        folder.unlink()
        _link(source, folder)
    folder.mkdir(parents=True, exist_ok=True)


def _register(added: Sequence[str], installation: Path) -> None:
    """What an installer makes of pyproject.toml and the lines that a page adds to it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups: dict[str, dict[str, str]] = dict(project["entry-points"])
    for text in added:
        for group, points in tomllib.loads(text)["project"]["entry-points"].items():
            groups[group] = {**groups.get(group, {}), **points}
    record = installation / f"molmach-{project['version']}.dist-info"
    record.mkdir()
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: molmach\nVersion: {project['version']}\n")
    lines = [f"[{g}]\n" + "".join(f"{n} = {v}\n" for n, v in points.items()) for g, points in groups.items()]
    (record / "entry_points.txt").write_text("\n".join(lines))
