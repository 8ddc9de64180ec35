"""The documentation site: it builds without a warning, and a reader needs no network."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.helpers.browser import MISSING, Browser
from tests.helpers.documents import PAGES, PROJECT, ROOT
from tests.helpers.waiting import GENEROUS

nbformat = pytest.importorskip("nbformat", reason="the extra docs is not installed")
pytest.importorskip("sphinx", reason="the extra docs is not installed")

_REGISTRIES = ("pypi.org", "pythonhosted.org", "anaconda.org", "npmjs")


class _Page(HTMLParser):
    """Names of a page's places, where it leads, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        self.names |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "link" and given.get("rel") in ("index", "search", "next", "prev", "author"):
            self.links.append(given.get("href", ""))
        else:
            self.loads += [given[name] for name in ("src", "href", "data", "poster") if name in given]


def _build(folder: Path, notebooks: Path | None) -> Path:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    if notebooks is not None:
        environment["MOLMACH_NOTEBOOKS"] = str(notebooks)
    done = subprocess.run(
        [sys.executable, "docs/site/build.py", str(folder / "site")],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=GENEROUS,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
    return folder / "site"


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site with one small notebook, built once by whichever worker of pytest-xdist comes first."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "documentation"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "built").exists():
            _build(folder, _tiny_notebook(folder / "mine"))
            (folder / "built").touch()
    return folder / "site"


def _tiny_notebook(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    cells = [
        nbformat.v4.new_markdown_cell(
            "# A tiny notebook\n\nAbout $\\Delta G = -kT \\ln p$; see [there](../docs/physics.md#score)."
        ),
        nbformat.v4.new_code_cell(
            "import molmach\nfrom pathlib import Path\nspec = molmach.load('phenylene-control')\nprint(spec.name)"
        ),
        nbformat.v4.new_code_cell(
            "import pandas\nfrom matplotlib import pyplot\nassert Path('../examples/small.yaml').is_file()\n"
            "pyplot.plot([0, 1])\npandas.DataFrame({'turns': [48]})"
        ),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    nbformat.write(notebook, folder / "tiny.ipynb")
    return folder


def _pages(site: Path) -> Iterator[Path]:
    return (path for path in site.rglob("*.html") if "_static" not in path.parts)


def test_every_page_of_the_documents_is_there(site: Path) -> None:
    for page in PAGES:
        if page.is_relative_to(ROOT / "docs"):
            assert (site / page.relative_to(ROOT / "docs").with_suffix(".html")).is_file()
    for page in PROJECT[1:]:
        assert (site / f"{page.stem.lower()}.html").is_file()


def test_nothing_is_asked_of_the_network_and_every_link_leads_somewhere(site: Path) -> None:
    pages = {path: _Page(path) for path in _pages(site)}
    for path, page in pages.items():
        for address in (*page.loads, *page.links):
            outside = re.match(r"[a-z]+:", address)
            if outside:
                assert address in page.links or address.startswith("data:"), f"{path.name} loads {address}"
                continue
            target, _, anchor = address.partition("#")
            place = (path.parent / unquote(target.partition("?")[0])).resolve() if target else path
            assert place.is_file(), f"{path.name}: {address}"
            if anchor and place in pages:
                assert unquote(anchor) in pages[place].names, f"{path.name}: {address}"
    for style in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*['\"]?(https?:)?//", style.read_text(encoding="utf-8")), (
            style
        )


def test_pages_name_no_place_of_this_machine(site: Path) -> None:
    for path in (*_pages(site), *site.glob("*.js"), *site.glob("*.inv")):
        text = path.read_text(encoding="utf-8", errors="ignore")
        assert str(ROOT) not in text, path
        assert str(site) not in text, path
        assert not any(f"//{host}" in text or f".{host}" in text for host in _REGISTRIES), path


def test_reference_is_made_from_docstrings_and_from_the_programs_help(site: Path) -> None:
    python = (site / "reference" / "molmach.html").read_text(encoding="utf-8")
    assert "Read a machine from the library (by name) or from a YAML file." in python
    shell = _Page(site / "reference" / "command-line.html")
    assert {"molmach-simulate", "molmach-campaign-run", "molmach-score"} <= shell.names


def test_a_notebook_is_executed_and_shown(site: Path) -> None:
    page = (site / "notebooks" / "tiny.html").read_text(encoding="utf-8")
    assert "phenylene-control" in re.sub(r"<[^>]+>", "", page)
    assert "<math" in page
    assert re.search(r'<table border="1" class="dataframe">.*<td>48</td>', page, re.DOTALL)
    assert (site / "_images" / "tiny-2-1.png").is_file()
    assert 'href="../physics.html#score"' in page
    assert "A tiny notebook" in (site / "index.html").read_text(encoding="utf-8")


@MISSING
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize(
    "page",
    [
        "index",
        "how-to/add-a-drive",
        "reference/spec",
        "physics",
        "results",
        "architecture",
        "contributing",
        "notebooks/tiny",
    ],
)
def test_pages_fit_their_window_and_run_without_errors(
    site: Path, browser: Browser, page: str, width: int
) -> None:
    shown = browser.open(site / f"{page}.html", width)
    shown.wait_for("document.fonts.status === 'loaded'")
    assert shown.value("document.documentElement.scrollWidth") <= width
    assert shown.errors == []
    assert shown.requests == []
    shown.close()


@MISSING
def test_the_notebooks_that_there_are_become_pages(tmp_path: Path, browser: Browser) -> None:
    site = _build(tmp_path, None)
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        shown = browser.open(site / "notebooks" / f"{notebook.stem}.html", 1280)
        assert shown.value("document.documentElement.scrollWidth") <= 1280
        assert shown.errors == []
        assert shown.requests == []
        shown.close()


def test_the_site_builds_where_there_are_no_notebooks(tmp_path: Path) -> None:
    site = _build(tmp_path, tmp_path / "nowhere")
    assert not list(site.glob("notebooks/*"))
