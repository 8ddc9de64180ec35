"""Digests of what compiled functions give: prints them, for a process with another processor's instructions."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from typing import Any

import numpy as np

from molmach.lanes.compiler import compiled
from molmach.lanes.elementary import exponential, power, sine_cosine
from molmach.lanes.functions import arccosine, arcsine, box_muller, cross, dot, plus_scaled
from molmach.lanes.types import LANES, fused, load_words, maximum, minimum, sqrt, store

ROWS = 200


@compiled
def mixed(drawn: Any, out: Any) -> None:
    """Fill (ROWS, LANES) from (2 ROWS, LANES) random words, by way of everything that lanes can do."""
    for row in range(ROWS // 4):
        a, b = box_muller(load_words(drawn, 2 * row), load_words(drawn, 2 * row + 1))
        c, d = box_muller(load_words(drawn, 2 * row + ROWS), load_words(drawn, 2 * row + 1 + ROWS))
        x, y, z = cross(a, b, c, d, 1.0 + a * b, b - c * d)
        x, y, z = plus_scaled(x, y, z, 0.3, a, b, c)
        r = sqrt(dot(x, y, z, x, y, z)) + 1e-3
        cosine = maximum(minimum(z / r, 1.0), -1.0)
        sine = sqrt((1.0 - cosine) * (1.0 + cosine))
        store(out, 4 * row, x * y + z)
        store(out, 4 * row + 1, arccosine(cosine, sine))
        store(out, 4 * row + 2, arcsine(cosine, sine))
        store(out, 4 * row + 3, fused(a, b, c))


@compiled
def doubled(x: Any, out: Any) -> None:
    """Fill (ROWS, 4) from (ROWS,) numbers with the functions of double precision."""
    for row in range(ROWS):
        out[row, 0] = exponential(-x[row] * x[row])
        out[row, 1], out[row, 2] = sine_cosine(40.0 * x[row])
        out[row, 3] = power(out[row, 0], abs(x[row])) + x[row] * x[row]


def digest() -> str:
    """sha256 of what both give for fixed inputs."""
    rng = np.random.default_rng(4)
    words = rng.integers(0, 2**32, (2 * ROWS, LANES), dtype=np.uint32)
    single, double = np.zeros((ROWS, LANES), dtype=np.float32), np.zeros((ROWS, 4))
    mixed(words, single)
    doubled(rng.normal(size=ROWS), double)
    assert np.isfinite(single).all()
    assert np.isfinite(double).all()
    return hashlib.sha256(single.tobytes() + double.tobytes()).hexdigest()


def elsewhere(script: str, *arguments: str, **processor: str) -> str:
    """The last line that a module prints, compiled for another processor and kept apart from other kernels."""
    done = subprocess.run(
        [sys.executable, "-m", script, *arguments],
        env={**os.environ, **processor},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout.splitlines()[-1]


if __name__ == "__main__":
    print(digest())
