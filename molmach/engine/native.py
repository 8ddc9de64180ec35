"""The ``native`` engine: ordinary OpenMM forces and a custom integrator, on any platform.

One replica a Context on a CPU; on a GPU, which one small molecule would leave idle, many side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openmm
from numpy.typing import NDArray

from molmach.engine.condition import Condition
from molmach.engine.integrator import read_books
from molmach.engine.native_system import packed_system
from molmach.engine.platforms import platform_and_properties
from molmach.engine.stepper import BOOKS, Floats, Samples
from molmach.errors import DivergedError
from molmach.forcefield import Group

_INTERNAL_GROUPS = {int(group) for group in Group if group <= Group.ANCHOR}


def write_native(condition: Condition, copies: int, directory: Path) -> None:
    """Write the systems and integrators of one and of ``copies`` replicas for the workers."""
    for number in {1, copies}:
        system, integrator = packed_system(condition.assembly, condition.drive, condition.protocol, number)
        (directory / f"system-{number}.xml").write_text(openmm.XmlSerializer.serialize(system))
        (directory / f"integrator-{number}.xml").write_text(openmm.XmlSerializer.serialize(integrator))


def _read(path: Path) -> Any:
    return openmm.XmlSerializer.deserialize(path.read_text())


class NativeStepper:
    """Replicas of one condition in one OpenMM Context.

    Parameters
    ----------
    directory
        Where :func:`write_native` wrote.
    platform
        OpenMM platform.
    positions_nm
        (n_atoms, 3) where every replica starts.
    temperature_K
        Of the starting velocities.
    seeds
        (members, 4) random words; the first replica's seed the Context's one stream.
    """

    def __init__(
        self,
        directory: Path,
        platform: str,
        positions_nm: Floats,
        temperature_K: float,
        seeds: Sequence[Sequence[int]],
    ) -> None:
        self._members = len(seeds)
        system = _read(directory / f"system-{self._members}.xml")
        self._integrator = _read(directory / f"integrator-{self._members}.xml")
        noise, velocity = (int(word) >> 1 for word in seeds[0][:2])
        self._integrator.setRandomNumberSeed(noise)
        self._context = openmm.Context(system, self._integrator, *platform_and_properties(platform))
        self._context.setPositions(np.tile(positions_nm, (self._members, 1)))
        self._context.setVelocitiesToTemperature(temperature_K, velocity)
        # A Context gives one energy for all that is in it; single replicas are evaluated in this one.
        single = openmm.VerletIntegrator(0.001)
        self._single = openmm.Context(
            _read(directory / "system-1.xml"), single, openmm.Platform.getPlatform("Reference")
        )

    def present(self) -> Samples:
        """See :class:`molmach.engine.stepper.Stepper`."""
        positions = self._context.getState(getPositions=True).getPositions(asNumpy=True)._value
        return Samples(
            positions.reshape(1, self._members, -1, 3), read_books(self._integrator, self._members)[None]
        )

    def advance(self, samples: int, steps: int) -> Samples:
        """See :class:`molmach.engine.stepper.Stepper`."""
        taken = []
        for _ in range(samples):
            try:
                self._integrator.step(steps)
            except openmm.OpenMMException as error:
                if "NaN" not in str(error):
                    raise
                raise DivergedError(
                    f"{error}; expected a shorter protocol.timestep or a weaker drive"
                ) from error
            taken.append(self.present())
        return Samples(*(np.concatenate(parts) for parts in zip(*taken, strict=True)))

    def internal_energy(self) -> Floats:
        """See :class:`molmach.engine.stepper.Stepper`."""
        now = self._context.getState(getPositions=True, getVelocities=True)
        places = now.getPositions(asNumpy=True)._value.reshape(self._members, -1, 3)
        speeds = now.getVelocities(asNumpy=True)._value.reshape(self._members, -1, 3)
        system = self._single.getSystem()
        masses = np.array([system.getParticleMass(i)._value for i in range(places.shape[1])])
        energies = 0.5 * np.einsum("i,mix->m", masses, speeds**2)
        for member, place in enumerate(places):
            self._single.setPositions(place)
            state = self._single.getState(getEnergy=True, groups=_INTERNAL_GROUPS)
            energies[member] += state.getPotentialEnergy()._value
        return np.asarray(energies)

    def checkpoint(self) -> dict[str, NDArray[np.generic]]:
        """See :class:`molmach.engine.stepper.Stepper`."""
        names = [
            self._integrator.getGlobalVariableName(i) for i in range(self._integrator.getNumGlobalVariables())
        ]
        return {
            "context": np.frombuffer(self._context.createCheckpoint(), dtype=np.uint8),
            "variables": np.array(names),
            "values": np.array([self._integrator.getGlobalVariableByName(name) for name in names]),
            "by_atom": np.array([self._integrator.getPerDofVariableByName(name) for name in self._by_atom]),
        }

    def restore(self, stored: dict[str, NDArray[np.generic]]) -> None:
        """See :class:`molmach.engine.stepper.Stepper`."""
        self._context.loadCheckpoint(stored["context"].tobytes())
        for name, value in zip(stored["variables"].tolist(), stored["values"].tolist(), strict=True):
            self._integrator.setGlobalVariableByName(name, value)
        for name, values in zip(self._by_atom, stored["by_atom"].tolist(), strict=True):
            self._integrator.setPerDofVariableByName(name, [openmm.Vec3(*row) for row in values])

    @property
    def _by_atom(self) -> tuple[str, ...]:
        """Books that checkpoints of OpenMM leave out."""
        return BOOKS if self._members > 1 else ()
