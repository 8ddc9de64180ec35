"""The command line's contract: documents, exit codes, what goes where."""

from __future__ import annotations

import importlib
import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rdkit import Chem
from typer.testing import CliRunner

from molmach import systems
from molmach.building import Assembly, mirror, write_structure
from molmach.cli.main import app
from tests.helpers.command_line import command, json_here, json_of, run_here, run_molmach
from tests.helpers.machines import ROTOR
from tests.helpers.waiting import GENEROUS, wait_until


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, kernels: None) -> tuple[Path, dict[str, Any]]:
    """A strongly driven short run with controls, by the command line."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    document = json_of(
        "simulate", ROTOR, "--replicas", "6", "--duration", "20 ps", "--seed", "3", "-o", str(folder),
        "--set", "drive={kind: constant_torque, torque: 8 kJ/mol, load: 1 kJ/mol}",
    )  # fmt: skip
    return folder, document


def test_simulate_prints_the_document_of_the_contract(run: tuple[Path, dict[str, Any]]) -> None:
    folder, document = run
    assert document["schema"] == "molmach.run/1"
    assert document["name"] == ROTOR
    assert Path(document["run_dir"]) == folder
    assert len(document["key"]) == 64
    score = document["score"]
    for name in (
        "velocity",
        "net_turns",
        "directionality",
        "diffusion",
        "peclet",
        "work_rate",
        "dissipation",
    ):
        assert {"value", "ci95", "unit"} <= score[name].keys()
        low, high = score[name]["ci95"]
        assert low <= score[name]["value"] <= high
    assert score["velocity"]["unit"] == "turn/ns"
    assert score["verdict"] == "forward"
    assert score["replicas"] == 6
    assert 0.0 <= score["p_value"] < 0.01
    assert score["current"]["finding"] == "steady"
    assert score["spurious"]["excluded"] is True
    assert score["efficiency"]["value"] == pytest.approx(1 / 8, rel=1e-3)
    for name in ("undriven", "mirror"):
        assert document["controls"][name]["passed"] is True
        assert document["controls"][name]["velocity"]["unit"] == "turn/ns"
    performance = document["performance"]
    assert performance["us_per_step_per_replica"] > 0.0
    assert performance["ns_per_day"] > 0.0
    assert performance["engine"] == "batched"
    assert performance["compile_seconds"] >= 0.0
    assert document["provenance"]["seed"] == 3
    assert {"molmach", "openmm", "rdkit", "numpy", "mdtraj", "python"} <= document["provenance"][
        "versions"
    ].keys()


def test_the_run_folder_holds_what_the_design_names(run: tuple[Path, dict[str, Any]]) -> None:
    import mdtraj

    folder, document = run
    names = {path.name for path in folder.iterdir()}
    assert {
        "machine.yaml", "assembly.sdf", "topology.pdb", "trajectory.xtc", "coordinate.npz", "score.json",
        "provenance.json", "report.html", "angle.png", "velocity.png", "machine.png",
    } <= names  # fmt: skip
    stored = np.load(folder / "coordinate.npz")
    assert stored["coordinate"].shape == (6, 201)
    assert stored["time_ps"][[0, -1]] == pytest.approx([0.0, 20.0])
    trajectory = mdtraj.load(str(folder / "trajectory.xtc"), top=str(folder / "topology.pdb"))
    assert trajectory.n_frames == 21
    assert trajectory.time[-1] == pytest.approx(20.0)
    assert json.loads((folder / "score.json").read_text())["key"] == document["key"]
    assert json_here("simulate", str(folder / "machine.yaml"), "-o", str(folder))["key"] == document["key"]


def test_score_of_the_folder_gives_the_same_score(run: tuple[Path, dict[str, Any]]) -> None:
    folder, document = run
    again = json_here("score", str(folder))
    assert again["score"] == document["score"]
    assert again["controls"] == document["controls"]


def test_the_runs_own_trajectories_score_as_anyones(
    run: tuple[Path, dict[str, Any]], rotor: Assembly
) -> None:
    folder, document = run
    files = [folder / ("trajectory.xtc" if r == 0 else f"trajectory-{r}.xtc") for r in range(6)]
    foreign = json_here(
        "score", "--top", str(folder / "topology.pdb"), *(a for f in files for a in ("--traj", str(f))),
        "--axle", ",".join(map(str, rotor.axle)), "--rotor", ",".join(map(str, rotor.rotor)),
    )  # fmt: skip
    assert foreign["score"]["controlled"] is False
    ours = np.load(folder / "coordinate.npz")["coordinate"][:, ::10]
    if np.abs(np.diff(ours)).max() < 3.0:  # frames close enough to unwrap
        expected = document["score"]["velocity"]["value"]
        assert foreign["score"]["velocity"]["value"] == pytest.approx(expected, rel=1e-2)
    else:
        assert foreign["score"]["warnings"]


@pytest.mark.slow
def test_uncontrolled_runs_say_so(tmp_path: Path) -> None:
    document = json_of(
        "simulate", ROTOR, "--no-controls", "--replicas", "2", "--duration", "2 ps",
        "--set", "protocol.equilibration=0 ps", cwd=tmp_path,
    )  # fmt: skip
    assert document["controls"] == {}
    assert document["score"]["controlled"] is False
    assert Path(document["run_dir"]).name.endswith("-uncontrolled")
    page = (Path(document["run_dir"]) / "report.html").read_text()
    assert "uncontrolled" in page


def test_a_failed_control_ends_with_exit_code_3(run: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """The undriven control's series is replaced by the driven one: scoring again must catch it."""
    folder, _ = run
    copy = tmp_path / "tampered"
    shutil.copytree(folder, copy)
    shutil.copy(folder / "coordinate.npz", copy / "controls" / "undriven" / "coordinate.npz")
    result = run_here("score", str(copy), "--json")
    assert result.returncode == 3
    document = json.loads(result.stdout)
    assert document["score"]["verdict"] == "failed"
    assert document["controls"]["undriven"]["passed"] is False


