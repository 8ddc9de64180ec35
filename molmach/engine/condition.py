"""A condition: a machine under a drive, checked and ready to run. The claim is one, each control another."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from molmach import drives, forcefield
from molmach.building import Assembly, coordinate_of
from molmach.drives import DriveTerms
from molmach.errors import SpecError
from molmach.forcefield import Particles
from molmach.spec import Drive, Protocol
from molmach.spec.registered import MACHINES, faulty
from molmach.theory import longest_middle_step, middle_scheme_speed
from molmach.units import thermal_energy

if TYPE_CHECKING:
    import openmm

STEPS_PER_PERIOD = 4.5
"""Fewest steps in the fastest bond vibration's period: step times angular frequency stays below 1.4."""


SPEED_TOLERANCE = 0.02
"""Share by which friction and time step together may speed drift and diffusion up."""

MOST_CHANCE = 0.1
"""Largest chance that a switch is thrown in one step."""


@dataclass(frozen=True, eq=False)
class Condition:
    """A machine under a drive.

    ``label`` names it in seeds and folders: 0 the claim, 1 undriven, 2 mirror. Replicas start from
    ``start``, (n_atoms, 3) nm, or where that is None from the structures that
    :func:`molmach.engine.starting.parts_of` gives. A part of a condition has the replicas from number
    ``first_replica`` on; they start in the shape of that number, and their coordinate is that of the machine
    ``measured_by`` (None: of ``assembly``).
    """

    name: str
    label: int
    assembly: Assembly
    drive: Drive
    protocol: Protocol
    particles: Particles
    start: NDArray[np.float64] | None = None
    first_replica: int = 0
    shape: int = 0
    measured_by: Assembly | None = None

    @property
    def places(self) -> NDArray[np.float64]:
        """(n_atoms, 3) where replicas start, nm; anchors are at the built structure's places."""
        return self.assembly.positions_nm if self.start is None else self.start

    @property
    def masses(self) -> NDArray[np.float64]:
        """(n_atoms,) masses as simulated, u."""
        return self.particles.masses

    @property
    def degrees_of_freedom(self) -> int:
        """Coordinates of one replica that can move: three an atom, less one a constraint."""
        return self.particles.degrees_of_freedom

    @property
    def system(self) -> openmm.System:
        """One replica's, for the ``native`` engine; made when first asked for."""
        return self._native[0]

    @property
    def integrator(self) -> openmm.CustomIntegrator:
        """What moves :attr:`system` on, made with it."""
        return self._native[1]

    @cached_property
    def _native(self) -> tuple[openmm.System, openmm.CustomIntegrator]:
        from molmach.engine.native_system import packed_system

        return packed_system(self.assembly, self.drive, self.protocol, 1)

    def seeds(self) -> NDArray[np.uint32]:
        """(n_replicas, 4) random words, the seeds of each replica."""
        root = np.random.SeedSequence(self.protocol.seed, spawn_key=(1, self.label))
        children = root.spawn(self.first_replica + self.protocol.replicas)[self.first_replica :]
        return np.array([child.generate_state(4) for child in children])

    def with_replicas(self, first: int, count: int) -> Condition:
        """The same with other replicas: so many from number ``first`` on, each with its own seeds."""
        protocol = self.protocol.model_copy(update={"replicas": count})
        return replace(self, protocol=protocol, first_replica=first)


def prepare(name: str, label: int, assembly: Assembly, drive: Drive, protocol: Protocol) -> Condition:
    """Check a condition and what it is made of.

    Raises
    ------
    SpecError
        The time step is too long for the stiffest bond vibration, or for the drive's period; or the
        coordinate has no value at the built structure.
    ForceFieldError
        The force field has no parameters for the machine.
    """
    _check_coordinate(assembly)
    field = forcefield.get(protocol.force_field)
    particles = field.particles(
        assembly.molecule,
        hydrogen_mass=protocol.hydrogen_mass,
        constrain_hydrogens=protocol.constraints == "h-bonds",
    )
    _check_timestep(protocol, field.shortest_period(assembly.molecule, particles), drive, assembly)
    return Condition(name, label, assembly, drive, protocol, particles)


