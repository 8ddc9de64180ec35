"""``molmach build``: structure files and a picture of a machine."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape

from molmach import drives
from molmach.building import Assembly, Interlocking, kind_of, write_structure
from molmach.building import build as build_assembly
from molmach.cli.output import JsonFlag, Overrides, SystemArgument, console, print_json, table
from molmach.drives.suggesting import Seen, rotor_refusal
from molmach.errors import SpecError
from molmach.estimates.torsion import is_hindered
from molmach.files import write_text
from molmach.scoring.undirected import equilibrium_sentence
from molmach.spec import Spec, load
from molmach.units import thermal_energy


def build(
    system: SystemArgument,
    out: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="Folder; default builds/NAME.")
    ] = None,
    overrides: Overrides = None,
    as_json: JsonFlag = False,
) -> None:
    """Build a machine: structure files and a picture. A drive that can't act on it is refused."""
    spec = load(system, overrides or [])
    assembly = build_assembly(spec)
    drives.terms(spec.drive, assembly, thermal_energy(spec.protocol.temperature))  # refused here already
    directory = out if out is not None else Path("builds") / spec.name
    try:
        paths = write_structure(assembly, directory)
        write_text(directory / "machine.yaml", spec.to_yaml())
    except OSError as error:
        raise SpecError(
            f"-o {directory}: can't be written ({error.strerror}); expected a writable folder"
        ) from error
    outlook = _outlook(spec, assembly)
    dipole, at_rest = assembly.rotor_dipole_debye, _equilibrium(spec, assembly)
    document: dict[str, Any] = {
        "schema": "molmach.build/1",
        "name": spec.name,
        "smiles": assembly.smiles,
        "formula": assembly.formula,
        "atoms": assembly.molecule.GetNumAtoms(),
        "chiral": assembly.chiral,
        "kind": assembly.kind,
        "axle": list(assembly.axle),
        "stator": list(assembly.stator),
        "rotor": list(assembly.rotor),
        "followers": {name: asdict(wheel) for name, wheel in assembly.followers.items()},
        "moment_of_inertia": assembly.moment_of_inertia(),
        "equilibrium": at_rest,
        "outlook": dict(outlook),
        "dipole": assembly.dipole_debye.tolist(),
        "rotor_dipole": {
            "magnitude": float(np.linalg.norm(dipole)),
            "angle": float(np.degrees(np.arctan2(dipole[1], dipole[0]))),
        },
        "units": {"moment_of_inertia": "u nm^2", "dipole": "D", "rotor_dipole": "D, deg", "strain": "kJ/mol"},
        "strain": [asdict(part) for part in assembly.strain],
        "warnings": list(assembly.warnings),
        "files": [str(path) for path in (*paths, directory / "machine.yaml")],
    }
    interlocking = Interlocking.of(assembly)
    if interlocking is not None:
        document["threading"] = interlocking.numbers(assembly.positions_nm).round().tolist()
        document["stations"] = {
            name: list(atoms) for name, atoms in assembly.require_track().stations.items()
        }
        slipping = kind_of(assembly.kind).stoppers(spec, assembly)
        document["stoppers"] = [[end.verdict for end in ends] for ends in slipping]
    if as_json:
        print_json(document)
        return
    x, y, z = assembly.dipole_debye
    rows = [
        (
            "formula",
            f"{assembly.formula} ({document['atoms']} atoms, {'chiral' if assembly.chiral else 'achiral'})",
        ),
        ("SMILES", escape(assembly.smiles)),
        ("axle", " -> ".join(str(i) for i in assembly.axle)),
        ("stator", " ".join(str(i) for i in assembly.stator)),
        ("rotor", " ".join(str(i) for i in assembly.rotor)),
        *(
            (
                f"follower {name}",
                f"{' '.join(str(i) for i in wheel.atoms)}\n"
                f"about {' -> '.join(str(i) for i in wheel.axle)}, {wheel.teeth} teeth, "
                f"{wheel.gear_ratio:+g} turn per turn of the rotor",
            )
            for name, wheel in assembly.followers.items()
        ),
        *_threading_rows(document),
        *_strain_rows(assembly),
        ("moment of inertia", f"{assembly.moment_of_inertia():.4g} u nm^2 about the axle"),
        ("dipole", f"({x:.3g}, {y:.3g}, {z:.3g}) D; z is the axle"),
        ("rotor's dipole", f"{np.linalg.norm(dipole):.3g} D across the axle"),
        *([("drive", f"{spec.drive.kind}: {equilibrium_sentence(at_rest)}")] if at_rest else []),
        *outlook,
        ("files", "\n".join(str(path) for path in paths)),
    ]
    terminal = console()
    terminal.print(table((spec.name, "atom numbers count from 0"), rows))
    for warning in assembly.warnings:
        terminal.print(f"[yellow]warning[/]: {escape(warning)}")


def _outlook(spec: Spec, assembly: Assembly) -> list[tuple[str, str]]:
    """What theory expects of a free rotor with this inertia and dipole, and what it leaves out."""
    protocol = spec.protocol
    what = Seen(assembly, thermal_energy(protocol.temperature), protocol.friction, protocol.replicas)
    rows = list(drives.model(spec.drive).outlook(what))
    if not rotor_refusal(what, needs_dipole=True):
        rows.insert(0, ("heat against dipole", f"kT/mu = {what.thermal_field:.2g} V/nm"))
    if rows and is_hindered(assembly):
        rows.append(("not in these", "what hinders a turn; molmach estimate has it"))
    return rows


def _strain_rows(assembly: Assembly) -> list[tuple[str, str]]:
    rows = []
    for part in assembly.strain:
        texts = []
        if part.excess is not None:
            texts.append(f"{part.excess:.1f} kJ/mol above its best free conformer")
        if part.planar:
            texts.append(f"{part.planar - part.turned} of {part.planar} amides, esters or the like trans")
        if texts:
            rows.append((f"shape of {part.part}", ", ".join(texts)))
    return rows


def _equilibrium(spec: Spec, assembly: Assembly) -> str | None:
    """Why the machine is at equilibrium; None where it is driven."""
    return drives.equilibrium(spec.drive, assembly, spec.protocol)


def _threading_rows(document: dict[str, Any]) -> list[tuple[str, str]]:
    if "threading" not in document:
        return []
    rows = [("threading", " ".join(f"{number:+.0f}" for number in document["threading"]) + " (proved)")]
    rows += [
        ("slipping off", f"first end {first}, other end {last} (lengths compared, no barrier)")
        for first, last in document["stoppers"]
    ]
    rows += [
        (f"station {name}", " ".join(str(i) for i in atoms)) for name, atoms in document["stations"].items()
    ]
    return rows
