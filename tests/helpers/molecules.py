"""Molecules for tests: a varied list, and random drug-like ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import QED

SMILES = (Path(__file__).parent / "molecules.smi").read_text().split()

_CORES = [
    "c1cc({})ccc1{}", "c1cc({})cnc1{}", "c1c({})ncnc1{}", "c1sc({})cc1{}", "c1oc({})cc1{}", "c1nc({})oc1{}",
    "c1nc({})sc1{}", "c1ccc2c(c1)c({})cn2{}", "c1ccc2nc({})n({})c2c1", "c1ccc2ncc({})c({})c2c1",
    "C1CN({})CCN1{}", "C1CCN({})C(C1){}", "C1CC({})OC1{}", "C1CN({})CC1{}", "C1C({})C1{}", "C1COC({})CN1{}",
    "n1cc({})n(n1){}", "c1nn(c({})c1){}", "c1cc({})c2OCOc2c1{}", "C1CC(=O)N({})C1{}",
]  # fmt: skip
_PIECES = [
    "C", "CC", "C(C)C", "CCO", "CN(C)C", "COC", "C(F)(F)F", "CC#N", "C(=O)N", "C(=O)OC", "C(=O)NC", "CS(C)(=O)=O",
    "c1ccccc1", "c1ccncc1", "c1ccc(F)cc1", "c1ccc(Cl)cc1", "c1ccc(OC)cc1", "Cc1ccccc1", "CCc1ccco1", "C1CC1",
    "C1CCOCC1", "CC(=O)O", "CNC(=O)C", "CC(N)=O", "c1ccc(C#N)cc1", "c1ccc(S(N)(=O)=O)cc1", "CCBr", "C=C", "CC#C",
    "c1cccs1",
]  # fmt: skip


def random_drug_like(count: int, seed: int) -> list[str]:
    """Different molecules of one or two decorated rings, 15 to 70 atoms, each with QED above 0.3."""
    rng = np.random.default_rng(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        smiles = _numbered(rng.choice(_CORES), "89").format(*rng.choice(_PIECES, 2))
        if rng.random() < 0.5:
            outer = _numbered(rng.choice(_CORES), "67")
            smiles = outer.format(f"C(=O)N{rng.choice(_PIECES)}", smiles)
        molecule = Chem.MolFromSmiles(smiles)
        if molecule is None or not 15 <= Chem.AddHs(molecule).GetNumAtoms() <= 70 or QED.qed(molecule) < 0.3:
            continue
        found[str(Chem.MolToSmiles(molecule))] = None
    return list(found)


IONS_THAT_MMFF94_HAS = [
    "C[N+](C)(C)C", "C[NH3+]", "C[n+]1ccccc1", "C(N)=[NH2+]", "NC(N)=[NH2+]", "CNC(N)=[NH2+]", "C(=O)[O-]",
    "CS(=O)(=O)[O-]", "OP(=O)(O)[O-]", "CP(=O)([O-])[O-]", "C[O-]", "C[S-]", "S(=O)(=O)[N-]C", "CC(=S)[S-]",
    "C[n+]1ccn(C)c1", "c1nn[n-]n1", "C[N+](=O)[O-]", "CN=[N+]=[N-]", "C[N+](C)(C)[O-]", "c1cc[n+]([O-])cc1",
    "CC=[N+](C)C", "C[S+](C)[O-]", "C[N+](C)(C)CC(=O)[O-]", "C[N+]#[C-]",
]  # fmt: skip
IONS_THAT_MMFF94_LOSES = [
    "C[P+](C)(C)C", "C[S+](C)C", "C[C+](C)C", "C[CH-]C#N", "CC(=O)[CH-]C(C)=O", "c1cc[s+]cc1", "CC(=O)[S-]",
    "C[P+](C)(C)[CH-]C", "C[S+](C)[CH-]C", "C[P+](C)(C)CC(=O)[O-]", "C[N+](C)(C)C[CH-]C#N", "CC#[N+][O-]",
    "C[Si-](C)(C)(C)C", "C[N+]#CC",
]  # fmt: skip


def random_ions(count: int, seed: int) -> list[str]:
    """Ions of drug-like molecules: with groups that MMFF94 has charges for, or not, and charges put anywhere."""
    rng = np.random.default_rng(seed)
    groups = IONS_THAT_MMFF94_HAS + IONS_THAT_MMFF94_LOSES
    ions: dict[str, None] = {}
    while len(ions) < count:
        core = _numbered(rng.choice(_CORES), "89")
        smiles = core.format(rng.choice(_PIECES), rng.choice(groups))
        molecule = Chem.MolFromSmiles(smiles) if rng.random() < 0.6 else _charged(core, rng)
        if molecule is not None:
            ions[str(Chem.MolToSmiles(molecule))] = None
    return list(ions)


def _charged(core: str, rng: np.random.Generator) -> Chem.Mol | None:
    """A neutral molecule with a proton more or less, or a charge and its hydrogen, on an atom at random."""
    molecule = Chem.MolFromSmiles(core.format(*rng.choice(_PIECES, 2)))
    if molecule is None:
        return None
    atom = molecule.GetAtomWithIdx(int(rng.integers(molecule.GetNumAtoms())))
    charge, hydrogens = int(rng.choice([-1, 1])), atom.GetTotalNumHs() + int(rng.choice([-1, 0, 1]))
    atom.SetFormalCharge(charge)
    atom.SetNoImplicit(True)
    atom.SetNumExplicitHs(max(0, hydrogens))
    with rdBase.BlockLogs():
        try:
            Chem.SanitizeMol(molecule)
        except (Chem.MolSanitizeException, ValueError):
            return None
        return Chem.MolFromSmiles(Chem.MolToSmiles(molecule))


def _numbered(core: str, rings: str) -> str:
    """A core whose ring closures have numbers of their own, for pieces and other cores stand inside it."""
    return core.translate(str.maketrans("12", rings))
