"""Rows of lanes in memory: vectors in space of three rows each, sums of two, numbers of double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.lanes.compiler import compiled
from molmach.lanes.types import LANES, fused, load, store

Singles = NDArray[np.float32]
Doubles = NDArray[np.float64]


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


@compiled
def add_scaled3(a: Singles, i: int, k: Any, x: Any, y: Any, z: Any) -> None:
    """Add k (x, y, z) to row i of an (n, 3) array of vectors, rounding once."""
    store(a, 3 * i, fused(k, x, load(a, 3 * i)))
    store(a, 3 * i + 1, fused(k, y, load(a, 3 * i + 1)))
    store(a, 3 * i + 2, fused(k, z, load(a, 3 * i + 2)))


@compiled
def book(sums: Singles, number: int, value: Any) -> None:
    """Add to a sum in (2 n_sums, LANES) pairs of rows, without loss: Knuth's exact sum.

    Knuth, The Art of Computer Programming 2 (1998), section 4.2.2, theorem B.
    """
    total = load(sums, 2 * number)
    rest = load(sums, 2 * number + 1)
    new = total + value
    part = new - total
    store(sums, 2 * number, new)
    store(sums, 2 * number + 1, rest + ((total - (new - part)) + (value - part)))


@compiled
def narrow(values: Doubles, room: Singles) -> Any:
    """(LANES,) numbers of double precision as a vector; they pass through the first row of ``room``."""
    for lane in range(LANES):
        room[0, lane] = values[lane]
    return load(room, 0)


@compiled
def widen(vector: Any, room: Singles, values: Doubles) -> None:
    """Set (LANES,) numbers of double precision from a vector, through the first row of ``room``."""
    store(room, 0, vector)
    for lane in range(LANES):
        values[lane] = room[0, lane]
