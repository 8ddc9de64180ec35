"""Files that agents may read: those of finished work, by address, and no others."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, unquote

from molmach.errors import ServingError
from molmach.server.root import Root

SCHEME, PICTURES = "molmach://files/", "molmach://pictures/"
"""Beginnings of addresses: of texts, and of pictures in pixels."""

PICTURE = "image/png"
TYPES = {
    ".json": "application/json", ".yaml": "application/yaml", ".html": "text/html", ".txt": "text/plain",
    ".csv": "text/csv", ".svg": "image/svg+xml", ".png": PICTURE, ".sdf": "chemical/x-mdl-sdfile",
    ".pdb": "chemical/x-pdb",
}  # fmt: skip
"""Ending of a file that may be read -> its type."""

_LARGEST = 8_000_000
_MOST = 60


def address(name: str) -> str:
    """The address of a file, by its name in the root.

    >>> address("runs/a b/score.json")
    'molmach://files/runs%2Fa%20b%2Fscore.json'
    """
    return (PICTURES if TYPES.get(Path(name).suffix) == PICTURE else SCHEME) + quote(name, safe="")


def readable(folder: Path) -> list[Path]:
    """Files of a folder that may be read, those in its own folders among them."""
    if not folder.is_dir():
        return []
    files = sorted(path for path in folder.rglob("*") if path.suffix in TYPES and path.is_file())
    return files[:_MOST]


def read(root: Root, name: str) -> tuple[bytes, str]:
    """What a file holds, and its type.

    Raises
    ------
    ServingError
        It is not there, is none that may be read, or is too large.
    """
    place = root.inside(unquote(name))
    if place.suffix not in TYPES or not place.is_file():
        raise ServingError(f"{unquote(name)[:200]}: no such file; expected one of {', '.join(TYPES)}")
    if place.stat().st_size > _LARGEST:
        raise ServingError(f"{unquote(name)[:200]}: larger than {_LARGEST} bytes")
    return place.read_bytes(), TYPES[place.suffix]
