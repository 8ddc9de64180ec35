"""Campaigns on thermal helix inversions: rungs are levels, and half-lives have intervals."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rdkit import Chem

from molmach.errors import MissingExtraError, SpecError
from molmach.search.loop.checking import check
from molmach.search.loop.evaluations import Evaluation, evaluation_of, learn, task_of
from molmach.search.loop.evaluations import kinetics as kinetics_evaluation
from molmach.search.loop.objectives import Objectives
from molmach.search.record.result import Result, plain
from molmach.search.record.trial import CONFIRMATION
from molmach.search.running import run_campaign
from molmach.search.space.space import Space
from molmach.spec import Campaign, load
from molmach.spec.campaign import loads_campaign
from molmach.studies.kinetics import run as kinetics_run
from molmach.studies.kinetics.forms import Alkene
from molmach.studies.kinetics.inversion import QUICK_GUESSES
from molmach.studies.kinetics.level import BARRIER_ERROR
from molmach.studies.kinetics.rates import eyring_rate, half_life
from molmach.studies.kinetics.relatives import Relative
from molmach.studies.kinetics.run import MotorKinetics
from tests.helpers.motors import lit, step

MOTORS: dict[str, Any] = {
    "name": "motors",
    "base": "methyltetralin-isopropylidene-motor",
    "machine": {"smiles": "[*:10][C@@H]1CCc2ccccc2[C:1]1=[C:2](C)C"},
    "space": {"sites": {"10": ["methyl", "ethyl"]}},
    "objectives": {"maximise": "log(half_life)"},
    "evaluation": {"use": "kinetics", "rungs": [{"level": "GFN2-xTB", "guesses": 6}]},
    "agents": ["random"],
    "confirmation": {"machines": 1},
    "budget": {"evaluations": 2},
}


def campaign(**changes: Any) -> Campaign:
    """The campaign with sections replaced."""
    return loads_campaign(MOTORS | changes, "motors.yaml", Path())


def evaluation(**changes: Any) -> Evaluation:
    """Its evaluation."""
    return evaluation_of(campaign(**changes), Path())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evaluation": {"use": "kinetics", "rungs": [{"level": "CCSD"}]}}, r"rungs\[0\].level: got 'CCSD'"),
        ({"evaluation": {"use": "kinetics", "rungs": [{"guesses": 0}]}}, r"rungs\[0\].guesses: got 0"),
        ({"evaluation": {"use": "kinetics", "rungs": [{"replicas": 4}]}}, r"rungs\[0\].replicas: accepted"),
        ({"evaluation": {"use": "kinetics", "options": {"light": 3}}}, "options.light: accepted: temp"),
        ({"evaluation": {"use": "kinetics", "options": {"temperature": -3}}}, "options.temperature: got -3"),
        ({"evaluation": {"use": "kinetics", "options": {"solvent": 3}}}, "options.solvent: got 3; expected"),
        (
            {"evaluation": {"use": "kinetics", "options": {"solvent": "soup"}}},
            "options.solvent 'soup': accep",
        ),
        (
            {"evaluation": {"use": "kinetics", "options": {"wavelength": 9}}},
            "wavelength 9: expected 100 to 2000",
        ),
        ({"racing": {"rungs": [{"replicas": 4, "duration": "1 ps"}]}}, "racing.rungs: are of dynamics"),
        ({"objectives": {"maximise": "velocity"}}, "expected an expression of barrier, half_life"),
        (
            {
                "base": "difluorophenylene-rotor",
                "machine": {"smiles": "[CH:1]#[C:2]c1cc([*:10])c([C:3]#[CH:4])cc1"},
            },
            "machine.axle: is not a double bond",
        ),
    ],
)
def test_what_cant_be_had_is_refused_before_the_work(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        check(campaign(**changes), Path())


def test_rungs_are_levels_and_the_confirmation_starts_afresh() -> None:
    rungs = [{"level": "GFN2-xTB", "guesses": 6}, {"level": "GFN2-xTB", "guesses": 9}]
    kinetics = evaluation(evaluation={"use": "kinetics", "rungs": rungs})
    space = Space(campaign())
    candidate = space.resolve(next(iter(space.enumerate())))
    first, second, again = (task_of(kinetics, candidate, rung) for rung in (0, 1, CONFIRMATION))
    assert first is not None
    assert second is not None
    assert again is not None
    assert (first.options["guesses"], second.options["guesses"]) == (6, 9)
    assert (again.options["level"], again.options["guesses"]) == ("GFN2-xTB", 9)
    assert len({first.key, second.key, again.key}) == 3
    assert again.seed != second.seed == first.seed
    assert kinetics.effort(1) == "GFN2-xTB, 9 guesses"
    wet = evaluation(evaluation={"use": "kinetics", "options": {"solvent": "toluene"}})
    dissolved, bare = (task_of(e, candidate, 0) for e in (wet, evaluation(evaluation={"use": "kinetics"})))
    assert dissolved is not None
    assert bare is not None
    assert dissolved.options["solvent"] == "toluene"
    assert dissolved.key != bare.key
    assert any("in toluene" in said for said in wet.assumed)
    assert not bare.options["absorbs"]


def test_a_search_starts_from_the_likest_machines_that_are_known_and_a_confirmation_from_none() -> None:
    kinetics, space = evaluation(), Space(campaign())
    methyl, ethyl = (space.resolve(design) for design in space.enumerate())
    alone = task_of(kinetics, ethyl, 0)
    lessons = {}
    for smiles in ("C[C@@H]1CCc2ccccc2[C:1]1=[C:2](C)C", *(f"{'C' * n}C1=C(C)CCC1" for n in range(2, 8))):
        alkene = Alkene(Chem.AddHs(Chem.MolFromSmiles(smiles)), (0, 1))
        shape = (1, alkene.molecule.GetNumAtoms(), 3)
        lessons[smiles] = Relative(alkene, np.zeros(shape), np.ones(shape)).packed()
        learn(kinetics, lessons[smiles])
    learn(kinetics, b"of another version")
    warm, again = (task_of(kinetics, ethyl, rung) for rung in (0, CONFIRMATION))
    assert alone is not None
    assert warm is not None
    assert again is not None
    assert alone.options["relatives"] == again.options["relatives"] == []
    assert len(warm.options["relatives"]) == 4
    assert warm.options["relatives"][0] == next(iter(lessons.values()))
    assert warm.key != alone.key
    assert task_of(evaluation(), methyl, 0) == task_of(evaluation(), methyl, 0)


def test_absorption_is_computed_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinetics_evaluation, "require_functional", lambda *what: None)
    candidate = Space(campaign()).resolve(next(iter(Space(campaign()).enumerate())))
    for changes in (
        {"objectives": {"maximise": "absorption_wavelength"}},
        {"evaluation": {"use": "kinetics", "options": {"wavelength": 365, "intensity": 20}}},
    ):
        task = task_of(evaluation(**changes), candidate, 0)
        assert task is not None
        assert task.options["absorbs"]


def test_under_a_lamp_turning_and_its_error_are_the_lamps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is more than the barrier's alone, for the lamp's wavelength is met by chance."""
    monkeypatch.setattr(kinetics_evaluation, "require_functional", lambda *what: None)
    light = lit(step("", 80.0, 20.0), wavelength=365.0)
    motor = MotorKinetics(
        load("fluorene-motor-methyl"), light.steps, light.cycle(), (), light.yields, Path(), light
    )
    monkeypatch.setattr(kinetics_run, "run", lambda plan, place: motor)
    lamps = evaluation(evaluation={"use": "kinetics", "options": {"wavelength": 365}})
    task = task_of(lamps, Space(campaign()).resolve(next(iter(Space(campaign()).enumerate()))), 0)
    assert task is not None
    samples = lamps.run(task).samples
    assert samples["rotation_frequency"] == [light.cycle().frequency]
    assert samples["absorption_wavelength"] == [light.wavelength]
    up, down = (light.shifted(shift).cycle().frequency for shift in (0.3, -0.3))
    assert samples["rotation_frequency.error"][0] > 0.5 * abs(up - down)
    bare = replace(motor, light=None)
    monkeypatch.setattr(kinetics_run, "run", lambda plan, place: bare)
    assert "absorption_wavelength" not in lamps.run(task).samples


