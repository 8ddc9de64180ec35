"""Thermal helix inversion: both forms, the lowest saddle between them, and its rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from molmach import forcefield
from molmach.build import build
from molmach.engine import available_cores
from molmach.errors import KineticsError
from molmach.forcefield.images_kernel import Images
from molmach.kinetics.band import Band, bands
from molmach.kinetics.forms import Alkene, find_forms, stable_and_metastable
from molmach.kinetics.frame import Frame, frame_of
from molmach.kinetics.level import Floats, Level, level_of
from molmach.kinetics.modes import Modes, finite_difference_hessian, free_energy, normal_modes
from molmach.kinetics.rates import eyring_rate, half_life
from molmach.kinetics.stationary import Stationary, exact_hessian, find_saddle, relax
from molmach.kinetics.string import IMAGES, Path, relax_path
from molmach.spec import Spec

GUESSES = 120
"""Elastic bands that look for mechanisms."""

_MECHANISMS = 16
_SADDLES = 3
_HIGHEST = 200.0
_WINDOW = 40.0
_SAME_SADDLE = 1.0
_SAME_FORM = 2.0
_NUDGES = (0.02, 0.04, 0.06, 0.09, 0.13)
_CLEARLY_DOWN = 0.5


Hessian = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class Point:
    """A stationary point with its modes; ``gibbs`` is its Gibbs energy, kJ/mol (translation left out)."""

    energy: float
    positions: Floats
    modes: Modes
    gibbs: float


@dataclass(frozen=True)
class Descent:
    """The minimum below a saddle on one side: energy above the metastable form, kJ/mol, and fjord torsion."""

    energy: float
    helicity: float


@dataclass(frozen=True, eq=False)
class HelixInversion:
    """The thermal step of an overcrowded-alkene motor.

    Attributes
    ----------
    level, temperature
        Of the energies; K.
    stable, metastable, saddle
        The points; atoms are numbered alike in all three.
    helicities
        Fjord torsions of stable and metastable form, rad.
    converged
        Whether the saddle's gradient is below the limit.
    descents
        Where going down both ways from the saddle ends.
    mechanisms
        Energies above the metastable form of all saddles that were refined, kJ/mol, lowest first.
    """

    level: str
    temperature: float
    stable: Point
    metastable: Point
    saddle: Point
    helicities: tuple[float, float]
    converged: bool
    descents: tuple[Descent, Descent]
    mechanisms: tuple[float, ...]

    @property
    def crosses(self) -> bool:
        """Whether going down from the saddle ends on both sides, in forms of opposite helicity."""
        return self.descents[0].helicity * self.descents[1].helicity < 0.0

    @property
    def connected(self) -> bool:
        """Whether going down both ways ends in the very two forms, not in others beside them."""
        ends = sorted(descent.energy for descent in self.descents)
        forms = sorted((self.stable.energy - self.metastable.energy, 0.0))
        return self.crosses and all(abs(a - b) < _SAME_FORM for a, b in zip(ends, forms, strict=True))

    @property
    def barrier(self) -> float:
        """Gibbs energy of activation from the metastable form, kJ/mol."""
        return self.saddle.gibbs - self.metastable.gibbs

    @property
    def energy_barrier(self) -> float:
        """The same without zero-point energy and entropy."""
        return self.saddle.energy - self.metastable.energy

    @property
    def drop(self) -> float:
        """Gibbs energy from the metastable down to the stable form, kJ/mol, positive where it is a drop."""
        return self.metastable.gibbs - self.stable.gibbs

    @property
    def rates(self) -> tuple[float, float]:
        """Eyring rates metastable -> stable and back, 1/s."""
        return (
            eyring_rate(self.barrier, self.temperature),
            eyring_rate(self.barrier + self.drop, self.temperature),
        )

    @property
    def half_life(self) -> float:
        """Of the metastable form, s."""
        return half_life(self.rates[0])


def helix_inversion(
    spec: Spec, level_name: str, temperature: float, say: Callable[[str], None] = lambda text: None
) -> HelixInversion:
    """The lowest thermal helix inversion of a motor whose axle is its C=C bond.

    Forms and mechanisms are found with MMFF94, whose elastic bands cost next to nothing; the saddles of
    the lowest mechanisms are then refined at the level asked for, because levels order them differently.

    Parameters
    ----------
    spec
        The machine; its drive and protocol are not used but for the seed.
    level_name
        One of :data:`molmach.kinetics.level.LEVELS`.
    temperature
        K.
    say
        Told what is going on.

    Raises
    ------
    KineticsError
        The machine is no overcrowded alkene, or no saddle joins its forms.
    MissingExtraError
        The level's package is not installed.
    """
    alkene = alkene_of(spec)
    level = level_of(level_name, alkene.molecule)
    images = Images(forcefield.get("MMFF94").kernel_tables(alkene.molecule))
    frame = frame_of(alkene.molecule)

    def guess_hessian(positions: Floats) -> Floats:
        return finite_difference_hessian(lambda many: -images(many)[1], positions)

    say("helical forms")
    stable_form, metastable_forms = stable_and_metastable(alkene, find_forms(alkene, spec.protocol.seed))
    ends = [(form.positions, stable_form.positions) for form in metastable_forms]
    paths = _mechanisms(images, ends, spec.protocol.seed, say)
    say(f"{level.name}: relaxing both forms")
    stable = relax(level, stable_form.positions, guess_hessian)
    metastable = min(
        (relax(level, form.positions, guess_hessian) for form in metastable_forms), key=lambda s: s.energy
    )
    levels = [level_of(level_name, alkene.molecule) for _ in range(IMAGES)]
    relaxed: list[Path] = []
    for number, band in enumerate(paths):
        say(f"{level.name}: mechanism {number + 1} of {len(paths)}")
        lowest = min((path.height for path in relaxed), default=metastable.energy + _HIGHEST)
        path = relax_path(levels, band.positions, guess_hessian, frame, available_cores(), lowest + _WINDOW)
        if path.height < lowest + _WINDOW and 0 < path.top < IMAGES - 1:
            relaxed.append(path)
    refined: list[Stationary] = []
    for number, path in enumerate(sorted(relaxed, key=lambda path: path.height)[:_SADDLES]):
        say(f"{level.name}: saddle {number + 1} of {min(_SADDLES, len(relaxed))}")
        found = find_saddle(
            level,
            path.positions[path.top],
            path.tangent,
            lambda x: exact_hessian(level, x),
            guess_hessian,
            frame,
        )
        if found.converged and not any(abs(found.energy - s.energy) < _SAME_SADDLE for s in refined):
            refined.append(found)
    if not refined:
        raise KineticsError(f"{spec.name}: no saddle of the helix inversion converged with {level.name}")
    refined.sort(key=lambda s: s.energy)
    senses = (alkene.helicity(stable.positions), alkene.helicity(metastable.positions))
    masses = np.array([atom.GetMass() for atom in alkene.molecule.GetAtoms()])
    best: tuple[Stationary, Point, tuple[Descent, Descent]] | None = None
    for saddle in refined:
        say(f"{level.name}: modes of a saddle at {saddle.energy - metastable.energy:.0f} kJ/mol")
        point = _point(level, saddle, masses, temperature)
        descents = _descents(alkene, level, frame, point, metastable.energy, guess_hessian)
        crosses = descents[0].helicity * descents[1].helicity < 0.0
        if best is None or crosses:
            best = (saddle, point, descents)
        if crosses and point.modes.imaginary == 1:
            break
    assert best is not None
    saddle, point, descents = best
    say(f"{level.name}: modes of both forms")
    return HelixInversion(
        level=level.name,
        temperature=temperature,
        stable=_point(level, stable, masses, temperature),
        metastable=_point(level, metastable, masses, temperature),
        saddle=point,
        helicities=senses,
        converged=saddle.converged,
        descents=descents,
        mechanisms=tuple(s.energy - metastable.energy for s in refined),
    )


def alkene_of(spec: Spec) -> Alkene:
    """The molecule of a motor whose axle is a C=C bond, rotor's atom first.

    Raises
    ------
    KineticsError
        The axle is something else.
    """
    assembly = build(spec)
    bond = assembly.molecule.GetBondBetweenAtoms(*assembly.axle) if assembly.axle else None
    if bond is None or bond.GetBondType() != Chem.BondType.DOUBLE:
        raise KineticsError(
            f"{spec.name}: machine.axle: is not a double bond; "
            "expected a light-driven motor whose axle is its C=C bond, such as fluorene-motor-methyl"
        )
    first, second = assembly.axle
    rotor = first if first in assembly.rotor else second
    return Alkene(assembly.molecule, (rotor, second if rotor == first else first))


def _mechanisms(
    images: Images, ends: list[tuple[Floats, Floats]], seed: int, say: Callable[[str], None]
) -> list[Band]:
    """Force-field paths of distinct mechanisms, lowest first."""
    found = []
    for number, band in enumerate(bands(images, ends, GUESSES, seed)):
        if number % 20 == 0:
            say(f"MMFF94: path {number + 1} of {GUESSES}")
        if 0 < band.top < len(band.energies) - 1:
            found.append(band)
    chosen: list[Band] = []
    for band in sorted(found, key=lambda band: float(band.energies.max())):
        height = float(band.energies.max())
        if not any(abs(height - other.energies.max()) < _SAME_SADDLE for other in chosen):
            chosen.append(band)
    if not chosen:
        raise KineticsError("no path between the helical forms was found with MMFF94")
    return [band for band in chosen if band.energies.max() < chosen[0].energies.max() + _WINDOW][:_MECHANISMS]


def _point(level: Level, found: Stationary, masses: Floats, temperature: float) -> Point:
    modes = normal_modes(exact_hessian(level, found.positions), found.positions, masses)
    thermal = free_energy(modes, found.positions, masses, temperature)
    return Point(found.energy, found.positions, modes, found.energy + thermal)


def _descents(
    alkene: Alkene, level: Level, frame: Frame, saddle: Point, metastable: float, guess: Hessian
) -> tuple[Descent, Descent]:
    """Where going down both ways along the imaginary mode ends.

    A flat saddle is left by a longer nudge, for close to it the gradient is that of a minimum.
    """

    def down(sign: float) -> Descent:
        for nudge in _NUDGES:
            start = frame.moved(saddle.positions, sign * nudge * saddle.modes.vectors[0])
            if level(start)[0] < saddle.energy - _CLEARLY_DOWN:
                break
        end = relax(level, start, guess)
        return Descent(end.energy - metastable, alkene.helicity(end.positions))

    return down(1.0), down(-1.0)
