"""The one folder that a server works in, and the checks that nothing outside it is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from molmach import systems as library
from molmach.errors import ServingError, shortened
from molmach.files import write_text
from molmach.spec import Campaign, Spec, load, loads
from molmach.spec.reading import read_mapping

MACHINES, CAMPAIGNS, BUILDS, RUNS, JOBS = "machines", "campaigns", "builds", "runs", "jobs"
"""Folders of the root: files that agents write (the first two), and what comes of them."""

_LONGEST_NAME = 80
_LONGEST_FILE = 100_000
"""Characters of a file that an agent may write."""

_MOST_FILES = 1000
"""Files of a kind that agents may write."""


class Root:
    """A folder that is never left.

    Parameters
    ----------
    folder
        The folder; made where it is not there.
    read_only
        Whether nothing may be written or computed.

    Raises
    ------
    ServingError
        It can't be used.
    """

    def __init__(self, folder: Path, read_only: bool = False) -> None:
        self.read_only = read_only
        try:
            if not read_only:
                folder.mkdir(parents=True, exist_ok=True)
            self.folder = folder.resolve(strict=True)
        except OSError as error:
            raise ServingError(f"{folder}: {error.strerror}; expected a folder for the server") from error
        if not self.folder.is_dir():
            raise ServingError(f"{folder}: expected a folder for the server")

    def inside(self, name: str) -> Path:
        """A place in the root by its relative name.

        Raises
        ------
        ServingError
            It is absolute, climbs out, follows a link out, or is no name that a file has.
        """
        parts = name.split("/") if isinstance(name, str) else []
        plain = parts and all(part not in ("", ".", "..") and not part.startswith("-") for part in parts)
        printable = isinstance(name, str) and name.isprintable() and "\\" not in name and ":" not in name
        if not plain or not printable or len(name) > 4 * _LONGEST_NAME:
            raise ServingError(
                f"got {shortened(name)}; expected a name within the server's folder, such as 'runs/my-rotor'"
            )
        place = self.folder.joinpath(*parts)
        if not place.resolve().is_relative_to(self.folder):
            raise ServingError(f"got {shortened(name)}; it leads out of the server's folder")
        return place

    def within(self, kind: str, name: str) -> Path:
        """A place in one of the root's folders, by its name alone or with the folder before it."""
        return self.inside(name if name.startswith(f"{kind}/") else f"{kind}/{name}")

    def relative(self, place: Path) -> str:
        """A place as agents call it."""
        return place.resolve().relative_to(self.folder).as_posix()

    def hidden(self, content: Any) -> Any:
        """The same content with the root's own place taken out of all texts."""
        if isinstance(content, str):
            return content.replace(f"{self.folder}/", "").replace(str(self.folder), ".")
        if isinstance(content, dict):
            return {key: self.hidden(value) for key, value in content.items()}
        if isinstance(content, list):
            return [self.hidden(value) for value in content]
        return content

    def require_writable(self) -> None:
        """Refuse to write or compute where the server only reads.

        Raises
        ------
        ServingError
            It does.
        """
        if self.read_only:
            raise ServingError("this server only reads; start it without --read-only to write or compute")

    # machines and campaigns

    def write(self, kind: str, name: str, text: str) -> Path:
        """Write a machine's or a campaign's file, ``name`` without its ending.

        Raises
        ------
        ServingError
            The name or the text can't be taken, or there are too many files.
        """
        if len(text) > _LONGEST_FILE:
            raise ServingError(f"got a file of {len(text)} characters; expected at most {_LONGEST_FILE}")
        place = self.file_of(kind, name)
        write_text(place, text)
        return place

    def new_file(self, kind: str, name: str) -> Path:
        """Where a file that is not there yet will be written; as :meth:`file_of`."""
        place = self.file_of(kind, name)
        if place.exists():
            raise ServingError(f"name: {self.relative(place)} is there already; expected another name")
        return place

    def file_of(self, kind: str, name: str) -> Path:
        """Where a file that an agent writes belongs.

        Raises
        ------
        ServingError
            Nothing may be written, the name can't be taken, or there are too many files.
        """
        self.require_writable()
        usual = name and name[0].isalnum() and all(c.isalnum() or c in "-_" for c in name)
        if not usual or len(name) > _LONGEST_NAME:
            raise ServingError(f"name: got {shortened(name)}; expected letters, digits, '-' and '_'")
        place = self.within(kind, f"{name}.yaml")
        place.parent.mkdir(exist_ok=True)
        if not place.exists() and sum(1 for _ in place.parent.iterdir()) >= _MOST_FILES:
            raise ServingError(
                f"{kind}: there are {_MOST_FILES} files; expected that old ones are used again"
            )
        return place

    def machine(self, name: str, overrides: list[str] | None = None) -> tuple[str, Spec]:
        """What the command line calls a machine, and its spec: one of the library, or a file of the root.

        Raises
        ------
        ServingError, SpecError
            There is no such machine, or it can't be taken.
        """
        overrides = _changes(overrides)
        if name in library.names():
            return name, load(name, overrides)
        place = self._file(MACHINES, name)
        return str(place), loads(place.read_text(encoding="utf-8"), self.relative(place), overrides)

    def campaign(self, name: str) -> Path:
        """A campaign's file, which names no code and no file of anybody's.

        Raises
        ------
        ServingError
            There is none, or it asks for what only a person may.
        """
        place = self._file(CAMPAIGNS, name)
        check_campaign(place.read_text(encoding="utf-8"))
        return place

    def _file(self, kind: str, name: str) -> Path:
        place = self.within(kind, name if name.endswith(".yaml") else f"{name}.yaml")
        if not place.is_file():
            there = sorted(p.stem for p in (self.folder / kind).glob("*.yaml"))[:20]
            nouns = {MACHINES: "machine; list_systems has the library", CAMPAIGNS: "campaign"}
            raise ServingError(
                f"got {shortened(name)}; expected the name of a {nouns[kind]}"
                + (f"; in {kind}: {', '.join(there)}" if there else "")
            )
        return place

    def run(self, name: str) -> Path:
        """A run folder that is there.

        Raises
        ------
        ServingError
            There is none.
        """
        place = self.within(RUNS, name)
        if not place.is_dir():
            there = sorted(p.name for p in (self.folder / RUNS).glob("*") if p.is_dir())[:20]
            raise ServingError(
                f"got {shortened(name)}; expected a run folder; in runs: {', '.join(there) or '-'}"
            )
        return place


