"""What a language model may ask while it thinks: of designs and molecules; nothing is written or run."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from rdkit import Chem
from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors

from molmach.agents.talking.answers import IdeaError, design_of
from molmach.agents.talking.briefing import ranked, row
from molmach.search import View

_LONGEST = 3000
"""Characters of an answer."""

_LONGEST_SMILES = 500
_MOST_ROWS = 20


def tools_of(view: View, objectives: list[dict[str, Any]]) -> list[Callable[..., str]]:
    """The tools, functions with docstrings that the model reads; whatever is wrong is said in words."""

    def check_design(changes: dict[str, Any], base: int = 0) -> str:
        """Whether a change of a trial's machine is one that nobody has proposed, its molecule, and what
        theory expects of it (an estimate, no measurement). base: number of the trial, 0 for the best."""
        try:
            design = design_of(view, base, changes)
        except IdeaError as error:
            return _said({"problem": str(error)})
        if not view.space.is_machine(design):
            return _said({"problem": "this breaks a constraint of the space, or is no machine"})
        machine = view.space.resolve(design)
        told: dict[str, Any] = {"smiles": machine.smiles, "new": machine.key not in view.taken}
        if view.theory is not None:
            (mean,), (sd,) = view.theory.of([design], most=1)
            if math.isfinite(mean):
                told["theory"] = {
                    "value": objectives[0]["sign"] * float(f"{mean:.4g}"),
                    "sd": float(f"{sd:.2g}"),
                }
        return _said(told)

    def describe_molecule(smiles: str) -> str:
        """Formula, weight, rings, bonds that turn and polar surface of a molecule, from its SMILES."""
        molecule = (
            Chem.MolFromSmiles(smiles) if isinstance(smiles, str) and len(smiles) <= _LONGEST_SMILES else None
        )
        if molecule is None:
            return _said(
                {"problem": f"no SMILES that RDKit can read, of at most {_LONGEST_SMILES} characters"}
            )
        return _said(
            {
                "smiles": Chem.MolToSmiles(molecule),
                "formula": rdMolDescriptors.CalcMolFormula(molecule),
                "weight_u": round(Descriptors.MolWt(molecule), 2),
                "rings": rdMolDescriptors.CalcNumRings(molecule),
                "rotatable_bonds": rdMolDescriptors.CalcNumRotatableBonds(molecule),
                "log_p": round(Crippen.MolLogP(molecule), 2),
            }
        )

    def read_history(most: int = 10, latest: bool = False) -> str:
        """Trials with their values and 95 % intervals: the best ones, or the latest."""
        count = min(max(int(most), 1), _MOST_ROWS)
        trials = list(view.known[-count:]) if latest else ranked(view)[:count]
        return _said({"trials": [row(view, trial, objectives) for trial in trials]})

    return [check_design, describe_molecule, read_history]


def _said(content: dict[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False)[:_LONGEST]
