"""What every machine kind must obey."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from molmach import engine
from molmach.building import (
    Assembly,
    Coordinate,
    Interlocking,
    MachineKind,
    build,
    continuous,
    coordinate_of,
    kind_of,
    load_coordinates,
    mirror,
    parts,
    read_sdf,
    save_coordinates,
    write_structure,
)
from molmach.spec import Spec
from molmach.testing.section import check_section, require, shaken

Floats = NDArray[np.float64]

_REFLECTION = np.array([1.0, -1.0, 1.0])
_TURN_STEPS = 180
_SDF_NM = 1e-4
"""What is lost of a place that is written to an SDF file, nm, with a margin."""

_STEEPEST = 200.0
"""Units of a coordinate's scale to a nanometre of one atom's displacement; a jump is far steeper."""


def check_machine_kind(spec: Spec) -> None:
    """Hold one of a machine kind's machines against what :class:`molmach.building.MachineKind` promises.

    The section reads back, with the same key. The same spec builds the same machine, whose roles are atoms
    and whose axle, where it has one, lies on z about the origin. The coordinate is continuous, has the parity
    that it declares under reflection, and comes back from a file as it was. Where ``turned_by_torque`` says
    that a torque about z pushes along it, turning the moving part about z by a whole turn takes it through a
    whole number of periods, forward. The machine comes back from its SDF file; its parts have names; a
    condition of it can be prepared.

    Parameters
    ----------
    spec
        A machine of the kind, under a drive that acts on it.

    Raises
    ------
    AssertionError
        Something does not hold; the message says what.
    """
    assembly = build(spec)
    case = _Case(spec, assembly, coordinate_of(assembly), f"machine kind {spec.machine.kind}")
    check_section(spec.machine, spec, case.label)
    _check_section(case)
    _check_build(case)
    _check_roles(case)
    _check_frame(case)
    _check_continuity(case)
    _check_parity(case)
    _check_period(case)
    _check_files(case)
    _check_named(case)
    _check_condition(case)


@dataclass(frozen=True)
class _Case:
    """A built machine with its coordinate, and what to call it in messages."""

    spec: Spec
    assembly: Assembly
    coordinate: Coordinate
    label: str

    @property
    def kind(self) -> MachineKind:
        return kind_of(self.assembly.kind)


def _check_section(case: _Case) -> None:
    machine = case.spec.machine
    for name in machine.molecules:
        require(
            name in type(machine).model_fields,
            f"{case.label}: molecules names {name!r}; expected entries of {type(machine).__name__}",
        )
    require(machine.parts, f"{case.label}: parts is empty; expected what the machine is made of")


def _check_build(case: _Case) -> None:
    case.kind.check(case.spec.machine)
    again = build(case.spec)
    require(
        case.assembly.kind == case.spec.machine.kind,
        f"{case.label}: the assembly's kind is {case.assembly.kind!r}; expected the machine's",
    )
    require(
        np.array_equal(again.positions_nm, case.assembly.positions_nm),
        f"{case.label}: the same spec is built at other positions the second time; expected the same numbers",
    )
    for role in ("axle", "stator", "rotor"):
        require(
            getattr(again, role) == getattr(case.assembly, role),
            f"{case.label}: the same spec is built with another {role} the second time",
        )


def _check_roles(case: _Case) -> None:
    assembly, n_atoms = case.assembly, case.assembly.molecule.GetNumAtoms()
    for role in ("axle", "stator", "rotor"):
        atoms = getattr(assembly, role)
        require(
            all(0 <= atom < n_atoms for atom in atoms) and len(set(atoms)) == len(atoms),
            f"{case.label}: {role} is {atoms}; expected different atoms from 0 to {n_atoms - 1}",
        )
    require(assembly.rotor, f"{case.label}: rotor is empty; expected the atoms that move")
    require(assembly.stator, f"{case.label}: stator is empty, so the machine drifts away; expected anchors")
    require(
        not set(assembly.rotor) & set(assembly.stator),
        f"{case.label}: an atom is in both rotor and stator; expected one of them",
    )
    require(
        len(assembly.axle) in (0, 2),
        f"{case.label}: axle has {len(assembly.axle)} atoms; expected two or none",
    )
    for name, values in (("masses", assembly.masses), ("charges", assembly.charges)):
        require(
            values.shape == (n_atoms,) and np.all(np.isfinite(values)),
            f"{case.label}: {name} has the shape {values.shape}; expected {n_atoms} finite numbers",
        )
    require(assembly.formula, f"{case.label}: formula is empty; expected what the machine consists of")


def _check_frame(case: _Case) -> None:
    positions = case.assembly.positions_nm
    require(np.all(np.isfinite(positions)), f"{case.label}: a built position is not finite")
    if case.assembly.axle:
        first, second = positions[list(case.assembly.axle)]
        require(
            np.abs(first[:2]).max() < 1e-6 and np.abs(second[:2]).max() < 1e-6 and first[2] < second[2],
            f"{case.label}: the axle leads from {first} to {second} nm; expected both on z, the first below",
        )
        require(
            abs(first[2] + second[2]) < 1e-6,
            f"{case.label}: the axle's midpoint is {0.5 * (first + second)} nm; expected the origin",
        )


def _check_continuity(case: _Case) -> None:
    """The coordinate along small displacements of all atoms, on either side of a period."""
    rng = np.random.default_rng(1)
    positions = shaken(case.assembly, rng)
    direction = rng.standard_normal(positions.shape)
    along = np.linspace(0.0, 1e-4, 11)
    values = case.coordinate(positions + along[:, None, None] * direction)
    require(
        values.shape == (11,), f"{case.label}: the coordinate of 11 structures has the shape {values.shape}"
    )
    require(np.all(np.isfinite(values)), f"{case.label}: the coordinate is not finite at shaken positions")
    scale = case.coordinate.scale
    steps = np.abs(np.diff(continuous(case.coordinate, values))) / scale.unit_size
    steepest = float(steps.max()) / float(np.linalg.norm(direction, axis=1).max() * along[1])
    require(
        steepest < _STEEPEST,
        f"{case.label}: the coordinate changes by {steepest:.3g} {scale.unit} to a nanometre; "
        f"expected a continuous one, below {_STEEPEST:g}",
    )
    single = float(case.coordinate(positions))
    require(
        abs(single - values[0]) <= 1e-9 * (1.0 + abs(single)),
        f"{case.label}: the coordinate of one structure is {single}, and {values[0]} among others; "
        "expected the same",
    )


def _check_parity(case: _Case) -> None:
    """What the same displacement does to the coordinate of the machine and, reflected, of its image."""
    rng = np.random.default_rng(2)
    image = coordinate_of(mirror(case.assembly))
    require(
        case.coordinate.parity in (-1, 1),
        f"{case.label}: parity is {case.coordinate.parity}; expected 1 or -1",
    )
    built = case.assembly.positions_nm
    moved = shaken(case.assembly, rng)
    ours = continuous(case.coordinate, case.coordinate(np.stack([built, moved])))
    theirs = continuous(image, image(np.stack([built, moved]) * _REFLECTION))
    expected, change = case.coordinate.parity * float(ours[1] - ours[0]), float(theirs[1] - theirs[0])
    require(
        abs(change - expected) <= 1e-6 * (1.0 + abs(expected)),
        f"{case.label}: mirrored motion changes the mirrored machine's coordinate by {change:.6g}; expected "
        f"{expected:.6g}, by its parity of {case.coordinate.parity}",
    )


def _check_period(case: _Case) -> None:
    scale = case.coordinate.scale
    require(
        scale.unit_size > 0.0, f"{case.label}: the scale's unit_size is {scale.unit_size}; expected above 0"
    )
    if not case.kind.turned_by_torque:
        return
    period = scale.period
    require(period is not None, f"{case.label}: turned_by_torque, but its coordinate has no period")
    assert period is not None
    angle = np.linspace(0.0, 2.0 * np.pi, _TURN_STEPS + 1)
    turning = np.zeros((angle.size, 3, 3))
    turning[:, 0, 0] = turning[:, 1, 1] = np.cos(angle)
    turning[:, 1, 0], turning[:, 0, 1], turning[:, 2, 2] = np.sin(angle), -np.sin(angle), 1.0
    positions = np.repeat(case.assembly.positions_nm[None], angle.size, axis=0)
    moving = list(case.assembly.rotor)
    positions[:, moving] = np.einsum("tij,aj->tai", turning, case.assembly.positions_nm[moving])
    values = case.coordinate(positions)
    require(
        float(np.ptp(values)) <= period * (1.0 + 1e-9),
        f"{case.label}: the coordinate ranges over {np.ptp(values):.4g}; expected values within one "
        f"period, {period:.4g}",
    )
    turns = float(np.diff(continuous(case.coordinate, values)[[0, -1]])[0]) / period
    require(
        turns > 0.5 and abs(turns - round(turns)) < 1e-6,
        f"{case.label}: a whole turn of the moving part about z takes the coordinate through {turns:.4g} "
        "periods; "
        "expected a whole number of them, forward",
    )


def _check_files(case: _Case) -> None:
    positions = shaken(case.assembly, np.random.default_rng(3))
    with tempfile.TemporaryDirectory(prefix="molmach-check-") as name:
        folder = Path(name)
        save_coordinates(case.assembly, folder / "coordinates.npz")
        read = load_coordinates(folder / "coordinates.npz")[0]
        require(
            type(read) is type(case.coordinate)
            and np.array_equal(read(positions), case.coordinate(positions)),
            f"{case.label}: its coordinate comes back from a file as another; expected the same values "
            "to the bit",
        )
        files = write_structure(case.assembly, folder)
        again = read_sdf(files[0], case.assembly.force_field)
    for field in ("kind", "axle", "stator", "rotor", "track", "followers", "formula"):
        ours, theirs = getattr(case.assembly, field), getattr(again, field)
        require(
            theirs == ours, f"{case.label}: {field} comes back from the SDF file as {theirs}; expected {ours}"
        )
    lost = float(np.abs(again.positions_nm - case.assembly.positions_nm).max())
    require(lost <= _SDF_NM, f"{case.label}: atoms come back from the SDF file {lost:.3g} nm away")
    value, built = float(coordinate_of(again)(positions)), float(case.coordinate(positions))
    apart = (
        abs(float(np.diff(continuous(case.coordinate, np.array([built, value])))[0]))
        / case.coordinate.scale.unit_size
    )
    require(
        apart < 10.0 * _STEEPEST * _SDF_NM,
        f"{case.label}: the coordinate of the machine from its SDF file is {value:.6g}; expected {built:.6g}",
    )


def _check_named(case: _Case) -> None:
    named = set(case.kind.part_names)
    missing = {part for part, atoms in parts(case.assembly).items() if atoms} - named
    require(not missing, f"{case.label}: part_names lacks {sorted(missing)}; expected a name for every part")
    require("rest" in named, f"{case.label}: part_names lacks 'rest', the name of other atoms")
    scale = case.coordinate.scale
    for place, value in case.kind.stations(case.assembly).items():
        require(np.isfinite(value), f"{case.label}: station {place} is at {value} {scale.own_unit}")
    threaded = Interlocking.of(case.assembly)
    require(
        (threaded is None) == (case.kind.track is None),
        f"{case.label}: track is {case.kind.track!r} and the assembly's track {case.assembly.track}; "
        "expected both or neither",
    )
    if threaded is not None:
        require(
            not threaded.broken(case.assembly.positions_nm),
            f"{case.label}: the built machine's rings are not threaded exactly once",
        )


def _check_condition(case: _Case) -> None:
    condition = engine.prepare("check", 0, case.assembly, case.spec.drive, case.spec.protocol)
    n_atoms = case.assembly.molecule.GetNumAtoms()
    require(
        condition.masses.shape == (n_atoms,) and np.all(condition.masses > 0.0),
        f"{case.label}: a condition has the masses {condition.masses}; expected {n_atoms} above zero",
    )
