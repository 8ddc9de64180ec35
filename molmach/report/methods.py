"""How a run was made, as a paragraph for a paper, with every number that it takes to make it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from molmach import drives
from molmach.building import kind_of
from molmach.data import Run
from molmach.report.bibliography import ETKDG, ETKDG3, MCGIBBON, VACEK, ZHANG, Reference, references
from molmach.report.plots import LABELS
from molmach.report.tables import numbers
from molmach.report.words import chance, verdict_sentence
from molmach.scoring import Score


def methods_paragraph(run: Run, result: Score, provenance: Mapping[str, Any]) -> str:
    """Markdown; citations as ``[@key]`` of :func:`molmach.report.bibliography.references`."""
    parts = (_building, _driving, _dynamics, _outcome)
    sentences = [sentence for part in parts for sentence in part(run, result)]
    return " ".join([*sentences, *_origin(run, provenance)])


def _cited(*wanted: Reference) -> str:
    return "[" + "; ".join(f"@{one.key}" for one in wanted) + "]"


def _building(run: Run, result: Score) -> Iterable[str]:
    assembly, protocol = run.assembly, run.spec.protocol.model_dump(mode="json")
    atoms = assembly.molecule.GetNumAtoms()
    yield f"The machine {run.spec.name} is a {assembly.kind} of {atoms} atoms ({assembly.formula})."
    if run.spec.machine.molecules:
        of_field = [one for one in references(run, {}) if one.key.startswith(("halgren", "tosco"))]
        yield (
            f"Its three-dimensional structure (SMILES `{assembly.smiles}`) was embedded with ETKDGv3 "
            f"{_cited(ETKDG, ETKDG3)} and minimised with {protocol['force_field']} {_cited(*of_field)}, "
            "which gave geometry, partial charges and all forces of the dynamics."
        )
    yield (
        f"{len(assembly.stator)} atoms were held by harmonic anchors of {protocol['anchor']} at their places "
        "in the built structure."
    )
    if kind_of(assembly.kind).turned_by_torque:
        dipole = float(np.linalg.norm(assembly.rotor_dipole_debye))
        yield (
            f"What turns has a moment of inertia of {assembly.moment_of_inertia():.4g} u nm² about the axle "
            f"and a dipole of {dipole:.3g} D across it."
        )


def _driving(run: Run, result: Score) -> Iterable[str]:
    section = run.spec.drive.model_dump(mode="json", exclude={"kind"})
    values = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in section.items())
    name = run.spec.drive.kind.replace("_", " ")
    yield f"The drive was of the kind '{name}'{f' ({values})' if values else ''}."
    energy = drives.model(run.drive).dipole_energy(float(np.linalg.norm(run.assembly.rotor_dipole_debye)))
    if energy:
        yield f"The greatest energy of the dipole in the field was {energy:.3g} kJ/mol."


def _dynamics(run: Run, result: Score) -> Iterable[str]:
    protocol = run.spec.protocol.model_dump(mode="json")
    fixed = (
        "bonds to hydrogen fixed" if protocol["constraints"] == "h-bonds" else "no bond lengths constrained"
    )
    yield (
        f"Langevin dynamics at {protocol['temperature']} with a friction of {_friction(run)} on every atom "
        f"was integrated by the middle scheme {_cited(ZHANG)} with a time step of {protocol['timestep']} "
        f"and {fixed}, in vacuo, all pairs interacting."
    )
    yield (
        f"{run.replicas} independent replicas were equilibrated for {protocol['equilibration']} under the "
        f"drive and measured for {protocol['duration']}, the coordinate every {protocol['sampling']}; all "
        f"random numbers derive from the seed {protocol['seed']}."
    )
    if run.controls:
        told = " and ".join(
            f"{LABELS[name]} ({part.replicas} replicas)" for name, part in run.controls.items()
        )
        yield f"The controls were run alike: {told}."
    else:
        yield "No controls were run."


def _friction(run: Run) -> str:
    return f"{run.spec.protocol.friction:g} ps⁻¹"


def _outcome(run: Run, result: Score) -> Iterable[str]:
    value, interval = numbers(result.measured)
    name = result.measure.replace("_", " ")
    yield (
        f"The {name} was {value} {result.measured.unit} (95 % interval {interval} over replicas, "
        f"p = {chance(result.p_value)}); the verdict was '{result.verdict}'."
    )
    for control, judged in result.controls.items():
        told, between = numbers(judged.measure)
        yield (
            f"{LABELS[control].capitalize()}: {told} ({between}), {'passed' if judged.passed else 'failed'}, "
            f"p = {chance(judged.p_value)}."
        )
    yield verdict_sentence(result)
    if result.regime:
        yield f"The regime is after Vacek and Michl {_cited(VACEK)}."


def _origin(run: Run, provenance: Mapping[str, Any]) -> Iterable[str]:
    versions = provenance.get("versions", {})
    told = ", ".join(f"{name} {version}" for name, version in versions.items())
    digest = provenance.get("code", {}).get("digest", "")
    code = f", code `{digest}`" if digest else ""
    engines = [r for r in references(run, {}) if r.key in ("eastman2024", "lam2015")]
    yield (
        f"Computed with the {run.performance.engine} engine {_cited(*engines, MCGIBBON)} of molmach "
        f"[@molmach] ({told}{code}); the machine file has the key `{run.spec.key}`."
    )
