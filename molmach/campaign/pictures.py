"""Pictures of designs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rdkit import Chem

from molmach.errors import SpecError


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
        raise SpecError(f"-o {path}: expected a name that ends in .svg or .png")
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
        raise SpecError(f"-o {path}: can't be written ({error.strerror})") from error
