"""Runs to which replicas are added until they tell: the same numbers as at once, from whatever was done."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from molmach import engine
from molmach.data import Run
from molmach.errors import SpecError
from molmach.scoring import score
from molmach.spec import Spec, load
from molmach.studies import run_folder, simulation
from tests.helpers.machines import ROTOR

SHORT = ["protocol.duration=2 ps", "protocol.equilibration=0 ps", "protocol.frames=0.5 ps"]


def spec_of(replicas: int, *changes: str) -> Spec:
    return load(ROTOR, [f"protocol.replicas={replicas}", *SHORT, *changes])


def same(first: Run, second: Run) -> None:
    """Bit for bit, controls included."""
    assert first.spec == second.spec
    for part, other in ((first, second), *((c, second.controls[name]) for name, c in first.controls.items())):
        for name in (
            "coordinate",
            "heat",
            "drive_work",
            "events",
            "energy_change",
            "temperature",
            "followers",
        ):
            np.testing.assert_array_equal(getattr(part.series, name), getattr(other.series, name))


def run_here(work: Path, task: engine.Task, *arguments: Any) -> None:
    """Every batch of a task in this process, for workers take seconds to start."""
    for number in range(len(task.batches)):
        assert engine.run_batch(work, number)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> simulation.Result:
    """A machine that hardly moves, from two replicas to seven; its folder."""
    folder = tmp_path_factory.mktemp("runs") / "grown"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(engine, "run_task", run_here)
        return simulation.run(simulation.Plan(spec_of(2), until_resolved=7), folder, engine_name="batched")


def test_replicas_that_were_added_are_those_of_a_run_with_all_at_once(grown: simulation.Result) -> None:
    at_once = simulation.run_here(simulation.Plan(spec_of(grown.run.replicas)))
    same(grown.run, at_once.run)


def test_looks_are_in_the_document_and_read_back(grown: simulation.Result) -> None:
    assert grown.run.run_dir is not None
    document = run_folder.read_document(grown.run.run_dir)
    numbers = [look["replicas"] for look in document["looks"]]
    assert numbers == [2, 7][: len(numbers)]
    assert document["until"]["most"] == 7
    assert document["looks"][-1]["verdict"] == document["score"]["verdict"]
    again = simulation.Result.read(grown.run.run_dir)
    assert json.dumps(again.score.to_json()) == json.dumps(grown.score.to_json())
    assert again.to_json() == document | {"machine": again.to_json()["machine"]}
    assert again.run.looks == grown.run.looks or np.isnan(again.run.looks[0].p_value)


def test_a_run_that_was_killed_after_a_look_goes_on_to_the_same_end(
    grown: simulation.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = simulation.Plan(spec_of(2), until_resolved=7)

    def stopping(work: Path, task: engine.Task, *arguments: Any) -> None:
        if work.name == "look-2":
            raise KeyboardInterrupt
        run_here(work, task)

    monkeypatch.setattr(engine, "run_task", stopping)
    with pytest.raises(KeyboardInterrupt):
        simulation.run(plan, tmp_path / "run", engine_name="batched")
    monkeypatch.setattr(engine, "run_task", run_here)
    assert not (tmp_path / "run").exists()
    same(simulation.run(plan, tmp_path / "run").run, grown.run)
    assert not (tmp_path / "run.unfinished").exists()


def test_a_finished_run_of_another_number_is_not_taken_for_it(
    grown: simulation.Result, tmp_path: Path
) -> None:
    assert grown.run.run_dir is not None
    shutil.copytree(grown.run.run_dir, tmp_path / "run")
    for most, said in ((None, "has the replicas of its file"), (14, "to 14 at most")):
        with pytest.raises(SpecError, match="adds replicas until it is resolved, to 7 at most") as refused:
            simulation.Plan(spec_of(2), until_resolved=most).folder(tmp_path / "run").is_finished()
        assert said in str(refused.value)


def test_fewer_at_most_than_there_are_is_refused() -> None:
    with pytest.raises(SpecError, match=r"7: expected at least the 8 of protocol\.replicas"):
        simulation.Plan(spec_of(8), until_resolved=7)


def test_a_machine_that_nothing_drives_is_looked_at_once() -> None:
    plan = simulation.Plan(
        load(ROTOR, [*SHORT, "protocol.replicas=2", "drive={kind: none}"]), until_resolved=16
    )
    result = simulation.run_here(plan)
    assert (result.run.replicas, result.score.verdict) == (2, "equilibrium")
    assert [look.replicas for look in result.run.looks] == [2]
    assert score(result.run).verdict == "equilibrium"


def test_an_undriven_twin_is_given_more_replicas_where_these_may_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The claim's own replicas, and the twin's first ones, stay as they are; the folder has them all."""
    monkeypatch.setattr(engine, "run_task", run_here)
    monkeypatch.setattr(
        simulation, "undriven_wanted", lambda spurious, claim, undriven: {2: 4, 4: 8}.get(undriven)
    )
    plan = simulation.Plan(spec_of(2))
    result = simulation.run(plan, tmp_path / "run", engine_name="batched")
    assert result.run.controls["undriven"].replicas == 8
    assert result.run.replicas == result.run.controls["mirror"].replicas == 2
    plain = simulation.run_here(simulation.Plan(spec_of(8))).run.controls["undriven"]
    np.testing.assert_array_equal(result.run.controls["undriven"].series.coordinate, plain.series.coordinate)
    again = simulation.Result.read(tmp_path / "run")
    assert again.run.controls["undriven"].replicas == 8
    assert again.score.controls["undriven"].to_json()["replicas"] == 8
    assert json.dumps(again.score.to_json()) == json.dumps(result.score.to_json())
