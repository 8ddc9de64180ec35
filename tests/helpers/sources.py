"""The package's own files, and what they are called when they are imported."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
MAPPED = ("agents", "systems")
"""Folders that are mapped into the package."""


def sources() -> dict[str, Path]:
    """Name of a module -> its file, for every module of the package."""
    folders = [ROOT / name for name in ("molmach", *MAPPED)]
    return {_name(path): path for folder in folders for path in sorted(folder.rglob("*.py"))}


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(("molmach", *parts) if parts[0] in MAPPED else parts)
