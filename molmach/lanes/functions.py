"""Functions of vectors that LLVM has no instruction for, to the last bit or two of single precision."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from molmach.lanes.compiler import compiled
from molmach.lanes.types import (
    as_float,
    as_words,
    convert,
    fused,
    less,
    magnitude,
    maximum,
    minimum,
    select,
    sqrt,
)

# The lower-case arguments below are Lanes values; numba infers their types, Python sees none.
Lanes = Any
Words = Any

_HALF_PI = 0.5 * math.pi
_PI = math.pi


@compiled
def dot(ax: Lanes, ay: Lanes, az: Lanes, bx: Lanes, by: Lanes, bz: Lanes) -> Lanes:
    """a . b."""
    return fused(az, bz, fused(ay, by, ax * bx))


@compiled
def cross(ax: Lanes, ay: Lanes, az: Lanes, bx: Lanes, by: Lanes, bz: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """a x b."""
    return fused(ay, bz, -(az * by)), fused(az, bx, -(ax * bz)), fused(ax, by, -(ay * bx))


@compiled
def plus_scaled(
    ax: Lanes, ay: Lanes, az: Lanes, k: Lanes, bx: Lanes, by: Lanes, bz: Lanes
) -> tuple[Lanes, Lanes, Lanes]:
    """a + k b, rounding once."""
    return fused(k, bx, ax), fused(k, by, ay), fused(k, bz, az)


@compiled
def _arcsine(y: Lanes) -> Lanes:
    """asin y for 0 <= y <= 0.7072: Chebyshev interpolation of (asin y - y) / y^3 in y^2, degree 7."""
    z = y * y
    p = fused(0.09474842250347137, z, -0.07980277389287949)
    p = fused(p, z, 0.06384838372468948)
    p = fused(p, z, 0.010419502854347229)
    p = fused(p, z, 0.03199271112680435)
    p = fused(p, z, 0.04453863203525543)
    p = fused(p, z, 0.0750025287270546)
    p = fused(p, z, 0.1666666567325592)
    return fused(y * z, p, y)


@compiled
def arccosine(cosine: Lanes, sine: Lanes) -> Lanes:
    """The angle in [0, pi] of a cosine and its sine >= 0; well conditioned over the whole range."""
    size = magnitude(cosine)
    part = _arcsine(minimum(size, sine))
    acute = select(less(size, sine), _HALF_PI - part, part)
    return select(less(cosine, 0.0), _PI - acute, acute)


@compiled
def arcsine(sine: Lanes, cosine: Lanes) -> Lanes:
    """The angle in [-pi/2, pi/2] of a sine and its cosine >= 0."""
    size = magnitude(sine)
    part = _arcsine(minimum(size, cosine))
    angle = select(less(size, cosine), part, _HALF_PI - part)
    return select(less(sine, 0.0), -angle, angle)


@compiled
def _logarithm(x: Lanes) -> Lanes:
    """ln x for normal x > 0, as Cephes has it: Moshier, Methods and Programs for Math. Functions (1989)."""
    bits = as_words(x)
    # Exponent and mantissa such that the mantissa lies in [sqrt(1/2), sqrt(2)).
    shifted = bits + np.uint32(0x3F800000 - 0x3F3504F3)
    exponent = convert(shifted >> np.uint32(23)) - 127.0
    mantissa = as_float((shifted & np.uint32(0x007FFFFF)) + np.uint32(0x3F3504F3))
    r = mantissa - 1.0
    z = r * r
    p = fused(7.0376836292e-2, r, -1.1514610310e-1)
    p = fused(p, r, 1.1676998740e-1)
    p = fused(p, r, -1.2420140846e-1)
    p = fused(p, r, 1.4249322787e-1)
    p = fused(p, r, -1.6668057665e-1)
    p = fused(p, r, 2.0000714765e-1)
    p = fused(p, r, -2.4999993993e-1)
    p = fused(p, r, 3.3333331174e-1)
    y = fused(exponent, -2.12194440e-4, r * z * p)
    y = fused(-0.5, z, y)
    return fused(exponent, 0.693359375, r + y)


@compiled
def box_muller(first: Words, second: Words) -> tuple[Lanes, Lanes]:
    """Two independent standard normal numbers from two uniform random words.

    Box & Muller, Ann. Math. Stat. 29, 610 (1958). All 32 bits make the radius, so the tails reach
    6.7; 30 bits make the angle within a quarter turn, the two others choose the quarter.
    """
    uniform = (convert(first) + 0.5) * 2.3283064365386963e-10
    radius = sqrt(maximum(-2.0 * _logarithm(uniform), 0.0))
    quarter = fused(convert(second >> np.uint32(2)) + 0.5, 9.313225746154785e-10, -0.5)
    angle = quarter * _HALF_PI
    z = angle * angle
    p = fused(fused(-1.9515295891e-4, z, 8.3321608736e-3), z, -1.6666654611e-1)  # Cephes sinf and cosf
    sine = fused(angle * z, p, angle)
    p = fused(fused(2.443315711809948e-5, z, -1.388731625493765e-3), z, 4.166664568298827e-2)
    cosine = fused(z * z, p, fused(-0.5, z, 1.0))
    flip = (second & np.uint32(1)) << np.uint32(31)
    cosine = as_float(as_words(cosine) ^ flip)
    swap = less(0.5, convert(second & np.uint32(2)))
    return radius * select(swap, sine, cosine), radius * select(swap, cosine, sine)
