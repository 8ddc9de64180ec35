"""Run folders of confirmations, which workers send as zip files."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

from molmach.files import whole_folder

MACHINES = "machines"
"""Where in a campaign's folder they lie, each under the first characters of its machine's key."""


def unpack(archive: bytes, target: Path) -> None:
    """Put a run folder in place; one that is there already stays."""
    if target.exists():
        return
    with whole_folder(target) as working, zipfile.ZipFile(io.BytesIO(archive)) as packed:
        packed.extractall(working)


def remove_half_unpacked(folder: Path) -> None:
    """Remove what a killed driver left half unpacked in a campaign's folder that nobody else writes to."""
    for path in (folder / MACHINES).glob(".*.tmp"):
        shutil.rmtree(path, ignore_errors=True)
