"""Examples in docstrings do what they show."""

from __future__ import annotations

import doctest
import io
from importlib import import_module

import numpy as np
import pytest

from tests.helpers.sources import sources

WITH_EXAMPLES = [name for name, path in sources().items() if ">>> " in path.read_text(encoding="utf-8")]
MINUTES = {"molmach", "molmach.analysis", "molmach.studies.scan.running"}
"""Modules where an example may be skipped, for it simulates for minutes or needs such a run."""


class Rounded(doctest.OutputChecker):
    """Takes a number for the one that is shown where the shown digits are right."""

    def check_output(self, want: str, got: str, optionflags: int) -> bool:
        if super().check_output(want, got, optionflags):
            return True
        try:
            shown, value = float(want), float(got)
        except ValueError:
            return False
        return abs(value - shown) <= 0.5 * 10.0 ** -len(want.strip().partition(".")[2])


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_of_a_module_show_what_happens(name: str) -> None:
    module = import_module(name)
    runner = doctest.DocTestRunner(Rounded(), optionflags=doctest.NORMALIZE_WHITESPACE)
    output = io.StringIO()
    tests = [test for test in doctest.DocTestFinder().find(module, name) if test.examples]
    assert tests, f"{name} has an example that doctest does not find"
    with np.printoptions(precision=4, suppress=True, legacy="1.25"):
        for test in tests:
            runner.run(test, out=output.write)
    assert runner.failures == 0, output.getvalue()
    skipped = [e for test in tests for e in test.examples if e.options.get(doctest.SKIP)]
    assert not skipped or name in MINUTES, f"{name}: {skipped[0].source!r} is skipped"


def test_numbers_are_compared_in_the_digits_that_are_shown() -> None:
    checker = Rounded()
    assert checker.check_output("0.3333\n", "0.33332\n", 0)
    assert not checker.check_output("0.3333\n", "0.3334\n", 0)
    assert not checker.check_output("True\n", "1.0\n", 0)
