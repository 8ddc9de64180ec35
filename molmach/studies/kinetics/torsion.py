"""The search for the wells and saddles of a full turn about a single bond.

The torsion is driven around in both directions on the asked surface, everything else relaxed; minima and
maxima of that ring are refined to stationary points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers, rdMolTransforms

from molmach.errors import KineticsError
from molmach.studies.kinetics.forms import dihedral, neighbours, superposed, wrapped
from molmach.studies.kinetics.frame import frame_of
from molmach.studies.kinetics.inversion import Point
from molmach.studies.kinetics.level import SURFACES, Floats, Level, level_of
from molmach.studies.kinetics.modes import finite_difference_hessian, free_energy, normal_modes
from molmach.studies.kinetics.rotation import HinderedRotation, Pass, Well
from molmach.studies.kinetics.single_points import energy_at
from molmach.studies.kinetics.stationary import Stationary, find_saddle, relax
from molmach.studies.kinetics.store import Piece, Store
from molmach.studies.kinetics.symmetry import same_shape

STEPS = 24
"""Torsions of the ring, 15 degrees apart."""

_CONFORMERS = 30
_STIFFNESS = 3000.0
"""Of the spring that holds the torsion, kJ/(mol rad^2): it gives way by a degree to 50 kJ/(mol rad)."""

_NUDGES = (0.02, 0.04, 0.06, 0.09, 0.13)
_CLEARLY_DOWN = 0.3
"""Of the energy, kJ/mol: close to a flat saddle the gradient is that of a minimum."""

_SAME_WELL = 0.25
_SAME_ENERGY = 0.5
_SAME_PLACE = 0.02

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class SingleBond:
    """A molecule with explicit hydrogens and a conformer, and the bond about which it turns."""

    molecule: Chem.Mol
    bond: tuple[int, int]

    def __post_init__(self) -> None:
        i, j = self.bond
        bond = self.molecule.GetBondBetweenAtoms(i, j)
        if bond is None or bond.GetBondType() != Chem.BondType.SINGLE or bond.IsInRing():
            raise KineticsError("machine.axle: is no single bond outside rings")
        if not all(self._beside(a, b) for a, b in ((i, j), (j, i))):
            raise KineticsError("machine.axle: has nothing beside it whose turning could be told")
        ends = [self.molecule.GetAtomWithIdx(k) for k in self.bond]
        if any(atom.GetHybridization() == Chem.HybridizationType.SP for atom in ends):
            raise KineticsError("machine.axle: ends in a straight line, about which nothing turns")

    def _beside(self, atom: int, but: int) -> list[int]:
        """Neighbours of an end, heavy ones first."""
        heavy = neighbours(self.molecule, atom, but)
        bonded = [n.GetIdx() for n in self.molecule.GetAtomWithIdx(atom).GetNeighbors() if n.GetIdx() != but]
        return heavy + [n for n in bonded if n not in heavy]

    @property
    def four(self) -> tuple[int, int, int, int]:
        """The atoms of the torsion that is driven."""
        i, j = self.bond
        return self._beside(i, j)[0], i, j, self._beside(j, i)[0]

    def torsion(self, positions: Floats) -> float:
        """Of a structure (n_atoms, 3), nm, rad."""
        return dihedral(positions, self.four)

    def turned(self, positions: Floats, angle: float) -> Floats:
        """A structure with the torsion at an angle, rad, both sides as they are."""
        molecule = Chem.Mol(self.molecule)
        conformer = molecule.GetConformer()
        conformer.SetPositions(np.ascontiguousarray(10.0 * positions))
        rdMolTransforms.SetDihedralRad(conformer, *self.four, angle)
        return np.asarray(conformer.GetPositions() / 10.0)

    @property
    def content(self) -> bytes:
        """Everything that it is, without its conformer."""
        bare = Chem.Mol(self.molecule)
        bare.RemoveAllConformers()
        return bare.ToBinary(Chem.PropertyPickleOptions.NoProps) + repr(self.bond).encode()  # type: ignore[no-any-return]


def torsion_slopes(positions: Floats, four: tuple[int, int, int, int]) -> Floats:
    """(n_atoms, 3) derivatives of a torsion, rad/nm (Blondel & Karplus, J. Comput. Chem. 17, 1132 (1996))."""
    a, b, c, d = (positions[k] for k in four)
    f, g, h = a - b, b - c, d - c
    m, n = np.cross(f, g), np.cross(h, g)
    size = float(np.linalg.norm(g))
    near, far = m / (m @ m), n / (n @ n)
    first, last = (f @ g) / size * near, (h @ g) / size * far
    slopes = np.zeros_like(positions)
    for k, slope in zip(
        four, (-size * near, size * near + first - last, -size * far - first + last, size * far), strict=True
    ):
        slopes[k] += slope
    return slopes


class _Held:
    """A level with a spring on the torsion."""

    def __init__(self, level: Level, bond: SingleBond, angle: float) -> None:
        self.name = level.name
        self._level, self._bond, self._angle = level, bond, angle

    def __call__(self, positions: Floats) -> tuple[float, Floats]:
        energy, gradient = self._level(positions)
        away = float(wrapped(np.array(self._bond.torsion(positions) - self._angle)))
        pull = _STIFFNESS * away * torsion_slopes(positions, self._bond.four)
        return energy + 0.5 * _STIFFNESS * away**2, gradient + pull

    def forget(self) -> None:
        self._level.forget()


def hindered_rotation(
    bond: SingleBond,
    level_name: str,
    temperature: float,
    store: Store | None = None,
    say: Say = lambda text: None,
    *,
    seed: int = 1,
    solvent: str | None = None,
) -> HinderedRotation:
    """The wells and saddles of a full turn about a single bond, from the lowest MMFF94 conformer.

    Parameters
    ----------
    bond
        The molecule and its bond.
    level_name, temperature, solvent
        Of the surface, one of :data:`molmach.studies.kinetics.level.LEVELS`; K; None for none.
    store
        Where finished pieces are kept and found again; default nowhere.
    say
        Told what is going on.
    seed
        Of the embedding.

    Raises
    ------
    KineticsError
        Nothing hinders the turn at this level, or a point can't be reached.
    MissingExtraError, SpecError
        The level can't be had, or not in the solvent.
    """
    return _Search(bond, level_name, temperature, store or Store(), say, seed, solvent).result()


@dataclass(frozen=True, eq=False)
class _Search:
    bond: SingleBond
    level_name: str
    temperature: float
    store: Store
    say: Say
    seed: int
    solvent: str | None

    @cached_property
    def _level(self) -> Level:
        return level_of(SURFACES.get(self.level_name, self.level_name), self.bond.molecule, self.solvent)

    @cached_property
    def _about(self) -> tuple[object, ...]:
        return (self.bond.content, self._level.name, self.solvent)

    @cached_property
    def _guess(self) -> Callable[[Floats], Floats]:
        return partial(hessian_of, level_of("MMFF94", self.bond.molecule))

    @cached_property
    def _masses(self) -> Floats:
        return np.array([atom.GetMass() for atom in self.bond.molecule.GetAtoms()])

    @cached_property
    def _numbers(self) -> NDArray[np.int64]:
        return np.array([atom.GetAtomicNum() for atom in self.bond.molecule.GetAtoms()])

    def result(self) -> HinderedRotation:
        """The ring's wells, and the pass from each to the next."""
        energies, ring = self._ring()
        wells = self._wells(energies, ring)
        known: list[tuple[Stationary, Point]] = []
        tops = [self._saddle(ring, energies, here, there) for here, there in _around(wells)]
        self.say(f"{self._level.name}: modes of {len(wells)} wells and as many saddles")
        passes = tuple(
            self._pass(top, here, there, known)
            for top, (here, there) in zip(tops, _around(wells), strict=True)
        )
        points = tuple(Well(self.bond.torsion(w.positions), self._point(w, known)) for w in wells)
        return HinderedRotation(self.level_name, self.temperature, self.solvent, points, passes)

    def _ring(self) -> tuple[Floats, Floats]:
        """(STEPS,) energies and (STEPS, n_atoms, 3) structures, the lower of two scans, by their torsions."""
        start = self._conformer()
        first = self.bond.torsion(start)
        scans = []
        for sense in (1, -1):
            self.say(f"{self._level.name}: {STEPS} torsions {'forward' if sense > 0 else 'backward'}")
            angles = first + sense * 2.0 * np.pi * np.arange(STEPS) / STEPS
            x, energies, places = start, np.zeros(STEPS), np.zeros((STEPS, *start.shape))
            for number, angle in enumerate(angles):
                piece = self._held(x, float(angle))
                energies[number], x = float(piece["energy"]), piece["positions"]
                places[number] = x
            order = (sense * np.arange(STEPS)) % STEPS
            scans.append((energies[order], places[order]))
        (one, here), (two, there) = scans
        return np.minimum(one, two), np.where((one <= two)[:, None, None], here, there)

    def _conformer(self) -> Floats:
        """The lowest of some embedded and relaxed with MMFF94, (n_atoms, 3), nm."""
        molecule = Chem.Mol(self.bond.molecule)
        parameters = rdDistGeom.ETKDGv3()
        parameters.randomSeed = self.seed
        rdDistGeom.EmbedMultipleConfs(molecule, _CONFORMERS, parameters)
        relaxed = rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(molecule, maxIters=10_000)
        if not relaxed:
            raise KineticsError("machine.smiles: can't be embedded; expected a molecule that MMFF94 covers")
        best = int(np.argmin([energy for _, energy in relaxed]))
        return np.asarray(molecule.GetConformers()[best].GetPositions() / 10.0)

    def _held(self, positions: Floats, angle: float) -> Piece:
        """The structure with the torsion held at an angle, everything else relaxed."""

        def make() -> dict[str, Floats]:
            self._level.forget()
            held = relax(
                _Held(self._level, self.bond, angle), self.bond.turned(positions, angle), self._guess
            )
            return {"energy": np.array(self._level(held.positions)[0]), "positions": held.positions}

        return self.store.piece("held", (*self._about, positions, angle), make)

    def _wells(self, energies: Floats, ring: Floats) -> list[Stationary]:
        """Distinct minima by their torsions, ascending from the ring's first."""
        wells: list[Stationary] = []
        for number in np.flatnonzero((energies < np.roll(energies, 1)) & (energies <= np.roll(energies, -1))):
            self.say(f"{self._level.name}: a well")
            well = self._minimum(ring[number])
            if not any(self._apart(well.positions, w.positions) < _SAME_WELL for w in wells):
                wells.append(well)
        if not wells:
            raise KineticsError(f"{self._level.name}: nothing hinders the turn about the axle")
        first = self.bond.torsion(ring[0])
        return sorted(wells, key=lambda well: (self.bond.torsion(well.positions) - first) % (2.0 * np.pi))

    def _apart(self, here: Floats, there: Floats) -> float:
        """Between two torsions, rad, without sign."""
        return float(np.abs(wrapped(np.array(self.bond.torsion(here) - self.bond.torsion(there)))))

    def _minimum(self, positions: Floats) -> Stationary:
        def make() -> dict[str, Floats]:
            self._level.forget()
            return _packed(relax(self._level, positions, self._guess))

        return _unpacked(self.store.piece("minimum", (*self._about, positions), make))

    def _saddle(self, ring: Floats, energies: Floats, here: Stationary, there: Stationary) -> Stationary:
        """The saddle by the highest structure of the ring between two wells."""
        angles = np.array([self.bond.torsion(x) for x in ring])
        start = self.bond.torsion(here.positions)
        span = (self.bond.torsion(there.positions) - start) % (2.0 * np.pi) or 2.0 * np.pi
        between = (angles - start) % (2.0 * np.pi) < span
        top = int(np.argmax(np.where(between, energies, -np.inf)))
        x = ring[top]
        tangent = superposed(x, ring[(top + 1) % STEPS], ring[(top + 1) % STEPS]) - superposed(
            x, ring[top - 1], ring[top - 1]
        )
        self.say(f"{self._level.name}: the saddle by {np.degrees(angles[top]):.0f} degrees")

        def make() -> dict[str, Floats]:
            self._level.forget()
            hessian = partial(hessian_of, self._level)
            along = tangent / np.linalg.norm(tangent)
            frame = frame_of(self.bond.molecule)
            return _packed(find_saddle(self._level, x, along, hessian, self._guess, frame))

        return _unpacked(self.store.piece("saddle", (*self._about, x, tangent), make))

    def _pass(
        self, saddle: Stationary, here: Stationary, there: Stationary, known: list[tuple[Stationary, Point]]
    ) -> Pass:
        point = self._point(saddle, known)
        ends = [self._below(saddle, sign * self._way(saddle)) for sign in (1.0, -1.0)]
        sides = ((here, there), (there, here))
        connected = any(
            all(
                self._apart(end.positions, well.positions) < _SAME_WELL
                for end, well in zip(ends, side, strict=True)
            )
            for side in sides
        )
        return Pass(self.bond.torsion(saddle.positions), point, saddle.converged, connected)

    def _way(self, saddle: Stationary) -> Floats:
        """The mode of lowest curvature at a saddle, unit norm."""
        modes = normal_modes(self._hessian(saddle.positions), saddle.positions, self._masses)
        return np.asarray(modes.vectors[0])

    def _below(self, saddle: Stationary, direction: Floats) -> Stationary:
        def make() -> dict[str, Floats]:
            self._level.forget()
            frame = frame_of(self.bond.molecule)
            for nudge in _NUDGES:
                start = frame.moved(saddle.positions, nudge * direction)
                if self._level(start)[0] < saddle.energy - _CLEARLY_DOWN:
                    break
            return _packed(relax(self._level, start, self._guess))

        return _unpacked(self.store.piece("descent", (*self._about, saddle.positions, direction), make))

    def _hessian(self, positions: Floats) -> Floats:
        def make() -> dict[str, Floats]:
            self._level.forget()
            return {"hessian": hessian_of(self._level, positions)}

        return self.store.piece("hessian", (*self._about, positions), make)["hessian"]

    def _point(self, stationary: Stationary, known: list[tuple[Stationary, Point]]) -> Point:
        """Modes and Gibbs energy; those of a point already known but for atoms' numbers or a mirror."""
        for other, point in known:
            if abs(other.energy - stationary.energy) < _SAME_ENERGY and same_shape(
                self._numbers, other.positions, stationary.positions, mirrors=True, within=_SAME_PLACE
            ):
                return replace(point, positions=stationary.positions)
        x = stationary.positions
        modes = normal_modes(self._hessian(x), x, self._masses)
        content, molecule = self.bond.content, self.bond.molecule
        energy = energy_at(stationary, molecule, content, self.level_name, self.solvent, self.store)
        gibbs = energy + free_energy(modes, x, self._masses, self.temperature)
        known.append((stationary, Point(energy, x, modes, gibbs, 1.0, stationary.energy)))
        return known[-1][1]


def hessian_of(level: Level, positions: Floats) -> Floats:
    """(3n, 3n), kJ/(mol nm^2), by central differences of the gradient."""
    return finite_difference_hessian(lambda many: np.array([level(x)[1] for x in many]), positions)


def _around(wells: Sequence[Stationary]) -> list[tuple[Stationary, Stationary]]:
    """Each well and the next one."""
    return [(well, wells[(number + 1) % len(wells)]) for number, well in enumerate(wells)]


def _packed(stationary: Stationary) -> dict[str, Floats]:
    parts = (np.array(stationary.energy), stationary.positions, np.array(float(stationary.converged)))
    return dict(zip(("energy", "positions", "converged"), parts, strict=True))


def _unpacked(piece: Piece) -> Stationary:
    return Stationary(float(piece["energy"]), piece["positions"], bool(piece["converged"]))
