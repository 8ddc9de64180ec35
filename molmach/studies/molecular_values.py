"""Values of small molecules that the library's machines are made of, by the levels of ``molmach kinetics``.

A reference that names a ``molecule`` is about that: with a ``bond`` and a ``torsion`` about the energy
barrier by that torsion (degrees; GFN2-xTB), without about its dipole (r2SCAN/def2-mTZVPP at the minimum).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import AllChem

from molmach.studies.kinetics import SingleBond, hindered_rotation, level_of
from molmach.studies.kinetics.functional import functional_dipole, require_functional
from molmach.studies.kinetics.stationary import relax
from molmach.studies.kinetics.store import Store
from molmach.studies.kinetics.torsion import hessian_of

_LEVEL = "GFN2-xTB"
_TEMPERATURE = 298.15
_SEED = 1


def molecular_value(item: Mapping[str, Any], store: Store) -> float:
    """Of a reference's ``molecule``, in its unit (kJ/mol or D).

    Raises
    ------
    MissingExtraError
        A level's package is not installed.
    KineticsError
        It has no such barrier, or a level does not converge.
    """
    molecule = Chem.AddHs(Chem.MolFromSmiles(str(item["molecule"])))
    AllChem.EmbedMolecule(molecule, randomSeed=_SEED)
    if "bond" not in item:
        return dipole(molecule)
    first, second = item["bond"]
    return barrier_by(SingleBond(molecule, (first, second)), math.radians(item["torsion"]), store)


def barrier_by(bond: SingleBond, torsion: float, store: Store) -> float:
    """Energy of the saddle nearest to a torsion (rad) above the lowest well, kJ/mol."""
    turn = hindered_rotation(bond, _LEVEL, _TEMPERATURE, store, seed=_SEED)
    saddle = min(turn.passes, key=lambda p: abs(math.remainder(p.torsion - torsion, 2.0 * math.pi)))
    return saddle.point.energy - min(well.point.energy for well in turn.wells)


def dipole(molecule: Chem.Mol) -> float:
    """Of a molecule's minimum, D."""
    require_functional()
    start = np.asarray(molecule.GetConformer().GetPositions() / 10.0)
    guess = partial(hessian_of, level_of("MMFF94", molecule))
    return functional_dipole(molecule, relax(level_of(_LEVEL, molecule), start, guess).positions)
