"""What was drawn, with the proposals' bonds in colours and their numbers beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rdkit import Chem
from rdkit.Chem import rdDepictor

from molmach.building.picture import Colour, without_needless_marks
from molmach.proposals.base import Proposal

if TYPE_CHECKING:
    from rdkit.Chem.Draw import rdMolDraw2D

COLOURS: tuple[Colour, ...] = (
    (0.98, 0.72, 0.36),
    (0.56, 0.78, 0.94),
    (0.62, 0.84, 0.58),
    (0.87, 0.68, 0.92),
    (0.95, 0.60, 0.58),
    (0.80, 0.80, 0.80),
)
"""Of the first, second and further proposals: amber, blue, green, violet, red, grey."""


def draw_svg(proposals: Sequence[Proposal], width: int = 620, height: int = 420) -> str:
    """SVG of the drawn molecule; of two that are to be interlocked, of the one that the other is put on."""
    from rdkit.Chem.Draw import rdMolDraw2D  # needs X libraries, which a node of a cluster may lack

    drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
    _paint(drawer, proposals)
    return str(drawer.GetDrawingText())


def draw_png(proposals: Sequence[Proposal], width: int = 1240, height: int = 840) -> bytes:
    """The same as PNG bytes."""
    from rdkit.Chem.Draw import rdMolDraw2D  # needs X libraries, which a node of a cluster may lack

    drawer = rdMolDraw2D.MolDraw2DCairo(width, height)
    _paint(drawer, proposals)
    return bytes(drawer.GetDrawingText())


def _paint(drawer: rdMolDraw2D.MolDraw2D, proposals: Sequence[Proposal]) -> None:
    from rdkit.Chem.Draw import rdMolDraw2D

    molecule = Chem.Mol(proposals[0].molecule)
    without_needless_marks(molecule)
    rdDepictor.SetPreferCoordGen(True)
    try:
        rdDepictor.Compute2DCoords(molecule)
    finally:
        rdDepictor.SetPreferCoordGen(False)
    bonds: dict[int, Colour] = {}
    atoms: dict[int, Colour] = {}
    for number, proposal in reversed(list(enumerate(proposals))):
        colour = COLOURS[min(number, len(COLOURS) - 1)]
        bonds |= dict.fromkeys(proposal.bonds, colour)
        atoms |= dict.fromkeys(proposal.atoms, colour)
    _number(molecule, proposals)
    options = drawer.drawOptions()
    options.setAnnotationColour((0.2, 0.2, 0.2))
    options.fillHighlights = True
    options.highlightRadius = 0.34
    options.highlightBondWidthMultiplier = 18
    options.addStereoAnnotation = True
    options.annotationFontScale = 0.8
    options.clearBackground = True
    rdMolDraw2D.PrepareAndDrawMolecule(
        drawer,
        molecule,
        highlightAtoms=list(atoms),
        highlightAtomColors=atoms,
        highlightBonds=list(bonds),
        highlightBondColors=bonds,
    )
    drawer.FinishDrawing()


def _number(molecule: Chem.Mol, proposals: Sequence[Proposal]) -> None:
    """Each proposal's number beside a bond of its own, or beside an atom where it has no bond."""
    for number, proposal in enumerate(proposals, start=1):
        own = [bond for bond in map(molecule.GetBondWithIdx, proposal.bonds) if not bond.HasProp("bondNote")]
        if own:
            own[0].SetProp("bondNote", str(number))
        elif proposal.atoms:
            molecule.GetAtomWithIdx(proposal.atoms[0]).SetProp("atomNote", str(number))
