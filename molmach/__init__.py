"""molmach: build, drive, simulate and score molecular machines, with their controls.

    >>> import molmach
    >>> spec = molmach.load("difluorophenylene-rotor", ["protocol.replicas=4", "protocol.duration=20 ps"])
    >>> spec.machine.axle
    (2, 3)
    >>> run = molmach.simulate(spec)  # doctest: +SKIP
    >>> molmach.score(run).velocity  # doctest: +SKIP

Names are imported when they are first used, so that a worker process or a quick command does not
wait for libraries that it never calls.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molmach import analysis
    from molmach.analysis.ledgers import open_ledger
    from molmach.building import Assembly, build
    from molmach.building.mirror import mirror
    from molmach.data import Motion, Run
    from molmach.errors import MolmachError
    from molmach.proposals import Proposals, suggest
    from molmach.scoring import Estimate, Score, read_trajectories, score
    from molmach.search.running import run_campaign
    from molmach.spec import Campaign, Spec, load, load_campaign
    from molmach.studies.run_folder import read_run
    from molmach.studies.scan import scan
    from molmach.studies.simulation import simulate

_HOMES = {
    "Assembly": "molmach.building",
    "Campaign": "molmach.spec",
    "Estimate": "molmach.scoring",
    "MolmachError": "molmach.errors",
    "Motion": "molmach.data",
    "Proposals": "molmach.proposals",
    "Run": "molmach.data",
    "Score": "molmach.scoring",
    "Spec": "molmach.spec",
    "build": "molmach.building",
    "load": "molmach.spec",
    "load_campaign": "molmach.spec",
    "mirror": "molmach.building",
    "open_ledger": "molmach.analysis.ledgers",
    "read_run": "molmach.studies.run_folder",
    "read_trajectories": "molmach.scoring",
    "run_campaign": "molmach.search.running",
    "scan": "molmach.studies.scan",
    "score": "molmach.scoring",
    "simulate": "molmach.studies.simulation",
    "suggest": "molmach.proposals",
}

__version__ = version("molmach")

__all__ = [
    "Assembly",
    "Campaign",
    "Estimate",
    "MolmachError",
    "Motion",
    "Proposals",
    "Run",
    "Score",
    "Spec",
    "analysis",
    "build",
    "load",
    "load_campaign",
    "mirror",
    "open_ledger",
    "read_run",
    "read_trajectories",
    "run_campaign",
    "scan",
    "score",
    "simulate",
    "suggest",
]


def __getattr__(name: str) -> Any:
    if name == "analysis":
        return import_module("molmach.analysis")
    if name not in _HOMES:
        raise AttributeError(f"module 'molmach' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
