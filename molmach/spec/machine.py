"""The molecule, and which of its atoms are axle, stator and rotor."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from rdkit import Chem, rdBase

from molmach.spec.fields import Section

MapNumber = Annotated[int, Field(strict=True, ge=1, le=999)]
MAX_HEAVY_ATOMS = 500


def _parse_smiles(smiles: object) -> str:
    """Canonical form of a SMILES with its atom-map numbers kept, so that two spellings are one machine."""
    if not isinstance(smiles, str) or not smiles.strip():
        raise ValueError(f"got {smiles!r}; expected a SMILES text, such as 'c1ccccc1'")
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(smiles.strip())
    if molecule is None or molecule.GetNumAtoms() == 0:
        raise ValueError(
            f"got {smiles!r}, which RDKit can't read; expected a valid SMILES, such as 'c1ccccc1'"
        )
    if molecule.GetNumHeavyAtoms() > MAX_HEAVY_ATOMS:
        raise ValueError(
            f"got a molecule of {molecule.GetNumHeavyAtoms()} heavy atoms; expected at most {MAX_HEAVY_ATOMS}"
        )
    dummies = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0]
    if dummies:
        raise ValueError(f"got {smiles!r} with a dummy atom '*'; expected real elements only")
    numbers = [atom.GetAtomMapNum() for atom in molecule.GetAtoms() if atom.GetAtomMapNum()]
    repeated = sorted({number for number in numbers if numbers.count(number) > 1})
    if repeated:
        raise ValueError(
            f"atom-map number {repeated[0]} stands on more than one atom; expected each number once"
        )
    return _canonical(molecule)


def _canonical(molecule: Chem.Mol) -> str:
    """Canonical SMILES whose atom order does not depend on the input's.

    Writing once orders the atoms; writing what was read back settles the order of ring bonds and
    stereo marks, which can take more than one pass.
    """
    smiles = str(Chem.MolToSmiles(molecule))
    for _ in range(5):
        again = str(Chem.MolToSmiles(Chem.MolFromSmiles(smiles)))
        if again == smiles:
            break
        smiles = again
    return smiles


def _distinct(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(numbers)) != len(numbers):
        raise ValueError(f"got {list(numbers)}; expected each atom-map number once")
    return numbers


def _ordered(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(_distinct(numbers)))


Smiles = Annotated[str, BeforeValidator(_parse_smiles)]
AtomSet = Annotated[tuple[MapNumber, ...], Field(min_length=1), AfterValidator(_ordered)]


class Machine(Section):
    """A rotor: one molecule in which one part turns about an axle against another.

    Attributes
    ----------
    smiles
        The molecule; atom-map numbers name atoms. Kept in canonical form.
    axle
        Two map numbers, from -> to. Turning counter-clockwise seen from the axle's head (looking
        back along it) is positive. The two atoms are bonded, or joined by the part that turns.
    stator
        Map numbers of the atoms held by harmonic anchors, enough to hold the axle: three not in
        line, or two along it. Omitted: the heavy atoms on the first axle atom's side (bonded axle),
        or the axle atoms and what hangs on them (path), with their hydrogens where these are needed.
    rotor
        Map numbers of atoms that turn. Omitted: found from the axle.
    reference_atom
        Map number of the atom that lies in the laboratory's xz half-plane with x > 0; fields in
        the plane across the axle refer to it. Omitted: the stator's heavy atom farthest from the
        axle or, where the stator is straight, the rotor's.
    """

    kind: Literal["rotor"]
    smiles: Smiles
    axle: Annotated[tuple[MapNumber, MapNumber], AfterValidator(_distinct)]
    stator: AtomSet | None = None
    rotor: AtomSet | None = None
    reference_atom: MapNumber | None = None

    @model_validator(mode="after")
    def _map_numbers_exist(self) -> Machine:
        present = {
            atom.GetAtomMapNum()
            for atom in Chem.MolFromSmiles(self.smiles).GetAtoms()
            if atom.GetAtomMapNum()
        }
        for field in ("axle", "stator", "rotor", "reference_atom"):
            value = getattr(self, field)
            numbers = () if value is None else (value,) if isinstance(value, int) else value
            for number in numbers:
                if number not in present:
                    raise ValueError(
                        f"{field} names atom-map number {number}, which the SMILES does not have; "
                        f"it has {sorted(present) if present else 'none'}"
                    )
        both = set(self.stator or ()) & set(self.rotor or ())
        if both:
            raise ValueError(f"atom-map number {min(both)} is in both stator and rotor; expected one of them")
        return self
