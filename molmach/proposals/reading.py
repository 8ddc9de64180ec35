"""Molecules as a chemist has them: a SMILES, or a file that another program has written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rdkit import Chem, rdBase
from rdkit.Chem import rdDetermineBonds, rdMolDescriptors

from molmach.errors import MolmachError, SpecError, shortened
from molmach.spec.molecule import MAX_HEAVY_ATOMS

LONGEST_TEXT = 10_000
"""Characters of a SMILES: one of the most atoms that a machine may have is shorter."""

LARGEST_FILE = 20_000_000
"""Bytes; a molecule takes some hundred an atom."""


@dataclass(frozen=True, eq=False)
class Drawing:
    """What was drawn.

    Attributes
    ----------
    molecules
        One, or two that are to be interlocked; hydrogens implicit, no map numbers.
    name
        Of the file that it came in; '' for a text.
    notes
        What was left out of it, in sentences.
    """

    molecules: tuple[Chem.Mol, ...]
    name: str = ""
    notes: tuple[str, ...] = ()


def read_drawing(given: Sequence[str]) -> Drawing:
    """The molecules of one or two texts or files; parts of one text that a dot parts count by themselves.

    Raises
    ------
    SpecError
        A text is no SMILES and no file that can be read, or what was drawn is not one molecule or two.
    """
    parts: list[Chem.Mol] = []
    names: list[str] = []
    for text in given:
        path = Path(text.strip()) if len(text) < LONGEST_TEXT else None
        if path is not None and path.suffix.lower() in _READERS:
            parts += _of_file(path)
            names.append(path.stem)
        else:
            parts.append(_of_text(text))
    molecules, ions = _parted(parts)
    if not 1 <= len(molecules) <= 2:
        raise SpecError(
            f"got {len(molecules)} molecules; expected one, or two that are to be a rotaxane or a catenane"
        )
    for molecule in molecules:
        _check(molecule)
    counted = ", ".join(sorted({_formula(ion) for ion in ions}))
    notes = (f"left out: {counted}, which holds no carbon",) if ions else ()
    return Drawing(tuple(molecules), names[0] if names else "", notes)


def _of_text(text: str) -> Chem.Mol:
    smiles = text.strip()
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles) if smiles and len(smiles) <= LONGEST_TEXT else None
    if molecule is None or not molecule.GetNumAtoms():
        raise SpecError(
            f"got {shortened(text)}, which is neither a SMILES that RDKit can read nor a file that ends in "
            f"{', '.join(_READERS)}; expected one, such as 'Fc1ccccc1C#Cc1ccccc1' or motor.mol"
        )
    return molecule


def _of_file(path: Path) -> list[Chem.Mol]:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise SpecError(f"{path}: has more than {LARGEST_FILE} bytes; expected a file of one molecule")
        with rdBase.BlockLogs():
            molecules = list(_READERS[path.suffix.lower()](path))
    except MolmachError:
        raise
    except OSError as error:
        raise SpecError(f"{path}: {error.strerror or 'not readable'}; expected a file to read") from error
    except (RuntimeError, ValueError) as error:
        raise SpecError(f"{path}: RDKit can't read it ({_line(error)}); expected one molecule") from error
    if not molecules or any(molecule is None or not molecule.GetNumAtoms() for molecule in molecules):
        raise SpecError(f"{path}: RDKit finds no molecule in it; expected one molecule or two")
    return [Chem.RemoveHs(molecule) for molecule in molecules]


def _line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def _of_mol(path: Path) -> Iterable[Chem.Mol]:
    return [Chem.MolFromMolFile(str(path), removeHs=False)]


def _of_sdf(path: Path) -> Iterable[Chem.Mol]:
    return list(Chem.SDMolSupplier(str(path), removeHs=False))


def _of_cdxml(path: Path) -> Iterable[Chem.Mol]:
    return list(Chem.MolsFromCDXMLFile(str(path), removeHs=False))


def _of_pdb(path: Path) -> Iterable[Chem.Mol]:
    """A PDB file says which atoms are bonded, but of most molecules not how: orders come of the hydrogens."""
    molecule = Chem.MolFromPDBFile(str(path), removeHs=False, sanitize=False)
    if molecule is None:
        return []
    doubled = any(bond.GetBondType() != Chem.BondType.SINGLE for bond in molecule.GetBonds())
    if not doubled and any(atom.GetAtomicNum() == 1 for atom in molecule.GetAtoms()):
        rdDetermineBonds.DetermineBondOrders(molecule, charge=0)
    elif not doubled:
        raise SpecError(
            f"{path}: has neither hydrogens nor double bonds, so its bonds' orders can't be told; "
            "expected a PDB file with hydrogens, or a .mol or .sdf file"
        )
    Chem.SanitizeMol(molecule)
    Chem.AssignStereochemistryFrom3D(molecule)
    return [molecule]


_READERS: dict[str, Callable[[Path], Iterable[Chem.Mol]]] = {
    ".mol": _of_mol,
    ".sdf": _of_sdf,
    ".pdb": _of_pdb,
    ".cdxml": _of_cdxml,
}


def _parted(drawn: Sequence[Chem.Mol]) -> tuple[list[Chem.Mol], list[Chem.Mol]]:
    """Molecules, and what stands beside them without carbon: counterions, water."""
    molecules: list[Chem.Mol] = []
    ions: list[Chem.Mol] = []
    for whole in drawn:
        for part in Chem.GetMolFrags(whole, asMols=True):
            for atom in part.GetAtoms():
                atom.SetAtomMapNum(0)
            carbon = any(atom.GetAtomicNum() == 6 for atom in part.GetAtoms())
            (molecules if carbon else ions).append(_flat(part))
    return (molecules, ions) if molecules else (ions, [])


def _flat(part: Chem.Mol) -> Chem.Mol:
    """Without coordinates; what these say of the stereochemistry is kept."""
    Chem.AssignStereochemistry(part, cleanIt=True, force=True)
    part.RemoveAllConformers()
    return part


def _formula(molecule: Chem.Mol) -> str:
    return str(rdMolDescriptors.CalcMolFormula(molecule))


def _check(molecule: Chem.Mol) -> None:
    atoms = list(molecule.GetAtoms())
    if len(atoms) > MAX_HEAVY_ATOMS:
        raise SpecError(f"got a molecule of {len(atoms)} heavy atoms; expected at most {MAX_HEAVY_ATOMS}")
    if any(atom.GetAtomicNum() == 0 for atom in atoms):
        raise SpecError("got a molecule with an open place ('*' or R); expected real elements only")
    if any(atom.GetNumRadicalElectrons() for atom in atoms):
        raise SpecError("got a radical; expected a molecule whose electrons are all paired")
