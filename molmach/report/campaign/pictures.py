"""Pictures of designs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rdkit import Chem
from rdkit.Chem import rdDepictor

from molmach.building.layout import lay_flat
from molmach.building.picture import without_needless_marks
from molmach.errors import Argument, SpecError
from molmach.report.svg import AMBER

OUT = Argument("out")


def draw_designs(smiles: Sequence[str], labels: Sequence[str], path: Path, columns: int = 4) -> None:
    """Draw molecules side by side.

    Parameters
    ----------
    smiles, labels
        One of each for every molecule.
    path
        An ``.svg`` or ``.png`` file.
    columns
        Molecules in a row.

    Raises
    ------
    SpecError
        Another kind of file, or one that can't be written.
    """
    if path.suffix not in (".svg", ".png"):
        raise SpecError(OUT, f" {path}: expected a name that ends in .svg or .png")
    from rdkit.Chem import Draw  # needs X libraries, which a node of a cluster may lack

    image = Draw.MolsToGridImage(
        [Chem.MolFromSmiles(text) for text in smiles],
        molsPerRow=columns,
        subImgSize=(280, 220),
        legends=list(labels),
        useSVG=path.suffix == ".svg",
        returnPNG=False,
    )
    try:
        if path.suffix == ".svg":
            path.write_text(str(getattr(image, "data", image)), encoding="utf-8")
        else:
            image.save(path)
    except OSError as error:
        raise SpecError(OUT, f" {path}: can't be written ({error.strerror})") from error


def scaffold_of(template: object) -> Chem.Mol | None:
    """The part that all machines of a campaign share, laid out flat; None where it is not one molecule.

    Parameters
    ----------
    template
        SMILES of the campaign's machine, its sites as ``[*:10]``.
    """
    molecule = Chem.MolFromSmiles(template, sanitize=False) if isinstance(template, str) else None
    if molecule is None:
        return None
    kept = Chem.RWMol(molecule)
    for atom in sorted((a.GetIdx() for a in kept.GetAtoms() if a.GetAtomicNum() == 0), reverse=True):
        kept.RemoveAtom(atom)
    for atom in kept.GetAtoms():
        atom.SetAtomMapNum(0)
        atom.SetNoImplicit(False)
        if not (atom.GetIsAromatic() and atom.GetAtomicNum() == 7):  # a pyrrole's N needs its H
            atom.SetNumExplicitHs(0)
    try:
        Chem.SanitizeMol(kept)
        scaffold = Chem.RemoveHs(kept)
        lay_flat(scaffold)
    except (ValueError, RuntimeError):
        return None
    return scaffold if scaffold.GetNumAtoms() else None


def machine_svg(smiles: str, scaffold: Chem.Mol | None, width: int = 300, height: int = 210) -> str:
    """SVG of a machine: what is not of the scaffold stands out, and the scaffold lies as in all pictures.

    Returns
    -------
    svg
        '' where the SMILES can't be read.
    """
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return ""
    without_needless_marks(molecule)
    added: list[int] = []
    if scaffold is not None and molecule.HasSubstructMatch(scaffold):
        match = rdDepictor.GenerateDepictionMatching2DStructure(molecule, scaffold)
        shared = {atom for _, atom in match}
        added = [a.GetIdx() for a in molecule.GetAtoms() if a.GetIdx() not in shared]
    else:
        lay_flat(molecule)
    from rdkit.Chem.Draw import rdMolDraw2D

    drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
    options = drawer.drawOptions()
    options.clearBackground = False
    options.addStereoAnnotation = True
    options.fillHighlights = True
    options.highlightRadius = 0.36
    options.minFontSize = 11
    options.padding = 0.03
    rdMolDraw2D.PrepareAndDrawMolecule(
        drawer,
        molecule,
        highlightAtoms=added,
        highlightAtomColors=dict.fromkeys(added, AMBER),
        highlightBonds=[
            b.GetIdx() for b in molecule.GetBonds() if {b.GetBeginAtomIdx(), b.GetEndAtomIdx()} <= set(added)
        ],
    )
    drawer.FinishDrawing()
    return str(drawer.GetDrawingText())
