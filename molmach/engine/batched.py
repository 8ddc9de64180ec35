"""The ``batched`` engine: replicas side by side in the lanes of one compiled kernel, one core a batch.

A batch may mix conditions, for a machine, its undriven twin and its mirror image have the same
interactions: only places and drives differ from lane to lane. Members beyond the last fill their
lanes with copies of it that nobody looks at.
"""

from __future__ import annotations

import pkgutil
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Context, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from molmach import drives, forcefield
from molmach.engine.condition import Condition
from molmach.engine.stepper import BOOKS, Floats, Samples
from molmach.engine.switches import Switching, lanes_of, repeated_condition, shapes_of, switching_of
from molmach.errors import SimulationError
from molmach.spec.registered import FORCE_FIELDS, faulty
from molmach.units import thermal_energy

if TYPE_CHECKING:
    from molmach.engine.langevin_kernel import Kernels

LANES = 16
"""Replicas in a batch: :data:`molmach.lanes.types.LANES`, known here without loading the compiler."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a kernel needs, as plain arrays; those with a first axis of conditions differ between them.

    Attributes
    ----------
    force_field
        Its name, by which a worker finds its compiled force.
    shapes
        Where the shapes of switched energies are, ``module:class``, in the order of the kernel's numbers.
    tables
        The force field's interactions, a NamedTuple of arrays.
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

    force_field: str
    shapes: tuple[str, ...]
    tables: Any
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
        protocol, particles = first.protocol, first.particles
        lever_atoms, lever_shares = drives.torque_shares(first.assembly)
        kT = thermal_energy(protocol.temperature)
        terms = [drives.terms(c.drive, c.assembly, kT) for c in conditions]
        tables = forcefield.get(protocol.force_field).kernel_tables(first.assembly.molecule)
        if tables is None:
            raise faulty(
                FORCE_FIELDS,
                protocol.force_field,
                "its kernel_tables() gives None; expected a NamedTuple of arrays",
            )
        # A field that turns backward is one that turns forward with its sine part turned over.
        senses = [-1.0 if t.angular_frequency < 0.0 else 1.0 for t in terms]
        frequencies = {abs(t.angular_frequency) for t in terms if t.has_field} or {0.0}
        assert len(frequencies) == 1, "conditions of one run have one drive"
        return cls(
            force_field=protocol.force_field,
            shapes=tuple(f"{kind.__module__}:{kind.__qualname__}" for kind in shapes_of(terms)),
            tables=tables,
            masses=particles.masses,
            fixed_atoms=particles.fixed_atoms.astype(np.int32),
            fixed_lengths=particles.fixed_lengths,
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

    def starting_from(self, places: Floats) -> Inputs:
        """The first condition once more from each of (n, n_atoms, 3) places, nm."""
        count = len(places)
        return replace(
            self,
            places=places,
            anchor_places=np.repeat(self.anchor_places[:1], count, axis=0),
            fields=np.repeat(self.fields[:1], count, axis=0),
            torques=np.repeat(self.torques[:1], count, axis=0),
            switching=repeated_condition(self.switching, count),
        )

    @property
    def kernels(self) -> Kernels:
        """The compiled integrator for this force field and these drives."""
        from molmach.engine.langevin_kernel import make_kernels

        shapes = tuple(pkgutil.resolve_name(place) for place in self.shapes)
        return make_kernels(forcefield.get(self.force_field).compiled(), shapes)

    def save(self, path: Path) -> None:
        """Write one npz file."""
        np.savez(path, force_field=self.force_field, shapes=self.shapes, **self.arrays)  # type: ignore[arg-type]

    @classmethod
    def read(cls, path: Path) -> Inputs:
        """Read what :meth:`save` wrote."""
        with np.load(path) as stored:
            arrays = {name: stored[name] for name in stored.files}
        force_field, shapes = str(arrays.pop("force_field")), tuple(arrays.pop("shapes").tolist())
        return cls.of_arrays(force_field, shapes, arrays)

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything but the names of the force field and of the shapes, flat."""
        own = {name: getattr(self, name) for name in _own_arrays()}
        for part in _NESTED:
            own |= {f"{part}.{name}": array for name, array in getattr(self, part)._asdict().items()}
        return own

    @classmethod
    def of_arrays(
        cls, force_field: str, shapes: tuple[str, ...], arrays: Mapping[str, NDArray[Any]]
    ) -> Inputs:
        """The inputs that :attr:`arrays` gave.

        Raises
        ------
        KeyError
            An array is missing.
        """
        kinds: dict[str, Any] = {
            "tables": forcefield.get(force_field).compiled().tables,
            "switching": Switching,
        }
        nested = {
            part: kind(**{name: arrays[f"{part}.{name}"] for name in kind._fields})
            for part, kind in kinds.items()
        }
        own: dict[str, Any] = {name: arrays[name] for name in _own_arrays()}
        return cls(force_field=force_field, shapes=shapes, **own, **nested)


