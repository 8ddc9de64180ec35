"""The ``batched`` engine: replicas side by side in the lanes of one compiled kernel, one core a batch.

A batch may mix conditions, for a machine, its undriven twin and its mirror image have the same
interactions: only places and drives differ from lane to lane. Members beyond the last fill their
lanes with copies of it that nobody looks at.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach import drives, forcefield
from molmach.drives import DriveTerms
from molmach.engine.condition import Condition
from molmach.engine.integrator import BOOKS
from molmach.engine.stepper import Floats, Samples
from molmach.engine.switches import Switching, lanes_of, switching_of
from molmach.forcefield.mmff94_tables import Tables
from molmach.units import thermal_energy

LANES = 16
"""Replicas in a batch: :data:`molmach.lanes.types.LANES`, known here without loading the compiler."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a kernel needs, as plain arrays; those with a first axis of conditions differ between them.

    Attributes
    ----------
    tables
        The force field's interactions.
    masses
        (n_atoms,) u.
    fixed_atoms, fixed_lengths
        (n_constraints, 2) and (n_constraints,): bonds of fixed length, nm.
    charges
        (n_atoms,) e.
    bath
        Time step (ps), friction (1/ps), k_B T (kJ/mol), force constant of the anchors.
    anchor_atoms
        Indices of the anchored atoms.
    lever_atoms, lever_shares
        How a torque is spread.
    places
        (n_conditions, n_atoms, 3) starting positions, nm.
    anchor_places
        (n_conditions, n_anchors, 3) where the anchors hold their atoms, nm.
    fields
        (n_conditions, 2, 3) cosine and sine part of the field, kJ/(mol e nm).
    torques
        (n_conditions, 2) torque of drive and load, kJ/mol.
    angular_frequency
        (1,) of all fields, rad/ps, not negative.
    switching
        Switches and what they switch.
    """

    tables: Tables
    masses: Floats
    fixed_atoms: NDArray[np.int32]
    fixed_lengths: Floats
    charges: Floats
    bath: Floats
    anchor_atoms: NDArray[np.int32]
    lever_atoms: NDArray[np.int32]
    lever_shares: Floats
    places: Floats
    anchor_places: Floats
    fields: Floats
    torques: Floats
    angular_frequency: Floats
    switching: Switching

    @classmethod
    def of(cls, conditions: Sequence[Condition]) -> Inputs:
        """Inputs of conditions that share their molecule and protocol."""
        first = conditions[0]
        protocol, system = first.protocol, first.system
        constraints = [system.getConstraintParameters(c) for c in range(system.getNumConstraints())]
        lever_atoms, lever_shares = drives.torque_shares(first.assembly)
        kT = thermal_energy(protocol.temperature)
        terms = [drives.terms(c.drive, c.assembly, kT) for c in conditions]
        # A field that turns backward is one that turns forward with its sine part turned over.
        senses = [-1.0 if t.angular_frequency < 0.0 else 1.0 for t in terms]
        frequencies = {abs(t.angular_frequency) for t in terms if t.has_field} or {0.0}
        assert len(frequencies) == 1, "conditions of one run have one drive"
        return cls(
            tables=forcefield.get(protocol.force_field).kernel_tables(first.assembly.molecule),
            masses=first.masses,
            fixed_atoms=np.array([c[:2] for c in constraints], dtype=np.int32).reshape(-1, 2),
            fixed_lengths=np.array([c[2]._value for c in constraints]),
            charges=first.assembly.charges,
            bath=np.array([protocol.timestep, protocol.friction, kT, protocol.anchor]),
            anchor_atoms=np.array(first.assembly.stator, dtype=np.int32),
            lever_atoms=lever_atoms.astype(np.int32),
            lever_shares=lever_shares,
            places=np.array([c.places for c in conditions]),
            anchor_places=np.array([c.assembly.positions_nm[list(c.assembly.stator)] for c in conditions]),
            fields=np.array(
                [(t.cosine, np.array(t.sine) * sense) for t, sense in zip(terms, senses, strict=True)]
            ),
            torques=np.array([(t.torque, -c.drive.load) for t, c in zip(terms, conditions, strict=True)]),
            angular_frequency=np.array([frequencies.pop()]),
            switching=switching_of(terms, kT, protocol.timestep),
        )

    def save(self, path: Path) -> None:
        """Write one npz file."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _NESTED}
        for part, kind in _NESTED.items():
            arrays |= {f"{part}.{name}": getattr(getattr(self, part), name) for name in kind._fields}
        np.savez(path, **arrays)

    @classmethod
    def read(cls, path: Path) -> Inputs:
        """Read what :meth:`save` wrote."""
        with np.load(path) as stored:
            arrays = {f.name: stored[f.name] for f in fields(cls) if f.name not in _NESTED}
            nested = {
                part: kind(**{name: stored[f"{part}.{name}"] for name in kind._fields})
                for part, kind in _NESTED.items()
            }
        return cls(**arrays, **nested)


