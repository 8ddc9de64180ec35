"""How surely and how fast interlocked molecules are built, and how good the structures are.

    .venv/bin/python benchmarks/interlocked.py [--seeds N] [--json]

Builds every rotaxane and catenane of ``interlocked.yaml`` with N seeds (one unless told otherwise) and
prints, for each: seconds, the bond farthest from its length in the free part, the closest contact and the
shortest hydrogen bond. A structure that is handed out has been proved to be interlocked.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from rdkit import Chem

from molmach.building.interlock import link_rings, thread_rings
from molmach.building.interlock_proof import examine
from molmach.errors import BuildError

FORCE_FIELD = "MMFF94"


def main() -> None:
    """Print the table, or one JSON object."""
    parser = argparse.ArgumentParser(description="Build every interlocked molecule of interlocked.yaml.")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds each")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    rows = []
    for seed in range(1, arguments.seeds + 1):
        for name, build in _tasks():
            rows.append(_measure(name, build, seed))
            if not arguments.json:
                print(_line(rows[-1]), flush=True)
    built = [row for row in rows if "failure" not in row]
    summary = {
        "tried": len(rows),
        "built": len(built),
        "success": len(built) / len(rows),
        "median_seconds": median(row["seconds"] for row in rows),
        "longest_seconds": max(row["seconds"] for row in rows),
        "worst_bond_A": max(row["bond_A"] for row in built),
        "worst_contact": min(row["contact"] for row in built),
    }
    if arguments.json:
        print(json.dumps({"summary": summary, "rows": rows}, indent=1))
    else:
        print("\n" + "\n".join(f"{key:>16} {value:.4g}" for key, value in summary.items()))


def _tasks() -> Iterator[tuple[str, Callable[[int], Chem.Mol]]]:
    data = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    rings = {name: _molecule(smiles) for name, smiles in data["rings"].items()}
    for axle_name, ring_names in data["threaded"]:
        axle = _molecule(data["axles"][axle_name])
        at = [
            [atom.GetIdx() for atom in axle.GetAtoms() if atom.GetAtomMapNum() == k + 1]
            for k in range(len(ring_names))
        ]
        parts = [rings[name] for name in ring_names]
        yield (
            f"{axle_name} in {' and '.join(ring_names)}",
            lambda seed, axle=axle, parts=parts, at=at: thread_rings(axle, parts, at, seed, FORCE_FIELD),
        )
    for names in data["linked"]:
        parts = [rings[name] for name in names]
        yield " linked with ".join(names), lambda seed, parts=parts: link_rings(parts, seed, FORCE_FIELD)


def _molecule(smiles: str) -> Chem.Mol:
    return Chem.AddHs(Chem.MolFromSmiles(smiles))


def _measure(name: str, build: Callable[[int], Chem.Mol], seed: int) -> dict[str, Any]:
    started = time.perf_counter()
    row: dict[str, Any] = {"name": name, "seed": seed}
    try:
        molecule = build(seed)
    except BuildError as error:
        return row | {"seconds": time.perf_counter() - started, "failure": str(error)}
    row |= {"seconds": time.perf_counter() - started, "atoms": molecule.GetNumAtoms()}
    proof = examine(molecule, FORCE_FIELD)
    return row | {"bond_A": proof.bond, "contact": proof.contact, "hydrogen_bond_A": proof.hydrogen_bond}


def _line(row: dict[str, Any]) -> str:
    if "failure" in row:
        return f"{row['name']:<76} {row['seconds']:5.1f} s  FAILED: {row['failure']}"
    return (
        f"{row['name']:<76} {row['seconds']:5.1f} s {row['atoms']:4d} atoms  bond {row['bond_A']:.3f} A  "
        f"contact {row['contact']:.2f}  H-bond {row['hydrogen_bond_A']:.2f} A"
    )


if __name__ == "__main__":
    main()
