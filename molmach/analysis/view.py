"""Machines in three dimensions, moving, in a notebook."""

from __future__ import annotations

from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Geometry import Point3D

from molmach.analysis.extras import require
from molmach.building import Assembly
from molmach.building.picture import PART_COLOURS, parts
from molmach.data import Run
from molmach.data.storage import load_trajectory
from molmach.errors import ScoreError
from molmach.report.templates import render

Floats = np.ndarray[Any, np.dtype[np.float64]]

_DARKER = 0.8
"""Drawings have light ground to be read on; bodies in light and shade need more colour."""


def view(
    machine: Run | Assembly,
    *,
    condition: str = "machine",
    replica: int = 0,
    most_frames: int = 100,
    size: tuple[int, int] = (640, 420),
    script: str | None = None,
) -> Any:
    """A view by 3Dmol.js that can be turned and zoomed; of a run with its folder, a film.

    It holds 3Dmol.js itself, half a megabyte, and so needs no network, in a notebook as in a page made of it.
    Rotor or ring amber, followers red, stator blue, axle green, stations violet.

    Parameters
    ----------
    machine
        A run, whose stored frames are shown, or an assembly as built.
    condition
        ``machine``, ``undriven`` or ``mirror`` of a run.
    replica
        Whose frames.
    most_frames
        Frames are thinned to so many.
    size
        Width and height, pixels.
    script
        Address to load 3Dmol.js from in place of the one that the view holds.

    Returns
    -------
    py3Dmol.view
        A notebook shows it as a cell's last value; its own methods change it further.

    Raises
    ------
    ScoreError
        The run has no such condition or replica.
    MissingExtraError
        py3Dmol is not installed.
    """
    py3dmol = require("py3Dmol", "view")
    assembly, frames = _frames(machine, condition, replica, most_frames)
    options = {} if script is None else {"js": script}
    shown = py3dmol.view(width=size[0], height=size[1], **options)
    if script is None:
        shown.startjs = str(render("notebook_viewer.html")) + shown.startjs
    shown.addModelsAsFrames(_records(assembly, frames), "sdf")
    shown.setStyle({}, {"stick": {"radius": 0.12}, "sphere": {"scale": 0.22}})
    for part, atoms in parts(assembly).items():
        if atoms:
            colour = _css(PART_COLOURS[part])
            look = {"stick": {"radius": 0.16, "color": colour}, "sphere": {"scale": 0.26, "color": colour}}
            shown.setStyle({"index": [int(i) for i in atoms]}, look)
    if len(frames) > 1:
        shown.animate({"loop": "forward", "interval": 60})
    shown.zoomTo()
    shown.rotate(-60, "x")  # off the axle, along which the built machine would be seen
    return shown


def _frames(machine: Run | Assembly, condition: str, replica: int, most: int) -> tuple[Assembly, Floats]:
    """The machine and (n_frames, n_atoms, 3) places, nm; as built where no frames are stored."""
    if isinstance(machine, Assembly):
        return machine, machine.positions_nm[None]
    runs = {"machine": machine, **machine.controls}
    if condition not in runs:
        raise ScoreError(f"condition {condition!r}: the run has {', '.join(runs)}")
    assembly = runs[condition].assembly
    if not 0 <= replica < machine.replicas:
        raise ScoreError(f"replica {replica}: the run has 0 to {machine.replicas - 1}")
    if machine.run_dir is None:
        return assembly, assembly.positions_nm[None]
    folder = machine.run_dir if condition == "machine" else machine.run_dir / "controls" / condition
    frames, _ = load_trajectory(folder, replica)
    return assembly, np.asarray(frames[:: max(1, -(-len(frames) // most))], dtype=np.float64)


def _records(assembly: Assembly, frames: Floats) -> str:
    """One SDF record a frame."""
    molecule = Chem.Mol(assembly.molecule)
    conformer = molecule.GetConformer()
    blocks = []
    for places in frames:
        for i, (x, y, z) in enumerate((10.0 * places).tolist()):
            conformer.SetAtomPosition(i, Point3D(x, y, z))
        blocks.append(Chem.MolToMolBlock(molecule, kekulize=False) + "$$$$\n")
    return "".join(blocks)


def _css(colour: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * _DARKER * part):02x}" for part in colour)
