"""Passports: made of a finished run, done again, and what a changed one is told by."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from molmach.errors import WorkError
from molmach.files import write_arrays
from molmach.spec import Spec
from molmach.studies.simulation import Plan, run_here
from molmach.work import Passport, make_passport
from molmach.work.passport import examine
from tests.helpers.command_line import json_here
from tests.helpers.command_line import run_here as molmach
from tests.helpers.forging import fake_books, fake_coordinate, forged


@pytest.fixture(scope="module")
def folder(small: Spec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("passport") / "run"
    place.mkdir()
    run_here(Plan(small), place)
    return place


@pytest.fixture(scope="module")
def passport(folder: Path) -> Passport:
    return make_passport(folder, segments=5)


def test_a_passport_done_again_is_the_same(passport: Passport, folder: Path) -> None:
    shown = examine(passport, None)
    assert shown.same
    assert shown.verification.total == 10
    document = json.loads((folder / "score.json").read_text())
    assert passport.scored["score"] == document["score"]
    assert passport.result.unit.key == document["key"]
    assert set(passport.structures) == {"claim", "undriven", "mirror"}
    assert passport.result.code.identity.digest == passport.result.code.digest


def test_a_score_that_its_series_do_not_give_is_told(passport: Passport) -> None:
    better = json.loads(json.dumps(passport.scored))
    better["score"]["velocity"]["value"] *= 1.01
    shown = examine(passport.model_copy(update={"scored": better}))
    assert shown.verification.same
    assert not shown.same
    assert [place.partition(":")[0] for place in shown.score] == ["score.velocity.value"]


@pytest.mark.parametrize("fake", [fake_books, fake_coordinate])
def test_dynamics_that_were_made_up_are_told(passport: Passport, fake: object) -> None:
    bad = forged(passport.result, [(0, 2)], fake)  # type: ignore[arg-type]
    shown = examine(passport.model_copy(update={"result": bad}), None)
    assert [(s.batch, s.number) for s, _ in shown.verification.differing] == [(0, 2)]


def test_a_run_that_comes_out_otherwise_gets_no_passport(folder: Path, tmp_path: Path) -> None:
    changed = tmp_path / "run"
    shutil.copytree(folder, changed)
    with np.load(changed / "coordinate.npz") as stored:
        arrays = {name: stored[name] for name in stored.files}
    arrays["coordinate"] = arrays["coordinate"] * 1.01
    write_arrays(changed / "coordinate.npz", arrays)
    with pytest.raises(WorkError, match="the claim's coordinate comes out otherwise"):
        make_passport(changed, segments=1)


def test_runs_of_the_native_engine_get_no_passport(folder: Path, tmp_path: Path) -> None:
    native = tmp_path / "run"
    shutil.copytree(folder, native)
    document = json.loads((native / "score.json").read_text())
    document["performance"]["engine"] = "native"
    (native / "score.json").write_text(json.dumps(document))
    with pytest.raises(WorkError, match="whose bits depend on the computer"):
        make_passport(native)


def test_the_commands_make_and_examine_a_passport(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "passport"
    made = json_here("passport", str(folder), "-o", str(file), "--segments", "4")
    assert made["passport"] == Passport.read(file).digest
    assert json_here("verify", str(file))["same"]
    done = molmach("verify", str(file), "--whole")
    assert done.returncode == 0
    assert "8 of 8 segments replayed: the same" in done.stdout
    passport = Passport.read(file)
    passport.scored["score"]["velocity"]["value"] = 1.0
    (tmp_path / "forged").write_bytes(passport.content)
    told = molmach("verify", str(tmp_path / "forged"))
    assert told.returncode == 1
    assert "score.velocity.value: 1.0, and done again" in told.stdout


@pytest.mark.slow
def test_a_run_that_was_looked_at_gets_a_passport_of_all_its_replicas(small: Spec, tmp_path: Path) -> None:
    run_here(Plan(small, until_resolved=24), tmp_path)
    looks = json.loads((tmp_path / "score.json").read_text())["looks"]
    passport = make_passport(tmp_path, segments=3)
    assert len(passport.result.unit.replicas) >= 3 * looks[-1]["replicas"]
    assert examine(passport).same
