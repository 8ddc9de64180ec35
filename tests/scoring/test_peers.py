"""A rotor driven by GROMACS, by LAMMPS and by molmach scores the same.

A field of 0.5 V/nm at 50 GHz drags the difluorophenylene rotor at half its own speed (asynchronous regime),
where the velocity answers to field, dipole, friction, temperature and inertia alike; a rotor that followed
the field would turn as fast in any program that is nearly right. The rotor has no barrier, so the force
field tells only through the structure.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mdtraj
import numpy as np
import pytest
from scipy import stats

from molmach import Motion, Run, read_trajectories, score, simulate
from molmach.building import Assembly, write_structure
from molmach.cli.main import run as command
from molmach.scoring.rotation import diffusions, velocities
from molmach.spec import load
from tests.helpers.machines import ROTOR
from tests.helpers.peers import Field, Peers

FALSE_ALARM = 0.01 / 4
"""One honest set of runs in a hundred fails one of the four comparisons."""

FIELD = Field(0.5, 50.0)
CHANGES = [f"drive.field={FIELD.strength} V/nm", "protocol.duration=400 ps", "protocol.frames=0.4 ps"]
REPLICAS = 8

Floats = np.ndarray[Any, np.dtype[np.float64]]


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Run:
    spec = load(ROTOR, [*CHANGES, "protocol.replicas=64", "protocol.frames=400 ps"])
    return simulate(spec, tmp_path_factory.mktemp("ours") / "run", controls=False, engine_name="batched")


@pytest.fixture
def peers(ours: Run, tmp_path: Path) -> Peers:
    write_structure(ours.assembly, tmp_path)
    return Peers(ours.assembly, load(ROTOR, CHANGES).protocol, tmp_path)


def _score_by_command(
    top: Path,
    paths: list[Path],
    rotor: str,
    assembly: Assembly,
    extra: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = [part for path in paths for part in ("--traj", str(path))]
    tail, head = assembly.axle
    arguments = ["score", "--top", str(top), *files, "--axle", f"{tail},{head}", "--rotor", rotor]
    monkeypatch.setattr("sys.argv", ["molmach", *arguments, "--equilibration", "20 ps", *extra, "--json"])
    with pytest.raises(SystemExit) as ended:
        command()
    assert ended.value.code in (0, None)


def _agree(theirs: Motion, ours: Run) -> None:
    """Welch's tests of equal velocity and of equal logarithm of the diffusion, over replicas."""
    own = Motion.of(ours)
    fastest, slowest = 0.8 * FIELD.frequency, 0.2 * FIELD.frequency
    assert slowest < score(ours).velocity.value < fastest
    quantities: tuple[Callable[[Motion], Floats], ...] = (
        lambda motion: velocities(motion.coordinate, motion.time_ps),
        lambda motion: np.log(diffusions(motion.coordinate, motion.time_ps)),
    )
    for quantity in quantities:
        result = stats.ttest_ind(quantity(theirs), quantity(own), equal_var=False)
        assert result.pvalue > FALSE_ALARM, (quantity(theirs).mean(), quantity(own).mean())
    interval = stats.ttest_ind(
        quantities[0](theirs), quantities[0](own), equal_var=False
    ).confidence_interval()
    assert (
        interval.high - interval.low < 0.4 * FIELD.frequency
    )  # a rotor at rest or in step would be told apart


def _share_cut(path: Path, top: Path, axle: tuple[int, ...]) -> float:
    """Share of the frames in which a wall of the cell passes between the axle's ends."""
    xyz = mdtraj.load(str(path), top=str(top)).xyz
    return float(np.mean(np.linalg.norm(xyz[:, axle[1]] - xyz[:, axle[0]], axis=-1) > 1.0))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("gmx") is None, reason="Debian package gromacs is not installed")
def test_a_rotor_driven_by_gromacs_scores_as_our_own(
    ours: Run, peers: Peers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assembly = ours.assembly
    top, paths = peers.gromacs(FIELD, REPLICAS, seed=100)
    assert _share_cut(paths[0], top, assembly.axle) > 0.5
    rotor = "resname MOL and name " + " ".join(f"A{i + 1}" for i in assembly.rotor)
    motion = read_trajectories(top, paths, assembly.axle, rotor, equilibration_ps=20.0)
    assert motion.time_ps[-1] == pytest.approx(400.0)
    _agree(motion, ours)
    _score_by_command(top, paths, rotor, assembly, [], monkeypatch)
    document = json.loads(capsys.readouterr().out)
    assert document["score"]["velocity"] == score(motion).velocity.to_json()
    assert "elements (PDB" in document["score"]["warnings"][0]


@pytest.mark.skipif(shutil.which("lmp") is None, reason="Debian package lammps is not installed")
@pytest.mark.slow
def test_a_rotor_driven_by_lammps_scores_as_our_own(
    ours: Run, peers: Peers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assembly = ours.assembly
    top, paths = peers.lammps(FIELD, REPLICAS, seed=200)
    assert _share_cut(paths[0], top, assembly.axle) > 0.5
    motion = read_trajectories(
        top, paths, assembly.axle, assembly.rotor, equilibration_ps=20.0, frame_interval_ps=0.4
    )
    assert motion.time_ps[-1] == pytest.approx(400.0)
    assert motion.moment_of_inertia == pytest.approx(assembly.moment_of_inertia(), rel=0.15)
    _agree(motion, ours)
    rotor = ",".join(map(str, assembly.rotor))
    _score_by_command(top, paths, rotor, assembly, ["--frame-interval", "0.4 ps"], monkeypatch)
    document = json.loads(capsys.readouterr().out)
    assert document["score"]["velocity"] == score(motion).velocity.to_json()
    assert document["score"]["controlled"] is False