def _changes(overrides: list[str] | None) -> list[str]:
    changes = list(overrides or [])
    if any("=" not in change or change.startswith("-") for change in changes):
        raise ServingError(
            f"changes: got {shortened(changes)}; expected 'path=value', as 'drive.field=2 V/nm'"
        )
    return changes


def check_campaign(text: str) -> dict[str, Any]:
    """A campaign's content, where it asks for nothing that only a person may: code or files of anyone's.

    Raises
    ------
    ServingError, SpecError
        It does, or is no mapping.
    """
    content = read_mapping(text, "the campaign", Campaign)
    named = [content.get("base"), *_uses(content)]
    for name in named:
        if isinstance(name, str) and (".py" in name or "/" in name or "\\" in name or ":" in name):
            raise ServingError(
                f"got {shortened(name)}; expected the name of something installed: "
                "code and files of one's own are for people at the command line"
            )
    return content


def _uses(content: Any) -> list[Any]:
    """What a campaign names under ``use``, ``estimators`` and ``agents``, wherever it stands."""
    named: list[Any] = []
    if isinstance(content, dict):
        for key, value in content.items():
            if key in ("use", "estimators", "agents"):
                named += value if isinstance(value, list) else [value]
            named += _uses(value)
    elif isinstance(content, list):
        for value in content:
            named += _uses(value)
    return named
