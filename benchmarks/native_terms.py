"""What each MMFF94 term costs in the ``native`` engine, and what its form saves.

    .venv/bin/python benchmarks/native_terms.py [SYSTEM]

Microseconds per evaluation of one term's forces on OpenMM's Reference platform, one thread, median of
seven rounds, the empty step taken off. Stretch-bend and out-of-plane stand beside the same terms as one
would write them first, with OpenMM's ``distance()``, ``angle()`` and ``dihedral()``, three out-of-plane
terms a centre; energies and forces of both forms are compared before anything is timed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from statistics import median

import numpy as np
import openmm

from molmach import forcefield
from molmach.building import Assembly, build
from molmach.cli.bench import standard_machines
from molmach.forcefield import Group
from molmach.forcefield.mmff94_parameters import parameters_of
from molmach.forcefield.system import create_system
from molmach.forcefield.terms import Terms
from molmach.spec import load

ROUNDS = 7
STEPS = 2000

STRETCH_BEND = "(k_ij*(distance(p1,p2)-r0_ij)+k_kj*(distance(p3,p2)-r0_kj))*(angle(p1,p2,p3)-theta0)"
WILSON_ANGLE = "k*asin(sin(angle(p3,p2,p4))*sin(dihedral(p1,p2,p3,p4)))^2"


def main() -> None:
    """Print the table."""
    spec = load(sys.argv[1]) if len(sys.argv) > 1 else standard_machines()[1]
    assembly = build(spec)
    parameters = parameters_of(assembly.molecule, "MMFF94")
    trials = {"empty": _context(assembly, [])}
    system = create_system(forcefield.get("MMFF94"), assembly.molecule)
    for group in Group:
        forces = [force for force in system.getForces() if force.getForceGroup() == group]
        if forces:
            trials[group.name.lower()] = _context(assembly, [openmm.XmlSerializer.clone(f) for f in forces])
    for name, expression, terms in (
        ("stretch_bend", STRETCH_BEND, parameters.stretch_bend),
        ("out_of_plane", WILSON_ANGLE, parameters.out_of_plane),
    ):
        first = trials[f"{name}, first form"] = _context(assembly, [_compound(expression, terms)])
        _check_equal(first, trials[name])
    times: dict[str, list[float]] = {name: [] for name in trials}
    for _ in range(ROUNDS):
        for name, context in trials.items():
            started = time.perf_counter()
            context.getIntegrator().step(STEPS)
            times[name].append((time.perf_counter() - started) / STEPS * 1e6)
    print(f"{spec.name}, {assembly.molecule.GetNumAtoms()} atoms: microseconds a step")
    empty = median(times.pop("empty"))
    for name, measured in sorted(times.items()):
        line = f"{name:28s}{median(measured) - empty:7.1f}"
        if f"{name}, first form" in times:
            ratios = [
                (b - empty) / (a - empty) for a, b in zip(measured, times[f"{name}, first form"], strict=True)
            ]
            line += f"   {median(ratios):.1f} times cheaper than its first form"
        print(line)


def _compound(expression: str, terms: Terms) -> openmm.Force:
    force = openmm.CustomCompoundBondForce(terms.atoms.shape[1], expression)
    for name in terms.names:
        force.addPerBondParameter(name)
    for atoms, values in zip(*terms.rows(), strict=True):
        force.addBond(atoms, values)
    return force


def _context(assembly: Assembly, forces: Iterable[openmm.Force]) -> openmm.Context:
    """The atoms under these forces alone, a little off their places; the step is too short to move them."""
    system = openmm.System()
    for mass in assembly.masses:
        system.addParticle(mass)
    for force in forces:
        system.addForce(force)
    context = openmm.Context(system, openmm.VerletIntegrator(1e-9), openmm.Platform.getPlatform("Reference"))
    noise = np.random.default_rng(1).normal(0.0, 0.003, assembly.positions_nm.shape)
    context.setPositions(assembly.positions_nm + noise)
    return context


def _check_equal(first: openmm.Context, second: openmm.Context) -> None:
    one, two = (context.getState(getForces=True, getEnergy=True) for context in (first, second))
    np.testing.assert_allclose(one.getPotentialEnergy()._value, two.getPotentialEnergy()._value, rtol=1e-9)
    here, there = (state.getForces(asNumpy=True)._value for state in (one, two))
    np.testing.assert_allclose(here, there, atol=1e-6, rtol=1e-6)


if __name__ == "__main__":
    main()
