"""Run folders of confirmations, which workers send as zip files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from molmach.files import whole_folder


def unpack(archive: bytes, target: Path) -> None:
    """Put a run folder in place; one that is there already stays."""
    if target.exists():
        return
    with whole_folder(target) as working, zipfile.ZipFile(io.BytesIO(archive)) as packed:
        packed.extractall(working)
