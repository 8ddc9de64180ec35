"""What a simulation will take, before it is started."""

from __future__ import annotations

import math

import numpy as np
from rdkit import Chem

from molmach.spec import Spec

_ATOMS = (16.0, 51.0, 106.0)
_MICROSECONDS = (0.25, 1.5, 5.0)
"""Microseconds a step and replica of a core in the compiled engine for so many atoms, rounded up
(``molmach bench``)."""

_START = 20.0
"""Core seconds to import, build, choose an engine and write a report; the first run of an installation
compiles its kernels beside, which takes a minute or two."""


def simulation_seconds(spec: Spec, conditions: int) -> float | None:
    """Core seconds of a simulation; None of a machine that is not made of molecules.

    Parameters
    ----------
    spec
        The machine with its protocol.
    conditions
        How often it is run: the claim, and each control.
    """
    atoms = 0
    for smiles in spec.machine.parts:
        molecule = Chem.MolFromSmiles(smiles)
        if molecule is None:
            return None
        atoms += Chem.AddHs(molecule).GetNumAtoms()
    if not atoms:
        return None
    protocol = spec.protocol
    steps = (protocol.duration + (protocol.equilibration or 0.0)) / protocol.timestep
    cost = math.exp(float(np.interp(math.log(atoms), np.log(_ATOMS), np.log(_MICROSECONDS))))
    cost *= max(1.0, atoms / _ATOMS[-1]) ** 1.5
    return float(_START + 1e-6 * cost * steps * protocol.replicas * conditions)
