"""The run folder: scored once when it is made, and read and scored again by little of the program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from molmach.data import Run
from molmach.data.storage import load_series
from molmach.errors import ScoreError
from molmach.scoring import Score, score
from molmach.spec import load
from molmach.studies import run_folder, simulation
from tests.helpers.machines import ROTOR

SHORT = [
    "protocol.replicas=2",
    "protocol.duration=2 ps",
    "protocol.equilibration=0 ps",
    "protocol.frames=0.1 ps",
]

UNNEEDED = ("molmach.engine", "molmach.report", "molmach.search", "matplotlib", "numba", "openmm", "ray")
"""What neither a stored run's score nor a foreign trajectory's has any use for."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[simulation.Result, int]:
    """A short run with its folder, and how often it was scored on the way."""
    count = 0

    def counted(run: Run) -> Score:
        nonlocal count
        count += 1
        return score(run)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(simulation, "score", counted)
        folder = tmp_path_factory.mktemp("runs") / "run"
        result = simulation.run_here(simulation.Plan(load(ROTOR, SHORT)), folder)
        result.to_json()
        assert result.score.replicas == 2
    return result, count


def test_a_run_is_scored_once_for_document_page_and_caller(made: tuple[simulation.Result, int]) -> None:
    assert made[1] == 1


def test_a_run_read_back_is_the_run_and_has_its_document(made: tuple[simulation.Result, int]) -> None:
    result, _ = made
    assert result.run.run_dir is not None
    again = simulation.Result.read(result.run.run_dir)
    for name, part in {"claim": result.run, **result.run.controls}.items():
        own = again.run if name == "claim" else again.run.controls[name]
        np.testing.assert_array_equal(own.series.coordinate, part.series.coordinate)
        np.testing.assert_array_equal(own.series.heat, part.series.heat)
        assert own.drive == part.drive
    document = json.loads(json.dumps(again.to_json()))
    stored = run_folder.read_document(result.run.run_dir)
    assert document.pop("machine")["rotor_dipole"] == pytest.approx(
        stored.pop("machine")["rotor_dipole"], rel=1e-4
    )
    assert document == stored


def test_a_missing_series_is_one_clear_error(made: tuple[simulation.Result, int], tmp_path: Path) -> None:
    source = made[0].run.run_dir
    assert source is not None
    for path in source.iterdir():
        if path.is_file() and path.name != "coordinate.npz":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    with pytest.raises(ScoreError, match=r"coordinate\.npz: not a coordinate series of molmach"):
        run_folder.read_run(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_truncated_series_is_one_clear_error(
    made: tuple[simulation.Result, int], tmp_path: Path, share: float
) -> None:
    source = made[0].run.run_dir
    assert source is not None
    whole = (source / "coordinate.npz").read_bytes()
    (tmp_path / "coordinate.npz").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ScoreError, match=r"coordinate\.npz: not a coordinate series of molmach"):
        load_series(tmp_path / "coordinate.npz")


def _imported_by(code: str) -> set[str]:
    """Modules that a fresh process without OpenMM and Ray has imported at the end of some code.

    MDTraj imports OpenMM itself where it is installed, so that it is not enough to look for it afterwards.
    """
    listed = (
        "import json, sys\nsys.modules['openmm'] = sys.modules['ray'] = None\nimport molmach\n"
        f"{code}\nprint(json.dumps([name for name, module in sys.modules.items() if module is not None]))"
    )
    done = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True)
    found: Any = json.loads(done.stdout)
    return set(found)


def test_reading_and_scoring_a_stored_run_needs_no_openmm_engine_or_page(
    made: tuple[simulation.Result, int],
) -> None:
    imported = _imported_by(f"molmach.score(molmach.read_run({str(made[0].run.run_dir)!r}))")
    assert "molmach.scoring" in imported
    assert not imported.intersection(UNNEEDED)


def test_scoring_a_foreign_trajectory_needs_no_openmm_engine_or_page(
    made: tuple[simulation.Result, int],
) -> None:
    run = made[0].run
    assert run.run_dir is not None
    axle, rotor = run.assembly.axle, run.assembly.rotor
    files = [str(run.run_dir / name) for name in ("trajectory.xtc", "trajectory-1.xtc")]
    imported = _imported_by(
        f"motion = molmach.read_trajectories({str(run.run_dir / 'topology.pdb')!r}, {files!r}, {axle!r}, "
        f"{rotor!r})\nmolmach.score(motion)"
    )
    assert "mdtraj" in imported
    assert not imported.intersection(UNNEEDED)
