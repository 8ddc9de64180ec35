"""Elementary functions of double precision whose bits no library decides.

A C library's exp, sin and cos differ in the last bit from one library to the next, and within one by the
processor that they find. These are made of additions, multiplications and divisions, each rounded once, so
that they have the same bits everywhere; their errors are a few units in the last place.

In kernels and in Python alike: compiled functions, that Python calls with its floats.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from molmach.lanes.compiler import compiled

_intrinsic: Callable[[Any], Any] = intrinsic

Double = Any
"""A number of double precision; numba infers its type, Python sees none."""

_LOG2 = 0.6931471805599453
_LOG2_HIGH = 0.6931471804855391  # of 33 bits, so that its products with an exponent are exact
_LOG2_LOW = 7.440617110012397e-11
_HALF_PI_PARTS = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487959506e-21)  # of 33 bits each
_OVERFLOW, _UNDERFLOW = 709.7, -708.3


def _bits(source: types.Type, result: types.Type, kind: ir.Type) -> Any:
    def cast(typing: Any, value: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.bitcast(args[0], kind)

        return (result(value), emit) if value == source else None

    return _intrinsic(cast)


_as_word = _bits(types.float64, types.int64, ir.IntType(64))
_as_double = _bits(types.int64, types.float64, ir.DoubleType())


@compiled
def exponential(x: Double) -> Double:
    """e^x; 0 below e^-708.3 and infinity above e^709.7. By Taylor's series, after whole factors of two."""
    x = np.float64(x)
    if not x < _OVERFLOW:
        return x if x != x else np.inf
    if x < _UNDERFLOW:
        return 0.0
    k = np.int64(math.floor(x * (1.0 / _LOG2) + 0.5))
    r = (x - k * _LOG2_HIGH) - k * _LOG2_LOW
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 1.0 / 2.0
    part = r + r * r * p
    # In two factors, for 2^1024 is no number.
    half = k >> 1
    first, second = _as_double((half + 1023) << 52), _as_double((k - half + 1023) << 52)
    return (1.0 + part) * first * second


@compiled
def sine_cosine(x: Double) -> tuple[Double, Double]:
    """sin x and cos x, x of less than 2^30; Taylor's series in the nearest quarter turn."""
    x = np.float64(x)
    k = np.int64(math.floor(x * (2.0 / math.pi) + 0.5))
    r = ((x - k * _HALF_PI_PARTS[0]) - k * _HALF_PI_PARTS[1]) - k * _HALF_PI_PARTS[2]
    z = r * r
    p = 1.0 / 355687428096000.0
    p = p * z - 1.0 / 1307674368000.0
    p = p * z + 1.0 / 6227020800.0
    p = p * z - 1.0 / 39916800.0
    p = p * z + 1.0 / 362880.0
    p = p * z - 1.0 / 5040.0
    p = p * z + 1.0 / 120.0
    p = p * z - 1.0 / 6.0
    sine = r + r * z * p
    p = 1.0 / 20922789888000.0
    p = p * z - 1.0 / 87178291200.0
    p = p * z + 1.0 / 479001600.0
    p = p * z - 1.0 / 3628800.0
    p = p * z + 1.0 / 40320.0
    p = p * z - 1.0 / 720.0
    p = p * z + 1.0 / 24.0
    cosine = 1.0 - (0.5 * z - z * z * p)
    if k & 1:
        sine, cosine = cosine, -sine
    if k & 2:
        sine, cosine = -sine, -cosine
    return sine, cosine


@compiled
def logarithm(x: Double) -> Double:
    """ln x of a normal x > 0: 2 artanh s, s = (m - 1)/(m + 1), m in [sqrt(1/2), sqrt(2))."""
    word = _as_word(np.float64(x))
    k = (word >> 52) - 1023
    m = _as_double((word & 0x000FFFFFFFFFFFFF) | 0x3FF0000000000000)
    if m > math.sqrt(2.0):
        m *= 0.5
        k += 1
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = 1.0 / 23.0
    p = p * z + 1.0 / 21.0
    p = p * z + 1.0 / 19.0
    p = p * z + 1.0 / 17.0
    p = p * z + 1.0 / 15.0
    p = p * z + 1.0 / 13.0
    p = p * z + 1.0 / 11.0
    p = p * z + 1.0 / 9.0
    p = p * z + 1.0 / 7.0
    p = p * z + 1.0 / 5.0
    p = p * z + 1.0 / 3.0
    return k * _LOG2_HIGH + (k * _LOG2_LOW + (2.0 * s + 2.0 * s * z * p))


@compiled
def power(base: Double, exponent: Double) -> Double:
    """base^exponent: 1 where the exponent is 0, else 0 of bases that are not positive, or below 2^-1022."""
    if exponent == 0.0:
        return 1.0
    if not base >= 2.2250738585072014e-308:
        return base if base != base else 0.0
    if exponent == 1.0:
        return base
    return exponential(exponent * logarithm(base))
