"""Ours beside the references: the rules of agreement, and the command."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from molmach import files
from molmach import systems as library
from molmach.building import build
from molmach.data import Run
from molmach.data.stations import StationMap
from molmach.data.statistics import Estimate
from molmach.errors import SpecError
from molmach.scoring import Score, score
from molmach.spec import load
from molmach.studies import folder, simulation, validation
from molmach.studies.kinetics.store import Store
from molmach.studies.molecular_values import molecular_value
from molmach.studies.validation import Plan, Subject, _judge, settled_share, unequal_shuttle, validate
from tests.helpers.command_line import run_molmach
from tests.helpers.runs import run_of, series_of

FEW = ["protocol.replicas=2", "protocol.duration=2 ps", "protocol.equilibration=0 ps", "protocol.frames=1 ps"]
"""A run of no use but to be there."""


@pytest.mark.parametrize(
    ("value", "ci95", "reference", "way", "item", "agrees"),
    [
        (1.0, (0.5, 1.5), -1.0, "forward", {}, False),
        (1.0, (0.5, 1.5), 1.0, "forward", {}, True),
        (-1.0, (-1.5, -0.5), -1.0, "backward", {}, True),
        (1.0, (0.5, 1.5), 1.0, "transient", {}, False),
        (1.0, (0.5, 1.5), 1.0, "unresolved", {}, False),
        (1.0, (0.5, 1.5), 1.7, "interval", {}, True),
        (1.0, (0.5, 1.5), 1.9, "interval", {}, False),
        (84.6, (84.6, 84.6), 85.0, "tolerance", {"tolerance": 15, "unit": "kJ/mol"}, True),
        (104.6, (104.6, 104.6), 85.0, "tolerance", {"tolerance": 15, "unit": "kJ/mol"}, False),
        (0.1, (0.1, 0.1), 10.0, "tolerance", {"tolerance_factor": 50, "unit": "s"}, False),
        (51.0, (51.0, 51.0), 51.0, "exact", {}, True),
        (51.0, (51.0, 51.0), 52.0, "exact", {}, False),
    ],
)
def test_agreement_can_fail(
    value: float, ci95: tuple[float, float], reference: float, way: str, item: dict[str, object], agrees: bool
) -> None:
    assert _judge(Estimate(value, ci95, "1"), reference, way, item)[0] is agrees


def test_what_is_not_computed_is_no_row_and_says_why_in_its_own_file(tmp_path: Path) -> None:
    made = validate(["thioxanthene-motor"], tmp_path / "v")
    assert [(item.quantity, item.verdict) for item in made.comparisons] == [("atoms", "agrees")]
    assert [path.name for path in tmp_path.rglob("*")] == ["v", "validation.json"]


@pytest.mark.parametrize("name", library.names())
def test_every_reference_is_computed_or_says_why_not(name: str) -> None:
    for item in library.reference(name):
        computed = "molecule" in item or item["quantity"] in validation._MEASURES
        assert computed or item.get("not_computed"), item["quantity"]


def test_a_finished_validation_is_read_and_a_stopped_one_keeps_its_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    names, out = ["thioxanthene-motor"], tmp_path / "v"
    with monkeypatch.context() as patched:
        patched.setattr(files, "write_text", stopped)  # the document is made, and not delivered
        patched.setattr(folder, "write_text", lambda path, text: path.write_text(text))
        with pytest.raises(KeyboardInterrupt):
            validate(names, out)
    assert Plan(tuple(names)).folder(out).work.is_dir()
    made = validate(names, out)
    with monkeypatch.context() as patched:
        patched.setattr(validation, "_comparisons", stopped)
        assert validate(names, out) == made
        (out / "validation.json").write_text(json.dumps({"key": Plan(tuple(names)).key}))
        with pytest.raises(SpecError, match=r"validation\.json is missing or damaged"):
            validate(names, out)
    with pytest.raises(SpecError, match="perpetuum-mobile: not a machine of the library"):
        validate(["perpetuum-mobile"], tmp_path / "p")
    assert [path.name for path in tmp_path.iterdir()] == ["v"]


def test_a_machine_that_is_run_is_scored_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scored = []

    def counted(motion: Run) -> Score:
        scored.append(motion)
        return score(motion)

    for module in (simulation, validation):
        monkeypatch.setattr(module, "score", counted, raising=False)
    monkeypatch.setattr(validation, "load", lambda name: load(name, FEW))
    subject = Subject("difluorophenylene-rotor", tmp_path, lambda text: None)
    assert subject.score.velocity == subject.score.velocity
    assert len(scored) == 1
    again = Subject("difluorophenylene-rotor", tmp_path, lambda text: None)
    assert again.score.velocity == subject.score.velocity
    assert len(scored) == 2


@pytest.mark.slow
def test_the_command_prints_one_document_and_refuses_unknown_machines(tmp_path: Path) -> None:
    done = run_molmach("validate", "thioxanthene-motor", "--json", cwd=tmp_path)
    assert done.returncode == 0
    again = run_molmach("validate", "thioxanthene-motor", "--json", cwd=tmp_path)
    assert again.stdout == done.stdout
    assert "this validation is finished" in again.stderr
    document = json.loads(done.stdout)
    assert document["schema"] == "molmach.validation/1"
    assert {item["verdict"] for item in document["comparisons"]} == {"agrees", "not computed"}
    refused = run_molmach("validate", "perpetuum-mobile", cwd=tmp_path)
    assert refused.returncode == 2
    assert "perpetuum-mobile: not a machine of the library" in refused.stderr


def test_a_switched_shuttle_counts_when_it_has_settled() -> None:
    """The ring is left in the settled half of every off phase of even replicas, and right otherwise."""
    spec = unequal_shuttle(4, 3200.0)
    assembly = build(spec)
    stations = StationMap.of(assembly)
    assert stations is not None
    time_ps = np.arange(0.0, 3201.0, 0.5)
    phase = time_ps % 1600.0
    left = ((phase >= 400.0) & (phase < 800.0)) & (np.arange(4) % 2 == 0)[:, None]
    places = np.where(left, stations.places[0], stations.places[1])
    run = run_of(spec, assembly, series_of(time_ps, places))
    assert settled_share(run, "left", on=False).value == pytest.approx(0.5)
    assert settled_share(run, "right", on=False).value == pytest.approx(0.5)
    assert settled_share(run, "left", on=True).value == 0.0


def test_a_small_molecules_barrier_is_the_saddles_by_the_torsion(tmp_path: Path) -> None:
    """Methanol: 4.5 kJ/mol measured, within twice GFN2-xTB's error."""
    item = {"quantity": "barrier", "molecule": "CO", "bond": [0, 1], "torsion": 0, "unit": "kJ/mol"}
    assert molecular_value(item, Store(tmp_path)) == pytest.approx(4.5, abs=6.0)


def test_a_dipole_without_the_functional_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pyscf.dispersion", None)
    monkeypatch.setitem(sys.modules, "pyscf.dispersion.dftd4", None)
    made = {item.quantity: item for item in validate(["dichlorophenylene-rotor"], tmp_path / "v").comparisons}
    assert made["dipole_of_1_2_dichlorobenzene"].verdict == "not computed"
    assert "molmach[functional]" in made["dipole_of_1_2_dichlorobenzene"].rule


def test_methanol_has_its_dipole() -> None:
    """1.70 D (CRC Handbook), within 0.2 D."""
    pytest.importorskip(
        "pyscf.dispersion.dftd4", reason="pyscf is not installed (pip install 'molmach[functional]')"
    )
    assert molecular_value({"molecule": "CO"}, Store()) == pytest.approx(1.70, abs=0.2)
