"""Notebooks as pages: executed when the site is built, unless nothing that they run has changed since."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import latex2mathml.converter
import links
import nbclient
import nbformat

_ROOT = Path(__file__).parent.parent.parent
_FOLDER = Path(os.environ.get("MOLMACH_NOTEBOOKS", _ROOT / "notebooks"))
"""Where the notebooks are; tests have some of their own."""

_NOT_LINKED = ("notebooks", "build", "runs", "campaigns", "builds", "scans")
"""What notebooks write is theirs, and what was written at home is not."""

_SOURCES = ("molmach", "agents", "systems")
_PATIENCE = 1800
"""Longest time that a cell may take, s."""

_CODE_OR_FORMULA = re.compile(r"(```.*?```|`[^`\n]*`)|\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.DOTALL)
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass
class Page:
    """Markdown of a page, and its pictures by name."""

    markdown: str = ""
    pictures: dict[str, bytes] = field(default_factory=dict)


def found() -> list[Path]:
    """The notebooks that there are, sorted."""
    return sorted(_FOLDER.glob("*.ipynb"))


def _title(path: Path) -> str:
    """A notebook's name, for those that begin without a heading."""
    return path.stem.replace("_", " ").capitalize()


def rendered(path: Path, stage: Path, store: Path) -> Page:
    """A notebook's page with what its cells gave; ``store`` keeps executed notebooks."""
    page, names = Page(), {other.stem for other in found()}
    parts = [] if re.search(r"^\s*#\s", _first_text(path)) else [f"# {_title(path)}"]
    for number, cell in enumerate(_executed(path, store).cells):
        if cell.cell_type == "markdown":
            home, place = _ROOT / "notebooks", stage / "notebooks"
            text = links.translate(cell.source, home, stage, place, names)
            parts.append(_CODE_OR_FORMULA.sub(_formula, text))
        elif cell.cell_type == "code" and cell.source.strip():
            parts.append(_fenced("python", cell.source))
            parts += _outputs(cell.outputs, f"{path.stem}-{number}", page)
    page.markdown = "\n\n".join(parts) + "\n"
    return page


def _first_text(path: Path) -> str:
    cells = nbformat.read(path, as_version=4).cells
    return cells[0].source if cells and cells[0].cell_type == "markdown" else ""


def _executed(path: Path, store: Path) -> Any:
    """The notebook with its outputs, kept until it or the program changes."""
    kept = store / f"{path.stem}-{_digest(path)}.ipynb"
    if not kept.is_file():
        print(f"executing {path.name} ...", flush=True)
        notebook = nbformat.read(path, as_version=4)
        os.environ["IPYTHONDIR"] = str(store / "work" / "ipython")  # not the reader's own
        os.environ["JUPYTER_NO_CONFIG"] = "1"
        place = {"metadata": {"path": str(_workplace(store / "work" / path.stem))}}
        nbclient.NotebookClient(notebook, timeout=_PATIENCE, kernel_name="python3", resources=place).execute()
        temporary = kept.with_suffix(".tmp")
        nbformat.write(notebook, temporary)
        temporary.replace(kept)
    return nbformat.read(kept, as_version=4)


def _workplace(folder: Path) -> Path:
    """Where a notebook finds what lies beside its folder, as at home, and writes out of the way."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "notebooks").mkdir(parents=True)
    for places, target in ((_ROOT, folder), (_FOLDER, folder / "notebooks")):
        for entry in places.iterdir():
            if entry.name not in _NOT_LINKED and not entry.name.startswith("."):
                (target / entry.name).symlink_to(entry)
    return folder / "notebooks"


def _digest(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes())
    for source in _SOURCES:
        for file in sorted((_ROOT / source).rglob("*")):
            if file.suffix in (".py", ".yaml", ".sql"):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _outputs(outputs: list[Any], name: str, page: Page) -> Iterator[str]:
    for number, output in enumerate(outputs):
        if output.output_type == "stream":
            if output.name == "stdout":  # the other one has progress bars
                yield _text(output.text)
            continue
        data = output.get("data", {})
        picture = next((kind for kind in ("image/svg+xml", "image/png") if kind in data), None)
        if "text/html" in data:
            content = "".join(data["text/html"])
            yield _raw(f'<div class="notebook-output">\n{content}\n</div>')
        elif picture is not None:
            file = f"{name}-{number}.{'svg' if 'svg' in picture else 'png'}"
            content = "".join(data[picture])
            page.pictures[file] = content.encode() if "svg" in picture else base64.b64decode(content)
            yield f"![]({file})"
        elif "text/plain" in data:
            yield _text("".join(data["text/plain"]))
        else:
            raise ValueError(f"{name}: an output of {json.dumps(list(data))}, which this page can't show")


def _text(text: str) -> str:
    return _fenced("text", _ESCAPES.sub("", text).rstrip())


def _raw(content: str) -> str:
    return _fenced("{raw} html", content)


def _fenced(kind: str, content: str) -> str:
    """A block whose fence is longer than any in it."""
    longest = max((len(run) for run in re.findall(r"`+", content)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{kind}\n{content}\n{fence}"


def _formula(match: re.Match[str]) -> str:
    """A formula as MathML, which browsers show by themselves; code stays what it is."""
    code, display, inline = match.groups()
    if code is not None:
        return code
    kind = "block" if display is not None else "inline"
    return latex2mathml.converter.convert((display or inline).strip(), display=kind)
