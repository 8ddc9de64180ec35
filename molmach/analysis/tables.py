"""Runs and scores as xarray datasets and pandas frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from molmach.analysis.extras import require
from molmach.building import coordinate_of
from molmach.data import Motion, Run
from molmach.scoring import Estimate, Score

if TYPE_CHECKING:
    import pandas
    import xarray

_HISTORIES = {
    "heat": ("kJ/mol", "heat given to the bath since the start"),
    "drive_work": ("kJ/mol", "work of the drive since the start"),
    "load_work": ("kJ/mol", "work of the load since the start"),
    "events": ("1", "the drive's events since the start"),
}
_OF_REPLICAS = {
    "energy_change": ("kJ/mol", "change of the internal energy from first to last sample"),
    "temperature": ("K", "mean kinetic temperature"),
    "intact": ("1", "whether every ring was threaded in every stored frame"),
}


def to_xarray(moving: Run | Motion) -> xarray.Dataset:
    """The history of a run with its controls, or of a motion, as a dataset.

    Parameters
    ----------
    moving
        A run: dimensions ``condition`` (machine, undriven, mirror), ``replica``, ``time`` and, where there
        are, ``follower``; variables named as in :class:`molmach.data.Series`. A motion: ``coordinate`` and
        ``follower_angle`` alone, without conditions.

    Returns
    -------
    xarray.Dataset
        Times in ps, angles in rad (unwrapped), places in nm; every variable has ``units`` and ``long_name``.

    Raises
    ------
    MissingExtraError
        xarray is not installed.
    """
    xarray = require("xarray", "to_xarray")
    if isinstance(moving, Motion):
        return _dataset(xarray, _of_motion(moving), moving.time_ps, list(moving.followers), {})
    runs = {"machine": moving, **moving.controls}
    motions = [_of_motion(Motion.of(run)) for run in runs.values()]
    joined: dict[str, Any] = {}
    for name, (dimensions, _, about) in motions[0].items():
        values = np.stack([motion[name][1] for motion in motions])
        joined[name] = (("condition", *dimensions), values, about)
    for name, (unit, meaning) in _HISTORIES.items():
        values = np.stack([getattr(run.series, name) for run in runs.values()])
        joined[name] = (("condition", "replica", "time"), values, _about(unit, meaning))
    for name, (unit, meaning) in _OF_REPLICAS.items():
        values = np.stack([getattr(run.series, name) for run in runs.values()])
        joined[name] = (("condition", "replica"), values, _about(unit, meaning))
    marks = {
        "name": moving.spec.name,
        "key": moving.spec.key,
        "smiles": moving.assembly.smiles,
        "drive": moving.drive.kind,
        "velocity_unit": f"{coordinate_of(moving.assembly).scale.unit}/ns",
    }
    dataset = _dataset(xarray, joined, moving.series.time_ps, list(moving.assembly.followers), marks)
    return dataset.assign_coords(condition=list(runs))


def _of_motion(motion: Motion) -> dict[str, Any]:
    """Variables as xarray takes them: dimensions, values, attributes."""
    about = _about(motion.scale.own_unit, motion.scale.meaning)
    variables: dict[str, Any] = {"coordinate": (("replica", "time"), motion.coordinate, about)}
    if motion.followers:
        angles = np.stack(list(motion.followers.values()))
        dimensions = ("follower", "replica", "time")
        variables["follower_angle"] = (dimensions, angles, _about("rad", "unwrapped angle"))
    return variables


def _about(unit: str, meaning: str) -> dict[str, str]:
    return {"units": unit, "long_name": meaning}


def _dataset(
    xarray: Any, variables: dict[str, Any], time_ps: Any, followers: list[str], marks: dict[str, str]
) -> Any:
    places: dict[str, Any] = {"time": ("time", time_ps, _about("ps", "time"))}
    if followers:
        places["follower"] = followers
    return xarray.Dataset(variables, coords=places, attrs=marks)


def to_frame(result: Score) -> pandas.DataFrame:
    """A score as a table: a row a quantity, the controls' velocities among them, or what stands for these.

    Returns
    -------
    pandas.DataFrame
        Columns ``condition``, ``quantity``, ``value``, ``low``, ``high`` (the 95 % interval), ``unit`` and
        ``p_value`` (of what the verdict is about, the velocity as a rule, and of each control's judgement);
        verdict, regime, replicas and warnings are its ``attrs``.

    Raises
    ------
    MissingExtraError
        pandas is not installed.
    """
    pandas = require("pandas", "to_frame")
    rows = [_row("machine", name, part) for name, part in result.estimates.items()]
    rows[[row["quantity"] for row in rows].index(result.measure)]["p_value"] = result.p_value
    if result.energy_balance is not None:
        rows.append(_row("machine", "energy_balance", result.energy_balance))
    for name, control in result.controls.items():
        rows.append(_row(name, result.measure, control.measure) | {"p_value": control.p_value})
        for wheel, part in control.followers.items():
            rows.append(_row(name, f"velocity_{wheel}", part.velocity) | {"p_value": part.p_value})
    columns = ["condition", "quantity", "value", "low", "high", "unit", "p_value"]
    frame = pandas.DataFrame(rows, columns=columns)
    frame.attrs = {
        "verdict": result.verdict,
        "controlled": result.controlled,
        "replicas": result.replicas,
        "regime": result.regime,
        "warnings": list(result.warnings),
        "controls_passed": {name: control.passed for name, control in result.controls.items()},
    }
    return frame


def _row(condition: str, quantity: str, estimate: Estimate) -> dict[str, Any]:
    low, high = estimate.ci95
    shown = {"value": estimate.value, "low": low, "high": high, "unit": estimate.unit}
    return {"condition": condition, "quantity": quantity, **shown}
