"""The force field of the how-to, installed as the package of somebody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.documents import ROOT, blocks

Script = Callable[[str], Any]


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the how-to's file and the record of an installed package."""
    folder = tmp_path_factory.mktemp("plugin")
    page = blocks(ROOT / "docs" / "how-to" / "add-a-force-field.md")
    source = next(block.text for block in page if block.file == "molmach/forcefield/springs.py")
    (folder / "their_springs.py").write_text(source, encoding="utf-8")
    record = folder / "theirs-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (record / "entry_points.txt").write_text("[molmach.forcefield]\nsprings = their_springs:Springs\n")
    return folder


@pytest.fixture(scope="module")
def python(plugin: Path) -> Script:
    """Runs a script in a process of its own that finds the package, and reads the JSON that it prints."""

    def run(script: str) -> Any:
        environment = {
            **os.environ,
            "PYTHONPATH": f"{plugin}:{ROOT}",
            "NUMBA_CACHE_DIR": str(plugin / "cache"),
        }
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=plugin,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run


_PREPARE = """
import json
from molmach import engine
from molmach.building import build
from molmach.spec import load
from molmach.engine.batched import Inputs
def prepared(force_field="springs"):
    spec = load("difluorophenylene-rotor", [f"protocol.force_field={force_field}"])
    return engine.prepare("claim", 0, build(spec), spec.drive, spec.protocol)
"""

_COMPILE = f"{_PREPARE}\nprint(engine.compile_kernels([prepared()]))"


def test_it_obeys(python: Script) -> None:
    """Its compiled forces are OpenMM's, and both are minus the numerical gradient."""
    script = """
from rdkit import Chem
from rdkit.Chem import rdDistGeom
from molmach.building import build
from molmach.spec import load
from molmach.testing import check_force_field
molecule = Chem.AddHs(Chem.MolFromSmiles("CC(=O)Nc1ccccc1C#N"))
rdDistGeom.EmbedMolecule(molecule, randomSeed=1)
check_force_field("springs", [molecule, build(load("difluorophenylene-rotor")).molecule])
print("true")
"""
    assert python(script) is True


@pytest.mark.slow
def test_it_goes_through_build_simulate_score_and_report(python: Script, plugin: Path) -> None:
    script = """
import json, molmach
spec = molmach.load("difluorophenylene-rotor", [
    "protocol.force_field=springs", "protocol.replicas=4", "protocol.duration=2 ps", "protocol.equilibration=1 ps",
])
run = molmach.simulate(spec, "run", engine_name="batched", workers=1)
score = molmach.score(run)
print(json.dumps({"engine": run.performance.engine, "temperature": float(run.series.temperature.mean()),
                  "verdict": score.verdict}))
"""
    found = python(script)
    assert found["engine"] == "batched"
    assert 150.0 < found["temperature"] < 450.0
    assert found["verdict"] in ("forward", "backward", "transient", "unresolved", "failed")
    assert "springs" in (plugin / "run" / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_it_goes_through_a_campaign(python: Script) -> None:
    """Three evaluations by the local executor: every ledger row has its numbers, from runs with these springs."""
    script = """
import json, yaml
from pathlib import Path
from molmach.search.running import run_campaign
from molmach.spec.campaign import loads_campaign
campaign = loads_campaign(yaml.safe_load('''
name: springy
base: difluorophenylene-rotor
protocol: {force_field: springs}
space: {parameters: {drive.frequency: {low: 20 GHz, high: 200 GHz, scale: log}}}
objectives: {maximise: abs(velocity)}
racing: {rungs: [{replicas: 4, duration: 2 ps}]}
confirmation: {machines: 0}
agents: [random]
budget: {evaluations: 3}
seed: 1
'''), 'springy.yaml', Path('.'))
print(json.dumps(run_campaign(campaign, 'campaign', executor='local')))
"""
    found = python(script)
    assert (found["state"], found["evaluations"], found["failed"]) == ("finished", 3, 0)
    assert found["best"][0]["objectives"][0]["value"] > 0.0
    assert found["steps"] > 3 * 4 * 1000


@pytest.mark.slow
def test_its_kernels_are_kept_on_disk_by_its_own_source(python: Script, plugin: Path) -> None:
    """A second process compiles nothing; a changed source is compiled anew, and MMFF94's kernels are not touched."""
    python(_COMPILE)
    assert python(_COMPILE) == 0.0
    other = python(
        f"{_PREPARE}\nprint(json.dumps([k._cache._cache_file._index_name for k in Inputs.of([prepared('MMFF94')]).kernels]))"
    )
    kept = {path.name for path in (plugin / "cache").rglob("*.nbi")}
    assert kept
    assert kept.isdisjoint(other)
    source = plugin / "their_springs.py"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace("12.0 * epsilon", "12.5 * epsilon"), encoding="utf-8")
    try:
        assert python(_COMPILE) > 0.0
    finally:
        source.write_text(text, encoding="utf-8")
    assert python(_COMPILE) == 0.0
