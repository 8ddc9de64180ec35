"""A motor's kinetics in a run folder, which keeps its pieces.

So the same search at another temperature or light costs next to nothing.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from molmach.errors import Argument, SpecError
from molmach.files import write_json, write_text
from molmach.spec import Spec
from molmach.studies import folder
from molmach.studies.kinetics.absorption import METHOD, Lamp
from molmach.studies.kinetics.cycle import Cycle, motor_cycle
from molmach.studies.kinetics.forms import isomers
from molmach.studies.kinetics.functional import require_functional
from molmach.studies.kinetics.inversion import HelixInversion
from molmach.studies.kinetics.level import SURFACES, level_of, require_solvent
from molmach.studies.kinetics.light import Illumination, illumination
from molmach.studies.kinetics.page import write_page
from molmach.studies.kinetics.relatives import Relative
from molmach.studies.kinetics.search import GUESSES, alkene_of, helix_inversions
from molmach.studies.kinetics.store import MissingPieceError, Store
from molmach.studies.provenance import versions

KINETICS_SCHEMA = "molmach.kinetics/1"

EXCITATION_RATES = tuple(10.0**power for power in range(-6, 10, 3))
"""Light intensities of the series of cycles, photons absorbed by one motor a second."""

HOTTEST = 2000.0
"""Temperatures must be below it, K."""

SHORTEST, LONGEST = 100.0, 2000.0
"""Wavelengths of lamps, nm."""

INTENSITY = 10.0
"""Of a lamp where none is stated, mW/cm^2: a light-emitting diode in front of a cell."""


def require_lamp(wavelength: float, intensity: float) -> None:
    """Refuse light of a wavelength (nm) or an intensity (mW/cm^2) that can't be.

    Raises
    ------
    SpecError
        One of them can't.
    """
    if not SHORTEST <= wavelength <= LONGEST:
        raise SpecError(Argument("wavelength"), f" {wavelength:g}: expected {SHORTEST:g} to {LONGEST:g} nm")
    if not (math.isfinite(intensity) and intensity > 0.0):
        raise SpecError(
            Argument("intensity"), f" {intensity:g}: expected mW per square centimetre, above zero"
        )


@dataclass(frozen=True)
class Plan(folder.Plan):
    """A motor whose thermal steps and cycle are asked for.

    Attributes
    ----------
    spec
        The machine.
    level_name
        Level of the energies, one of :data:`molmach.studies.kinetics.level.LEVELS`.
    temperature
        K.
    excitation_rate
        Photons absorbed by one motor, 1/s.
    yields
        Quantum yields of half a turn from stable and from metastable forms.
    guesses
        Elastic bands that look for mechanisms; with fewer the lowest saddle may be missed.
    quick
        Whether a first look is enough: see :func:`molmach.studies.kinetics.search.helix_inversions`.
    solvent
        Around the molecule, one of :data:`molmach.studies.kinetics.level.SOLVENTS`; None for none.
    wavelength
        Of a lamp, nm, under which the motor's absorption and turning are computed; None for none.
    intensity
        The lamp's, mW/cm^2.
    absorbs
        Whether absorption is computed also without a lamp.
    relatives
        Motors whose saddles are tried first: see :func:`molmach.studies.kinetics.search.helix_inversions`.

    Raises
    ------
    SpecError
        A number is none that could be, or the level has no such solvent.
    """

    spec: Spec
    level_name: str
    temperature: float
    excitation_rate: float = 1.0
    yields: tuple[float, float] = (0.1, 0.1)
    guesses: int = GUESSES
    quick: bool = False
    solvent: str | None = None
    wavelength: float | None = None
    intensity: float = INTENSITY
    absorbs: bool = False
    relatives: tuple[Relative, ...] = ()

    noun = "search"
    document = "kinetics.json"
    pieces = ("pieces/*.npz",)

    def __post_init__(self) -> None:
        if not 0.0 < self.temperature < HOTTEST:
            raise SpecError(Argument("temperature"), f" {self.temperature:g}: expected 0 to {HOTTEST:g} K")
        if not (math.isfinite(self.excitation_rate) and self.excitation_rate > 0.0):
            raise SpecError(
                Argument("excitation_rate"),
                f" {self.excitation_rate:g}: expected photons per second, above zero",
            )
        for number, value in enumerate(self.yields):
            if not 0.0 < value <= 1.0:
                raise SpecError(
                    Argument(f"yields[{number}]"),
                    f" {value:g}: expected a quantum yield above 0 and at most 1",
                )
        if self.guesses < 1:
            raise SpecError(Argument("guesses"), f" {self.guesses}: expected one or more")
        require_solvent(self.level_name, self.solvent)
        if self.wavelength is not None:
            require_lamp(self.wavelength, self.intensity)

    @property
    def identity(self) -> folder.Identity:
        """The spec's key and the level; temperature and light change no piece of the search."""
        fewer = {} if self.guesses == GUESSES else {"guesses": self.guesses}
        look = {"quick": True} if self.quick else {}
        within = {} if self.solvent is None else {"solvent": self.solvent.lower()}
        return {"key": self.spec.key, "level": self.level_name, **fewer, **look, **within}

    @property
    def default_place(self) -> Path:
        """``runs/<name>-<first twelve characters of the key>-kinetics-<level>``."""
        asked = [self.spec.name, self.spec.key[:12], "kinetics", self.level_name]
        asked += [] if self.guesses == GUESSES else [str(self.guesses)]
        asked += ["quick"] if self.quick else []
        asked += [] if self.solvent is None else [self.solvent.lower()]
        return Path("runs") / "-".join(asked)

    def require_search(self) -> None:
        """Find out whether the machine can be searched at the level.

        Raises
        ------
        KineticsError, MissingExtraError
            It has no step of the kind, or the level can't be had.
        """
        level_of(self.level_name, alkene_of(self.spec).molecule, self.solvent)
        if self.level_name in SURFACES:
            require_functional()
        if self.wavelength is not None or self.absorbs:
            require_functional("wavelength", METHOD)


