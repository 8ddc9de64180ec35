"""The search for thermal helix inversions: both forms, the mechanisms, and the lowest saddle between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from rdkit import Chem

from molmach.building import build
from molmach.errors import KineticsError, SpecError
from molmach.spec import Spec
from molmach.studies.kinetics.band import Band
from molmach.studies.kinetics.forms import Alkene, Form, isomers, stable_and_metastable
from molmach.studies.kinetics.inversion import Descent, HelixInversion, Point
from molmach.studies.kinetics.modes import free_energy, normal_modes, of_a_saddle
from molmach.studies.kinetics.stationary import STEPS, Stationary
from molmach.studies.kinetics.store import Store
from molmach.studies.kinetics.string import Path
from molmach.studies.kinetics.surfaces import Surfaces

GUESSES = 120
"""Elastic bands that look for mechanisms."""

_MECHANISMS = 16
_SADDLES = 3
_HIGHEST = 200.0
_WINDOW = 25.0
"""How far above the lowest a path may lie after its first steps, kJ/mol: it comes down by ten at most."""

_SAME_SADDLE = 1.0
_QUICK_MECHANISMS = 3
_BESIDE = 10.0
"""How far above the lowest saddle a path may lie to be refined too, kJ/mol."""

_FEW_STEPS = 40
"""Of a saddle search from the top of a path; one that needs more starts again from nearer, with a whole
Hessian."""


Say = Callable[[str], None]


def helix_inversions(
    spec: Spec,
    level_name: str,
    temperature: float,
    store: Store | None = None,
    say: Say = lambda text: None,
    *,
    guesses: int = GUESSES,
    quick: bool = False,
) -> tuple[HelixInversion, ...]:
    """The lowest thermal helix inversion of each isomer of a motor whose axle is its C=C bond.

    Forms and mechanisms are found with MMFF94, whose elastic bands cost next to nothing; the saddles of
    the lowest mechanisms are then refined at the level asked for, because levels order them differently.

    Parameters
    ----------
    spec
        The machine; its drive and protocol are not used but for the seed.
    level_name
        One of :data:`molmach.studies.kinetics.level.LEVELS`.
    temperature
        K.
    store
        Where finished pieces are kept and found again; default nowhere.
    say
        Told what is going on.
    guesses
        Elastic bands that look for mechanisms; a search with fewer is quicker and may miss the lowest saddle.
    quick
        A first look: of the lowest three mechanisms the lowest one's saddle, with MMFF94's vibrations instead
        of the level's, and without the way down from it.

    Returns
    -------
    One step where rotor or stator is symmetric; else that of E and that of Z.

    Raises
    ------
    KineticsError
        The machine is no overcrowded alkene, or no saddle joins its forms.
    MissingExtraError
        The level's package is not installed.
    SpecError
        Fewer than one guess.
    """
    if guesses < 1:
        raise SpecError(f"guesses {guesses}: expected one or more")
    pieces = store or Store()
    searches = []
    for alkene in isomers(alkene_of(spec)):
        surfaces = Surfaces(alkene, level_name, pieces)
        searches.append(_Search(spec, surfaces, temperature, guesses, _labelled(say, alkene.isomer), quick))
    for search in searches:  # a motor that has no helix inversion is told so before the long work
        search.ends()
    return tuple(search.result() for search in searches)


def _labelled(say: Say, isomer: str) -> Say:
    return (lambda text: say(f"{isomer}: {text}")) if isomer else say


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
    elements = [assembly.molecule.GetAtomWithIdx(i).GetSymbol() for i in assembly.axle]
    if elements != ["C", "C"]:
        raise KineticsError(
            f"{spec.name}: machine.axle: is {'='.join(elements)}, which can go over without a twist; "
            "expected a light-driven motor whose axle is its C=C bond, such as fluorene-motor-methyl"
        )
    first, second = assembly.axle
    rotor = first if first in assembly.rotor else second
    alkene = Alkene(assembly.molecule, (rotor, second if rotor == first else first))
    alkene.require_arms()
    return alkene


@dataclass(frozen=True, eq=False)
class _Search:
    """The search for one isomer's helix inversion."""

    spec: Spec
    surfaces: Surfaces
    temperature: float
    guesses: int
    say: Say
    quick: bool = False

    def ends(self) -> tuple[Form, list[Form]]:
        """The stable form and the metastable one, the latter in every mapping, both with MMFF94.

        Raises
        ------
        KineticsError
            There is only one helical form.
        """
        self.say("MMFF94: helical forms")
        forms = self.surfaces.forms(self.spec.protocol.seed)
        return stable_and_metastable(self.surfaces.alkene, forms)

    def result(self) -> HelixInversion:
        """The lowest saddle that crosses, and the two forms."""
        level, alkene = self.surfaces.level_name, self.surfaces.alkene
        stable_form, near = self.ends()
        mechanisms = self._mechanisms(stable_form, near)
        self.say(f"{level}: relaxing both forms")
        stable = self.surfaces.minimum(stable_form.positions)
        metastable = min(
            (self.surfaces.minimum(form.positions) for form in near), key=lambda minimum: minimum.energy
        )
        paths = self._paths(mechanisms[:_QUICK_MECHANISMS] if self.quick else mechanisms, metastable.energy)
        saddles = self._saddles(paths[:1] if self.quick else paths)
        chosen, point, descents = self._chosen(saddles, (stable, metastable))
        self.say(f"{level}: modes of both forms")
        return HelixInversion(
            isomer=alkene.isomer,
            level=level,
            temperature=self.temperature,
            stable=self._point(stable),
            metastable=self._point(metastable),
            saddle=point,
            helicities=(alkene.helicity(stable.positions), alkene.helicity(metastable.positions)),
            converged=chosen.converged,
            descents=descents,
            mechanisms=tuple(saddle.energy - metastable.energy for saddle in saddles),
            quick=self.quick,
        )

    def _chosen(
        self, saddles: list[Stationary], forms: tuple[Stationary, Stationary]
    ) -> tuple[Stationary, Point, tuple[Descent, ...]]:
        """The saddle that the rate is of; a first look takes the lowest one at its word."""
        if self.quick:
            return saddles[0], self._point(saddles[0], saddle=True), ()
        return self._crossing(saddles, forms)

    def _mechanisms(self, stable: Form, near: list[Form]) -> list[Band]:
        """Force-field paths of distinct mechanisms, lowest first."""
        self.say(f"MMFF94: {self.guesses} paths")
        ends = [(form.positions, stable.positions) for form in near]
        bands = self.surfaces.bands(ends, self.guesses, self.spec.protocol.seed)
        if not bands:
            raise KineticsError(f"{self.spec.name}: no path between the helical forms was found with MMFF94")
        return bands[:_MECHANISMS]

    def _paths(self, mechanisms: list[Band], metastable: float) -> list[Path]:
        """The mechanisms at the asked level, those that are much higher left out, lowest first."""
        relaxed: list[Path] = []
        for number, band in enumerate(mechanisms):
            self.say(f"{self.surfaces.level_name}: mechanism {number + 1} of {len(mechanisms)}")
            lowest = min((path.height for path in relaxed), default=metastable + _HIGHEST)
            path = self.surfaces.path(band, lowest + _WINDOW)
            if path.height < lowest + _WINDOW and path.inner:
                relaxed.append(path)
        return sorted(relaxed, key=lambda path: path.height)

    def _saddles(self, paths: list[Path]) -> list[Stationary]:
        """Distinct saddles of the lowest paths, lowest first."""
        refined: list[Stationary] = []
        for number, path in enumerate(paths[:_SADDLES]):
            if refined and path.height > min(saddle.energy for saddle in refined) + _BESIDE:
                break
            self.say(f"{self.surfaces.level_name}: saddle {number + 1} of {min(_SADDLES, len(paths))}")
            saddle = self.surfaces.saddle(path.summit, path.tangent, _FEW_STEPS, whole=False)
            if not saddle.converged and not refined:
                closer = self.surfaces.closer(path)
                saddle = self.surfaces.saddle(closer.summit, closer.tangent, STEPS, whole=True)
            if saddle.converged and not any(abs(saddle.energy - s.energy) < _SAME_SADDLE for s in refined):
                refined.append(saddle)
        if not refined:
            level = self.surfaces.level_name
            raise KineticsError(f"{self.spec.name}: no saddle of the helix inversion converged with {level}")
        return sorted(refined, key=lambda saddle: saddle.energy)

    def _crossing(
        self, saddles: list[Stationary], forms: tuple[Stationary, Stationary]
    ) -> tuple[Stationary, Point, tuple[Descent, Descent]]:
        """The lowest saddle whose descents end on both sides; where none does, the lowest."""
        best: tuple[Stationary, Point, tuple[Descent, Descent]] | None = None
        for saddle in saddles:
            height = saddle.energy - forms[1].energy
            self.say(f"{self.surfaces.level_name}: modes of a saddle at {height:.0f} kJ/mol")
            point = self._point(saddle)
            first, second = (self._descent(saddle, point, side, forms) for side in (1.0, -1.0))
            descents = first, second
            crosses = descents[0].helicity * descents[1].helicity < 0.0
            if best is None or crosses:
                best = (saddle, point, descents)
            if crosses and point.modes.imaginary == 1:
                break
        assert best is not None
        return best

    def _descent(
        self, saddle: Stationary, point: Point, sign: float, forms: tuple[Stationary, Stationary]
    ) -> Descent:
        hessian = self.surfaces.hessian(saddle.positions)
        end = self.surfaces.below(saddle, sign * point.modes.vectors[0], hessian, forms)
        return Descent(end.energy - forms[1].energy, self.surfaces.alkene.helicity(end.positions))

    def _point(self, stationary: Stationary, saddle: bool = False) -> Point:
        masses = np.array([atom.GetMass() for atom in self.surfaces.alkene.molecule.GetAtoms()])
        if self.quick:
            cheap = self.surfaces.guess(stationary.positions)
            modes = of_a_saddle(normal_modes(cheap, stationary.positions, masses), saddle)
            thermal = free_energy(modes, stationary.positions, masses, self.temperature)
            return Point(stationary.energy, stationary.positions, modes, stationary.energy + thermal)
        modes = normal_modes(self.surfaces.hessian(stationary.positions), stationary.positions, masses)
        thermal = free_energy(modes, stationary.positions, masses, self.temperature)
        exact = self.surfaces.polished(stationary)
        return Point(exact.energy, exact.positions, modes, exact.energy + thermal)
