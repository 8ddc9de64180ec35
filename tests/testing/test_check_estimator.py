"""What is asked of estimators: ours keep it, and one that breaks it is told how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from molmach import load
from molmach.cli.main import app
from molmach.estimates import Estimate, Estimator, Features, bare, estimate
from molmach.estimates.rotor import RotorEstimator
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
