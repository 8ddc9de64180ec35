"""The run folder: what a finished simulation is on disk, written and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from molmach import drives
from molmach.building import read_sdf, write_structure
from molmach.data import Performance, Run, Trajectories
from molmach.data.looks import Look, LookPlan
from molmach.data.storage import load_series, save_series, save_trajectories
from molmach.errors import ScoreError
from molmach.files import write_json, write_text
from molmach.scoring import Score
from molmach.scoring.distribution import Distribution, distribution_of, edges_of
from molmach.spec import load

RUN_SCHEMA = "molmach.run/1"
DOCUMENT = "score.json"
_CONTROLS = ("undriven", "mirror")


def write_run(run: Run, trajectories: Mapping[str, Trajectories], directory: Path) -> None:
    """Write what a run is: spec, structures, series and trajectories, its controls' among them.

    Parameters
    ----------
    run
        With its controls.
    trajectories
        Of ``claim`` and of each control, by name.
    directory
        Where to write.
    """
    parts = {"claim": (run, directory)}
    parts |= {name: (part, _control(directory, name)) for name, part in run.controls.items()}
    for name, (part, place) in parts.items():
        write_structure(part.assembly, place)
        save_series(part.series, place / "coordinate.npz")
        save_trajectories(trajectories[name], place / "topology.pdb", place)
    write_text(directory / "machine.yaml", run.spec.to_yaml())


def write_document(document: Mapping[str, Any], directory: Path) -> None:
    """Write a run's document as :func:`result_document` gives it: ``score.json``, ``provenance.json``."""
    write_json(directory / "provenance.json", document["provenance"])
    write_json(directory / DOCUMENT, document)


def result_document(run: Run, result: Score, origin: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON document of a run: schema ``molmach.run/1``.

    Parameters
    ----------
    run, result
        The run, and its score.
    origin
        Provenance: key, seed, engine, platform, date and versions.
    """
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
        "dwelling": {name: part.to_json() for name, part in _dwelling(run).items()},
        "until": _until(run),
        "looks": [look.to_json() for look in run.looks],
        "performance": asdict(run.performance),
        "provenance": dict(origin),
    }


def _until(run: Run) -> dict[str, Any] | None:
    """When a run with added replicas is looked at, and the key of the spec that it began with."""
    if run.until is None:
        return None
    protocol = run.spec.protocol.model_copy(update={"replicas": run.until.first})
    return {**asdict(run.until), "key": run.spec.model_copy(update={"protocol": protocol}).key}


def _dwelling(run: Run) -> dict[str, Distribution]:
    """Where the machine dwells, and where with the drive off, if it was run so and is whole."""
    runs = {"claim": run} | {name: part for name, part in run.controls.items() if name == "undriven"}
    whole = {name: part for name, part in runs.items() if part.series.intact.all()}
    edges = edges_of(list(whole.values())) if whole else None
    return {name: distribution_of(part, edges) for name, part in whole.items() if edges is not None}


def read_document(folder: Path) -> dict[str, Any]:
    """``score.json`` of a finished run folder, its ``run_dir`` where the folder is now.

    Raises
    ------
    ScoreError
        The folder is no finished run.
    """
    try:
        document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
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
        if _control(folder, name).is_dir():
            parts[name] = (_control(folder, name), drive)
    runs = {
        name: Run(
            spec,
            read_sdf(place / "assembly.sdf", spec.protocol.build_field),
            drive,
            load_series(place / "coordinate.npz"),
            performance,
        )
        for name, (place, drive) in parts.items()
    }
    claim = runs.pop("claim")
    until = document.get("until")
    return replace(
        claim,
        controls=runs,
        run_dir=folder.resolve(),
        until=None if until is None else LookPlan(until["first"], until["most"]),
        looks=tuple(Look.of_json(look) for look in document.get("looks", [])),
    )


def _control(folder: Path, name: str) -> Path:
    return folder / "controls" / name
