"""By which code a result was computed: molmach's version and sources, the libraries that enter, plug-ins.

In the digest is what can change a number: specs, building, force fields, drives, engines and their kernels,
scores, studies and evaluations. Pages, the command line, agents, the record and documents are not: a result
stays good when one of these changes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent

PACKAGES = ("llvmlite", "numba", "numpy", "openmm", "rdkit", "scipy")
"""Libraries of which every result has numbers."""

APART = frozenset(
    (
        "agents", "analysis", "cli", "estimates", "proposals", "report", "search", "server", "systems",
        "testing", "words", "__init__.py", "errors.py", "files.py", "identity.py", "streams.py",
    )
)  # fmt: skip
"""What in the package's folder changes no result: who proposes, who shows, who keeps, and words of errors."""

WITHIN = ("search/loop/evaluations", "search/loop/expressions.py", "search/loop/quantities.py")
"""What in one of these changes results all the same."""

SHOWN = frozenset(("page.py", "panels.py", "picture.py", "wording.py", "words.py"))
"""Modules, wherever they are, that only show or word."""

SUFFIXES = (".py", ".yaml")
"""Kinds of files that are code, or are read by it."""

_OURS = "molmach"


@dataclass(frozen=True)
class Identity:
    """The code that computes a result.

    Attributes
    ----------
    version
        Of molmach.
    sources
        Digest of those of molmach's files that can change a result.
    packages
        Library -> version; '' where it is not installed.
    plugins
        Plug-in of another's that is in use -> its version, and the digest of its files.
    """

    version: str
    sources: str
    packages: Mapping[str, str]
    plugins: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """sha256, hexadecimal: two results of one key and one digest are the same."""
        parts = (self.version, self.sources, sorted(self.packages.items()), sorted(self.plugins.items()))
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The digest, and what it is made of."""
        return {"digest": self.digest, **asdict(self)}

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Identity:
        """The identity that :meth:`to_json` gave.

        Raises
        ------
        KeyError
            A part is missing.
        """
        names = ("version", "sources", "packages", "plugins")
        return cls(*(content[name] for name in names))

    def differs(self, other: Identity) -> str:
        """In what another identity differs from this one, such as ``numba 0.66.0, not 0.68.1``; or ''."""
        parts = [f"{_OURS} {other.version}, not {self.version}"] if other.version != self.version else []
        for mine, others in ((self.packages, other.packages), (self.plugins, other.plugins)):
            for name in sorted({*mine, *others}):
                here, there = mine.get(name, ""), others.get(name, "")
                if here != there:
                    parts.append(f"{name} {there}, not {here}" if there else f"no {name}")
        if other.sources != self.sources and other.version == self.version:
            parts.append(f"other sources of {_OURS} ({other.sources[:12]}, not {self.sources[:12]})")
        return "; ".join(parts)


def identity(
    points: Iterable[EntryPoint] = (), files: Iterable[str] = (), extras: Iterable[str] = ()
) -> Identity:
    """The identity of the code that is installed here, as it was when this process first asked.

    Parameters
    ----------
    points
        Entry points in use, of which molmach's own count as its sources.
    files
        Code in files that is in use, ``FILE.py:Class`` with the whole path; the file alone counts.
    extras
        Further packages whose numbers enter.
    """
    chosen = tuple(sorted(set(points), key=str))
    return _identity(chosen, tuple(sorted(set(files))), tuple(sorted({*PACKAGES, *extras})))


@cache
def _identity(points: tuple[EntryPoint, ...], files: tuple[str, ...], packages: tuple[str, ...]) -> Identity:
    plugins = dict(_of_file(name) for name in files)
    plugins |= dict(_of_point(point) for point in points if point.dist is None or point.dist.name != _OURS)
    return Identity(version_of(_OURS), _sources(), {name: version_of(name) for name in packages}, plugins)


@cache
def version_of(package: str) -> str:
    """An installed package's version; '' where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


@cache
def _sources() -> str:
    return digest_of({str(path.relative_to(ROOT).as_posix()): path for path in computing()})


def computing() -> Iterator[Path]:
    """Those of molmach's own files that can change a result, in no order."""
    with os.scandir(ROOT) as entries:
        for entry in entries:
            if entry.name not in APART:
                yield from _files(Path(entry.path))
    for name in WITHIN:
        yield from _files(ROOT / name)


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        if place.suffix in SUFFIXES and place.name not in SHOWN:
            yield place
        return
    for folder, _, names in os.walk(place):
        yield from (Path(folder, name) for name in names if name.endswith(SUFFIXES) and name not in SHOWN)


def digest_of(files: Mapping[str, Path]) -> str:
    """sha256, hexadecimal, of files and of the names that they go by, wherever they lie."""
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        content = path.read_bytes()
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _of_file(use: str) -> tuple[str, str]:
    """Code in a file as it is called, wherever the file lies, and what tells it."""
    file, _, name = use.rpartition(":")
    path = Path(file)
    return f"{path.name}:{name}", digest_of({path.name: path})[:16] if path.is_file() else ""


def _of_point(point: EntryPoint) -> tuple[str, str]:
    """An entry point as it is called, and what tells its code."""
    released = "" if point.dist is None else f"{point.dist.name} {point.dist.version} "
    return f"{point.group}: {point.name}", f"{released}{_package(point.module.partition('.')[0])[:16]}"


@cache
def _package(name: str) -> str:
    """Digest of the Python files of a top-level package or module, which is not imported for it."""
    spec = find_spec(name)
    if spec is None:
        return ""
    if spec.submodule_search_locations is None:
        path = Path(spec.origin or "")
        return digest_of({path.name: path}) if path.is_file() else ""
    folders = [Path(place) for place in spec.submodule_search_locations]
    return digest_of(
        {path.relative_to(folder).as_posix(): path for folder in folders for path in folder.rglob("*.py")}
    )
