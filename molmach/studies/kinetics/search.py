"""The search for thermal helix inversions: both forms, the mechanisms, and the lowest saddle between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from molmach.building import build
from molmach.errors import KineticsError, SpecError
from molmach.spec import Spec
from molmach.studies.kinetics.band import SAME_TOP, Band, mean_distance
from molmach.studies.kinetics.forms import Alkene, Form, conformers, isomers, stable_and_metastable
from molmach.studies.kinetics.inversion import Descent, HelixInversion, Point
from molmach.studies.kinetics.modes import free_energy, normal_modes, of_a_saddle
from molmach.studies.kinetics.relatives import Relative, carried
from molmach.studies.kinetics.stationary import STEPS, Stationary
from molmach.studies.kinetics.store import Store
from molmach.studies.kinetics.string import Path
from molmach.studies.kinetics.surfaces import Surfaces
from molmach.studies.kinetics.symmetry import is_chiral, is_own_mirror_image, same_shape, symmetry_number

GUESSES = 120
"""Elastic bands that look for mechanisms."""

_MECHANISMS = 16
_HIGHEST = 200.0
_WINDOW = 25.0
"""How far above the lowest a path may lie after its first steps, kJ/mol: it comes down by ten at most."""

_SAME_SADDLE = 1.0
_QUICK_MECHANISMS = 3
_INHERITED, _QUICK_INHERITED = 4, 2
"""Relatives' saddles that are tried, in a whole search and in a first look."""

_STRAINED = 1500.0
"""Largest gradient component, kJ/(mol nm), from which a relative's saddle is tried: where more is in the way,
the new motor's own saddle is elsewhere."""

_FEW_STEPS = 40
"""Of a saddle search from the top of a path; one that needs more starts again from nearer, with a whole
Hessian."""

_COUNTED = 10.0
"""Saddles and conformers so much above the lowest, kJ/mol, count: the next one is 2 % of it at 300 K."""

_SLACK = 3.0
"""What a path's highest image may lie above the saddle that it leads to, kJ/mol."""

