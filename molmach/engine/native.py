"""The ``native`` engine's preparation: one condition as an OpenMM system and integrator on disk.

A condition is a machine under a drive: the claim itself, or one of its controls. Everything that
a worker needs to run its replicas is written into the condition's folder, so that a run that was
killed goes on from its files alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openmm

from molmach import drives, forcefield
from molmach.build import Assembly, RotorAngle
from molmach.engine.integrator import langevin_middle
from molmach.errors import SpecError
from molmach.forcefield import Group
from molmach.spec import Drive, Protocol
from molmach.units import BOLTZMANN, thermal_energy

STEPS_PER_PERIOD = 4.5
"""Fewest steps in the fastest bond vibration's period: step times angular frequency stays below 1.4."""


@dataclass(frozen=True, eq=False)
class Condition:
    """A machine under a drive, ready to run.

    ``label`` names it in seeds and folders: 0 the claim, 1 undriven, 2 mirror.
    """

    name: str
    label: int
    assembly: Assembly
    drive: Drive
    protocol: Protocol
    system: openmm.System
    integrator: openmm.CustomIntegrator


def prepare(name: str, label: int, assembly: Assembly, drive: Drive, protocol: Protocol) -> Condition:
    """Make the OpenMM system and integrator of a condition.

    Raises
    ------
    SpecError
        The time step is too long for the stiffest bond vibration, or for the drive's period.
    """
    field = forcefield.get(protocol.force_field)
    system = field.create_system(
        assembly.molecule,
        hydrogen_mass=protocol.hydrogen_mass,
        constrain_hydrogens=protocol.constraints == "h-bonds",
    )
    _check_timestep(protocol, field.shortest_period(assembly.molecule, system), drive)
    system.addForce(_anchors(assembly, protocol.anchor))
    terms = drives.model(drive).terms(assembly)
    load = drives.load_terms(drive, assembly)
    for force in terms.forces + load.forces:
        system.addForce(force)
    integrator = langevin_middle(
        timestep_ps=protocol.timestep,
        friction_per_ps=protocol.friction,
        thermal_energy=thermal_energy(protocol.temperature),
        schedule=terms.schedule,
        driven=bool(terms.forces),
        loaded=bool(load.forces),
        constrained=system.getNumConstraints() > 0,
    )
    return Condition(name, label, assembly, drive, protocol, system, integrator)


def _anchors(assembly: Assembly, stiffness: float) -> openmm.Force:
    """Harmonic wells, k/2 |r - r0|^2, on the stator's atoms at their built places."""
    force = openmm.CustomExternalForce("0.5*stiffness*((x-x0)^2+(y-y0)^2+(z-z0)^2)")
    force.addGlobalParameter("stiffness", stiffness)
    for name in ("x0", "y0", "z0"):
        force.addPerParticleParameter(name)
    positions = assembly.positions_nm
    for i in assembly.stator:
        force.addParticle(i, positions[i].tolist())
    force.setForceGroup(Group.ANCHOR)
    return force


def _check_timestep(protocol: Protocol, period_ps: float, drive: Drive) -> None:
    longest = period_ps / STEPS_PER_PERIOD
    if protocol.timestep > longest:
        raise SpecError(
            f"protocol.timestep: {protocol.timestep * 1e3:g} fs is too long for the stiffest bond, "
            f"which vibrates with a period of {period_ps * 1e3:.1f} fs; "
            f"expected at most {longest * 1e3:.2f} fs "
            "(constraints: h-bonds, or a hydrogen_mass of 3 u, allow longer steps)"
        )
    frequency = drives.model(drive).frequency
    if frequency is not None and abs(frequency) * 1e-3 * protocol.timestep > 0.05:
        raise SpecError(
            f"drive.frequency: {frequency:g} GHz makes a period of {1e3 / abs(frequency):g} ps, "
            f"fewer than 20 steps of {protocol.timestep * 1e3:g} fs; "
            f"expected at most {50.0 / protocol.timestep:g} GHz"
        )
    if protocol.friction * protocol.timestep > 1.0:
        raise SpecError(
            f"protocol.friction: {protocol.friction:g} /ps relaxes within one step "
            f"of {protocol.timestep * 1e3:g} fs; expected at most {1.0 / protocol.timestep:g} /ps"
        )


def degrees_of_freedom(system: openmm.System) -> int:
    """Coordinates that can move: three an atom, less one a constraint."""
    return 3 * int(system.getNumParticles()) - int(system.getNumConstraints())


def write_condition(condition: Condition, directory: Path, platform: str) -> None:
    """Write all that a worker needs: ``system.xml``, ``integrator.xml``, ``geometry.npz``, ``task.json``.

    ``task.json`` comes last and in one piece; without it the folder is not ready.
    """
    if (directory / "task.json").is_file():
        return
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "system.xml").write_text(openmm.XmlSerializer.serialize(condition.system))
    (directory / "integrator.xml").write_text(openmm.XmlSerializer.serialize(condition.integrator))
    coordinate = RotorAngle.of(condition.assembly)
    np.savez(
        directory / "geometry.npz",
        positions=condition.assembly.positions_nm,
        axle=np.array(coordinate.axle),
        rotor=np.array(coordinate.rotor),
        weights=coordinate.weights,
    )
    protocol = condition.protocol
    task: dict[str, Any] = {
        "platform": platform,
        "temperature": protocol.temperature,
        "sampling_steps": protocol.sampling_steps,
        "frame_samples": protocol.frame_samples,
        "equilibration_samples": protocol.equilibration_samples,
        "samples": protocol.samples,
        "kinetic_unit": 0.5 * degrees_of_freedom(condition.system) * BOLTZMANN,
        "seeds": [
            [int(word >> 1) for word in seeds.generate_state(2)]
            for seeds in np.random.SeedSequence(protocol.seed, spawn_key=(1, condition.label)).spawn(
                protocol.replicas
            )
        ],
    }
    temporary = directory / "task.json.tmp"
    temporary.write_text(json.dumps(task))
    temporary.replace(directory / "task.json")