def test_a_campaign_without_pyscf_is_told_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyscf.dispersion", None)
    monkeypatch.setitem(sys.modules, "pyscf.dispersion.dftd4", None)
    with pytest.raises(MissingExtraError, match=r"options.wavelength TDDFT-PBE0/def2-SVP needs pyscf"):
        check(campaign(objectives={"maximise": "absorption_wavelength"}), Path())


@pytest.mark.parametrize("level", BARRIER_ERROR)
def test_a_half_life_has_the_interval_that_its_barrier_leaves(level: str) -> None:
    """1.96 standard errors of the barrier either way, through Eyring's equation; nothing falls below zero."""
    barrier, kelvin, error = 85.0, 293.15, BARRIER_ERROR[level]
    samples = {"barrier": [barrier], "barrier.error": [error], "kelvin": [kelvin]}
    for wanted, through in (("half_life", float), ("log(half_life)", math.log)):
        objectives = Objectives(campaign(objectives={"maximise": wanted}).objectives, evaluation())
        reason, (measured,) = objectives.judge(plain(Result("key", samples)))
        assert reason == ""
        low, value, high = (
            through(half_life(eyring_rate(barrier + side * 1.959964 * error, kelvin))) for side in (-1, 0, 1)
        )
        assert (measured.low, measured.value, measured.high) == pytest.approx((low, value, high), rel=1e-4)


