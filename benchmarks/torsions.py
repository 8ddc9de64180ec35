"""Barriers to rotation about single bonds beside published ones.

    .venv/bin/python -m benchmarks.torsions GFN2-xTB

The published barriers are potential barriers of molecules in vacuum, from microwave, infrared or
electron-diffraction work; ours are differences of energies without zero-point energy. The values are the
standard ones of the textbooks: ethane 2.89, propane 3.26, propene 2.00, methanol 1.07, methylamine 1.96,
acetaldehyde 1.17 and dimethyl ether 2.70 kcal/mol; hydrogen peroxide's cis barrier 7.03 kcal/mol; biphenyl
6.0 (planar) and 6.5 kJ/mol (perpendicular; Bastiansen & Samdal, J. Mol. Struct. 128, 115 (1985)).
"""

from __future__ import annotations

import argparse
import math

from rdkit import Chem
from rdkit.Chem import AllChem

from molmach.studies.kinetics.torsion import SingleBond, hindered_rotation

PUBLISHED: tuple[tuple[str, str, tuple[int, int], float | None, float], ...] = (
    ("ethane", "CC", (0, 1), None, 12.1),
    ("propane", "CCC", (0, 1), None, 13.6),
    ("propene", "CC=C", (0, 1), None, 8.4),
    ("methanol", "CO", (0, 1), None, 4.5),
    ("methylamine", "CN", (0, 1), None, 8.2),
    ("acetaldehyde", "CC=O", (0, 1), None, 4.9),
    ("dimethyl ether", "COC", (0, 1), None, 11.3),
    ("hydrogen peroxide, cis", "OO", (0, 1), 0.0, 29.4),
    ("biphenyl, planar", "c1ccc(cc1)-c1ccccc1", (3, 6), 0.0, 6.0),
    ("biphenyl, perpendicular", "c1ccc(cc1)-c1ccccc1", (3, 6), 90.0, 6.5),
)
"""Name, SMILES, bond, torsion of the saddle in degrees where there are several kinds, and barrier, kJ/mol."""


def barrier(smiles: str, bond: tuple[int, int], at: float | None, level: str) -> float:
    """Energy of the saddle nearest to a torsion above the lowest well, kJ/mol."""
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(molecule, randomSeed=1)
    turn = hindered_rotation(SingleBond(molecule, bond), level, 298.15)
    away = [
        0.0 if at is None else abs(math.remainder(p.torsion - math.radians(at), 2 * math.pi))
        for p in turn.passes
    ]
    nearest = turn.passes[away.index(min(away))]
    return nearest.point.energy - min(well.point.energy for well in turn.wells)


def main() -> None:
    """Print a row for each barrier, and the error of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("level", nargs="?", default="GFN2-xTB")
    parser.add_argument("--without", nargs="*", default=[], help="names to leave out")
    asked = parser.parse_args()
    errors = []
    for name, smiles, bond, at, published in PUBLISHED:
        if name.split(",")[0] in asked.without:
            continue
        ours = barrier(smiles, bond, at, asked.level)
        errors.append(ours - published)
        print(f"{name:24} {ours:6.1f} {published:6.1f} kJ/mol", flush=True)
    mean = sum(abs(error) for error in errors) / len(errors)
    root = math.sqrt(sum(error**2 for error in errors) / len(errors))
    print(
        f"{asked.level}: mean absolute error {mean:.1f}, root mean square {root:.1f} kJ/mol of {len(errors)}"
    )


if __name__ == "__main__":
    main()
