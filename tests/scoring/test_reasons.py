"""What a verdict says of a trip: from where to where, whether the undriven twin makes it too, and what helps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from molmach.building import build
from molmach.scoring import score
from molmach.spec import load
from molmach.units import TURN
from tests.helpers.runs import run_of, series_of


@pytest.mark.parametrize(
    ("undriven_turns", "advice"), [(0.4, "protocol.equilibration"), (0.0, "A longer run")]
)
def test_a_trip_that_the_undriven_twin_makes_too_is_said_to_be_none_of_the_drives_doing(
    undriven_turns: float, advice: str
) -> None:
    """Replicas go 0.4 of a turn in the first tenth of the run and stay there, rattling by 0.02 of a turn."""
    spec = load("cyanobiphenyl-rotor")
    machine = build(spec)
    time_ps = np.linspace(0.0, 100.0, 401)
    rng = np.random.default_rng(1)

    def gone(turns: float) -> np.ndarray:
        path = turns * np.clip(time_ps / 10.0, 0.0, 1.0) + rng.normal(0.0, 0.02, (16, time_ps.size))
        return np.asarray(TURN * path)

    claim = run_of(spec, machine, series_of(time_ps, gone(0.4)))
    twin = run_of(spec, machine, series_of(time_ps, gone(undriven_turns)))
    result = score(replace(claim, controls={"undriven": twin}))
    assert result.verdict == "transient"
    assert "0.4 turn forward" in result.reason
    assert ("With the drive off it goes 0.4 turn that way, too." in result.reason) == (undriven_turns > 0.0)
    assert advice in result.advice
