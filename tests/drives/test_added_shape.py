"""A drive that brings the shape of its switched energy itself, installed as the package of somebody else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.helpers.documents import ROOT

Script = Callable[[str], Any]

_SOURCE = '''
import math
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from molmach.drives import AchiralDrive, DriveTerms
from molmach.drives.base import Clock, Switch, SwitchedTerm
from molmach.drives.stations import Affinities, StationDriven, wells
from molmach.spec import fields


@dataclass(frozen=True)
class Lorentzian:
    """1 / (1 + d^2 / width^2), d the distance of two groups' centroids, nm."""

    ring: tuple[int, ...]
    site: tuple[int, ...]
    width: float

    def level(self, positions_nm):
        ring, site = (positions_nm[..., list(group), :].mean(axis=-2) for group in (self.ring, self.site))
        return 1.0 / (1.0 + np.sum((ring - site) ** 2, axis=-1) / self.width**2)

    def power(self, reach):
        return 0.0

    def openmm_force(self, amplitude, offset):
        import openmm

        expression = f"{amplitude}/(1+distance(g1,g2)^2*{self.width**-2!r})"
        force = openmm.CustomCentroidBondForce(2, expression)
        for group in (self.ring, self.site):
            force.addGroup([offset + i for i in group], [1.0] * len(group))
        force.addBond([0, 1], [])
        return force

    def groups(self):
        return self.ring, self.site

    def numbers(self):
        return (self.width**-2,)

    @staticmethod
    def compiled():
        return _compiled()


@cache
def _compiled():
    from molmach.lanes.compiler import compiled
    from molmach.lanes.functions import dot
    from molmach.lanes.memory import add3, load3
    from molmach.lanes.types import LANES, load, splat, store

    @compiled
    def centroid(high, atoms, first, last):
        x = y = z = splat(0.0)
        for a in range(first, last):
            u, v, w = load3(high, atoms[a])
            x, y, z = x + u, y + v, z + w
        share = np.float32(1.0 / (last - first))
        return share * x, share * y, share * z

    @compiled
    def spread(force, atoms, first, last, x, y, z):
        share = np.float32(1.0 / (last - first))
        for a in range(first, last):
            add3(force, atoms[a], share * x, share * y, share * z)

    @compiled
    def add_forces(atoms, starts, numbers, high, force, amplitude, level, room):
        rx, ry, rz = centroid(high, atoms, starts[0], starts[1])
        sx, sy, sz = centroid(high, atoms, starts[1], starts[2])
        dx, dy, dz = rx - sx, ry - sy, rz - sz
        store(room, 0, dot(dx, dy, dz, dx, dy, dz))
        for lane in range(LANES):
            level[lane] = 1.0 / (1.0 + numbers[0] * room[0, lane])
            room[1, lane] = 2.0 * numbers[0] * amplitude[lane] * level[lane] * level[lane]
        push = load(room, 1)
        spread(force, atoms, starts[0], starts[1], push * dx, push * dy, push * dz)
        spread(force, atoms, starts[1], starts[2], -(push * dx), -(push * dy), -(push * dz))

    return add_forces


class Lorentz(StationDriven):
    """Lorentzian wells that a clock switches between two depths.

    Attributes
    ----------
    stations
        Name -> [off, on], kJ/mol.
    period
        ps.
    """

    kind: Literal["lorentz"]
    stations: Affinities
    period: fields.Time


class LorentzModel(AchiralDrive):
    spec = Lorentz
    events = "throw"
    period_key = "period"

    def terms(self, assembly, thermal_energy):
        shapes = wells(assembly, "stations", self.drive.stations, self.drive.width)
        return DriveTerms(
            switches=(Switch(clock=Clock(self.drive.period, 0.5)),),
            switched=tuple(
                SwitchedTerm(Lorentzian(w.ring, w.site, w.width), 0, *self.drive.stations[name])
                for name, of_rings in shapes.items()
                for w in of_rings
            ),
        )

    def undriven(self):
        return self.drive.model_copy(update={"period": math.inf, "load": 0.0})