_NESTED = ("tables", "switching")


def _own_arrays() -> list[str]:
    return [f.name for f in fields(Inputs) if f.name not in (*_NESTED, "force_field", "shapes")]


def compile_kernels(conditions: Iterable[Condition]) -> float:
    """Make sure that the kernels for these conditions are there.

    Returns
    -------
    seconds
        That compiling took in this process, 0.0 where the kernels were on disk.

    Raises
    ------
    ForceFieldError
        A force field has no compiled form.
    """
    different = {(c.protocol.force_field, c.drive.kind): c for c in conditions}
    all_inputs = [Inputs.of([condition]) for condition in different.values()]
    return sum({inputs.kernels: compile_for(inputs) for inputs in all_inputs}.values())


def compile_for(inputs: Inputs) -> float:
    """Seconds that compiling the kernels for these inputs took in this process."""
    kernels = inputs.kernels
    if kernels not in _COMPILING:
        started = time.perf_counter()
        stepper = BatchedStepper(inputs, [0], np.ones((1, 4), dtype=np.uint32))
        stepper.advance(1, 1)
        stepper.internal_energy()
        used = (kernels.start, kernels.run, kernels.energy)
        compiled = any(sum(kernel.stats.cache_misses.values()) for kernel in used)
        _COMPILING[kernels] = time.perf_counter() - started if compiled else 0.0
    return _COMPILING[kernels]


_COMPILING: dict[Kernels, float] = {}


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
        from molmach.engine import block_kernel as kernel

        if sys.float_info.min / 2.0 == 0.0:
            raise SimulationError(
                "this process takes small numbers for 0 (some library has set the processor so), which "
                "changes results; expected one that does not"
            )
        force = forcefield.get(inputs.force_field).compiled()
        self._kernels, self._rows = inputs.kernels, force.rows
        self._members = len(conditions)
        lane_of = np.minimum(np.arange(LANES), self._members - 1)
        condition = np.asarray(conditions)[lane_of]
        n_atoms = inputs.masses.size
        timestep, friction, kT, stiffness = inputs.bath.tolist()
        decay = _exponential(-friction * timestep)
        bath = kernel.Bath(
            timestep,
            decay,
            _single(timestep / inputs.masses),
            _single(np.sqrt(kT * (1.0 - decay * decay) / inputs.masses)),
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
            kernel.Room(
                force.scratch(inputs.tables), room(3 * n_atoms), bonds, room(4), room(2), np.zeros(LANES)
            ),
        )
        self._kernels.start(self._block, thermal_speed)

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
        self._kernels.run(self._block, steps, positions, books)
        return Samples(positions[:, : self._members], books[:, : self._members])

    def internal_energy(self) -> Floats:
        """See :class:`molmach.engine.stepper.Stepper`."""
        terms = np.zeros((self._rows, LANES), dtype=np.float32)
        anchor = np.zeros(LANES)
        kinetic = np.zeros((1, LANES), dtype=np.float32)
        self._kernels.energy(self._block, terms, anchor, kinetic)
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
        energy = self._kernels.context_forces(self._block, time_ps, positions_nm, forces)
        return float(energy), forces.reshape(-1, 3)

    def checkpoint(self) -> dict[str, NDArray[Any]]:
        """See :class:`molmach.engine.stepper.Stepper`."""
        return {name: part.copy() for name, part in self._state._asdict().items()}

    def restore(self, stored: dict[str, NDArray[Any]]) -> None:
        """See :class:`molmach.engine.stepper.Stepper`."""
        for name, part in self._state._asdict().items():
            part[...] = stored[name]


def _exponential(x: float) -> float:
    """e^x, correctly rounded: the last bit of NumPy's depends on the processor."""
    return float(Decimal(x).exp(Context(prec=40)))


def _single(values: Any) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, dtype=np.float32)


def _split(values: Floats) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Double-precision numbers as sums of two single-precision ones."""
    high = _single(values)
    return high, _single(values - high)


def _constraints(inputs: Inputs) -> Any:
    """Constraints sorted into clusters that share atoms."""
    from molmach.engine.block_kernel import Constraints

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
