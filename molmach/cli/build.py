"""``molmach build``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from molmach.build import build as build_assembly
from molmach.build import write_structure
from molmach.cli.output import JsonFlag, Overrides, SystemArgument, console, print_json, table
from molmach.errors import SpecError
from molmach.spec import load


def build(
    system: SystemArgument,
    out: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="Folder; default builds/NAME.")
    ] = None,
    overrides: Overrides = None,
    as_json: JsonFlag = False,
) -> None:
    """Build a machine: structure files and a picture."""
    spec = load(system, overrides or [])
    assembly = build_assembly(spec)
    directory = out if out is not None else Path("builds") / spec.name
    try:
        paths = write_structure(assembly, directory)
        (directory / "machine.yaml").write_text(spec.to_yaml(), encoding="utf-8")
    except OSError as error:
        raise SpecError(
            f"-o {directory}: can't be written ({error.strerror}); expected a writable folder"
        ) from error
    dipole = assembly.rotor_dipole_debye
    document = {
        "schema": "molmach.build/1",
        "name": spec.name,
        "smiles": assembly.smiles,
        "formula": assembly.formula,
        "atoms": assembly.molecule.GetNumAtoms(),
        "chiral": assembly.chiral,
        "axle": list(assembly.axle),
        "stator": list(assembly.stator),
        "rotor": list(assembly.rotor),
        "moment_of_inertia": assembly.moment_of_inertia(),
        "dipole": assembly.dipole_debye.tolist(),
        "rotor_dipole": {
            "magnitude": float(np.linalg.norm(dipole)),
            "angle": float(np.degrees(np.arctan2(dipole[1], dipole[0]))),
        },
        "units": {"moment_of_inertia": "u nm^2", "dipole": "D", "rotor_dipole": "D, deg"},
        "files": [str(path) for path in (*paths, directory / "machine.yaml")],
    }
    if as_json:
        print_json(document)
        return
    x, y, z = assembly.dipole_debye
    rows = [
        (
            "formula",
            f"{assembly.formula} ({document['atoms']} atoms, {'chiral' if assembly.chiral else 'achiral'})",
        ),
        ("SMILES", assembly.smiles),
        ("axle", " -> ".join(str(i) for i in assembly.axle)),
        ("stator", " ".join(str(i) for i in assembly.stator)),
        ("rotor", " ".join(str(i) for i in assembly.rotor)),
        ("moment of inertia", f"{assembly.moment_of_inertia():.4g} u nm^2 about the axle"),
        ("dipole", f"({x:.3g}, {y:.3g}, {z:.3g}) D; z is the axle"),
        ("rotor's dipole", f"{np.linalg.norm(dipole):.3g} D across the axle"),
        ("files", "\n".join(str(path) for path in paths)),
    ]
    console().print(table((spec.name, "atom numbers count from 0"), rows))
