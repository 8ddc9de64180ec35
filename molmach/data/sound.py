"""Arrays that came from elsewhere, checked before compiled code reads them, which checks no index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from molmach.errors import WorkError

ANY = -1
"""A length that nothing prescribes."""


def require_array(place: str, array: Any, dtype: Any, shape: Sequence[int], finite: bool = True) -> None:
    """Refuse an array of another type or shape, or with numbers that are not finite.

    A length of :data:`ANY` may be any; where ``finite`` is false numbers may be infinite.

    Raises
    ------
    WorkError
        It is one.
    """
    wanted = np.dtype(dtype)
    fits = len(array.shape) == len(shape) and all(
        b in (ANY, a) for a, b in zip(array.shape, shape, strict=True)
    )
    if array.dtype != wanted or not fits or not array.flags.c_contiguous:
        raise WorkError(
            f"{place}: {array.dtype} {list(array.shape)}; expected {wanted} {[n for n in shape if n != ANY]}"
        )
    if wanted.kind == "f" and not (np.isfinite(array).all() if finite else not np.isnan(array).any()):
        raise WorkError(f"{place}: expected finite numbers")


def require_indices(place: str, array: Any, shape: Sequence[int], count: int, least: int = 0) -> None:
    """Refuse an array of indices of which one points beside what it is about.

    Raises
    ------
    WorkError
        One is below ``least`` or not below ``count``.
    """
    require_array(place, array, np.int32, shape)
    if array.size and (array.min() < least or array.max() >= count):
        raise WorkError(f"{place}: {int(array.min())} to {int(array.max())}; expected {least} to {count - 1}")


def require_starts(place: str, array: Any, rows: int, end: int) -> None:
    """Refuse rows' starts that do not go from 0 up to ``end``; one more than there are rows.

    Raises
    ------
    WorkError
        They do not.
    """
    require_array(place, array, np.int32, (rows + 1 if rows != ANY else ANY,))
    if not array.size or array[0] != 0 or array[-1] != end or (np.diff(array) < 0).any():
        raise WorkError(f"{place}: expected numbers that rise from 0 to {end}")
