"""Files and folders that appear in one piece, and places that one process at a time holds.

Whoever reads, and whoever goes on after a kill, sees the file of before or the new one, never half of it.
What is written under another name first is on the disk before it gets its own.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike

_SUFFIX = ".tmp"


NETWORK = frozenset(
    (
        "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "gfs2",
        "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb3", "smbfs", "wekafs",
    )
)  # fmt: skip
"""Kinds of file systems that several computers may have mounted."""

MOUNTS = Path("/proc/self/mountinfo")
"""Linux's table of mounts."""


def network_file_system(path: Path) -> str:
    """The kind of the network file system that a place lies on, such as ``nfs4``; '' where it lies on none.

    By Linux's table of mounts; '' where there is no such table.
    """
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    place, kind, longest = path.resolve(), "", -1
    for line in lines:
        left, _, right = line.partition(" - ")
        mounted = Path(left.split()[4].replace("\\040", " "))
        if place.is_relative_to(mounted) and len(mounted.parts) >= longest:
            longest, kind = len(mounted.parts), right.split()[0]
    return kind if kind in NETWORK else ""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name beside ``path`` to write to; what stands there at the end of the block appears at ``path``.

    Where the block fails nothing appears, and what was there before stays. The name has the process's number
    in it, so that two processes never write to one.

    Raises
    ------
    OSError
        The place can't be written.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}{_SUFFIX}")
    try:
        yield temporary
        with temporary.open("rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def is_there(path: Path) -> bool:
    """Whether there is such a file or folder; there is none of a name that no file can have."""
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a zero byte in it
        return False


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 text in one piece."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes in one piece."""
    with whole_file(path) as temporary:
        temporary.write_bytes(content)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document for programs in one piece; its numbers are finite ones."""
    write_text(path, json.dumps(document, indent=2, allow_nan=False) + "\n")


DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
"""Numbers of the system's errors that say that the disk is full or has failed."""


def write_arrays(path: Path, arrays: Mapping[str, ArrayLike], *, compressed: bool = False) -> None:
    """Write named arrays as an npz file in one piece."""
    save = np.savez_compressed if compressed else np.savez
    with whole_file(path) as temporary, temporary.open("wb") as stream:
        save(stream, **arrays)  # type: ignore[arg-type]


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """An empty folder beside ``path`` to fill; at the end of the block it appears at ``path``.

    Where the block fails nothing appears. An empty folder at ``path`` gives way.

    Raises
    ------
    OSError
        The place can't be written, or something is there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}{_SUFFIX}")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        temporary.replace(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left half written below a folder that nobody else works in."""
    for path in list(folder.rglob(f"*{_SUFFIX}")):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def hold(path: Path) -> IO[str]:
    """Hold a lock file until the stream is closed; the system lets go of it when the process ends, however.

    Raises
    ------
    BlockingIOError
        Another process holds it.
    OSError
        The file can't be written.
    """
    stream = path.open("w")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        stream.close()
        raise
    return stream
