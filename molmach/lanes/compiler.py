"""How molmach compiles its kernels with numba, and keeps them on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import numba

compiled: Callable[[Any], Any] = numba.njit(error_model="numpy", boundscheck=False)
"""Compile as a part of a kernel: without a cache of its own."""

kernel: Callable[[Any], Any] = numba.njit(error_model="numpy", boundscheck=False, nogil=True, cache=True)
"""Compile as a kernel, kept on disk for later processes.

numba compiles anew when a kernel's own file changes, but does not see what the kernel calls. A
kernel therefore names the :func:`fingerprint` of all sources as a closure variable, which numba
makes a part of the cache's key.
"""

_PLACES = ("molmach.lanes", "molmach.forcefield", "molmach.engine")


@cache
def fingerprint() -> str:
    """Digest of every source file that kernels are made from."""
    digest = hashlib.sha256()
    for place in _PLACES:
        for path in sorted(files(place).iterdir(), key=lambda path: path.name):
            if path.name.endswith(".py") and (place == "molmach.lanes" or "kernel" in path.name):
                digest.update(path.read_bytes())
    return digest.hexdigest()
