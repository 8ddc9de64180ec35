"""What a reader needs to make a result again, and nothing of the machine that made it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import EntryPoint, version
from pathlib import Path
from platform import python_version
from typing import Any

from molmach.identity import Identity, identity
from molmach.spec import Spec


def versions() -> dict[str, str]:
    """Of Python and of the packages that the numbers depend on."""
    packages = ("molmach", "openmm", "rdkit", "numpy", "mdtraj")
    return {"python": python_version(), **{name: version(name) for name in packages}}


def code_digest(folders: Iterable[str | Path], *patterns: str) -> str:
    """sha256, hexadecimal, of the files below folders: what was made by other code is told by it."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted({path for pattern in patterns for path in Path(folder).glob(pattern)}):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def code_of(
    spec: Spec, points: Iterable[EntryPoint] = (), files: Iterable[str] = (), extras: Iterable[str] = ()
) -> Identity:
    """By which code a machine is simulated here: molmach and the plug-ins that its file names.

    Parameters
    ----------
    spec
        The machine.
    points, files, extras
        What is in use besides, as :func:`molmach.identity.identity` takes it.

    Raises
    ------
    SpecError
        Several distributions register one of the plug-ins.
    """
    return identity((*spec.entry_points, *points), files, extras)


def provenance(code: Identity | None = None, **origin: Any) -> dict[str, Any]:
    """What is said of a result's origin: what is given (key, seed, engine, ...), date, code, versions.

    Parameters
    ----------
    code
        By which it was computed; by default molmach's without plug-ins.
    **origin
        What else is known.
    """
    made_by = (code or identity()).to_json()
    date = datetime.now(UTC).isoformat(timespec="seconds")
    return {**origin, "date": date, "code": made_by, "versions": versions()}
