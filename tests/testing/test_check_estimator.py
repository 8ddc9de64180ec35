"""What is asked of estimators: ours keep it, and one that breaks it is told how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from molmach import load
from molmach.cli.main import app
from molmach.estimates import Estimate, Estimator, Features, bare, estimate
from molmach.estimates.rotor import RotorEstimator, _of_members, _uneven
from molmach.spec import Spec
from molmach.testing import check_estimator

FREE = load("difluorophenylene-rotor")


class Good(Estimator):
    quantities = ("velocity",)

    def refusal(self, spec: Spec) -> str:
        return ""

    def describe(self, spec: Spec) -> Features:
        return {"atoms": len(spec.machine.parts[0])}

    def estimate(self, features: Features, spec: Spec) -> Mapping[str, Estimate]:
        return {"velocity": Estimate(float(features["atoms"]), 1.0, "counts")}


def test_our_estimator_keeps_what_is_asked() -> None:
    hindered = load(
        "cyanobiphenyl-rotor", ["drive={kind: alternating_field, field: 3 V/nm, frequency: 200 GHz}"]
    )
    told = check_estimator(RotorEstimator, [FREE, hindered, load("diketone-shuttle")])
    assert set(told) == {FREE.name, hindered.name}
    assert "Klein-Kramers" in told[FREE.name]["velocity"].model
    assert "torsion profile" in told[hindered.name]["velocity"].model


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"refusal": lambda self, spec: None}, "expected text"),
        ({"refusal": lambda self, spec: "none of mine"}, "refuses every machine"),
        ({"describe": lambda self, spec: {"atoms": np.zeros(3)}}, "no plain values"),
        ({"describe": lambda self, spec: [1, 2]}, "expected a mapping"),
        ({"describe": lambda self, spec: {"atoms": float(np.random.default_rng().random())}}, "second time"),
        ({"describe": lambda self, spec: {"atoms": float(np.random.random())}}, "second time"),  # noqa: NPY002
        ({"estimate": lambda self, features, spec: {"speed": Estimate(1.0, 1.0, "x")}}, "speed"),
        ({"estimate": lambda self, features, spec: {"velocity": Estimate(1.0, -1.0, "x")}}, "sd -1.0"),
        ({"estimate": lambda self, features, spec: {"velocity": Estimate(1.0, 1.0, "")}}, "names it"),
        ({"estimate": lambda self, features, spec: {}}, "says nothing"),
    ],
)
def test_a_broken_promise_is_told(changes: dict[str, Any], told: str) -> None:
    check_estimator(Good, [FREE])
    with pytest.raises(AssertionError, match=told):
        check_estimator(type("Broken", (Good,), changes), [FREE])


def test_theory_knows_the_laws_of_motion() -> None:
    """A free rotor under a torque, and mirror images: a field that turns the other way, a dipole that is none."""
    torque = load("difluorophenylene-rotor", ["drive={kind: constant_torque, torque: 2 kJ/mol}"])
    (forward,) = estimate(torque).values()
    against = load("difluorophenylene-rotor", ["drive={kind: constant_torque, torque: -2 kJ/mol}"])
    assert estimate(against)["velocity"].value == pytest.approx(-forward.value)
    assert forward.value == pytest.approx(2.0 / (2.0 * 2.97) * 1e3 / (2.0 * np.pi), rel=0.02)
    turned = load("difluorophenylene-rotor", ["drive.frequency=-50 GHz"])
    assert estimate(turned)["velocity"].value == pytest.approx(-estimate(FREE)["velocity"].value)
    nonpolar = load("difluorophenylene-rotor", ["machine.smiles='[CH:1]#[C:2]c1c(F)cc([C:3]#[CH:4])c(F)c1'"])
    assert abs(estimate(nonpolar)["velocity"].value) < 0.1


def test_the_command_says_what_theory_says_and_who_is_silent() -> None:
    said = json.loads(CliRunner().invoke(app, ["estimate", "difluorophenylene-rotor", "--json"]).stdout)
    (velocity,) = estimate(FREE).values()
    assert said["estimates"]["velocity"] == {
        "value": velocity.value, "sd": velocity.sd, "unit": "turn/ns", "model": velocity.model,
    }  # fmt: skip
    silent = CliRunner().invoke(app, ["estimate", "diketone-shuttle"]).stdout
    assert "theory says nothing of diketone-shuttle" in silent
    assert "more than one angle" in silent
    wrong = CliRunner().invoke(app, ["estimate", "no-such-machine"])
    assert wrong.exit_code != 0


def test_a_bent_alkyne_hinders_nothing_and_an_aryl_stator_does() -> None:
    """Two ortho substituents of one side bend the alkynes by a hundredth of a nanometre off the axle."""
    bent = load("difluorophenylene-rotor", ["machine.smiles='[CH:1]#[C:2]c1c(C)c(C#N)c([C:3]#[CH:4])cc1'"])
    features = RotorEstimator().describe(bare(bent))
    assert "scan" not in features
    assert "scan" in RotorEstimator().describe(bare(load("cyanobiphenyl-rotor")))


def test_the_profiles_error_is_as_large_as_it_says_and_its_torque_is_its_slope() -> None:
    """Of 16 profiles at 72 angles: their mean square has a standard error of an eighth of itself at most."""
    energy, torque = _uneven(1.5, np.random.default_rng(3))
    assert np.sqrt(np.mean(energy**2)) == pytest.approx(1.5, rel=0.25)
    step = 2.0 * np.pi / energy.shape[1]
    slope = (np.roll(energy, -1, axis=1) - np.roll(energy, 1, axis=1)) / (2.0 * step)
    assert np.abs(torque + slope).max() < 0.03 * np.abs(torque).max()  # second order in five degrees


def test_no_velocity_of_a_hindered_rotor_is_known_whose_peclet_number_is_below_one() -> None:
    """Replicas that diffuse by D and drift by v: the sd is D a turn, and for a free rotor the mean's own error.

    Of 16 x 400 replicas D has a standard error of 2 %, the mean one of a hundredth of D here.
    """
    diffusion, drift, time = 40.0, 25.0, 0.04
    rng = np.random.default_rng(5)
    velocities = drift + np.sqrt(2.0 * diffusion / time) * rng.standard_normal((16, 400))
    hindered = _of_members(velocities, hindered=True)["velocity"]
    free = _of_members(velocities, hindered=False)["velocity"]
    assert hindered.value == free.value == pytest.approx(drift, abs=3.0)
    assert hindered.sd == pytest.approx(diffusion, rel=0.1)
    assert free.sd < 0.1 * diffusion


def test_on_the_measured_hindered_rotors_theory_is_as_wrong_as_it_says() -> None:
    """Of 420 machines 95 % have a standard error of 1.1 %; with the sd of its members' spread alone 63 % held."""
    folder = Path(__file__).parents[2] / "benchmarks" / "hindered-landscape"
    with np.load(folder / "theory.npz") as told, np.load(folder / "landscape.npz") as measured:
        place = {str(key): row for row, key in enumerate(told["keys"])}
        rows = [place[str(key)] for key in measured["keys"]]
        velocity = measured["velocity"].astype(np.float64)
        error = velocity.std(axis=1, ddof=1) / np.sqrt(velocity.shape[1])
        z = (velocity.mean(axis=1) - told["mean"][rows]) / np.hypot(told["sd"][rows], error)
    assert 0.9 < np.mean(np.abs(z) < 1.96) < 0.98
    assert 0.8 < np.sqrt(np.mean(z**2)) < 1.3