_SAME_PLACE = 0.03
"""Farthest that an atom may lie from its place in another structure, nm, that is taken to be the same one."""


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
    solvent: str | None = None,
    relatives: Sequence[Relative] = (),
) -> tuple[HelixInversion, ...]:
    """The thermal helix inversion of each isomer of a motor whose axle is its C=C bond.

    Forms and mechanisms are found with MMFF94, whose elastic bands cost next to nothing; the saddles of
    the lowest mechanisms are then refined at the level asked for, because levels order them differently. All
    that cross within 10 kJ/mol of the lowest enter the rate, and all conformers of both forms as near.

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
    solvent
        Around the molecule, one that :func:`molmach.studies.kinetics.level.require_solvent` accepts; default
        none.
    relatives
        Motors of the class whose saddles are known, the nearest first. Theirs are tried before all else. A
        whole search looks for everything that it would look for without them, but does not refine a path
        again whose top is where one of these saddles is; a first look that has one goes down from it on both
        sides, and takes it where that ends in forms of opposite helicity, without looking for others.

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
        surfaces = Surfaces(alkene, level_name, pieces, solvent)
        said = _labelled(say, alkene.isomer)
        searches.append(_Search(spec, surfaces, temperature, guesses, said, quick, tuple(relatives)))
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
            f"{spec.name}: machine.axle: is {'='.join(elements)}, {_why_not(elements)}; "
            "expected a light-driven motor whose axle is its C=C bond, such as fluorene-motor-methyl"
        )
    first, second = assembly.axle
    rotor = first if first in assembly.rotor else second
    alkene = Alkene(assembly.molecule, (rotor, second if rotor == first else first))
    alkene.require_arms()
    return alkene


def _why_not(elements: list[str]) -> str:
    """Why a double bond other than C=C has no thermal step that could be searched for."""
    if elements == ["N", "N"]:
        return (
            "which goes back by inversion at one nitrogen or by a twist in which two electrons unpair, and "
            "no closed-shell level is honest about the second"
        )
    return "which goes over by inversion, for which no path is searched"


@dataclass(frozen=True, eq=False)
class _Search:
    """The search for one isomer's helix inversion."""

    spec: Spec
    surfaces: Surfaces
    temperature: float
    guesses: int
    say: Say
    quick: bool = False
    relatives: tuple[Relative, ...] = ()

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
        """The saddles that cross, lowest first, and the two forms with their conformers."""
        alkene, surfaces = self.surfaces.alkene, self.surfaces
        stable_form, near = self.ends()
        self.say(f"{surfaces.surface_name}: relaxing both forms")
        stable, metastable = self._conformers([stable_form]), self._conformers(near)
        forms, lowest = (*stable, *metastable), metastable[0].energy
        inherited = self._inherited(stable_form, forms, lowest)
        known = [saddle for saddle, _ in inherited]
        if self.quick and known:
            refined = known
        else:
            mechanisms = self._mechanisms(stable_form, near)
            few = mechanisms[:_QUICK_MECHANISMS] if self.quick else mechanisms
            paths = self._paths(few, lowest, known)
            refined = self._saddles(paths[:1] if self.quick else paths, known)
        descents: tuple[Descent, ...] = inherited[0][1] if inherited else ()
        others: tuple[Point, ...] = ()
        if self.quick:
            saddle = self._point(refined[0], mirrors=self._mirrors)
        else:
            saddle, descents, others = self._crossing(refined, forms, lowest)
            if descents[0].helicity * descents[1].helicity >= 0.0:  # of another motion that lies nearby
                refined = self._saddles(paths, known, whole=True)
                saddle, descents, others = self._crossing(refined, forms, lowest)
        self.say(f"{surfaces.surface_name}: modes of the forms")
        first, *more = (self._point(form) for form in stable)
        second, *beside = (self._point(form) for form in metastable)
        return HelixInversion(
            isomer=alkene.isomer,
            level=surfaces.level_name,
            temperature=self.temperature,
            stable=first,
            metastable=second,
            saddle=saddle,
            helicities=(alkene.helicity(first.positions), alkene.helicity(second.positions)),
            converged=refined[0].converged,
            descents=descents,
            mechanisms=tuple(sorted(saddle.energy - lowest for saddle in refined)),
            more_saddles=others,
            more_stable=tuple(more),
            more_metastable=tuple(beside),
            solvent=surfaces.solvent,
            quick=self.quick,
            inherited=len(inherited),
        )

    def _inherited(
        self, form: Form, forms: Sequence[Stationary], metastable: float
    ) -> list[tuple[Stationary, tuple[Descent, Descent]]]:
        """Distinct saddles refined from relatives' that join forms of opposite helicity, lowest first.

        Each with where the ways down from it end.
        """
        surfaces, most = self.surfaces, _QUICK_INHERITED if self.quick else _INHERITED
        guesses = [g for relative in self.relatives for g in carried(relative, surfaces.alkene, form)]
        strained = [surfaces.force(start) for start, _ in guesses]
        order = [int(k) for k in np.argsort(strained, kind="stable") if strained[k] < _STRAINED][:most]
        saddles: list[tuple[Stationary, tuple[Descent, Descent]]] = []
        for number, k in enumerate(order):
            self.say(f"{surfaces.surface_name}: a relative's saddle, {number + 1} of {len(order)}")
            saddle = surfaces.saddle(*guesses[k], _FEW_STEPS, whole=False)
            known = any(self._are_one(saddle, s, mirrors=self._mirrors) for s, _ in saddles)
            if saddle.converged and not known:
                ends = self._rough_descents(saddle, forms, metastable)
                if ends[0].helicity * ends[1].helicity < 0.0:
                    saddles.append((saddle, ends))
        return sorted(saddles, key=lambda one: one[0].energy)

    def _rough_descents(
        self, saddle: Stationary, forms: Sequence[Stationary], metastable: float
    ) -> tuple[Descent, Descent]:
        """Where the ways down end, along the direction in which the search went up and by MMFF94's modes."""
        assert saddle.direction is not None
        hessian, down = self.surfaces.guess(saddle.positions), saddle.direction
        there, here = (
            Descent(end.energy - metastable, self.surfaces.alkene.helicity(end.positions))
            for end in (
                self.surfaces.below(saddle, sign * down, hessian, forms, roughly=True) for sign in (1.0, -1.0)
            )
        )
        return there, here

    def _conformers(self, form: list[Form]) -> list[Stationary]:
        """The minima of a form, given in every mapping, and of its conformers that count, lowest first.

        A first look has no conformers but the lowest.
        """
        alkene, surfaces = self.surfaces.alkene, self.surfaces
        first = min((surfaces.minimum(f.positions) for f in form), key=lambda minimum: minimum.energy)
        if self.quick:
            return [first]
        sense = alkene.helicity(first.positions)
        minima = [first]
        for other in conformers(alkene, surfaces.forms(self.spec.protocol.seed), form[0]):
            minimum = surfaces.minimum(other.positions)
            inside = alkene.is_isomer(minimum.positions) and alkene.helicity(minimum.positions) * sense > 0.0
            if inside and not any(self._are_one(minimum, m, mirrors=False) for m in minima):
                minima.append(minimum)
        minima.sort(key=lambda minimum: minimum.energy)
        return [minimum for minimum in minima if minimum.energy < minima[0].energy + _COUNTED]

    def _are_one(self, here: Stationary, there: Stationary, *, mirrors: bool) -> bool:
        """Whether two points differ by the numbers of like atoms at most, or with ``mirrors`` by a mirror."""
        return abs(here.energy - there.energy) < _SAME_SADDLE and same_shape(
            self._numbers, here.positions, there.positions, mirrors=mirrors, within=_SAME_PLACE
        )

    @cached_property
    def _numbers(self) -> NDArray[np.int64]:
        return np.array([atom.GetAtomicNum() for atom in self.surfaces.alkene.molecule.GetAtoms()])

    @cached_property
    def _mirrors(self) -> bool:
        """Whether the mirror image is the same molecule: both images of a chiral saddle then count."""
        return is_own_mirror_image(self.surfaces.alkene.molecule)

    def _mechanisms(self, stable: Form, near: list[Form]) -> list[Band]:
        """Force-field paths of distinct mechanisms, lowest first."""
        self.say(f"MMFF94: {self.guesses} paths")
        ends = [(form.positions, stable.positions) for form in near]
        bands = self.surfaces.bands(ends, self.guesses, self.spec.protocol.seed)
        if not bands:
            raise KineticsError(f"{self.spec.name}: no path between the helical forms was found with MMFF94")
        return bands[:_MECHANISMS]

    def _paths(self, mechanisms: list[Band], metastable: float, known: Sequence[Stationary]) -> list[Path]:
        """The mechanisms at the asked level, those much higher than others or than known saddles left out.

        Lowest first.
        """
        relaxed: list[Path] = []
        below = min((saddle.energy for saddle in known), default=metastable + _HIGHEST)
        for number, band in enumerate(mechanisms):
            self.say(f"{self.surfaces.surface_name}: mechanism {number + 1} of {len(mechanisms)}")
            lowest = min([below, *(path.height for path in relaxed)])
            path = self.surfaces.path(band, lowest + _WINDOW)
            if path.height < lowest + _WINDOW and path.inner:
                relaxed.append(path)
        return sorted(relaxed, key=lambda path: path.height)

    def _saddles(
        self, paths: list[Path], known: Sequence[Stationary], *, whole: bool = False
    ) -> list[Stationary]:
        """Distinct saddles of the lowest paths and the known ones, all that may count, lowest first.

        With ``whole`` each search begins from near the path's top and with the level's whole Hessian.
        """
        refined = list(known)
        for number, path in enumerate(paths):
            if refined and path.height > min(saddle.energy for saddle in refined) + _COUNTED + _SLACK:
                break
            self.say(f"{self.surfaces.surface_name}: saddle {number + 1}, of at most {len(paths)}")
            if self._is_over_one(path, known):
                continue
            closer = self.surfaces.closer(path) if path.coarse else path
            if self._is_over_one(closer, known):
                continue
            if not whole:
                saddle = self.surfaces.saddle(closer.summit, closer.tangent, _FEW_STEPS, whole=False)
            if whole or not saddle.converged:
                closer = closer if path.coarse else self.surfaces.closer(path)
                saddle = self.surfaces.saddle(closer.summit, closer.tangent, STEPS, whole=True)
            if saddle.converged and not any(self._are_one(saddle, s, mirrors=self._mirrors) for s in refined):
                refined.append(saddle)
        if not refined:
            level = self.surfaces.surface_name
            raise KineticsError(f"{self.spec.name}: no saddle of the helix inversion converged with {level}")
        return sorted(refined, key=lambda saddle: saddle.energy)

    def _is_over_one(self, path: Path, saddles: Sequence[Stationary]) -> bool:
        """Whether a path goes over one of the saddles, by what makes two mechanisms one for a band."""
        heavy = self._numbers > 1
        return any(
            path.height > saddle.energy - _SLACK
            and mean_distance(path.summit[heavy], saddle.positions[heavy]) < SAME_TOP
            for saddle in saddles
        )

    def _crossing(
        self, saddles: list[Stationary], forms: Sequence[Stationary], metastable: float
    ) -> tuple[Point, tuple[Descent, Descent], tuple[Point, ...]]:
        """The lowest saddle whose descents end on both sides, or the lowest of all; the others that count."""
        best: tuple[Point, tuple[Descent, Descent]] | None = None
        passes: list[tuple[Point, tuple[Descent, Descent]]] = []
        for saddle in saddles:
            if passes and saddle.energy > passes[0][0].on_surface + _COUNTED:
                break
            height = saddle.energy - metastable
            self.say(f"{self.surfaces.surface_name}: modes of a saddle at {height:.0f} kJ/mol")
            point = self._point(saddle, mirrors=self._mirrors)
            descents = (
                self._descent(saddle, point, 1.0, forms, metastable),
                self._descent(saddle, point, -1.0, forms, metastable),
            )
            crosses = descents[0].helicity * descents[1].helicity < 0.0
            if best is None or (crosses and not passes):
                best = (point, descents)
            if crosses and point.modes.imaginary == 1:
                passes.append((point, descents))
        assert best is not None
        if not passes:
            return *best, ()
        passes.sort(key=lambda passed: passed[0].gibbs)
        return *passes[0], tuple(point for point, _ in passes[1:])

    def _descent(
        self, saddle: Stationary, point: Point, sign: float, forms: Sequence[Stationary], metastable: float
    ) -> Descent:
        hessian = self.surfaces.hessian(saddle.positions)
        end = self.surfaces.below(saddle, sign * point.modes.vectors[0], hessian, forms)
        return Descent(end.energy - metastable, self.surfaces.alkene.helicity(end.positions))

    def _point(self, stationary: Stationary, *, mirrors: bool = False) -> Point:
        """The modes of a stationary point and its Gibbs energy; its mirror image counts where ``mirrors``."""
        surfaces = self.surfaces
        masses = np.array([atom.GetMass() for atom in surfaces.alkene.molecule.GetAtoms()])
        if self.quick:
            cheap = normal_modes(surfaces.guess(stationary.positions), stationary.positions, masses)
            modes, exact = of_a_saddle(cheap, stationary.direction), stationary
        else:
            modes = normal_modes(surfaces.hessian(stationary.positions), stationary.positions, masses)
            exact = surfaces.polished(stationary)
        thermal = free_energy(modes, stationary.positions, masses, self.temperature)
        energy, x = surfaces.energy(exact), exact.positions
        images = 2 if mirrors and is_chiral(self._numbers, x) else 1
        copies = images / symmetry_number(self._numbers, x)
        return Point(energy, x, modes, energy + thermal, copies, exact.energy)
