"""What a reader needs to make a result again, and nothing of the machine that made it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any


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


def provenance(**origin: Any) -> dict[str, Any]:
    """What is said of a result's origin (key, seed, engine, ...), then today's date and the versions."""
    return {**origin, "date": datetime.now(UTC).isoformat(timespec="seconds"), "versions": versions()}
