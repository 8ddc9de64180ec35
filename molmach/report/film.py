"""What the page's viewer shows: the stored frames of one replica, and what drives it in each."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molmach import drives
from molmach.building import Assembly, coordinate_of, parts
from molmach.building.assembly import MASS
from molmach.data import Run
from molmach.data.storage import load_trajectory
from molmach.units import TURN, thermal_energy

MOST_FRAMES = 201
_MOST_NUMBERS = 750_000
"""Coordinates in a film; each takes 8/3 bytes of the page."""

_STRIDE_JUMP = 0.25
"""Turns between two frames beyond which a turning wheel no longer looks like one."""

_LOOP_SECONDS = 10.0
_RATES = (4.0, 20.0)
"""Frames a second at least and at most."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Film:
    """Frames of one replica.

    Attributes
    ----------
    replica
        Its number, from 0.
    positions_nm
        (n_frames, n_atoms, 3) coordinates, nm.
    time_ps
        (n_frames,) times in the measured part.
    motion
        (n_frames,) turns or nm since the measured part's start.
    field
        (n_frames, 3) the drive's field as a share of its greatest strength; None where it has none.
    events
        What a drive that acts by events has spent by each frame, in words and (n_frames,) numbers.
    """

    replica: int
    positions_nm: NDArray[np.float32]
    time_ps: Floats
    motion: Floats
    field: Floats | None
    events: tuple[str, Floats] | None

    @property
    def frames_a_second(self) -> float:
        """At which it is played."""
        return float(np.clip(round(self.time_ps.size / _LOOP_SECONDS), *_RATES))


def film_of(run: Run, directory: Path) -> Film:
    """The film of a run whose trajectories are in ``directory``.

    It shows the replica whose net motion is nearest to the mean. Where the run has more frames than a
    page can hold, every second or third and so on is shown if the machine turns slowly enough, else
    those from the start.

    Raises
    ------
    ScoreError
        The trajectory is missing or damaged.
    """
    series, scale = run.series, coordinate_of(run.assembly).scale
    coordinate = series.coordinate - series.coordinate[:, :1]
    motion = coordinate / scale.unit_size
    replica = int(np.argmin(np.abs(motion[:, -1] - motion[:, -1].mean())))
    positions, time_ps = load_trajectory(directory, replica)
    samples = np.rint(time_ps / run.spec.protocol.sampling).astype(np.intp)
    most = int(np.clip(_MOST_NUMBERS // (3 * positions.shape[1]), 2, MOST_FRAMES))
    around = np.zeros(samples.size) if scale.period is None else coordinate[replica, samples] / scale.period
    kept = _kept(around, most)
    samples = samples[kept]
    counted = drives.model(run.drive).event_count
    return Film(
        replica,
        positions[kept],
        time_ps[kept],
        motion[replica, samples],
        _field(run, time_ps[kept]),
        None if counted is None else (counted, series.events[replica, samples]),
    )


def _kept(turns: Floats, most: int) -> NDArray[np.intp]:
    """Numbers of at most ``most`` evenly spaced frames between which the machine can be seen to turn."""
    frames = np.arange(turns.size)
    stride = -(-turns.size // most)
    while stride > 1 and np.quantile(np.abs(np.diff(turns[::stride])), 0.95) > _STRIDE_JUMP:
        stride -= 1
    return frames[::stride][:most]


def _field(run: Run, time_ps: Floats) -> Floats | None:
    protocol = run.spec.protocol
    terms = drives.terms(run.drive, run.assembly, thermal_energy(protocol.temperature))
    if not terms.has_field:
        return None
    period_ps = TURN / (abs(terms.angular_frequency) or 1.0)
    over_a_period = np.linalg.norm(terms.field_at(np.linspace(0.0, period_ps, 360)), axis=-1)
    started = protocol.equilibration_samples * protocol.sampling
    return np.asarray(terms.field_at(time_ps + started) / over_a_period.max())


def parts_of_atoms(assembly: Assembly) -> list[str]:
    """Each atom's part, as :func:`molmach.building.parts` names them, or ``rest``.

    Atoms that have none take that of the heavy atom that they are bonded to, and in an interlocked
    machine those of the track's molecule belong to the ``axle``.
    """
    named = ["rest"] * assembly.molecule.GetNumAtoms()
    for part, atoms in parts(assembly).items():
        for atom in atoms:
            named[atom] = part
    if assembly.track is not None:
        for molecule in Chem.GetMolFrags(assembly.molecule):
            if assembly.track.path[0] in molecule:
                named = ["axle" if p == "rest" and i in molecule else p for i, p in enumerate(named)]
    for atom in assembly.molecule.GetAtoms():
        if atom.GetAtomicNum() == 1 and named[atom.GetIdx()] == "rest":
            named[atom.GetIdx()] = named[atom.GetNeighbors()[0].GetIdx()]
    return named


def to_json(film: Film, assembly: Assembly) -> dict[str, Any]:
    """A film as the page's script reads it.

    Coordinates are 16-bit integers, little-endian, in base64: times ``step`` they are angstrom.
    """
    angstrom = 10.0 * film.positions_nm.astype(np.float64)
    step = max(float(np.abs(angstrom).max()) / 32767.0, 1e-3)
    coordinates = np.rint(angstrom / step).astype("<i2")
    molecule = assembly.molecule
    return {
        "elements": ["bead" if atom.HasProp(MASS) else atom.GetSymbol() for atom in molecule.GetAtoms()],
        "parts": parts_of_atoms(assembly),
        "bonds": [[bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()] for bond in molecule.GetBonds()],
        "frames": len(angstrom),
        "rate": film.frames_a_second,
        "axial": not assembly.axle,
        "coordinates": base64.b64encode(coordinates.tobytes()).decode(),
        "step": step,
        "time": np.round(film.time_ps, 6).tolist(),
        "motion": np.round(film.motion, 4).tolist(),
        "unit": coordinate_of(assembly).scale.unit,
        "field": None if film.field is None else np.round(film.field, 4).tolist(),
        "events": None
        if film.events is None
        else {"name": film.events[0], "counts": film.events[1].tolist()},
    }
