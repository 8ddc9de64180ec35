"""Structure files of an assembly."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rdkit import Chem

from molmach.building.assembly import Assembly, Follower, Track
from molmach.building.picture import draw, draw_png
from molmach.building.strain import Strain
from molmach.errors import BuildError
from molmach.files import write_bytes, write_text

_PARTS = ("axle", "stator", "rotor")


def write_structure(assembly: Assembly, directory: Path) -> list[Path]:
    """Write ``assembly.sdf``, ``topology.pdb``, ``machine.svg`` and ``machine.png``; return their paths.

    The SDF carries the parts as properties (0-based atom indices); atom order is the same in all.
    """
    directory.mkdir(parents=True, exist_ok=True)
    sdf = directory / "assembly.sdf"
    write_text(sdf, to_sdf(assembly))
    pdb = directory / "topology.pdb"
    write_text(pdb, to_pdb(assembly))
    svg = directory / "machine.svg"
    write_text(svg, draw(assembly))
    png = directory / "machine.png"
    write_bytes(png, draw_png(assembly))
    return [sdf, pdb, svg, png]


def to_sdf(assembly: Assembly) -> str:
    """One SDF record with the parts as properties."""
    molecule = Chem.Mol(assembly.molecule)
    molecule.SetProp("_Name", assembly.name)
    molecule.SetProp("kind", assembly.kind)
    if assembly.track is not None:
        molecule.SetProp("track", json.dumps(asdict(assembly.track)))
    if assembly.followers:
        wheels = {name: asdict(follower) for name, follower in assembly.followers.items()}
        molecule.SetProp("followers", json.dumps(wheels))
    if assembly.strain:
        molecule.SetProp("strain", json.dumps([asdict(part) for part in assembly.strain]))
    for part in _PARTS:
        molecule.SetProp(part, " ".join(str(i) for i in getattr(assembly, part)))
    molecule.SetProp("smiles", assembly.smiles)
    block = Chem.SDWriter.GetText(molecule)
    return str(block)


def read_sdf(path: Path, force_field: str) -> Assembly:
    """Read back an assembly that :func:`to_sdf` wrote.

    Raises
    ------
    BuildError
        The file is missing or holds no assembly.
    """
    try:
        molecule = next(Chem.SDMolSupplier(str(path), removeHs=False))
        parts = {name: tuple(int(i) for i in molecule.GetProp(name).split()) for name in _PARTS}
        kind = molecule.GetProp("kind")
        followers = _followers(molecule.GetProp("followers")) if molecule.HasProp("followers") else {}
        track = _track(json.loads(molecule.GetProp("track"))) if molecule.HasProp("track") else None
        strain = json.loads(molecule.GetProp("strain")) if molecule.HasProp("strain") else []
    except (OSError, KeyError, StopIteration, AttributeError, ValueError) as error:
        raise BuildError(
            f"{path}: not an assembly of molmach; expected the SDF file of a run folder"
        ) from error
    name = molecule.GetProp("_Name")
    return Assembly(
        name,
        kind,
        molecule,
        parts["axle"],
        parts["stator"],
        parts["rotor"],
        force_field,
        track,
        followers,
        tuple(Strain(**part) for part in strain),
    )


def _followers(text: str) -> dict[str, Follower]:
    return {
        name: Follower(tuple(part["axle"]), tuple(part["atoms"]), part["teeth"], part["gear_ratio"])
        for name, part in json.loads(text).items()
    }


def _track(content: dict[str, Any]) -> Track:
    return Track(
        tuple(content["path"]),
        tuple(tuple(loop) for loop in content["loops"]),
        {name: tuple(atoms) for name, atoms in content["stations"].items()},
        {name: (energy, width) for name, (energy, width) in content["affinities"].items()},
    )


def to_pdb(assembly: Assembly) -> str:
    """PDB text of one residue MOL, atoms named by element and number."""
    molecule = Chem.Mol(assembly.molecule)
    counts: dict[str, int] = {}
    for atom in molecule.GetAtoms():
        symbol = atom.GetSymbol()
        counts[symbol] = counts.get(symbol, 0) + 1
        name = f"{symbol}{counts[symbol]}"
        info = Chem.AtomPDBResidueInfo(
            f"{name:<4}" if len(name) >= 4 else f" {name:<3}", residueName="MOL", residueNumber=1
        )
        info.SetIsHeteroAtom(True)
        info.SetOccupancy(1.0)
        atom.SetMonomerInfo(info)
    return str(Chem.MolToPDBBlock(molecule, flavor=4))
