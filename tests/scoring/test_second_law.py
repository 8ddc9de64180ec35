"""A claimed current costs entropy, and no less than the uncertainty relation asks where that is a law."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from molmach.building import Assembly
from molmach.data import Run
from molmach.data.observed import Observed
from molmach.scoring import score
from molmach.scoring.quantities import samples_of
from molmach.scoring.second_law import judge_second_law
from molmach.spec import Spec, load
from molmach.units import TURN, thermal_energy
from tests.helpers.machines import ROTOR
from tests.helpers.runs import run_of, series_of

Floats = NDArray[np.float64]

DIFFUSION = 10.0
"""turn^2/ns."""


def _spec(friction: float = 20.0) -> Spec:
    torque = "drive={kind: constant_torque, torque: 2 kJ/mol}"
    return load(ROTOR, [torque, f"protocol.friction={friction!r} /ps", "protocol.timestep=1 fs"])


def _dragged(rotor: Assembly, spec: Spec, seed: int, drift: float, paid: float, replicas: int = 8) -> Run:
    """An overdamped rotor in no potential, exactly: drift and diffusion of Einstein's relation, work F dphi.

    ``drift`` in turn/ns; of the work only the share ``paid`` is in the books.
    """
    rng, kT = np.random.default_rng(seed), thermal_energy(spec.protocol.temperature)
    time_ps = np.linspace(0.0, 200.0, 401)
    steps = rng.normal(drift * 5e-4, math.sqrt(2.0 * DIFFUSION * 5e-4), (replicas, 400))
    turned = np.concatenate([np.zeros((replicas, 1)), np.cumsum(steps, axis=1)], axis=1)
    work = paid * kT * drift / DIFFUSION * turned  # F / kT = v / D, per turn
    return run_of(spec, rotor, series_of(time_ps, TURN * turned, work=work))


def test_a_current_at_the_bound_passes(rotor: Assembly) -> None:
    """D s = v^2 exactly for a free rotor: 100 runs of 8 replicas fail at most 4 times (false alarm 4e-3 at 1 %)."""
    failed = 0
    for seed in range(100):
        run = _dragged(rotor, _spec(), seed, 40.0, 1.0)
        observed = Observed.of(run)
        law = judge_second_law(observed, samples_of(observed))
        assert law is not None
        failed += not law.passed
    assert failed <= 4


@pytest.mark.parametrize(
    ("paid", "friction", "verdict", "said"),
    [
        (1.0, 20.0, "forward", ""),
        (0.0, 20.0, "failed", "second law"),
        (-1.0, 20.0, "failed", "second law"),
        (0.1, 20.0, "failed", "uncertainty relation"),
        (0.1, 2.0, "forward", ""),  # inertia may count, so that the relation is no law
    ],
)
def test_a_claim_that_is_not_paid_for_fails(
    rotor: Assembly, paid: float, friction: float, verdict: str, said: str
) -> None:
    result = score(_dragged(rotor, _spec(friction), 1, 80.0, paid, 16))
    assert result.verdict == verdict
    assert said in result.reason
    assert result.second_law is not None
    assert result.second_law.passed == (verdict == "forward")
    assert result.to_json()["second_law"]["entropy_rate"]["unit"] == "k_B/ns"


def test_a_periodic_field_is_held_to_the_second_law_alone(rotor: Assembly) -> None:
    run = _dragged(rotor, load(ROTOR), 1, 80.0, 0.1, 16)
    law = score(run).second_law
    assert law is not None
    assert law.passed
    assert law.uncertainty_ratio is None


def test_a_drive_may_say_that_its_entropy_is_not_known(
    rotor: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "molmach.drives.constant_torque.ConstantTorqueModel.entropy_unknown",
        "what it spends is not in its books",
    )
    law = score(_dragged(rotor, _spec(), 1, 80.0, 0.0, 16)).second_law
    assert law is not None
    assert law.passed
    assert law.statement == "not judged: what it spends is not in its books"


def test_no_machine_at_equilibrium_has_a_direction(rotor: Assembly) -> None:
    """Whatever it did while it settled."""
    still = load(ROTOR, ["drive={kind: none}"])
    result = score(_dragged(rotor, still, 1, 80.0, 0.0, 16))
    assert result.verdict == "equilibrium"
    assert result.second_law is None
