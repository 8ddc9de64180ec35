"""Finished pieces of a search, kept on disk so that nothing finished is computed twice.

A piece is named after its content: what it was made from, by which code and which packages. Whatever changes,
a piece made otherwise is not found, and no piece has to be thrown away by hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from molmach.files import write_arrays
from molmach.identity import version_of
from molmach.studies.kinetics.level import Floats
from molmach.studies.provenance import code_digest

_PACKAGES = ("molmach", "rdkit", "openmm", "numpy", "scipy", "tblite")

Piece = Mapping[str, Floats]


class MissingPieceError(Exception):
    """A piece is not in a store that makes none."""


class Store:
    """Pieces in a folder, one file each; without a folder nothing is kept.

    Parameters
    ----------
    folder
        Of the pieces.
    makes
        Whether what is not there is made and kept; otherwise nothing is written.
    """

    def __init__(self, folder: Path | None = None, *, makes: bool = True) -> None:
        self._folder = folder
        self._makes = makes

    def piece(self, name: str, inputs: tuple[object, ...], make: Callable[[], dict[str, Floats]]) -> Piece:
        """The piece that ``make`` makes from ``inputs`` (arrays, numbers, text), read if it is there.

        Raises
        ------
        MissingPieceError
            It is not there, and this store makes none.
        """
        if self._folder is None:
            return make()
        path = self._folder / f"{name}-{_digest(name, inputs)[:24]}.npz"
        try:
            with np.load(path) as arrays:
                return {part: arrays[part] for part in arrays.files}
        except (OSError, ValueError, BadZipFile):
            if not self._makes:
                raise MissingPieceError(path.name) from None  # not there, or damaged
        made = make()
        self._folder.mkdir(parents=True, exist_ok=True)
        write_arrays(path, made)
        return made


def _digest(name: str, inputs: tuple[object, ...]) -> str:
    content = hashlib.sha256(f"{made_with()} {name}".encode())
    for item in inputs:
        if isinstance(item, np.ndarray):
            content.update(f"{item.dtype} {item.shape}".encode())
            content.update(np.ascontiguousarray(item).tobytes())
        else:
            content.update(f"{item!r} ".encode())
    return content.hexdigest()


@cache
def made_with() -> str:
    """This package's code and the versions of what it stands on, empty where a package is not installed."""
    code = code_digest([Path(__file__).parent], "*.py")
    return f"{code} {[version_of(package) for package in _PACKAGES]}"
