"""Designs as arrays, which kernels compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Points:
    """Designs as the kernel takes them.

    Attributes
    ----------
    categories
        (n, n_categorical) number of each named value.
    numbers
        (n, n_numeric) share of each number's range, 0 to 1.
    prints
        (n, n_bits) fingerprint of the molecules; no columns where the space is closed.
    """

    categories: Integers
    numbers: Floats
    prints: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.categories)

    def __getitem__(self, rows: Integers | slice) -> Points:
        return Points(self.categories[rows], self.numbers[rows], self.prints[rows])


def joined(parts: Sequence[Points]) -> Points:
    """All points of several, in order."""
    return Points(
        np.concatenate([part.categories for part in parts]),
        np.concatenate([part.numbers for part in parts]),
        np.concatenate([part.prints for part in parts]),
    )


def tanimoto_similarity(first: Points, second: Points) -> Floats:
    """(n_first, n_second) similarity of fingerprints; 1 between molecules without any bit."""
    if not first.prints.shape[1]:
        return np.ones((len(first), len(second)))
    common = (first.prints @ second.prints.T).astype(np.float64)
    either = first.prints.sum(axis=1)[:, None] + second.prints.sum(axis=1)[None] - common
    return np.where(either > 0.0, common / np.maximum(either, 1.0), 1.0)
