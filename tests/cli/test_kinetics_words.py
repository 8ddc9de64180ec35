"""What the terminal says of a thermal step whose saddle is another motion's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from molmach.cli.kinetics import _print_steps
from molmach.studies.kinetics.inversion import Descent
from tests.helpers.motors import step


def test_a_saddle_that_does_not_join_the_forms_is_told_beside_its_barrier(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sound = step("", 80.0, 10.0)
    _print_steps([sound])
    assert "not in the two forms" not in capsys.readouterr().out
    _print_steps([replace(sound, descents=(Descent(0.0, -1.0), Descent(0.0, -1.0)))])
    assert "not in the two forms" in " ".join(capsys.readouterr().out.split())
