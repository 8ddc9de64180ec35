"""Vectors in space, kept as three rows of lanes each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.lanes.compiler import compiled
from molmach.lanes.types import load, store

Singles = NDArray[np.float32]


@compiled
def load3(a: Singles, i: int) -> Any:
    """Row i of an (n, 3) array of vectors."""
    return load(a, 3 * i), load(a, 3 * i + 1), load(a, 3 * i + 2)


@compiled
def store3(a: Singles, i: int, x: Any, y: Any, z: Any) -> None:
    """Set row i of an (n, 3) array of vectors."""
    store(a, 3 * i, x)
    store(a, 3 * i + 1, y)
    store(a, 3 * i + 2, z)


@compiled
def add3(a: Singles, i: int, x: Any, y: Any, z: Any) -> None:
    """Add to row i of an (n, 3) array of vectors."""
    store(a, 3 * i, load(a, 3 * i) + x)
    store(a, 3 * i + 1, load(a, 3 * i + 1) + y)
    store(a, 3 * i + 2, load(a, 3 * i + 2) + z)
