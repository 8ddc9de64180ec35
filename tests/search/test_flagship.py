"""What the measurement of the flagship with and without theory says of its searches."""

from __future__ import annotations

from typing import Any

from benchmarks.flagship import table


def test_a_search_that_misses_its_target_counts_as_the_longest_there_is() -> None:
    """Ratios on the same seeds are 50/400 and 100/200; seed 2 has one arm alone and no ratio."""
    results: dict[str, dict[str, Any]] = {
        "with theory 0": {"evaluations": 50},
        "without 0": {"evaluations": None},
        "with theory 1": {"evaluations": 100},
        "without 1": {"evaluations": 200},
        "with theory 2": {"evaluations": 60},
    }
    first, second, ratio = table(results, 400).splitlines()
    assert first.startswith("with theory: 3 of 3 seeds reach it in 400; median 60 (50 to 100)")
    assert second.startswith("without: 1 of 2 seeds reach it in 400; median inf (200 to inf)")
    assert ratio.startswith("with theory / without, 2 seeds: median 0.312 (0.125 to 0.5)")