@dataclass(frozen=True, eq=False)
class MotorKinetics:
    """A motor's thermal steps and its cycle.

    Attributes
    ----------
    spec
        The machine.
    steps
        One helix inversion, or that of E and that of Z.
    cycle, series
        At the asked light intensity, and at :data:`EXCITATION_RATES`.
    yields
        Quantum yields from stable and metastable forms, as stated.
    run_dir
        Where the search is kept.
    light
        What the forms absorb, and the turning under a lamp; None where no lamp was stated.
    """

    spec: Spec
    steps: tuple[HelixInversion, ...]
    cycle: Cycle
    series: tuple[Cycle, ...]
    yields: tuple[float, float]
    run_dir: Path
    light: Illumination | None = None

    def to_json(self) -> dict[str, Any]:
        """The JSON document: schema ``molmach.kinetics/1``."""
        return {
            "schema": KINETICS_SCHEMA,
            "name": self.spec.name,
            "run_dir": str(self.run_dir),
            "key": self.spec.key,
            "level": self.steps[0].level,
            "temperature": self.steps[0].temperature,
            "solvent": self.steps[0].solvent,
            "steps": [step.to_json() for step in self.steps],
            "cycle": vars(self.cycle),
            "cycles": [vars(cycle) for cycle in self.series],
            "assumed": {"forward_yield": self.yields[0], "backward_yield": self.yields[1]},
            "light": None if self.light is None else self.light.to_json(),
        }


def motor_kinetics(
    spec: Spec,
    level_name: str,
    temperature: float,
    *,
    excitation_rate: float = 1.0,
    yields: tuple[float, float] = (0.1, 0.1),
    guesses: int = GUESSES,
    quick: bool = False,
    solvent: str | None = None,
    wavelength: float | None = None,
    intensity: float = INTENSITY,
    out: str | Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> MotorKinetics:
    """Search for a motor's thermal steps, or read them where they are finished, and work out its cycle.

    Parameters
    ----------
    spec, level_name, temperature, excitation_rate, yields, guesses, quick, solvent, wavelength, intensity
        As :class:`~molmach.studies.kinetics.run.Plan` has them.
    out
        Run folder; default ``runs/<name>-<first twelve characters of the key>-kinetics-<level>``.
    say
        Called with what is going on.

    Raises
    ------
    KineticsError, MissingExtraError
        The machine has no such step, or it can't be found.
    SpecError
        The folder can't be written, or holds something else.
    SimulationError
        Another process is at the same search.
    """
    asked = (temperature, excitation_rate, yields, guesses, quick, solvent, wavelength, intensity)
    return run(Plan(spec, level_name, *asked), out, say)


def run(
    plan: Plan, out: str | Path | None = None, say: Callable[[str], None] = lambda text: None
) -> MotorKinetics:
    """Carry a plan out in its folder, or read it where it is finished; parameters: :func:`motor_kinetics`'s.

    A finished search answers at every temperature and in every light; its page and document are those of what
    was asked last. Pieces that it lacks, because they were made by other code, are made and added.
    """
    place = plan.folder(out)

    def read(directory: Path) -> MotorKinetics:
        try:
            kept = _kinetics(plan, Store(directory / "pieces", makes=False), place.place, say)
        except MissingPieceError:
            with place.writing():
                kinetics = _kinetics(plan, Store(directory / "pieces"), place.place, say)
                _write(plan, kinetics, directory)
            return kinetics
        if not _is_written(plan, kept, directory):
            with place.writing():
                _write(plan, kept, directory)
        return kept

    def make(work: Path, _: None) -> MotorKinetics:
        kinetics = _kinetics(plan, Store(work / "pieces"), place.place, say)
        _write(plan, kinetics, work)
        write_text(work / "machine.yaml", plan.spec.to_yaml())
        place.publish(work)
        return kinetics

    return place.result(read, plan.require_search, make)


def _kinetics(plan: Plan, pieces: Store, run_dir: Path, say: Callable[[str], None]) -> MotorKinetics:
    """What comes of a store's pieces and of those that it makes."""
    steps = helix_inversions(
        plan.spec,
        plan.level_name,
        plan.temperature,
        pieces,
        say,
        guesses=plan.guesses,
        quick=plan.quick,
        solvent=plan.solvent,
        relatives=plan.relatives,
    )
    cycle, *series = (
        motor_cycle(rate, steps, plan.yields) for rate in (plan.excitation_rate, *EXCITATION_RATES)
    )
    light = None
    if plan.wavelength is not None or plan.absorbs:
        say(f"{METHOD}: what the forms absorb")
        lamp = None if plan.wavelength is None else Lamp(plan.wavelength, plan.intensity)
        light = illumination(isomers(alkene_of(plan.spec)), steps, plan.yields, lamp, pieces)
    return MotorKinetics(plan.spec, steps, cycle, tuple(series), plan.yields, run_dir, light)


def _write(plan: Plan, kinetics: MotorKinetics, directory: Path) -> None:
    """The page, and after it the document."""
    write_page(kinetics, {**plan.identity, "versions": versions()}, directory / "report.html")
    write_json(directory / plan.document, kinetics.to_json())


def _is_written(plan: Plan, kinetics: MotorKinetics, directory: Path) -> bool:
    """Whether page and document of a finished search are those of what was asked."""
    written = json.loads((directory / plan.document).read_text(encoding="utf-8"))
    asked = json.loads(json.dumps(kinetics.to_json()))
    return bool(written == asked) and (directory / "report.html").is_file()