_NESTED: dict[str, Any] = {"tables": Tables, "switching": Switching}


@cache
def compile_kernels() -> float:
    """Make sure that the kernels are there; seconds that compiling took, 0.0 from the cache on disk."""
    from molmach.engine import langevin_kernel

    started = time.perf_counter()
    stepper = BatchedStepper(_smallest_inputs(), [0], np.ones((1, 4), dtype=np.uint32))
    stepper.advance(1, 1)
    stepper.internal_energy()
    kernels = (langevin_kernel.start, langevin_kernel.run, langevin_kernel.energy)
    compiled = any(sum(kernel.stats.cache_misses.values()) for kernel in kernels)
    return time.perf_counter() - started if compiled else 0.0


def _smallest_inputs() -> Inputs:
    """Two atoms that nothing acts on: enough to compile every kernel for its one signature."""
    widths = {"bond_values": 2, "angle_values": 4, "linear_values": 2, "plane_values": 1}
    widths |= {"torsion_values": 4, "pair_values": 3, "bond_atoms": 2, "angle_bonds": 2}
    widths |= {"linear_bonds": 2, "plane_bonds": 3, "torsion_arms": 2}
    ranges = {"axis_arms": 1, "axis_torsions": 1, "pair_start": 3}

    def table(name: str) -> NDArray[Any]:
        kind = np.float32 if name.endswith("values") or name == "angle_sign" else np.int32
        return np.zeros((0, widths[name]) if name in widths else ranges.get(name, 0), dtype=kind)

    none = np.zeros(0)
    return Inputs(
        tables=Tables(**{name: table(name) for name in Tables._fields}),
        masses=np.ones(2),
        fixed_atoms=np.zeros((0, 2), dtype=np.int32),
        fixed_lengths=none,
        charges=np.zeros(2),
        bath=np.array([0.001, 1.0, 1.0, 1.0]),
        anchor_atoms=np.zeros(0, dtype=np.int32),
        lever_atoms=np.zeros(0, dtype=np.int32),
        lever_shares=none,
        places=np.zeros((1, 2, 3)),
        anchor_places=np.zeros((1, 0, 3)),
        fields=np.zeros((1, 2, 3)),
        torques=np.zeros((1, 2)),
        angular_frequency=np.zeros(1),
        switching=switching_of([DriveTerms()], 1.0, 0.001),
    )


