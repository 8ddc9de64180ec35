"""The choice of a time step by measurement."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from molmach import files
from molmach.errors import SpecError
from molmach.scoring import Estimate
from molmach.spec import load, loads
from molmach.studies.step_trial import Check, Finding, StepTrial
from molmach.studies.timestep import CANDIDATES, SCHEMA, Plan, Result, run, velocity_tolerance
from tests.helpers.command_line import run_molmach

METHYL = """
name: methyl
machine: {kind: rotor, smiles: 'c1cc(F)c[c:1](c1)[CH3:2]', axle: [1, 2]}
drive: {kind: constant_torque, torque: 2 kJ/mol}
protocol: {duration: 20 ps, equilibration: 2 ps, replicas: 4, seed: 2}
"""

NOTHING = Estimate(0.0, (0.0, 0.0), "1")
"""A check's value that could not differ less."""


@pytest.mark.parametrize(
    ("low", "high", "finding"),
    [
        (-0.9, 0.9, Finding.AGREES),
        (-0.5, 1.1, Finding.OPEN),
        (-3.0, 3.0, Finding.OPEN),
        (1.1, 1.2, Finding.DIFFERS),
        (-1.2, -1.1, Finding.DIFFERS),
    ],
)
def test_too_little_data_is_no_agreement(low: float, high: float, finding: Finding) -> None:
    assert Check(Estimate(0.5 * (low + high), (low, high), "1"), 1.0).finding is finding


@pytest.mark.parametrize("replicas", [2, 4, 16, 256])
def test_few_replicas_tolerate_no_more_than_is_stated(replicas: int) -> None:
    """Velocities of 3 and of 40 turn/ns that spread by 20: what can't be seen counts up to 1 turn/ns, or a fifth."""
    samples = np.random.default_rng(3).normal(0.0, 20.0, 8 * replicas)
    for mean, most in ((40.0, 0.05 * 40.0), (0.0, 1.0)):
        reference = Estimate(mean, (mean - 1.0, mean + 1.0), "turn/ns")
        assert velocity_tolerance(reference, samples, replicas) == pytest.approx(most)
    slow = Estimate(3.0, (2.5, 3.5), "turn/ns")
    assert velocity_tolerance(slow, samples, replicas) == pytest.approx(0.2 * 3.0)
    assert velocity_tolerance(slow, 1e-3 * samples, replicas) == pytest.approx(
        max(0.05 * 3.0, min(0.6, velocity_tolerance(NOTHING, 1e-3 * samples, replicas)))
    )


def _trial(books: tuple[float, float], step: float = 0.001, problem: str = "") -> StepTrial:
    estimate = Estimate(0.5 * sum(books), books, "1")
    checks = None if problem else {"energy_books": Check(estimate, 0.02)}
    return StepTrial(step, None, NOTHING, checks, problem)


def test_a_leak_is_said_where_it_is_decided_and_nowhere_else() -> None:
    """Books of +1.2 % (-4.7 to 7.0) are no leak: more replicas would tell; +5 % (4 to 6) are one."""
    plan = Plan(loads(METHYL))
    undecided = Result(plan, (_trial((-0.047, 0.07)), _trial((-0.047, 0.07), 0.002)))
    assert undecided.longest is None
    assert "leaks" not in undecided.advice
    assert "too little data leaves it undecided (energy books)" in undecided.advice
    assert "protocol.replicas=" in undecided.advice
    leaking = Result(plan, (_trial((0.04, 0.06)), _trial((0.2, 0.3), 0.002)))
    assert "even 1 fs leaks energy" in leaking.advice
    settled = Result(
        plan, (_trial((-0.01, 0.01)), _trial((0.2, 0.3), 0.002), _trial((0, 0), 0.004, "diverged"))
    )
    assert settled.longest is not None
    assert not settled.advice


@pytest.mark.slow
def test_a_step_that_diverges_is_refused_and_the_others_are_tried(tmp_path: Path) -> None:
    """A torque whirls a methyl group round so fast that 4 fs blow it up; 1 fs does not."""
    spec = loads(
        "name: spun\nmachine: {kind: rotor, smiles: '[CH3:1][C:2](Cl)(Cl)Cl', axle: [2, 1]}\n"
        "drive: {kind: constant_torque, torque: 40 kJ/mol}\n"
        "protocol: {duration: 10 ps, equilibration: 0 ps, replicas: 2, friction: 5 /ps}\n"
    )
    result = run(Plan(spec), tmp_path / "t")
    refused = {trial.label: trial.problem for trial in result.trials if trial.problem}
    assert result.reference.checks is not None
    assert any("became infinite" in problem for problem in refused.values()), refused
    assert len(result.trials) == 1 + len(CANDIDATES)


