"""The run folder: what a finished simulation is on disk, written and read back."""

from __future__ import annotations

import json
import platform as host
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from molmach import drives, engine, report
from molmach.building import read_sdf, write_structure
from molmach.data import Performance, Run
from molmach.engine import Collected
from molmach.errors import ScoreError
from molmach.scoring import Score, score
from molmach.spec import load

RUN_SCHEMA = "molmach.run/1"
_CONTROLS = ("undriven", "mirror")


def is_finished(folder: Path) -> bool:
    """Whether a run folder is there (it appears only when everything is in it)."""
    return (folder / "score.json").is_file()


def write_run(run: Run, collected: list[Collected], directory: Path) -> None:
    """Write every file of a run folder into ``directory``."""
    write_structure(run.assembly, directory)
    (directory / "machine.yaml").write_text(run.spec.to_yaml(), encoding="utf-8")
    engine.save_series(run.series, directory / "coordinate.npz")
    engine.save_trajectories(
        collected[0].frames, collected[0].frame_time_ps, directory / "topology.pdb", directory
    )
    for (name, control), part in zip(run.controls.items(), collected[1:], strict=True):
        place = directory / "controls" / name
        write_structure(control.assembly, place)
        engine.save_series(control.series, place / "coordinate.npz")
        engine.save_trajectories(part.frames, part.frame_time_ps, place / "topology.pdb", place)
    document = result_document(run, score(run), provenance(run))
    (directory / "provenance.json").write_text(_json(document["provenance"]), encoding="utf-8")
    (directory / "score.json").write_text(_json(document), encoding="utf-8")
    report.write_report(run, score(run), document["provenance"], directory)


def provenance(run: Run) -> dict[str, Any]:
    """Versions, seed, platform and date: what a reader needs to repeat the run, and nothing of the host."""
    return {
        "key": run.spec.key,
        "seed": run.spec.protocol.seed,
        "engine": run.performance.engine,
        "platform": run.performance.platform,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    """Of Python and of the packages that the numbers depend on."""
    packages = ("molmach", "openmm", "rdkit", "numpy", "mdtraj")
    return {"python": host.python_version(), **{name: version(name) for name in packages}}


def result_document(run: Run, result: Score, origin: dict[str, Any]) -> dict[str, Any]:
    """The JSON document of a run: schema ``molmach.run/1``."""
    return {
        "schema": RUN_SCHEMA,
        "name": run.spec.name,
        "run_dir": str(run.run_dir),
        "key": run.spec.key,
        "score": result.to_json(),
        "controls": {name: control.to_json() for name, control in result.controls.items()},
        "machine": {
            "smiles": run.assembly.smiles,
            "atoms": run.assembly.molecule.GetNumAtoms(),
            "moment_of_inertia": run.assembly.moment_of_inertia(),
            "rotor_dipole": float((run.assembly.rotor_dipole_debye**2).sum() ** 0.5),
            "units": {"moment_of_inertia": "u nm^2", "rotor_dipole": "D"},
        },
        "performance": {
            "us_per_step_per_replica": run.performance.us_per_step_per_replica,
            "ns_per_day": run.performance.ns_per_day,
            "engine": run.performance.engine,
            "platform": run.performance.platform,
            "workers": run.performance.workers,
            "compile_seconds": run.performance.compile_seconds,
        },
        "provenance": origin,
    }


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, allow_nan=False) + "\n"


def read_document(folder: Path) -> dict[str, Any]:
    """``score.json`` of a finished run folder, its ``run_dir`` where the folder is now.

    Raises
    ------
    ScoreError
        The folder is no finished run.
    """
    try:
        document = json.loads((folder / "score.json").read_text(encoding="utf-8"))
        if document["schema"] != RUN_SCHEMA:
            raise ScoreError(
                f"{folder}: score.json has schema {document['schema']!r}; expected {RUN_SCHEMA!r}"
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScoreError(
            f"{folder}: not a finished run folder of molmach; expected what 'molmach simulate' wrote"
        ) from error
    return {**document, "run_dir": str(folder.resolve())}


def read_run(folder: str | Path) -> Run:
    """Read a finished run folder.

    Raises
    ------
    ScoreError
        The folder is no finished run, or a file in it is missing or damaged.
    """
    folder = Path(folder)
    document = read_document(folder)
    spec = load(folder / "machine.yaml")
    performance = Performance(**document["performance"])
    parts = {"claim": (folder, spec.drive)}
    for name, drive in zip(_CONTROLS, (drives.undriven(spec.drive), drives.mirror(spec.drive)), strict=True):
        if (folder / "controls" / name).is_dir():
            parts[name] = (folder / "controls" / name, drive)
    runs = {
        name: Run(
            spec,
            read_sdf(place / "assembly.sdf", spec.protocol.build_field),
            drive,
            engine.load_series(place / "coordinate.npz"),
            performance,
        )
        for name, (place, drive) in parts.items()
    }
    claim = runs.pop("claim")
    return replace(claim, controls=runs, run_dir=folder.resolve())
