"""What every force field must obey."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from scipy.spatial.transform import Rotation

from molmach import forcefield
from molmach.errors import ForceFieldError
from molmach.forcefield import MACHINE_GROUPS, ForceField

Floats = NDArray[np.float64]

_NOISE_NM = 0.004
_DIRECTIONS = 8
_STEP_NM = 1e-5


def check_force_field(force_field: ForceField | str, molecules: Iterable[Chem.Mol]) -> None:
    """Hold a force field against what :class:`molmach.forcefield.ForceField` promises.

    For every molecule, with its atoms moved a little at random: the energy terms add up to the energy
    that OpenMM has, term by term; forces are minus its gradient; the compiled force, where there is one,
    equals OpenMM's to single precision; translations and rotations leave the energy; copies do not
    interact; masses and bonds of fixed length are in order. And a molecule that no force field has
    parameters for is refused.

    Parameters
    ----------
    force_field
        The force field, or its registered name.
    molecules
        With explicit hydrogens and a conformer each, all of which it has parameters for.

    Raises
    ------
    AssertionError
        Something does not hold; the message says for which molecule, and by how much.
    """
    field = forcefield.get(force_field) if isinstance(force_field, str) else force_field
    _check_identity(field)
    _check_refusal(field)
    rng = np.random.default_rng(0)
    count = 0
    for number, molecule in enumerate(molecules, start=1):
        case = _Case(field, _shaken(molecule, rng), f"force field {field.name}, molecule {number}")
        _check_particles(case)
        _check_terms(case)
        _check_gradient(case, rng)
        _check_rigid_motion(case, rng)
        _check_copies(case, rng)
        _check_compiled(case)
        count = number
    _require(count > 0, f"force field {field.name}: no molecule was given; expected at least one")


@dataclass(frozen=True)
class _Case:
    """A force field on a molecule, whose conformer is off its minimum; and what to call them in messages."""

    field: ForceField
    molecule: Chem.Mol
    label: str

    @property
    def positions_nm(self) -> Floats:
        """(n_atoms, 3) of the conformer."""
        return np.asarray(self.molecule.GetConformer().GetPositions(), dtype=np.float64) / 10.0

    def terms(self, positions_nm: Floats) -> dict[str, float]:
        """The force field's own energies by term at other positions."""
        return self.field.energy_terms(_placed(self.molecule, positions_nm))

    def energy(self, positions_nm: Floats) -> float:
        """The sum of :meth:`terms`, kJ/mol."""
        return sum(self.terms(positions_nm).values())

    def openmm(self, positions_nm: Floats, copies: int = 1) -> tuple[dict[str, float], Floats]:
        """OpenMM's energies by group, and forces, of (copies * n_atoms, 3) positions."""
        import openmm

        from molmach.forcefield.system import create_system, energy_by_group

        context = openmm.Context(
            create_system(self.field, self.molecule, copies=copies),
            openmm.VerletIntegrator(0.001),
            openmm.Platform.getPlatform("Reference"),
        )
        context.setPositions(positions_nm)
        forces = context.getState(getForces=True).getForces(asNumpy=True)._value
        return energy_by_group(context), np.asarray(forces)


def _require(holds: Any, message: str) -> None:
    if not holds:
        raise AssertionError(message)


def _placed(molecule: Chem.Mol, positions_nm: Floats) -> Chem.Mol:
    moved = Chem.Mol(molecule)
    moved.GetConformer().SetPositions(np.ascontiguousarray(10.0 * positions_nm))
    return moved


def _shaken(molecule: Chem.Mol, rng: np.random.Generator) -> Chem.Mol:
    positions = molecule.GetConformer().GetPositions() / 10.0
    return _placed(molecule, positions + rng.normal(0.0, _NOISE_NM, positions.shape))


def _close(one: Any, other: Any, relative: float, scale: float) -> bool:
    """Within ``relative`` of each number's own size, or of ``scale`` where that is more."""
    return bool(np.allclose(one, other, rtol=relative, atol=relative * scale))


def _check_identity(field: ForceField) -> None:
    for attribute in ("name", "builds_with"):
        value = getattr(field, attribute, None)
        _require(
            isinstance(value, str) and value, f"{attribute}: got {value!r}; expected a force field's name"
        )
    kinds = getattr(field, "kinds", ())
    named = isinstance(kinds, tuple) and kinds and all(isinstance(kind, str) for kind in kinds)
    _require(
        kinds is None or named,
        f"force field {field.name}: kinds: got {kinds!r}; expected None or a tuple of kinds of machines",
    )


def _check_refusal(field: ForceField) -> None:
    """A dummy atom is of no element."""
    dummy = Chem.MolFromSmiles("*")
    dummy.AddConformer(Chem.Conformer(1))
    ways: dict[str, Callable[[Chem.Mol], object]] = {
        "particles": field.particles,
        "energy_terms": field.energy_terms,
        "openmm_forces": field.openmm_forces,
        "kernel_tables": field.kernel_tables,
    }
    for name, method in ways.items():
        try:
            method(dummy)
        except ForceFieldError:
            continue
        raise AssertionError(
            f"force field {field.name}: {name} takes a dummy atom (element 0); expected a ForceFieldError"
        )


