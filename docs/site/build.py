"""Builds the documentation site: stages the pages with those that are made, then runs Sphinx strictly.

python docs/site/build.py [FOLDER]     default build/site
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import main as sphinx

sys.path.insert(0, str(Path(__file__).parent))

import command_line
import links

import notebooks

_ROOT = Path(__file__).parent.parent.parent
_PLACE = "% notebooks"
"""Where the home page lists the notebooks."""


def build(folder: Path) -> int:
    """Build into a folder; Sphinx's exit code."""
    stage = folder.with_name(f"{folder.name}.source")
    shutil.rmtree(stage, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_ROOT / "docs", stage, ignore=shutil.ignore_patterns("__pycache__"))
    names = {path.stem for path in notebooks.found()}
    homes = {page: _ROOT / "docs" / page.parent.relative_to(stage) for page in stage.rglob("*.md")}
    for document in links.PROJECT:
        page = stage / document.name.lower()
        shutil.copy(document, page)
        homes[page] = _ROOT
    for page, home in homes.items():
        text = page.read_text(encoding="utf-8")
        page.write_text(links.translate(text, home, stage, page.parent, names), encoding="utf-8")
    (stage / "reference" / "command-line.md").write_text(command_line.page(), encoding="utf-8")
    _write_notebooks(stage, folder.with_name(f"{folder.name}.notebooks"))
    config = str(_ROOT / "docs" / "site")
    options = ["-q", "-W", "--keep-going", "-b", "html", "-d", str(stage / ".doctrees"), "-c", config]
    return sphinx([*options, str(stage), str(folder)])


def _write_notebooks(stage: Path, store: Path) -> None:
    """A page for each, with its pictures, and their place in the navigation; nothing where there are none."""
    found = notebooks.found()
    names = "\n".join(f"notebooks/{path.stem}" for path in found)
    toctree = f"```{{toctree}}\n:hidden:\n:caption: Notebooks\n\n{names}\n```" if found else ""
    index = stage / "index.md"
    index.write_text(index.read_text(encoding="utf-8").replace(_PLACE, toctree), encoding="utf-8")
    folder = stage / "notebooks"
    folder.mkdir()
    for path in found:
        page = notebooks.rendered(path, stage, store)
        (folder / f"{path.stem}.md").write_text(page.markdown, encoding="utf-8")
        for name, content in page.pictures.items():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    sys.exit(build(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else _ROOT / "build" / "site"))