'''

_PREPARE = """
import json
import numpy as np
import openmm
from molmach import drives, engine
from molmach.building import build
from molmach.engine.batched import BatchedStepper, Inputs
from molmach.engine.native_forces import amplitude
from molmach.spec import load
OFF, ON = -40.0, 25.0
spec = load("catenane-motor", [
    "drive={kind: lorentz, stations: {site-a: [-40 kJ/mol, 25 kJ/mol]}, width: 0.3 nm, period: 0.8 ps}",
    "protocol.friction=1e-20 /ps", "protocol.replicas=2", "protocol.sampling=0.4 ps", "protocol.frames=4 ps",
    "protocol.duration=8 ps", "protocol.equilibration=0.4 ps",
])
assembly = build(spec)
condition = engine.prepare("claim", 0, assembly, spec.drive, spec.protocol)
(term,) = [t for t in drives.terms(spec.drive, assembly, 2.5).switched if t.switch == 0]
def native():
    context = openmm.Context(condition.system, condition.integrator, openmm.Platform.getPlatform("Reference"))
    return context
def stepper(lanes=1):
    return BatchedStepper(Inputs.of([condition]), [0] * lanes, np.full((lanes, 4), 7, dtype=np.uint32))
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Script:
    """Runs a script in a process that finds the package, and reads the JSON that it prints last."""
    folder = tmp_path_factory.mktemp("lorentz")
    (folder / "their_lorentz.py").write_text(_SOURCE, encoding="utf-8")
    record = folder / "lorentz-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Metadata-Version: 2.1\nName: lorentz\nVersion: 1.0\n")
    (record / "entry_points.txt").write_text("[molmach.drives]\nlorentz = their_lorentz:LorentzModel\n")
    environment = {
        **os.environ,
        "PYTHONPATH": f"{folder}:{ROOT}",
        "NUMBA_CACHE_DIR": str(folder / "cache"),
    }

    def run(script: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-c", _PREPARE + script],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.mark.slow
def test_both_engines_have_its_forces_which_are_the_slope_of_its_energy(python: Script) -> None:
    """At shaken places: all forces of the kernel are OpenMM's, and those of the shape its numerical gradient."""
    found = python("""
rng = np.random.default_rng(2)
x = assembly.positions_nm + rng.normal(0.0, 0.003, assembly.positions_nm.shape)
ours = stepper().context_forces(x[None], 0.0)
context = native()
context.setPositions(x)
def forces(size):
    context.setParameter(amplitude(0), size)
    state = context.getState(getForces=True, getEnergy=True)
    return state.getPotentialEnergy()._value, state.getForces(asNumpy=True)._value
energy, theirs = forces(OFF)
bare_energy, bare = forces(0.0)
slope = np.zeros_like(x)
for place in np.ndindex(*x.shape):
    step = np.zeros_like(x)
    step[place] = 1e-5
    slope[place] = OFF * (term.shape.level(x + step) - term.shape.level(x - step)) / 2e-5
print(json.dumps({
    "forces": float(np.abs(ours[1] - theirs).max()), "scale": float(np.abs(theirs).max()),
    "energy": [ours[0], energy], "shape_energy": [energy - bare_energy, OFF * float(term.shape.level(x))],
    "slope": float(np.abs(slope + theirs - bare).max()), "slope_scale": float(np.abs(slope).max()),
}))
""")
    assert found["forces"] < 1e-5 * found["scale"]
    assert found["energy"][0] == pytest.approx(found["energy"][1], rel=1e-5)
    assert found["shape_energy"][0] == pytest.approx(found["shape_energy"][1], rel=1e-6)
    assert found["slope_scale"] > 1.0
    assert found["slope"] < 1e-5 * found["slope_scale"]