class BatchedStepper:
    """Up to :data:`LANES` replicas in one block of lanes.

    Parameters
    ----------
    inputs
        Molecule, bath and conditions.
    conditions
        (members,) number of each member's condition.
    seeds
        (members, 4) random words, the state of each member's own stream.
    """

    def __init__(self, inputs: Inputs, conditions: Sequence[int], seeds: NDArray[np.uint32]) -> None:
        from molmach.engine import langevin_kernel as kernel
        from molmach.forcefield.mmff94_kernel import scratch_for

        self._kernel = kernel
        self._members = len(conditions)
        lane_of = np.minimum(np.arange(LANES), self._members - 1)
        condition = np.asarray(conditions)[lane_of]
        n_atoms = inputs.masses.size
        timestep, friction, kT, stiffness = inputs.bath.tolist()
        decay = float(np.exp(-friction * timestep))
        bath = kernel.Bath(
            timestep,
            decay,
            _single(timestep / inputs.masses),
            _single(np.sqrt(kT * (1.0 - decay**2) / inputs.masses)),
            _single(0.5 * inputs.masses),
        )
        thermal_speed = _single(np.sqrt(kT / inputs.masses))
        places = inputs.places[condition].reshape(LANES, -1).T
        anchored = inputs.anchor_places[condition].reshape(LANES, -1).T
        around = kernel.Surroundings(
            inputs.anchor_atoms,
            np.concatenate(_split(anchored)),
            stiffness,
            bool(np.any(inputs.fields)),
            _single(inputs.charges),
            _single(inputs.fields[condition, 0].T),
            _single(inputs.fields[condition, 1].T),
            float(inputs.angular_frequency[0]),
            bool(np.any(inputs.torques)),
            inputs.lever_atoms,
            _single(inputs.lever_shares),
            _single(inputs.torques[condition].T),
        )
        high, low = _split(places)

        def room(rows: int) -> NDArray[np.float32]:
            return np.zeros((rows, LANES), dtype=np.float32)

        self._state = kernel.State(
            high,
            low,
            room(3 * n_atoms),
            room(3 * n_atoms),
            room(3),
            room(2 * inputs.lever_atoms.size),
            np.ascontiguousarray(np.asarray(seeds, dtype=np.uint32)[lane_of].T),
            np.zeros((len(BOOKS), LANES)),
            np.zeros(1, dtype=np.int64),
            np.zeros((len(inputs.switching.leading), LANES)),
            np.zeros((len(inputs.switching.kind), LANES)),
        )
        bonds = room(3 * len(inputs.fixed_atoms))
        self._block = kernel.Block(
            inputs.tables,
            bath,
            around,
            _constraints(inputs),
            lanes_of(inputs.switching, condition),
            self._state,
            kernel.Room(scratch_for(inputs.tables), room(3 * n_atoms), bonds, room(4), room(2)),
        )
        kernel.start(self._block, thermal_speed)

    def present(self) -> Samples:
        """See :class:`molmach.engine.stepper.Stepper`."""
        place = self._state.high.astype(np.float64) + self._state.low
        members = slice(self._members)
        return Samples(
            place.T.reshape(1, LANES, -1, 3)[:, members], self._state.books.T[None, members].copy()
        )

    def advance(self, samples: int, steps: int) -> Samples:
        """See :class:`molmach.engine.stepper.Stepper`."""
        positions = np.empty((samples, LANES, self._state.high.shape[0] // 3, 3))
        books = np.empty((samples, LANES, len(BOOKS)))
        self._kernel.run(self._block, steps, positions, books)
        return Samples(positions[:, : self._members], books[:, : self._members])

    def internal_energy(self) -> Floats:
        """See :class:`molmach.engine.stepper.Stepper`."""
        terms = np.zeros((14, LANES), dtype=np.float32)
        anchor = np.zeros(LANES)
        kinetic = np.zeros((1, LANES), dtype=np.float32)
        self._kernel.energy(self._block, terms, anchor, kinetic)
        total = terms.astype(np.float64).sum(axis=0) + anchor + kinetic[0]
        return np.asarray(total[: self._members])

    def context_forces(self, positions_nm: Floats, time_ps: float) -> tuple[float, Floats]:
        """Energy and forces of (replicas, n_atoms, 3) positions of the first member's condition.

        For the use of OpenMM's integrators; the stepper's own replicas are overwritten.

        Returns
        -------
        energy
            Of all replicas together: force field, anchors, drive and load, kJ/mol.
        forces
            (replicas * n_atoms, 3), kJ/(mol nm).
        """
        forces = np.empty(positions_nm.shape)
        energy = self._kernel.context_forces(self._block, time_ps, positions_nm, forces)
        return float(energy), forces.reshape(-1, 3)

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """See :class:`molmach.engine.stepper.Stepper`."""
        return {name: part.copy() for name, part in self._state._asdict().items()}

    def restore(self, stored: dict[str, NDArray[Any]]) -> None:
        """See :class:`molmach.engine.stepper.Stepper`."""
        for name, part in self._state._asdict().items():
            part[...] = stored[name]


def _single(values: Any) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, dtype=np.float32)


def _split(values: Floats) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Double-precision numbers as sums of two single-precision ones."""
    high = _single(values)
    return high, _single(values - high)


def _constraints(inputs: Inputs) -> Any:
    """Constraints sorted into clusters that share atoms."""
    from molmach.engine.constraints_kernel import Constraints

    group = {int(atom): number for number, atom in enumerate(np.unique(inputs.fixed_atoms))}
    changed = True
    while changed:
        changed = False
        for i, j in inputs.fixed_atoms.tolist():
            if group[i] != group[j]:
                group[i] = group[j] = min(group[i], group[j])
                changed = True
    label = np.array([group[i] for i in inputs.fixed_atoms[:, 0].tolist()], dtype=np.int64)
    order = np.argsort(label, kind="stable")
    starts = np.flatnonzero(np.diff(label[order], prepend=-1, append=-1)) if label.size else np.zeros(1)
    per_mass = 1.0 / inputs.masses[inputs.fixed_atoms[order]].reshape(-1, 2)
    values = np.column_stack([inputs.fixed_lengths[order] ** 2, per_mass, 1.0 / per_mass.sum(axis=1)])
    return Constraints(
        np.ascontiguousarray(starts, dtype=np.int32),
        np.ascontiguousarray(inputs.fixed_atoms[order]),
        _single(values),
    )
