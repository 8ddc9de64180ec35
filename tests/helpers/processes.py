"""Processes below another one, from Linux's /proc: to kill them as a power cut or a bad day would."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def below(pid: int) -> dict[int, str]:
    """Process id -> title of every process that descends from one, oldest first."""
    parents, titles = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            status = (folder / "stat").read_text()
            parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
            titles[int(folder.name)] = (
                (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            )
    found = {pid}
    grown = True
    while grown:
        children = {child for child, parent in parents.items() if parent in found} - found
        found |= children
        grown = bool(children)
    return {child: titles[child] for child in sorted(found - {pid})}


def kill(pid: int) -> bool:
    """kill -9; whether it was there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
