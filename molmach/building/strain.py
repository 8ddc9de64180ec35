"""How far a built part is above the best shape that it has by itself, and which of its bonds are turned over.

A part is relaxed alone from where it stands in the machine, and its energy compared with the lowest of a
search of free conformers with the same force field. What the part gives up by itself at once does not count:
the number is of the shape that it keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rdkit import Chem

from molmach.building.conformers import MAX_STEPS, minimise, search
from molmach.building.planar_bonds import stable_torsions, turned
from molmach.building.stereo import is_isomer
from molmach.errors import BuildError
from molmach.spec.axes import renumbered

CONFORMERS = 30
"""Free conformers among which a part's best is searched."""

MAX_STRAIN = {"ring": 50.0, "rotor": 10.0}
"""Strain above which a part is built again and, where that does not help, warned of, kJ/mol.

A rotor is alone, and 10 kJ/mol is 4 kT: a shape that 2 in 100 of its molecules have. A ring holds on to what
goes through it and keeps part of the shape for that, where a free one is curled up: measured are 11 to 55
kJ/mol in crown ethers around ammonium (one 79), 0 to 8 in rigid rings.
"""


@dataclass(frozen=True)
class Strain:
    """What is said of a built part's shape.

    Attributes
    ----------
    part
        The entry of the machine file, such as ``rings.0``.
    role
        ``ring``, ``axle`` or ``rotor``.
    turned
        How many amides are cis, esters E and their like, of ``planar``.
    planar
        How many bonds have such a form.
    excess
        Energy above that of the part's best free conformer, kJ/mol; None of an axle, which is held
        stretched while its best free conformer is folded, and where no free conformer can be made.
    """

    part: str
    role: str
    turned: int
    planar: int
    excess: float | None = None

    @property
    def over(self) -> bool:
        """Whether the part has more strain than :data:`MAX_STRAIN`."""
        return self.excess is not None and self.excess > MAX_STRAIN[self.role]

    @property
    def warning(self) -> str | None:
        """What is to be said of a part that stayed strained; None of others."""
        texts = []
        if self.turned:
            texts.append(
                f"{self.turned} of {self.planar} amides, esters or the like came out cis, and no "
                "simulation is long enough to turn one back"
            )
        if self.over:
            texts.append(
                f"built {self.excess:.0f} kJ/mol above the best of its free conformers, where "
                f"up to {MAX_STRAIN[self.role]:.0f} is usual"
            )
        if not texts:
            return None
        return f"machine.{self.part}: {'; '.join(texts)}; another protocol.seed may build a better shape"


def strain_of(part: str, role: str, molecule: Chem.Mol, force_field: str) -> Strain:
    """The strain of a part of a machine.

    Parameters
    ----------
    part, role
        As in :class:`Strain`.
    molecule
        The part alone, hydrogens explicit, with the coordinates that it has in the machine.
    force_field
        ``MMFF94`` or ``MMFF94s``.
    """
    torsions = stable_torsions(molecule)
    excess = None
    if role in MAX_STRAIN:
        reference = best_energy(_nameless(molecule), force_field)
        if reference is not None:
            relaxed = minimise(Chem.Mol(molecule), force_field, MAX_STEPS)[0][1]
            excess = max(0.0, relaxed - reference)
    return Strain(part, role, turned(molecule, torsions), len(torsions), excess)


def rotor_strain(part: str, molecule: Chem.Mol, energies: Sequence[float]) -> Strain:
    """The strain of a rotor, which is alone: above the best of the conformers that it was chosen from.

    Parameters
    ----------
    part
        As in :class:`Strain`.
    molecule
        As built.
    energies
        Of its conformers, kJ/mol, the built one's first.
    """
    torsions = stable_torsions(molecule)
    excess = energies[0] - min(energies)
    return Strain(part, "rotor", turned(molecule, torsions), len(torsions), excess)


def strains(molecule: Chem.Mol, parts: Sequence[tuple[str, str]], force_field: str) -> tuple[Strain, ...]:
    """The strain of each component of a machine; ``parts`` are their names and roles, in their order."""
    components = Chem.GetMolFrags(molecule, asMols=True)
    return tuple(
        strain_of(name, role, component, force_field)
        for (name, role), component in zip(parts, components, strict=True)
    )


def worst(judged: Sequence[Strain]) -> tuple[int, float]:
    """Turned bonds in all, and the largest excess over what is usual, kJ/mol: smaller is better."""
    over = [part.excess - MAX_STRAIN[part.role] for part in judged if part.excess is not None]
    return sum(part.turned for part in judged), max(0.0, *over, 0.0)


def _nameless(molecule: Chem.Mol) -> bytes:
    """A molecule without conformers and map numbers, its atoms in canonical order."""
    bare = Chem.Mol(molecule)
    bare.RemoveAllConformers()
    for atom in bare.GetAtoms():
        atom.SetAtomMapNum(0)
    order = sorted(range(bare.GetNumAtoms()), key=list(Chem.CanonicalRankAtoms(bare)).__getitem__)
    return bytes(renumbered(bare, order).ToBinary())


@lru_cache(maxsize=256)
def best_energy(molecule: bytes, force_field: str) -> float | None:
    """Lowest energy of the free conformers of a molecule in RDKit's binary form, kJ/mol; None without any."""
    wanted, placed = Chem.Mol(molecule), Chem.Mol(molecule)
    try:
        conformers = search(placed, force_field, CONFORMERS)
    except BuildError:
        return None
    of_the_isomer = (
        energy for _, energy, number in conformers if is_isomer(wanted, Chem.Mol(placed, False, number))
    )
    return min(of_the_isomer, default=None)
