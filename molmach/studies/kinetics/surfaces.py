"""One molecule's two energy surfaces, the asked one and MMFF94 as its cheap guide, and what is found on them.

Everything dear is a piece of the store. Each piece starts with levels that have forgotten what was before:
else a result would depend on what was computed in the same process and what was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from molmach import forcefield
from molmach.engine import available_cores
from molmach.forcefield.images_kernel import Images
from molmach.studies.kinetics.band import SAME_TOP, Band, bands, mean_distance
from molmach.studies.kinetics.forms import Alkene, Form, find_forms
from molmach.studies.kinetics.frame import Frame, frame_of
from molmach.studies.kinetics.level import SURFACES, Floats, Level, level_of
from molmach.studies.kinetics.modes import finite_difference_hessian
from molmach.studies.kinetics.single_points import energy_at
from molmach.studies.kinetics.stationary import (
    Stationary,
    exact_hessian,
    find_saddle,
    polished,
    relax,
    softened_hessian,
)
from molmach.studies.kinetics.store import Piece, Store
from molmach.studies.kinetics.string import IMAGES, Ground, Path, relax_path, relax_summit

_NUDGES = (0.02, 0.04, 0.06, 0.09, 0.13)
_CLEARLY_DOWN = 0.5
_NEARLY, _BESIDE = 1.0, 0.01
"""A structure that is no more than this above a form, kJ/mol, and beside it, nm, is in its valley."""

_ROUGHLY = 10.0
"""The first of these, kJ/mol, where only heavy atoms are looked at."""


class Surfaces:
    """The surfaces of one isomer.

    Attributes
    ----------
    alkene, level_name
        The molecule, and one of :data:`molmach.studies.kinetics.level.LEVELS`.
    surface_name
        The level on whose surface points are stationary: another where the asked one gives energies alone.
    solvent
        Around the molecule; None for none.
    """

    def __init__(self, alkene: Alkene, level_name: str, store: Store, solvent: str | None = None) -> None:
        self.alkene = alkene
        self.level_name = level_name
        self.surface_name = SURFACES.get(level_name, level_name)
        self.solvent = solvent
        self._store = store
        self._about = (alkene.content, self.surface_name, *(() if solvent is None else (solvent.lower(),)))

    @cached_property
    def _levels(self) -> list[Level]:
        return [level_of(self.surface_name, self.alkene.molecule, self.solvent) for _ in range(IMAGES)]

    def _fresh(self) -> list[Level]:
        for level in self._levels:
            level.forget()
        return self._levels

    @cached_property
    def _images(self) -> Images:
        return Images(forcefield.get("MMFF94"), self.alkene.molecule)

    @cached_property
    def _frame(self) -> Frame:
        return frame_of(self.alkene.molecule)

    def _guide(self, many: Floats) -> Floats:
        """MMFF94's gradients of (m, n_atoms, 3) structures."""
        return -self._images(many)[1]

    def guess(self, positions: Floats) -> Floats:
        """MMFF94's (3n, 3n) second derivatives, kJ/(mol nm^2)."""
        return finite_difference_hessian(self._guide, positions)

    def forms(self, seed: int) -> list[Form]:
        """MMFF94's forms, lowest first."""

        def make() -> dict[str, Floats]:
            forms = find_forms(self.alkene, seed)
            return {
                "energies": np.array([form.energy for form in forms]),
                "positions": np.array([form.positions for form in forms]),
            }

        piece = self._store.piece("forms", (self.alkene.content, seed), make)
        return [Form(float(e), x) for e, x in zip(piece["energies"], piece["positions"], strict=True)]

    def bands(self, ends: Sequence[tuple[Floats, Floats]], count: int, seed: int) -> list[Band]:
        """MMFF94's elastic bands between pairs of ends, one a mechanism, lowest first."""

        def make() -> dict[str, Floats]:
            heavy = [a.GetIdx() for a in self.alkene.molecule.GetAtoms() if a.GetAtomicNum() > 1]
            elastic = bands(self._images, list(ends), count, seed, heavy)
            if not elastic:
                return {"positions": np.zeros(0), "energies": np.zeros(0)}
            return {
                "positions": np.array([band.positions for band in elastic]),
                "energies": np.array([band.energies for band in elastic]),
            }

        inputs = (self.alkene.content, np.array(ends), count, seed)
        piece = self._store.piece("bands", inputs, make)
        return [Band(x, e) for x, e in zip(piece["positions"], piece["energies"], strict=True)]

    def minimum(self, positions: Floats) -> Stationary:
        """The minimum downhill from a structure."""

        def make() -> dict[str, Floats]:
            return _packed(relax(self._fresh()[0], positions, self.guess))

        return _unpacked(self._store.piece("minimum", (*self._about, positions), make))

    def path(self, band: Band, give_up_above: float) -> Path:
        """A band relaxed on the asked surface."""

        def make() -> dict[str, Floats]:
            return _packed_path(relax_path(self._ground(), band.positions, give_up_above))

        return _unpacked_path(self._store.piece("path", (*self._about, band.positions, give_up_above), make))

    def closer(self, path: Path) -> Path:
        """A path's part by its top, with more images."""

        def make() -> dict[str, Floats]:
            return _packed_path(relax_summit(self._ground(), path))

        return _unpacked_path(self._store.piece("closer", (*self._about, path.positions), make))

    def _ground(self) -> Ground:
        return Ground(self._fresh(), self.guess, self._frame, available_cores())

    def saddle(self, start: Floats, tangent: Floats, steps: int, whole: bool) -> Stationary:
        """The saddle point by a structure, up along a direction.

        Parameters
        ----------
        start, tangent
            (n_atoms, 3): the structure, nm, and the direction.
        steps
            After so many it is given up.
        whole
            Whether the search has the level's whole Hessian, or MMFF94's with the level's soft modes.
        """

        def make() -> dict[str, Floats]:
            level, spare = self._fresh()[:2]

            def hessian(positions: Floats) -> Floats:
                if whole:
                    return exact_hessian(spare, positions, self._guide)
                return softened_hessian(spare, positions, tangent, self._guide)

            return _packed(find_saddle(level, start, tangent, hessian, self.guess, self._frame, steps))

        return _unpacked(self._store.piece("saddle", (*self._about, start, tangent, steps, whole), make))

    def polished(self, stationary: Stationary) -> Stationary:
        """A stationary point whose gradient is as small as a minimum's."""

        def make() -> dict[str, Floats]:
            return _packed(polished(self._fresh()[0], stationary, self.hessian(stationary.positions)))

        return _unpacked(self._store.piece("polished", (*self._about, stationary.positions), make))

    def force(self, positions: Floats) -> float:
        """Largest component of the gradient, kJ/(mol nm)."""
        return float(np.abs(self._fresh()[0](positions)[1]).max())

    def hessian(self, positions: Floats) -> Floats:
        """(3n, 3n) second derivatives, kJ/(mol nm^2)."""

        def make() -> dict[str, Floats]:
            return {"hessian": exact_hessian(self._fresh()[1], positions, self._guide)}

        return self._store.piece("hessian", (*self._about, positions), make)["hessian"]

    def energy(self, stationary: Stationary) -> float:
        """A stationary point's energy at the asked level, kJ/mol; solvation is always the surface's."""
        molecule, content = self.alkene.molecule, self.alkene.content
        return energy_at(stationary, molecule, content, self.level_name, self.solvent, self._store)

    def below(
        self,
        saddle: Stationary,
        direction: Floats,
        hessian: Floats,
        forms: Sequence[Stationary],
        *,
        roughly: bool = False,
    ) -> Stationary:
        """The minimum down from a saddle along a direction (n_atoms, 3) of unit norm.

        A flat saddle is left by a longer nudge, for close to it the gradient is that of a minimum. The way
        down starts from the saddle's own (3n, 3n) Hessian, and is over where it has come so near to one of
        the ``forms``, in structure and in energy, that there is nothing else to come to; ``roughly``, where
        its heavy atoms lie as they do in two paths of one mechanism.
        """
        heavy = [a.GetIdx() for a in self.alkene.molecule.GetAtoms() if a.GetAtomicNum() > 1]
        marks = heavy if roughly else list(range(len(saddle.positions)))
        above, beside = (_ROUGHLY, SAME_TOP) if roughly else (_NEARLY, _BESIDE)

        def there(energy: float, positions: Floats) -> Stationary | None:
            near = (form for form in forms if energy - form.energy < above)
            one = (f for f in near if mean_distance(positions[marks], f.positions[marks]) < beside)
            return next(one, None)

        def make() -> dict[str, Floats]:
            level = self._fresh()[0]
            for nudge in _NUDGES:
                start = self._frame.moved(saddle.positions, nudge * direction)
                if level(start)[0] < saddle.energy - _CLEARLY_DOWN:
                    break
            return _packed(relax(level, start, lambda positions: hessian, there))

        ends = [form.positions for form in forms]
        inputs = (*self._about, saddle.positions, saddle.energy, direction, *ends, roughly)
        return _unpacked(self._store.piece("descent", inputs, make))


def _packed_path(path: Path) -> dict[str, Floats]:
    return {
        "energies": path.energies,
        "positions": path.positions,
        "force": np.array(path.force),
        "tangent": path.tangent,
        "summit": path.summit,
        "coarse": np.array(float(path.coarse)),
    }


def _unpacked_path(piece: Piece) -> Path:
    energies, positions, force, tangent, summit, coarse = (
        piece[name] for name in ("energies", "positions", "force", "tangent", "summit", "coarse")
    )
    return Path(energies, positions, float(force), tangent, summit, bool(coarse))


def _packed(stationary: Stationary) -> dict[str, Floats]:
    packed = {
        "energy": np.array(stationary.energy),
        "positions": stationary.positions,
        "converged": np.array(float(stationary.converged)),
    }
    return packed if stationary.direction is None else {**packed, "direction": stationary.direction}


def _unpacked(piece: Piece) -> Stationary:
    energy, positions, converged = (piece[name] for name in ("energy", "positions", "converged"))
    return Stationary(float(energy), positions, bool(converged), piece.get("direction"))
