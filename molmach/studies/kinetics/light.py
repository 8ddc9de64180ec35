"""A motor under a lamp: what its forms absorb, where light alone would hold them, and how often it turns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from molmach.errors import KineticsError
from molmach.identity import version_of
from molmach.studies.kinetics.absorption import (
    BAND_WIDTH,
    EXCITATION_ERROR,
    METHOD,
    Absorption,
    Lamp,
    excitations,
    photostationary_share,
    wavelength_error,
)
from molmach.studies.kinetics.cycle import Cycle, motor_cycle
from molmach.studies.kinetics.forms import Alkene
from molmach.studies.kinetics.inversion import HelixInversion
from molmach.studies.kinetics.level import Floats
from molmach.studies.kinetics.store import Store

_DARK = 1e-3
"""Molar absorption, L/(mol cm), below which nothing is absorbed."""

_LEAST = 1e-9
"""Of the strongest absorption, what every form has at least: a Gaussian's tail falls off too soon."""

Pair = tuple[Absorption, Absorption]
"""Of a stable and a metastable form."""


@dataclass(frozen=True, eq=False)
class Illumination:
    """A motor's absorption, and its cycle under a lamp.

    Attributes
    ----------
    steps
        Its thermal steps.
    forms
        What the lowest stable and metastable conformers of each step absorb.
    yields
        Quantum yields of half a turn from stable and from metastable forms, as stated.
    lamp
        None where only absorption was asked for.
    """

    steps: tuple[HelixInversion, ...]
    forms: tuple[Pair, ...]
    yields: tuple[float, float]
    lamp: Lamp | None

    @property
    def wavelength(self) -> float:
        """Absorption wavelength of the stable form, nm; the longer one of E and Z."""
        return max(stable.wavelength for stable, _ in self.forms)

    def shifted(self, shift: float) -> Illumination:
        """The same with all excitation energies so much higher, eV."""
        moved = [tuple(replace(form, energies=form.energies + shift) for form in pair) for pair in self.forms]
        return replace(self, forms=tuple((a, b) for a, b in moved))

    def cycle(self) -> Cycle:
        """The stationary turning under the lamp.

        Raises
        ------
        KineticsError
            No form absorbs its light.
        """
        lamp = self._lamp
        if max(form.molar(lamp.wavelength) for pair in self.forms for form in pair) < _DARK:
            raise KineticsError(f"wavelength {lamp.wavelength:g} nm: no form absorbs it ({METHOD})")
        rates = [(stable.excitation_rate(lamp), other.excitation_rate(lamp)) for stable, other in self.forms]
        least = _LEAST * max(max(pair) for pair in rates)
        return motor_cycle(1.0, self.steps, self.yields, [(max(a, least), max(b, least)) for a, b in rates])

    def photostationary(self) -> tuple[float, ...]:
        """Share of each step's metastable form beside the stable form that light makes it from, without heat.

        That stable form is the other isomer's where there are two.
        """
        lamp, (forth, back) = self._lamp, self.yields
        shares = []
        for number in range(len(self.forms)):
            source, metastable = self.forms[number - 1][0], self.forms[number][1]
            onward, backward = (f.molar(lamp.wavelength) for f in (source, metastable))
            shares.append(photostationary_share(forth * onward, back * backward))
        return tuple(shares)

    @property
    def _lamp(self) -> Lamp:
        if self.lamp is None:
            raise KineticsError("no lamp was stated; expected a wavelength")
        return self.lamp

    def to_json(self) -> dict[str, Any]:
        """What the document says of it: nm, mW/cm^2, L/(mol cm), 1/s."""
        names = [(s.isomer, kind) for s in self.steps for kind in ("stable", "metastable")]
        listed = [form for pair in self.forms for form in pair]
        document: dict[str, Any] = {
            "method": METHOD,
            "band_width": BAND_WIDTH,
            "excitation_error": EXCITATION_ERROR,
            "absorption_wavelength": self.wavelength,
            "absorption_wavelength_error": wavelength_error(self.wavelength),
            "forms": [
                {"form": f"{kind} {isomer}".strip(), **form.to_json()}
                for (isomer, kind), form in zip(names, listed, strict=True)
            ],
        }
        if self.lamp is None:
            return document
        for entry, form in zip(document["forms"], listed, strict=True):
            entry["molar_absorption"] = form.molar(self.lamp.wavelength)
            entry["excitation_rate"] = form.excitation_rate(self.lamp)
        return document | {
            "lamp": vars(self.lamp),
            "photostationary_metastable": list(self.photostationary()),
            "cycle": vars(self.cycle()),
        }


def illumination(
    alkenes: Sequence[Alkene],
    steps: tuple[HelixInversion, ...],
    yields: tuple[float, float],
    lamp: Lamp | None,
    store: Store,
) -> Illumination:
    """What the forms of a motor's steps absorb, in vacuum, each form's result a piece of the store.

    Raises
    ------
    KineticsError
        An excitation does not converge.
    """
    forms = [
        (
            _absorption(alkene, step.stable.positions, store),
            _absorption(alkene, step.metastable.positions, store),
        )
        for alkene, step in zip(alkenes, steps, strict=True)
    ]
    return Illumination(steps, tuple(forms), yields, lamp)


def _absorption(alkene: Alkene, positions: Floats, store: Store) -> Absorption:
    def make() -> dict[str, Floats]:
        return vars(excitations(alkene.molecule, positions))

    piece = store.piece("absorption", (alkene.content, METHOD, positions, version_of("pyscf")), make)
    return Absorption(piece["energies"], piece["strengths"])