@pytest.mark.slow
def test_a_machine_without_hydrogens_is_tried_in_shares_of_its_own_step(tmp_path: Path) -> None:
    changes = ["protocol.duration=40 ps", "protocol.equilibration=0 ps", "protocol.replicas=2"]
    plan = Plan(load("catenane-motor", changes))
    result = run(plan, tmp_path / "t")
    assert [round(1e3 * trial.timestep_ps, 3) for trial in result.trials] == [2.5, 5.0, 10.0, 20.0]
    assert all("protocol.constraints=none" in trial.settings for trial in result.trials)
    assert all(trial.hydrogen_mass is None and not trial.problem for trial in result.trials)
    assert run(plan, tmp_path / "t") == result


@pytest.mark.slow
def test_heavy_hydrogens_are_refused_to_a_rotor_made_of_hydrogens(tmp_path: Path) -> None:
    """A methyl group: its hydrogens are its inertia, so that 4 fs is right only with their own mass.

    32 replicas; the seed is fixed, and with it chance.
    """
    spec = loads(METHYL)
    trials = {(t.timestep_ps, t.hydrogen_mass): t for t in run(Plan(spec), tmp_path).trials}
    assert trials[0.001, None].accepted
    light = trials[0.002, None]
    assert light.checks is not None
    assert {check.finding for check in light.checks.values()} <= {Finding.AGREES, Finding.OPEN}
    assert light.checks["energy_books"].finding is Finding.AGREES
    heavy = trials[0.004, 3.0]
    assert heavy.checks is not None
    assert not heavy.accepted
    assert heavy.checks["inertia"].measured.value == pytest.approx(3.0 / 1.008 - 1.0, abs=0.01)
    assert {heavy.checks[name].finding for name in ("inertia", "velocity", "temperature")} == {
        Finding.DIFFERS
    }
    chosen = loads(METHYL, overrides=heavy.settings).protocol
    assert (chosen.timestep, chosen.hydrogen_mass, chosen.constraints) == (0.004, 3.0, "h-bonds")


@pytest.mark.slow
def test_command_prints_the_longest_step(tmp_path: Path) -> None:
    """An alkyne's triple bond can't be followed at 4 fs; what can is one document with its overrides."""
    machine = tmp_path / "m.yaml"
    machine.write_text(
        "name: m\nmachine: {kind: rotor, smiles: '[CH:1]#[C:2]c1ccc([C:3]#[CH:4])cc1', axle: [2, 3]}\n"
        "drive: {kind: none}\nprotocol: {duration: 2 ps, equilibration: 0 ps, replicas: 2}\n"
    )
    out = tmp_path / "t"
    done = run_molmach("timestep", str(machine), "-o", str(out), "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "molmach.timestep/1"
    assert [trial["timestep_fs"] for trial in document["trials"]] == [1, 2, 2.5, 4, 4, 4]
    assert all("too long for the stiffest bond" in trial["problem"] for trial in document["trials"][3:])
    for setting in document["settings"]:
        loads(machine.read_text(), overrides=[setting])
    shutil.rmtree(out / "1-fs")
    kept = sorted(out.rglob("*"))
    again = run_molmach("timestep", str(machine), "-o", str(out), "--json")
    assert json.loads(again.stdout) == document
    assert sorted(out.rglob("*")) == kept


def test_what_cannot_be_run_with_the_reference_step_leaves_no_trace(tmp_path: Path) -> None:
    spec = load("difluorophenylene-rotor", ["drive.frequency=100000 GHz"])
    with pytest.raises(SpecError, match="fewer than 20 steps"):
        run(Plan(spec), tmp_path / "t")
    assert not list(tmp_path.iterdir())


def test_a_trial_is_read_as_it_was_written(tmp_path: Path) -> None:
    checks = {"velocity": Check(Estimate(0.1, (0.05, 0.3), "turn/ns"), 0.2), "inertia": Check(NOTHING, 0.1)}
    trials = (
        StepTrial(0.001, None, Estimate(1.0, (0.9, 1.1), "turn/ns"), {}),
        *(StepTrial(step, mass, NOTHING, checks) for step, mass in CANDIDATES),
        StepTrial(0.004, 2.0, problem="too long for the stiffest bond"),
    )
    plan = Plan(loads(METHYL))
    files.write_json(tmp_path / plan.document, Result(plan, trials).to_json())
    assert run(plan, tmp_path) == Result(plan, trials)
    (tmp_path / plan.document).write_text(
        json.dumps({"key": plan.spec.key, "schema": SCHEMA, "trials": [{"timestep_fs": 1}]})
    )
    with pytest.raises(SpecError, match=r"timestep.json is missing or damaged \('hydrogen_mass'\)"):
        run(plan, tmp_path)