def _check_coordinate(assembly: Assembly) -> None:
    """It gives one number to each of any positions, those of one structure as those of several."""
    coordinate = coordinate_of(assembly)
    for shape in ((), (2,)):
        positions = np.broadcast_to(assembly.positions_nm, (*shape, *assembly.positions_nm.shape)).copy()
        values = np.asarray(coordinate(positions))
        if values.shape != shape or not np.isfinite(values).all():
            raise faulty(
                MACHINES,
                assembly.kind,
                f"its coordinate {type(coordinate).__name__} gives {values.tolist()} of shape {values.shape} "
                f"for {positions.shape} positions; expected finite values of shape {shape}",
            )


def _check_timestep(protocol: Protocol, period_ps: float, drive: Drive, assembly: Assembly) -> None:
    longest = period_ps / STEPS_PER_PERIOD
    if protocol.timestep > longest:
        raise SpecError(
            f"protocol.timestep: {protocol.timestep * 1e3:g} fs is too long for the stiffest bond, "
            f"which vibrates with a period of {period_ps * 1e3:.1f} fs; "
            f"expected at most {longest * 1e3:.2f} fs{_longer_steps(protocol, assembly)}"
        )
    model = drives.model(drive)
    frequency = model.frequency
    if frequency is not None and abs(frequency) * 1e-3 * protocol.timestep > 0.05:
        raise SpecError(
            f"{_place(model.frequency_key)}: {frequency:g} GHz makes a period of "
            f"{1e3 / abs(frequency):g} ps, fewer than 20 steps of {protocol.timestep * 1e3:g} fs; "
            f"expected at most {50.0 / protocol.timestep:g} GHz"
        )
    terms = drives.terms(drive, assembly, thermal_energy(protocol.temperature))
    _check_chances(protocol, terms, _place(model.period_key))
    _check_friction(protocol)


def _check_friction(protocol: Protocol) -> None:
    """Motion in a bath of strong friction must come out at its own speed, not at the scheme's."""
    friction, timestep = protocol.friction, protocol.timestep
    speed = middle_scheme_speed(friction, timestep)
    if speed - 1.0 > SPEED_TOLERANCE:
        longest = longest_middle_step(friction, SPEED_TOLERANCE)
        raise SpecError(
            f"protocol.friction: with {friction:g} /ps and steps of {timestep * 1e3:g} fs drift and "
            f"diffusion are {100.0 * (speed - 1.0):.1f} % too fast; expected a protocol.timestep of at most "
            f"{math.floor(longest * 1e5) / 1e2:g} fs for an error below {100.0 * SPEED_TOLERANCE:g} %, "
            f"or at most {math.floor(10.0 * longest * friction / timestep) / 10.0:g} /ps"
        )


def _longer_steps(protocol: Protocol, assembly: Assembly) -> str:
    """What would allow longer steps: to fix the bonds of light atoms, or to make these heavier."""
    if all(atom.GetAtomicNum() != 1 for atom in assembly.molecule.GetAtoms()):
        return ""
    means = [] if protocol.constraints == "h-bonds" else ["constraints: h-bonds"]
    means += [] if protocol.hydrogen_mass else ["a hydrogen_mass of 3 u"]
    return f" ({' or '.join(means)} may allow longer steps)" if means else ""


def _place(entry: str | None) -> str:
    """Where an entry of the drive's section stands in the machine file."""
    return "drive" if entry is None else f"drive.{entry}"


def _check_chances(protocol: Protocol, terms: DriveTerms, period: str) -> None:
    """A switch passes a channel with its rate times the step, which must stay a small chance.

    ``period`` is where a clock's period stands in the machine file.
    """
    for switch in terms.switches:
        for chances in ([c.on_rate for c in switch.channels], [c.off_rate for c in switch.channels]):
            if sum(chances) * protocol.timestep > MOST_CHANCE:
                raise SpecError(
                    f"drive: a switch is thrown at up to {sum(chances):.3g} /ps, too quick for steps of "
                    f"{protocol.timestep * 1e3:g} fs; "
                    f"expected at most {MOST_CHANCE / protocol.timestep:.3g} /ps"
                )
        if switch.clock is not None and switch.clock.period < 20 * protocol.timestep:
            raise SpecError(
                f"{period}: {switch.clock.period:g} ps is fewer than 20 steps of "
                f"{protocol.timestep * 1e3:g} fs; expected at least {20 * protocol.timestep:g} ps"
            )