def _check_particles(case: _Case) -> None:
    field, molecule = case.field, case.molecule
    plain = field.particles(molecule)
    n_atoms = molecule.GetNumAtoms()
    _require(
        plain.masses.shape == (n_atoms,), f"{case.label}: {plain.masses.shape} masses for {n_atoms} atoms"
    )
    _require(np.all(plain.masses > 0.0), f"{case.label}: a mass is not positive: {plain.masses.min():g} u")
    _require(len(plain.fixed_atoms) == 0, f"{case.label}: bonds are fixed without constrain_hydrogens")
    fixed = field.particles(molecule, constrain_hydrogens=True)
    hydrogen = [atom.GetAtomicNum() == 1 for atom in molecule.GetAtoms()]
    bonds = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in molecule.GetBonds()]
    expected = {frozenset(pair) for pair in bonds if hydrogen[pair[0]] or hydrogen[pair[1]]}
    got = {frozenset(pair) for pair in fixed.fixed_atoms.tolist()}
    _require(
        got == expected and len(fixed.fixed_lengths) == len(got),
        f"{case.label}: fixed bonds are {sorted(map(sorted, got))}; expected those to hydrogens",
    )
    _require(np.all(fixed.fixed_lengths > 0.0), f"{case.label}: a fixed bond has no length")
    _require(
        fixed.degrees_of_freedom == 3 * n_atoms - len(expected),
        f"{case.label}: {fixed.degrees_of_freedom} degrees of freedom of {n_atoms} atoms",
    )
    heavy = field.particles(molecule, hydrogen_mass=2.0)
    _require(
        _close(heavy.masses.sum(), plain.masses.sum(), 1e-9, 1.0),
        f"{case.label}: hydrogen_mass changes the mass {plain.masses.sum():g} u to {heavy.masses.sum():g} u",
    )
    free, stiff = (field.shortest_period(molecule, particles) for particles in (plain, fixed))
    _require(0.0 < free <= stiff, f"{case.label}: shortest period {free:g} ps, with fixed bonds {stiff:g} ps")


def _check_terms(case: _Case) -> None:
    known = {group.name.lower() for group in MACHINE_GROUPS}
    ours = case.terms(case.positions_nm)
    _require(
        ours.keys() <= known, f"{case.label}: terms {sorted(ours)}; accepted: {', '.join(sorted(known))}"
    )
    theirs, _ = case.openmm(case.positions_nm)
    for term in sorted(known):
        here, there = ours.get(term, 0.0), theirs[term]
        _require(
            _close(here, there, 1e-7, 1.0),
            f"{case.label}: {term} is {here:.9g} kJ/mol by energy_terms, {there:.9g} in its OpenMM group",
        )


def _check_gradient(case: _Case, rng: np.random.Generator) -> None:
    x = case.positions_nm
    _, forces = case.openmm(x)
    scale = float(np.linalg.norm(forces))
    for _ in range(_DIRECTIONS):
        direction = rng.normal(size=x.shape)
        direction /= np.linalg.norm(direction)
        ahead, behind = (case.energy(x + sign * _STEP_NM * direction) for sign in (1.0, -1.0))
        slope = (ahead - behind) / (2.0 * _STEP_NM)
        along = -float(np.sum(forces * direction))
        _require(
            _close(slope, along, 1e-4, scale),
            f"{case.label}: the energy's slope is {slope:.7g} kJ/(mol nm), minus the force {along:.7g}",
        )


def _check_rigid_motion(case: _Case, rng: np.random.Generator) -> None:
    x = case.positions_nm
    moved = Rotation.random(random_state=rng).apply(x) + rng.normal(0.0, 1.0, 3)
    here, there = case.terms(x), case.terms(moved)
    for term, energy in here.items():
        _require(
            _close(energy, there[term], 1e-7, 1.0),
            f"{case.label}: {term} is {energy:.9g} kJ/mol, moved as a whole {there[term]:.9g}",
        )


def _check_copies(case: _Case, rng: np.random.Generator) -> None:
    """Two copies in the same place, the second in another shape: each has its own forces."""
    x = case.positions_nm
    places = [x, x + rng.normal(0.0, _NOISE_NM, x.shape)]
    together = case.openmm(np.concatenate(places), copies=2)[1].reshape(2, *x.shape)
    for number, (place, forces) in enumerate(zip(places, together, strict=True)):
        alone = case.openmm(place)[1]
        difference = float(np.abs(forces - alone).max())
        _require(
            _close(forces, alone, 1e-9, float(np.abs(alone).max())),
            f"{case.label}: forces on copy {number} of 2 differ by {difference:g} kJ/(mol nm) from one alone",
        )


def _check_compiled(case: _Case) -> None:
    """1e-5 relative: energies to the sum of all terms' sizes, forces to their root mean square."""
    try:
        case.field.kernel_tables(case.molecule)
    except ForceFieldError:
        return  # for the native engine only
    from molmach.forcefield.images_kernel import Images

    x = case.positions_nm
    energies, forces = Images(case.field, case.molecule).by_term(x[None])
    expected, expected_forces = case.openmm(x)
    ours = case.terms(x)
    _require(
        list(energies) == list(ours),
        f"{case.label}: the compiled force has the terms {list(energies)}, energy_terms {list(ours)}",
    )
    size = sum(map(abs, expected.values()))
    for term, (energy,) in energies.items():
        _require(
            _close(energy, expected[term], 1e-5, size),
            f"{case.label}: {term} is {energy:.7g} kJ/mol compiled, {expected[term]:.7g} in OpenMM",
        )
    scale = float(np.sqrt(np.mean(expected_forces**2)))
    difference = float(np.abs(forces[0] - expected_forces).max())
    _require(
        _close(forces[0], expected_forces, 1e-5, scale),
        f"{case.label}: compiled forces differ by {difference:g} kJ/(mol nm) of {scale:g} from OpenMM's",
    )
