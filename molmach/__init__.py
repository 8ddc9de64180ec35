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
    from molmach.build import Assembly, build
    from molmach.build.mirror import mirror
    from molmach.campaign.running import run_campaign
    from molmach.engine import Run
    from molmach.errors import MolmachError
    from molmach.experiment import simulate
    from molmach.run_folder import read_run
    from molmach.scan import scan
    from molmach.score import Estimate, Motion, Score, read_trajectories, score
    from molmach.spec import Campaign, Spec, load, load_campaign

_HOMES = {
    "Assembly": "molmach.build",
    "Campaign": "molmach.spec",
    "Estimate": "molmach.score",
    "MolmachError": "molmach.errors",
    "Motion": "molmach.score",
    "Run": "molmach.engine",
    "Score": "molmach.score",
    "Spec": "molmach.spec",
    "load": "molmach.spec",
    "load_campaign": "molmach.spec",
    "mirror": "molmach.build",
    "open_ledger": "molmach.analysis.ledgers",
    "read_run": "molmach.run_folder",
    "read_trajectories": "molmach.score",
    "run_campaign": "molmach.campaign.running",
    "simulate": "molmach.experiment",
}

__version__ = version("molmach")

__all__ = [
    "Assembly",
    "Campaign",
    "Estimate",
    "MolmachError",
    "Motion",
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
]


def __getattr__(name: str) -> Any:
    if name in (
        "analysis",
        "build",
        "scan",
        "score",
    ):  # all but the first can be called: molmach.callable_package
        return import_module(f"molmach.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'molmach' has no attribute '{name}'")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