def test_a_first_look_is_a_rung_with_an_error_of_its_own_and_no_confirmation() -> None:
    rungs = [{"quick": True}, {"guesses": 9}]
    kinetics = evaluation(evaluation={"use": "kinetics", "rungs": rungs})
    space = Space(campaign())
    candidate = space.resolve(next(iter(space.enumerate())))
    first, second, again = (task_of(kinetics, candidate, rung) for rung in (0, 1, CONFIRMATION))
    assert first is not None
    assert second is not None
    assert again is not None
    assert (first.options["guesses"], first.options["quick"]) == (QUICK_GUESSES, True)
    assert "quick" not in second.options
    assert "quick" not in again.options
    assert "a first look" in kinetics.effort(0)
    assert any("no solvent" in said or "without solvent" in said for said in kinetics.assumed)
    alone = evaluation(evaluation={"use": "kinetics", "rungs": [{"quick": True}]})
    assert "first look" not in alone.effort(CONFIRMATION)
    with pytest.raises(SpecError, match=r"rungs\[0\].quick: got 3; expected true or false"):
        check(campaign(evaluation={"use": "kinetics", "rungs": [{"quick": 3}]}), Path())


@pytest.mark.slow
def test_a_campaign_for_a_window_ends_with_a_motor_in_it(tmp_path: Path) -> None:
    """First looks, a whole search of the better one, and its confirmation; the page has the window."""
    wanted = campaign(
        objectives={"quantity": "half_life", "within": ["1 ps", "1 us"]},
        evaluation={"use": "kinetics", "rungs": [{"quick": True, "guesses": 6}, {"guesses": 6}]},
        racing={"keep": 2},
        budget={"evaluations": 3},
    )
    document = run_campaign(wanted, tmp_path / "motors", executor="local")
    best = document["best"][0]
    (value,) = best["confirmed"]["objectives"]
    assert best["confirmed"]["label"] == "confirmed, in the window"
    assert value["inside"]
    assert 1e-12 < value["value"] < 1e-6
    page = (tmp_path / "motors" / "report.html").read_text(encoding="utf-8")
    assert "in the window; the true value is inside with" in page
    assert "What the numbers rest on" in page


@pytest.mark.slow
def test_a_campaign_ends_with_a_confirmed_motor(tmp_path: Path) -> None:
    """Both motors are searched on a small surface, the slower one again from other guesses."""
    document = run_campaign(campaign(), tmp_path / "motors", executor="local")
    assert (document["evaluations"], document["failed"], document["confirmations"]) == (2, 0, 1)
    best = document["best"][0]
    assert best["confirmed"]["verified"], best["confirmed"]
    (again,), (value,) = best["confirmed"]["objectives"], best["objectives"]
    assert again["ci95"][0] < value["value"] < again["ci95"][1]
    assert list((tmp_path / "motors" / "machines").glob("*/report.html"))
