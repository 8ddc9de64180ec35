"""Random words, one independent stream a lane."""

from __future__ import annotations

from typing import Any

import numpy as np

from molmach.lanes.compiler import compiled
from molmach.lanes.types import rotate_left

Words = Any


@compiled
def xoshiro(s0: Words, s1: Words, s2: Words, s3: Words) -> tuple[Words, Words, Words, Words, Words]:
    """One word and the next state of xoshiro128++: Blackman & Vigna, ACM Trans. Math. Softw. 47, 36 (2021).

    The period is 2**128 - 1; streams that are seeded with 128 random bits each do not meet.
    """
    result = rotate_left(s0 + s3, np.uint32(7)) + s0
    shifted = s1 << np.uint32(9)
    s2 = s2 ^ s0
    s3 = s3 ^ s1
    s1 = s1 ^ s2
    s0 = s0 ^ s3
    s2 = s2 ^ shifted
    s3 = rotate_left(s3, np.uint32(11))
    return result, s0, s1, s2, s3
