"""Run folders of confirmations, which workers send as zip files."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path


def unpack(archive: bytes, target: Path) -> None:
    """Put a run folder in place; one that is there already stays."""
    working = target.with_name(target.name + ".unfinished")
    shutil.rmtree(working, ignore_errors=True)
    if target.exists():
        return
    working.mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        packed.extractall(working)
    working.rename(target)
