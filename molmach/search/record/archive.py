"""Run folders of confirmations, which workers send as zip files."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

from molmach.files import whole_folder
from molmach.search.strangers import described

MACHINES = "machines"
"""Where in a campaign's folder they lie, each under the first characters of its machine's key."""


def packed(folder: Path, without: str = "") -> bytes:
    """A folder's files as a zip file, but for those in folders of a name."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and without not in path.relative_to(folder).parts:
                archive.write(path, path.relative_to(folder))
    return content.getvalue()


def unpack(archive: bytes, target: Path) -> str:
    """Put a run folder in place; one that is there already stays.

    Returns
    -------
    problem
        Why the archive is no zip file, in which case there is no folder; '' where it is one.

    Raises
    ------
    OSError
        The folder can't be written.
    """
    if target.exists():
        return ""
    try:
        with whole_folder(target) as working, zipfile.ZipFile(io.BytesIO(archive)) as stored:
            stored.extractall(working)
    except OSError:
        raise
    except Exception as error:  # a damaged file fails in many ways, and may be no bytes at all
        return f"{described(error)}; expected a zip file"
    return ""


def remove_half_unpacked(folder: Path) -> None:
    """Remove what a killed driver left half unpacked in a campaign's folder that nobody else writes to."""
    for path in (folder / MACHINES).glob(".*.tmp"):
        shutil.rmtree(path, ignore_errors=True)
