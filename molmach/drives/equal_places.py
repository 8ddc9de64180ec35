"""Whether a drive treats places alike that a machine's symmetry exchanges."""

from __future__ import annotations

import numpy as np
import scipy

from molmach.building import Assembly
from molmach.building.track_symmetry import TrackSymmetry
from molmach.drives.base import STATIC, DriveTerms
from molmach.drives.shapes.base import Floats

_SHAKEN_NM = 0.1
_SETS_OF_PLACES = 3
_ROUNDING = 1e-9


def treats_alike(terms: DriveTerms, load: float, assembly: Assembly, symmetry: TrackSymmetry) -> bool:
    """Whether what a drive does, and the machine's own affinities, are as they were after an exchange.

    A field marks a direction in space, and a torque a way round, which a reversed track exchanges with the
    other. Of the switches each must have one that is thrown alike and whose energies, with every atom where
    it goes, are as much. They are compared at places drawn at random, at which no two different functions
    agree, and turned at random, for the exchange is of parts of the machine, wherever it points.

    Parameters
    ----------
    terms, load
        Of the drive, the load in kJ/mol.
    assembly, symmetry
        The machine, and the exchange.
    """
    if terms.has_field or (symmetry.reversed and (terms.torque or load)):
        return False
    rng = np.random.default_rng(1)
    built = assembly.positions_nm
    before = built + rng.normal(0.0, _SHAKEN_NM, (_SETS_OF_PLACES, *built.shape))
    after = np.empty_like(before)
    after[:, symmetry.image] = -before if symmetry.mirrored else before
    after = after @ scipy.spatial.transform.Rotation.random(random_state=1).as_matrix()
    if not _equal(*(_energies(terms, STATIC, places) for places in (before, after))):
        return False
    left = list(range(len(terms.switches)))
    for number, switch in enumerate(terms.switches):
        own = _energies(terms, number, before)
        others = (o for o in left if terms.switches[o] == switch and _equal(own, _energies(terms, o, after)))
        same = next(others, None)
        if same is None:
            return False
        left.remove(same)
    return True


def _energies(terms: DriveTerms, switch: int, positions_nm: Floats) -> tuple[Floats, Floats]:
    """(n, n_sets) energies of a switch's terms off and on, kJ/mol, and what they are rounded by.

    Above them stands the level of its first term, where that hinders its throws by its distance.
    """
    own = [term for term in terms.switched if term.switch == switch]
    if not own:
        return np.zeros((0, len(positions_nm))), np.zeros((0, len(positions_nm)))
    levels = np.array([term.shape.level(positions_nm) for term in own])
    amplitudes = np.array([(term.off, term.on) for term in own]).T
    hindered = switch != STATIC and any(way.hindrance for way in terms.switches[switch].channels)
    first = levels[: int(hindered)]
    return (
        np.concatenate([first, amplitudes @ levels]),
        np.concatenate([np.abs(first), np.abs(amplitudes) @ np.abs(levels)]),
    )


def _equal(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> bool:
    return one[0].shape == other[0].shape and bool(
        np.all(np.abs(one[0] - other[0]) <= _ROUNDING * np.maximum(one[1], other[1]))
    )
