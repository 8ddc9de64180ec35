"""The same bits on every processor: what is fused is what the source asks to fuse, and no library rounds."""

from __future__ import annotations

import math
import platform
import re
from decimal import Context, Decimal
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from llvmlite import binding

from molmach.lanes.elementary import exponential, logarithm, power, sine_cosine
from molmach.lanes.types import LANES, fused, load, maximum, minimum, splat, store
from tests.helpers.lane_digest import digest, doubled, elsewhere, mixed

FUSED = re.compile(r"^\s+v(fn?m(?:add|sub)\d{3}[ps][sd])\s.*?(%[xyz]mm)", re.MULTILINE)
WIDTH = {"%xmm": 4, "%ymm": 8, "%zmm": 16}
LOOSE = re.compile(r"\b(fast|contract|reassoc|arcp|afn|nnan|ninf|nsz)\b|llvm\.fmuladd")
"""What lets LLVM give other bits than the source asks for."""

with_fused_instructions = pytest.mark.skipif(
    platform.machine() != "x86_64" or not binding.get_host_cpu_features().get("fma", False),
    reason="reads the instructions of x86-64 processors with FMA",
)


def assert_fused_as_asked(kernel: Any) -> None:
    """Every fused instruction of a compiled kernel is one that its code asks for, and no other is there."""
    (code,), (machine,) = kernel.inspect_llvm().values(), kernel.inspect_asm().values()
    assert not LOOSE.search(re.sub(r'"[^"]*"', "", code))
    asked = len(re.findall(rf"call .*@llvm\.fma\.v{LANES}f32\(", code)) * LANES
    done = FUSED.findall(machine)
    assert {name[-2:] for name, _ in done} == {"ps"}
    assert sum(WIDTH[register] for _, register in done) == asked > 0


@with_fused_instructions
def test_machine_code_fuses_what_the_source_asks_for_and_nothing_else() -> None:
    def kernel(words: Any, single: Any, x: Any, double: Any) -> None:
        mixed(words, single)
        doubled(x, double)

    made = numba.njit(error_model="numpy")(kernel)
    made.compile("void(uint32[:,::1], float32[:,::1], float64[::1], float64[:,::1])")
    assert_fused_as_asked(made)


def test_a_product_and_a_sum_are_rounded_each_for_itself_and_fused_ones_once() -> None:
    def kernel(numbers: Any, out: Any) -> None:
        x, y, z = load(numbers, 0), load(numbers, 1), load(numbers, 2)
        store(out, 0, x * y + z)
        store(out, 1, fused(x, y, z))
        store(out, 2, minimum(splat(-0.0), 0.0))
        store(out, 3, maximum(splat(-0.0), 0.0))

    x = np.random.default_rng(1).normal(size=(3, LANES)).astype(np.float32)
    x[2] = -(x[0] * x[1])
    out = np.zeros((4, LANES), dtype=np.float32)
    numba.njit(kernel)(x, out)
    assert np.array_equal(out[0], np.zeros(LANES))
    exact = x[0].astype(np.float64) * x[1] + x[2]
    assert np.array_equal(out[1], exact.astype(np.float32))
    assert np.count_nonzero(out[1]) > LANES // 2
    assert not np.signbit(out[2:]).any()  # of equal zeros the second


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names processors of one family")
def test_a_processor_without_fused_instructions_gives_the_same_bits() -> None:
    other = elsewhere("tests.helpers.lane_digest", NUMBA_CPU_NAME="x86-64-v2", NUMBA_CPU_FEATURES="")
    assert other == digest()


ULP = 4.0 * np.finfo(np.float64).eps


@given(st.floats(-700.0, 700.0))
def test_exponential_is_that_of_decimal_arithmetic(x: float) -> None:
    assert exponential(x) == pytest.approx(float(Decimal(x).exp(Context(prec=40))), rel=ULP)


@given(st.floats(1e-300, 1e300))
def test_logarithm_is_that_of_decimal_arithmetic(x: float) -> None:
    assert logarithm(x) == pytest.approx(float(Decimal(x).ln(Context(prec=40))), rel=ULP, abs=1e-17)


@given(st.floats(-1e6, 1e6))
def test_sine_and_cosine_are_those_of_the_c_library(x: float) -> None:
    sine, cosine = sine_cosine(x)
    assert sine == pytest.approx(math.sin(x), rel=ULP, abs=1e-16)
    assert cosine == pytest.approx(math.cos(x), rel=ULP, abs=1e-16)


def test_limits_of_the_elementary_functions() -> None:
    assert exponential(0.0) == 1.0
    assert exponential(-1e9) == 0.0
    assert exponential(1e9) == math.inf
    assert math.isnan(exponential(math.nan))
    assert power(0.0, 0.0) == 1.0
    assert power(0.0, 2.0) == 0.0
    assert power(0.3, 1.0) == 0.3
    assert power(0.5, 3.0) == pytest.approx(0.125, rel=ULP)