def test_people_get_a_table_with_verdict_and_report(run: tuple[Path, dict[str, Any]]) -> None:
    result = run_here("score", str(run[0]))
    assert result.returncode == 0
    for text in ("forward", "both controls agree", "95 % interval", "undriven", "mirror", "report.html"):
        assert text in result.stdout


def test_systems_lists_the_library_with_references() -> None:
    document = json_here("systems")
    assert [entry["name"] for entry in document["systems"]] == systems.names()
    assert len(document["systems"]) >= 6
    for entry in document["systems"]:
        assert entry["reference"], entry["name"]
        for item in entry["reference"]:
            assert {"quantity", "value", "unit", "source", "confidence"} <= item.keys()
            assert item["confidence"] in ("read", "known", "design")


def test_build_reports_dipole_and_inertia(tmp_path: Path) -> None:
    document = json_here("build", ROTOR, "-o", str(tmp_path))
    assert document["rotor_dipole"]["magnitude"] == pytest.approx(3.50, abs=0.01)
    assert document["moment_of_inertia"] == pytest.approx(2.96, abs=0.02)
    assert all(Path(path).is_file() for path in document["files"])
    assert (tmp_path / "machine.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_machine_at_equilibrium_is_told_so_before_it_is_run(tmp_path: Path) -> None:
    still, short = ("--set", "drive={kind: none}"), ("--replicas", "2", "--duration", "2 ps", "--no-controls")
    built = json_of("build", ROTOR, *still, "-o", str(tmp_path / "b"))
    assert built["equilibrium"] == "there is no drive"
    assert json_of("build", ROTOR, "-o", str(tmp_path / "d"))["equilibrium"] is None
    done = run_molmach("simulate", ROTOR, *still, *short, "-o", str(tmp_path / "r"), "--json")
    assert "At equilibrium by its own file: there is no drive." in done.stderr
    assert json.loads(done.stdout)["score"]["verdict"] == "equilibrium"


def test_energy_of_mirror_images_is_equal(tmp_path: Path, rotor: Assembly) -> None:
    write_structure(rotor, tmp_path / "a")
    write_structure(mirror(rotor), tmp_path / "b")
    both = tmp_path / "both.sdf"
    both.write_text("".join((tmp_path / name / "assembly.sdf").read_text() for name in "ab"))
    document = json_here("energy", str(both))
    assert document["schema"] == "molmach.energy/1"
    first, second = document["records"]
    assert first["total"] == pytest.approx(second["total"], rel=1e-9)
    assert first["total"] == pytest.approx(sum(first["terms"].values()))
    assert set(first["terms"]) == {
        "bond", "angle", "stretch_bend", "out_of_plane", "torsion", "van_der_waals", "electrostatic"
    }  # fmt: skip
    assert document["failed"] == []


def test_energy_reports_failures_beside_results(tmp_path: Path, rotor: Assembly) -> None:
    write_structure(rotor, tmp_path)
    bare = Chem.MolToMolBlock(Chem.RemoveHs(rotor.molecule))
    (tmp_path / "m.sdf").write_text((tmp_path / "assembly.sdf").read_text() + bare + "$$$$\n")
    document = json_here("energy", str(tmp_path / "m.sdf"))
    assert len(document["records"]) == 1
    assert "lacks hydrogens" in document["failed"][0]["problem"]
    (tmp_path / "bad.sdf").write_text(bare + "$$$$\n")
    assert run_here("energy", str(tmp_path / "bad.sdf")).returncode == 2


@pytest.mark.slow
def test_bench_and_doctor_measure_every_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("molmach.engine.benchmark"), "_ROUNDS", 1)
    bench = json.loads(CliRunner().invoke(app, ["bench", ROTOR, "--json"]).stdout)
    assert bench["schema"] == "molmach.bench/1"
    rows = {(row["engine"], row["platform"], row["replicas"]): row for row in bench["rows"]}
    reference = rows["native", "Reference", 1]
    assert reference["ratio_to_reference"] == pytest.approx(1.0)
    assert reference["us_per_step_per_replica"] > 0.0
    assert {"system", "atoms", "ns_per_day"} <= reference.keys()
    assert {("batched", "compiled", count) for count in (1, 16, 64, 128)} <= rows.keys()
    doctor = json_of("doctor")
    assert (doctor["chosen"]["engine"], doctor["chosen"]["platform"]) in {key[:2] for key in rows}
    assert doctor["versions"]["openmm"]


def test_ctrl_c_keeps_what_was_computed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        command("simulate", ROTOR, "-o", str(tmp_path / "r"), "--duration", "100 ns", "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A suite started in the background of a script inherits an ignored SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    blocks = "batches/*/block-*.npz"
    try:
        wait_until(lambda: list((tmp_path / "r.unfinished").glob("batches/*")), "a batch is begun")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=GENEROUS)
    finally:
        process.kill()
    assert process.returncode == 1
    assert out == ""
    assert "the same command goes on from there" in err
    assert "Traceback" not in err
    assert list((tmp_path / "r.unfinished").glob(blocks))
    assert not (tmp_path / "r").exists()
