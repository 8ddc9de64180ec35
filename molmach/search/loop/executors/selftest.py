"""What a computer says of itself before it is given work: its code, and what a tiny simulation comes to."""

from __future__ import annotations

import hashlib
import pickle
from functools import cache
from typing import Any

from molmach.errors import MolmachError
from molmach.identity import identity
from molmach.search.loop.evaluations import Task, code_of_task
from molmach.spec import loads
from molmach.studies.simulation import simulate_here

_MACHINE = """
name: self-test
machine:
  kind: rotor
  smiles: "[CH:1]#[C:2]c1ccc([C:3]#[CH:4])c(F)c1F"
  axle: [2, 3]
  stator: [1, 2, 3, 4]
drive:
  kind: rotating_field
  field: 1 V/nm
  frequency: 50 GHz
protocol:
  replicas: 2
  duration: 0.4 ps
  equilibration: 0 ps
  sampling: 0.02 ps
  frames: 0.2 ps
  seed: 1
"""


@cache
def self_test() -> str:
    """sha256, hexadecimal, of the motion and the energy books of a machine that is built and simulated here.

    It takes a quarter of a second where the kernels are compiled. Who gets another number computes other
    numbers from the same files, whatever the reason.
    """
    series = simulate_here(loads(_MACHINE, "self-test")).series
    digest = hashlib.sha256()
    for array in (series.coordinate, series.heat, series.drive_work):
        digest.update(array.tobytes())
    return digest.hexdigest()


def said_of(task: Task | None, wanted: str = "") -> dict[str, Any]:
    """The identity of the code by which a task is done here, and the self-test; in plain values.

    Parameters
    ----------
    task
        One of those to come, whose plug-ins count; None for molmach alone.
    wanted
        The digest that the code should have: one that has another makes no self-test. '' for any.

    Raises
    ------
    MolmachError
        A plug-in that the task names is not there.
    """
    code = _code(task)
    return {"identity": code.to_json(), "check": self_test() if wanted in ("", code.digest) else ""}


def _code(task: Task | None) -> Any:
    if task is None:
        return identity()
    try:
        return code_of_task(task)
    except MolmachError:
        if ".py:" in task.use:
            raise
        return identity()  # an evaluation of one's own that nobody has registered


def packed(task: Task | None) -> bytes:
    """A task as it is sent to a computer that may have no molmach to unpack it."""
    return pickle.dumps(task)


def unpacked(content: bytes) -> Task | None:
    """The task that :func:`packed` has packed."""
    task: Task | None = pickle.loads(content)
    return task
