"""Varied molecules for the force field: what MMFF94 types, from ions to complexes."""

from pathlib import Path

SMILES = (Path(__file__).parent / "molecules.smi").read_text().split()
