"""Folders of finished runs whose motion is made by hand, so that what they claim and how they differ is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molmach import build, drives, load
from molmach.building import mirror
from molmach.data import Trajectories
from molmach.scoring import score
from molmach.studies import run_folder
from molmach.units import TURN
from tests.helpers.machines import ROTOR
from tests.helpers.runs import run_of, series_of

_SAMPLES, _STEP_PS = 200, 0.1


def turning_run(
    folder: Path,
    velocity: float,
    *,
    replicas: int = 8,
    seed: int = 1,
    changes: Mapping[str, str] | None = None,
) -> Path:
    """A run of the tests' rotor at a mean velocity, turn/ns, with two controls that agree.

    Replicas spread normally by 1 turn/ns, by a seed of their own. The folder has what ``molmach simulate``
    writes, but for its pictures.
    """
    spec = load(ROTOR, [f"{key}={value}" for key, value in (changes or {}).items()])
    assembly, rng = build(spec), np.random.default_rng(seed)
    time = np.arange(_SAMPLES, dtype=np.float64) * _STEP_PS

    def turning(mean: float) -> NDArray[np.float64]:
        slopes = mean + rng.standard_normal(replicas)
        motion = np.outer(slopes * TURN * 1e-3, time) + 0.01 * rng.standard_normal((replicas, _SAMPLES))
        return np.asarray(motion, dtype=np.float64)

    run = run_of(spec, assembly, series_of(time, turning(velocity)))
    still = replace(run, drive=drives.undriven(spec.drive), series=series_of(time, turning(0.0)))
    image = run_of(spec, mirror(assembly), series_of(time, turning(-velocity)))
    run = replace(
        run, controls={"undriven": still, "mirror": replace(image, drive=drives.mirror(spec.drive))}
    )
    frames = np.repeat(assembly.positions_nm[None, None], 2, axis=1).astype(np.float32)
    stored = Trajectories(frames, np.array([0.0, 1.0]))
    folder.mkdir(parents=True)
    run_folder.write_run(run, dict.fromkeys(("claim", "undriven", "mirror"), stored), folder)
    origin = {
        "key": spec.key,
        "seed": 1,
        "engine": "native",
        "platform": "Reference",
        "versions": {"molmach": "1"},
    }
    run_folder.write_document(run_folder.result_document(run, score(run), origin), folder)
    return folder
