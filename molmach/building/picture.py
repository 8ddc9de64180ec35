"""A drawing of the machine with its parts coloured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rdkit import Chem

from molmach.building.assembly import Assembly
from molmach.building.layout import lay_flat
from molmach.building.stereo import is_symmetric_bridgehead

if TYPE_CHECKING:
    from rdkit.Chem.Draw import rdMolDraw2D

Colour = tuple[float, float, float]

PART_COLOURS: dict[str, Colour] = {
    "stator": (0.66, 0.78, 0.90),
    "rotor": (0.98, 0.78, 0.46),
    "follower": (0.96, 0.66, 0.62),
    "axle": (0.72, 0.86, 0.66),
    "station": (0.85, 0.72, 0.90),
}
"""Of a machine's parts; blue, amber, red, green, violet."""


def parts(assembly: Assembly) -> dict[str, list[int]]:
    """Atoms of a machine's parts, named as in :data:`PART_COLOURS`; an atom of two belongs to the latter."""
    followers = assembly.followers.values()
    stations = assembly.track.stations.values() if assembly.track else ()
    return {
        "stator": list(assembly.stator),
        "rotor": list(assembly.rotor),
        "follower": [atom for follower in followers for atom in follower.atoms],
        "axle": [*assembly.axle, *(atom for follower in followers for atom in follower.axle)],
        "station": [atom for atoms in stations for atom in atoms],
    }


def draw(assembly: Assembly, width: int = 520, height: int = 340) -> str:
    """SVG of the formula: rotor or ring amber, followers red, stator blue, axles green, stations violet."""
    from rdkit.Chem.Draw import rdMolDraw2D  # needs X libraries, which a node of a cluster may lack

    molecule, colours = _flat(assembly)
    drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
    _paint(drawer, molecule, colours)
    return str(drawer.GetDrawingText())


def draw_png(assembly: Assembly, width: int = 1040, height: int = 680) -> bytes:
    """The same drawing as PNG bytes."""
    from rdkit.Chem.Draw import rdMolDraw2D  # needs X libraries, which a node of a cluster may lack

    molecule, colours = _flat(assembly)
    drawer = rdMolDraw2D.MolDraw2DCairo(width, height)
    _paint(drawer, molecule, colours)
    return bytes(drawer.GetDrawingText())


def _paint(drawer: rdMolDraw2D.MolDraw2D, molecule: Chem.Mol, colours: dict[int, Colour]) -> None:
    from rdkit.Chem.Draw import rdMolDraw2D

    options = drawer.drawOptions()
    options.fillHighlights = True
    options.highlightRadius = 0.38
    options.addStereoAnnotation = True
    options.clearBackground = True
    bonds = {
        bond.GetIdx(): colours[bond.GetBeginAtomIdx()]
        for bond in molecule.GetBonds()
        if colours.get(bond.GetBeginAtomIdx()) == colours.get(bond.GetEndAtomIdx()) is not None
    }
    rdMolDraw2D.PrepareAndDrawMolecule(
        drawer,
        molecule,
        highlightAtoms=list(colours),
        highlightAtomColors=colours,
        highlightBonds=list(bonds),
        highlightBondColors=bonds,
    )
    drawer.FinishDrawing()


def without_needless_marks(molecule: Chem.Mol) -> None:
    """Take the marks off bridgeheads of cages, which can't be otherwise, in place."""
    ranks = list(Chem.CanonicalRankAtoms(molecule, breakTies=False, includeChirality=False))
    for atom in molecule.GetAtoms():
        if is_symmetric_bridgehead(molecule, atom, ranks):
            atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
    Chem.AssignStereochemistry(molecule, cleanIt=True, force=True)


def _flat(assembly: Assembly) -> tuple[Chem.Mol, dict[int, Colour]]:
    molecule = Chem.Mol(assembly.molecule)
    for part, atoms in parts(assembly).items():
        for i in atoms:
            molecule.GetAtomWithIdx(i).SetProp("part", part)
    for atom in molecule.GetAtoms():
        atom.SetAtomMapNum(0)
    molecule = Chem.RemoveHs(molecule)
    without_needless_marks(molecule)
    lay_flat(molecule)
    colours = {a.GetIdx(): PART_COLOURS[a.GetProp("part")] for a in molecule.GetAtoms() if a.HasProp("part")}
    return molecule, colours
