"""Machines in three dimensions, moving, in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Geometry import Point3D

from molmach.analysis.extras import require
from molmach.build import Assembly
from molmach.build.picture import (
    AXLE_COLOUR,
    FOLLOWER_COLOUR,
    ROTOR_COLOUR,
    STATION_COLOUR,
    STATOR_COLOUR,
)
from molmach.engine import Run
from molmach.errors import ScoreError

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
        Address of 3Dmol.js where a notebook can't reach the one on the network.

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
    shown.addModelsAsFrames(_records(assembly, frames), "sdf")
    shown.setStyle({}, {"stick": {"radius": 0.12}, "sphere": {"scale": 0.22}})
    for colour, atoms in _roles(assembly):
        if atoms:
            look = {"stick": {"radius": 0.16, "color": colour}, "sphere": {"scale": 0.26, "color": colour}}
            shown.setStyle({"index": atoms}, look)
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
    return assembly, _stored(folder, replica, most)


def _stored(folder: Path, replica: int, most: int) -> Floats:
    import mdtraj  # slow to import

    name = "trajectory.xtc" if replica == 0 else f"trajectory-{replica}.xtc"
    try:
        xyz = mdtraj.load(str(folder / name), top=str(folder / "topology.pdb")).xyz
    except (OSError, ValueError) as error:
        raise ScoreError(f"{folder / name}: can't be read ({error})") from error
    return np.asarray(xyz[:: max(1, -(-len(xyz) // most))], dtype=np.float64)


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


def _roles(assembly: Assembly) -> list[tuple[str, list[int]]]:
    """Colours and the atoms that have them; later ones are painted over earlier ones."""
    followers = [i for wheel in assembly.followers.values() for i in wheel.atoms]
    places = assembly.track.stations if assembly.track is not None else {}
    stations = [i for atoms in places.values() for i in atoms]
    parts = (
        (STATOR_COLOUR, assembly.stator),
        (ROTOR_COLOUR, assembly.rotor),
        (FOLLOWER_COLOUR, followers),
        (STATION_COLOUR, stations),
        (AXLE_COLOUR, assembly.axle),
    )
    return [(_css(colour), [int(i) for i in atoms]) for colour, atoms in parts]


def _css(colour: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(255 * _DARKER * part):02x}" for part in colour)
