"""Random orders of very many things, without a list of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

_LISTED = 65_536
"""Orders of so few are drawn as a list of half a megabyte: a network of few bits is not random enough."""

_ROUNDS = 8
"""Four make a random permutation of many (Luby & Rackoff, SIAM J. Comput. 17, 373 (1988)): twice that."""


def random_order(count: int, rng: np.random.Generator) -> Callable[[int], int]:
    """A random permutation of 0 to ``count`` - 1, as a function from place to number.

    A balanced Feistel network permutes the numbers of the next even power of two, and is followed until it
    comes back to one below ``count``, at most four steps on average (cycle walking, Black & Rogaway, CT-RSA
    2002). So any part of the order of any number of things takes no memory.

        >>> order = random_order(10**30, np.random.default_rng(1))
        >>> len({order(place) for place in range(1000)})
        1000

    Parameters
    ----------
    count
        At least 1.
    rng
        Four words are drawn from it, or, of few things, the order itself.
    """
    if count <= _LISTED:
        listed = rng.permutation(count)
        return lambda place: int(listed[place])
    half = ((count - 1).bit_length() + 1) // 2
    size, mask = (half + 7) // 8, (1 << half) - 1
    key = rng.integers(0, 2**63, 4).tobytes()
    rounds = [hashlib.blake2b(key=key, salt=bytes([k])) for k in range(_ROUNDS)]

    def once(number: int) -> int:
        left, right = number >> half, number & mask
        for keyed in rounds:
            mixed = keyed.copy()
            mixed.update(right.to_bytes(size, "little"))
            left, right = right, left ^ (int.from_bytes(mixed.digest()[:size], "little") & mask)
        return left << half | right

    def walk(place: int) -> int:
        number = once(place)
        while number >= count:
            number = once(number)
        return number

    return walk
