"""Thermal helix inversion of light-driven motors: barriers and turning, a rung being a level of theory."""

from __future__ import annotations

import hashlib
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rdkit import Chem, DataStructs

from molmach import units
from molmach.data.quantity import Quantity
from molmach.data.statistics import Floats
from molmach.errors import KineticsError, MolmachError, SpecError
from molmach.search.loop.evaluations.base import Evaluation, Task
from molmach.search.record.archive import packed
from molmach.search.record.result import Result
from molmach.search.record.trial import CONFIRMATION
from molmach.search.space.molecules import fingerprint, plain_smiles
from molmach.search.space.space import Candidate
from molmach.spec import Campaign, Spec
from molmach.studies.kinetics import Cycle, HelixInversion, MotorKinetics, motor_cycle
from molmach.studies.kinetics import run as kinetics_run
from molmach.studies.kinetics.absorption import EXCITATION_ERROR, METHOD, wavelength_error
from molmach.studies.kinetics.forms import isomers
from molmach.studies.kinetics.functional import require_functional
from molmach.studies.kinetics.inversion import QUICK_ERROR, QUICK_GUESSES, barrier_error
from molmach.studies.kinetics.level import BARRIER_ERROR, require_solvent
from molmach.studies.kinetics.rates import eyring_rate, half_life
from molmach.studies.kinetics.relatives import Relative, unpacked
from molmach.studies.kinetics.search import GUESSES, alkene_of
from molmach.studies.kinetics.words import doubts

_LEVELS = tuple(BARRIER_ERROR)
_LIGHT, _YIELD = 1.0, 0.1

_RELATIVES = 4
"""Motors whose saddles a search may start from: which fits best is seen once they are laid on the new one."""


def _half_life(barrier: Floats, temperature: Floats) -> Floats:
    pairs = zip(np.atleast_1d(barrier), np.atleast_1d(temperature), strict=True)
    return np.array([half_life(eyring_rate(float(b), float(t))) for b, t in pairs])


@dataclass(frozen=True)
class _Asked:
    """What is assumed of temperature, light and surroundings.

    K, photons a motor and second, quantum yields, and a solvent that levels know by name; None for none.
    """

    temperature: float
    excitation_rate: float
    forward_yield: float
    backward_yield: float
    intensity: float = kinetics_run.INTENSITY
    wavelength: float | None = None
    solvent: str | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any], temperature: float) -> _Asked:
        """From the campaign's ``evaluation.options``."""
        known = {
            "temperature": temperature,
            "excitation_rate": _LIGHT,
            "forward_yield": _YIELD,
            "backward_yield": _YIELD,
            "intensity": kinetics_run.INTENSITY,
        }
        numbers = {name: value for name, value in options.items() if name != "solvent"}
        for name, value in numbers.items():
            if name not in {*known, "wavelength"}:
                accepted = ", ".join((*known, "wavelength", "solvent"))
                raise SpecError(f"evaluation.options.{name}: accepted: {accepted}")
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < math.inf:
                raise SpecError(f"evaluation.options.{name}: got {value!r}; expected a number above zero")
        solvent = options.get("solvent")
        if not isinstance(solvent, str | None):
            raise SpecError(f"evaluation.options.solvent: got {solvent!r}; expected a name such as toluene")
        return cls(**{**known, **{name: float(value) for name, value in numbers.items()}}, solvent=solvent)


class Kinetics(Evaluation):
    """Searches for a motor's thermal helix inversions and works out its cycle.

    Its rungs are ``{level: LEVEL, guesses: N, quick: false}``: the level of theory, one whose error was
    measured (:data:`molmach.studies.kinetics.level.BARRIER_ERROR`), the number of elastic bands that look for
    mechanisms, and whether a first look is enough, whose own error then stands beside the level's. Its
    options: ``temperature`` (K, default the protocol's), ``excitation_rate`` (photons absorbed by one motor,
    1/s), ``forward_yield`` and ``backward_yield`` (quantum yields of half a turn from stable and from
    metastable forms), ``solvent``, and a lamp's ``wavelength`` (nm) and ``intensity`` (mW/cm^2), under which
    the turning is then. A confirmation is a whole search from other guesses on the last rung's level, whose
    saddle must join the two forms; it keeps its folder.

    Searches start from the saddles of the nearest relatives that any campaign of the store has searched;
    confirmations do not, so that they are independent.
    """

    packages = ("tblite", "pyscf", "pyscf-dispersion")
    summary = "thermal helix inversion of light-driven motors: barrier, half-life, turns under light"
    quantities = (
        Quantity(
            "barrier",
            "Gibbs energy of activation of the thermal helix inversion, the higher one of E and Z",
            "kJ/mol",
        ),
        Quantity(
            "half_life",
            "of the metastable form, the longer one of E and Z",
            "s",
            ("barrier", "kelvin"),
            _half_life,
            bounds=(0.0, math.inf),
            decades=True,
        ),
        Quantity("metastable_energy", "Gibbs energy of the metastable form above the stable one", "kJ/mol"),
        Quantity("rotation_frequency", "net turns a second under the stated light", "1/s"),
        Quantity(
            "directionality", "(forward - backward) / (forward + backward) turns", "1", bounds=(-1.0, 1.0)
        ),
        Quantity("photon_efficiency", "net turns per absorbed photon", "1"),
        Quantity(
            "absorption_wavelength", "of the stable form's lowest allowed band, the longer of E and Z", "nm"
        ),
    )

    def check_rungs(self) -> None:
        """Levels that exist, each with a whole number of guesses."""
        super().check_rungs()
        for number, rung in enumerate(self.campaign.evaluation.rungs):
            where = f"evaluation.rungs[{number}]"
            if unknown := sorted(set(rung) - {"level", "guesses", "quick"}):
                raise SpecError(f"{where}.{unknown[0]}: accepted: level, guesses, quick")
            if not isinstance(rung.get("quick", False), bool):
                raise SpecError(f"{where}.quick: got {rung['quick']!r}; expected true or false")
            if rung.get("level", _LEVELS[0]) not in _LEVELS:
                raise SpecError(f"{where}.level: got {rung['level']!r}; accepted: {', '.join(_LEVELS)}")
            guesses = rung.get("guesses", GUESSES)
            if isinstance(guesses, bool) or not isinstance(guesses, int) or guesses < 1:
                raise SpecError(f"{where}.guesses: got {guesses!r}; expected a whole number, one or more")
        asked = _Asked.of(self.campaign.evaluation.options, 1.0)
        for rung in self.campaign.evaluation.rungs or ({},):
            try:
                require_solvent(str(rung.get("level", _LEVELS[0])), asked.solvent)
            except SpecError as error:
                raise SpecError(error.worded({"solvent": "evaluation.options.solvent"})) from error
        if asked.wavelength is not None:
            kinetics_run.require_lamp(asked.wavelength, asked.intensity)
        if self._absorbs:
            require_functional("evaluation.options.wavelength", METHOD)

    @property
    def _absorbs(self) -> bool:
        """Whether absorption is computed: an objective names its wavelength, or a lamp is stated."""
        named = any("absorption_wavelength" in str(asked) for asked in self.campaign.objectives)
        return named or "wavelength" in self.campaign.evaluation.options

    def __init__(self, campaign: Campaign, use: str) -> None:
        super().__init__(campaign, use)
        self._known: dict[bytes, str] = {}

    def learn(self, lesson: bytes) -> None:
        """A motor whose saddles are known."""
        relative = unpacked(lesson)
        if relative is not None:
            molecule = Chem.RemoveHs(relative.alkene.molecule)
            self._known[lesson] = Chem.MolToSmiles(molecule)

    def _relatives(self, candidate: Candidate) -> list[bytes]:
        """The lessons of the motors that are most like a machine, the likest first."""
        own = fingerprint(plain_smiles(candidate.spec.machine))
        likeness = {
            lesson: DataStructs.TanimotoSimilarity(own, fingerprint(smiles))
            for lesson, smiles in self._known.items()
        }
        return sorted(likeness, key=lambda lesson: (-likeness[lesson], lesson))[:_RELATIVES]

    def refusal(self, candidate: Candidate) -> str:
        """That the machine's axle is no C=C bond, where it is none."""
        try:
            alkene_of(candidate.spec)
        except KineticsError as error:
            return f"evaluation: kinetics: {error}"
        return ""

    def effort(self, rung: int) -> str:
        """Level and guesses."""
        level, guesses, quick = self._level(rung)
        look = ", a first look" if quick else ""
        return f"{level}, {guesses} guesses{look}" + (", afresh" if rung == CONFIRMATION else "")

    @property
    def assumed(self) -> Sequence[str]:
        """Levels and their errors, temperature, light, and what is left out."""
        options = self.campaign.evaluation.options
        protocol = self.campaign.template["protocol"].get("temperature", "300 K")
        asked = _Asked.of(
            options, float(options.get("temperature", units.parse(protocol, units.TEMPERATURE)))
        )
        levels = dict.fromkeys(self._level(rung)[0] for rung in range(self.rungs))
        place = "in the gas phase, without solvent"
        if asked.solvent is not None:
            place = f"in {asked.solvent}, a continuum (ALPB)"
        said = [
            f"Energies are {level}'s {place}; a barrier's standard error is "
            f"{BARRIER_ERROR[level]:g} kJ/mol, as measured on motors of this kind, which is a factor of "
            f"{math.exp(BARRIER_ERROR[level] / units.thermal_energy(asked.temperature)):.2g} in a half-life. "
            "It is mostly the same for machines that are alike, so their order is surer than their place."
            for level in levels
        ]
        if any(self._level(rung)[2] for rung in range(self.rungs)):
            said.append(
                "A first look has one saddle and MMFF94's vibrations. The saddle comes from a relative's and "
                "was gone down from to both forms, or else from few guesses and is taken at its word: "
                f"{QUICK_ERROR:g} kJ/mol more, as independent."
            )
        return (
            *said,
            f"Gibbs energies at {asked.temperature:g} K are of harmonic vibrations, soft modes damped, of "
            "the forms of each helicity and of all saddles within 10 kJ/mol of the lowest (a first look: the "
            "lowest); rates are Eyring's.",
            f"Light: absorbed photons, {asked.excitation_rate:g} a second and motor; quantum yields "
            f"{asked.forward_yield:g} forward and {asked.backward_yield:g} back; neither is computed.",
        )

    def _level(self, rung: int) -> tuple[str, int, bool]:
        """Level, guesses, and whether it is a first look, which no confirmation is."""
        rungs = self.campaign.evaluation.rungs or ({},)
        chosen = rungs[-1 if rung == CONFIRMATION else rung]
        quick = bool(chosen.get("quick", False))
        guesses = int(chosen.get("guesses", QUICK_GUESSES if quick else GUESSES))
        if quick and rung == CONFIRMATION:
            quick, guesses = False, GUESSES
        return str(chosen.get("level", _LEVELS[0])), guesses, quick

    def task(self, candidate: Candidate, rung: int) -> Task:
        """The search on a rung's level; a confirmation's starts from other guesses."""
        level, guesses, quick = self._level(rung)
        spec = candidate.spec
        asked = _Asked.of(self.campaign.evaluation.options, spec.protocol.temperature)
        spec = self.seeded(spec, rung)
        options = {**vars(asked), "level": level, "guesses": guesses, "absorbs": self._absorbs}
        options |= {"quick": True} if quick else {}
        relatives = [] if rung == CONFIRMATION else self._relatives(candidate)
        digests = [hashlib.sha256(lesson).hexdigest() for lesson in relatives]
        key = self.key(spec, options, rung == CONFIRMATION, *([digests] if digests else []))
        options["relatives"] = relatives
        return Task(key, candidate.key, rung, spec, self.use, spec.protocol.seed, options)

    @staticmethod
    def run(task: Task) -> Result:
        """Search; what goes wrong with a machine is its result and raises nothing."""
        started, options = time.process_time(), task.options
        relatives = tuple(r for lesson in options["relatives"] if (r := unpacked(lesson)) is not None)
        yields = (options["forward_yield"], options["backward_yield"])
        try:
            with tempfile.TemporaryDirectory(prefix="molmach-") as name:
                plan = kinetics_run.Plan(
                    task.spec, options["level"], options["temperature"], options["excitation_rate"], yields,
                    options["guesses"], options.get("quick", False), options["solvent"],
                    options["wavelength"], options["intensity"], options["absorbs"], relatives,
                )  # fmt: skip
                motor = kinetics_run.run(plan, Path(name) / "kinetics")
                archive = (
                    packed(Path(name) / "kinetics", without="pieces") if task.rung == CONFIRMATION else b""
                )
        except MolmachError as error:
            seconds = time.process_time() - started
            return Result(task.key, reason=str(error) or type(error).__name__, seconds=seconds)
        seconds = time.process_time() - started
        for step in motor.steps:
            if not step.crosses:
                return Result(
                    task.key, reason=f"no saddle joins the helical forms{_of(step)}", seconds=seconds
                )
        controls = _controls(motor.steps) if task.rung == CONFIRMATION else {}
        try:
            samples = _samples(motor, options)
        except KineticsError as error:
            return Result(task.key, reason=str(error), seconds=seconds)
        return Result(task.key, samples, "", seconds, 0, controls, archive, _lessons(task.spec, motor.steps))


def _lessons(spec: Spec, steps: Sequence[HelixInversion]) -> tuple[bytes, ...]:
    """The saddles of a motor's steps, for its relatives."""
    return tuple(
        Relative(
            alkene,
            np.array([point.positions for point in step.saddles]),
            np.array([point.modes.vectors[0] for point in step.saddles]),
        ).packed()
        for alkene, step in zip(isomers(alkene_of(spec)), steps, strict=True)
    )


def _of(step: HelixInversion) -> str:
    return f" of {step.isomer}" if step.isomer else ""


def _samples(motor: MotorKinetics, options: Mapping[str, Any]) -> dict[str, list[float]]:
    """One number of each quantity, with its standard error where it has one."""
    steps = motor.steps
    error = barrier_error(options["level"], options.get("quick", False)) or 0.0
    slowest = max(steps, key=lambda step: step.barrier)
    turning, turning_error = _turning(motor, error, options["excitation_rate"])
    samples = {
        "barrier": [slowest.barrier],
        "barrier.error": [error],
        "kelvin": [options["temperature"]],
        "metastable_energy": [min(step.drop for step in steps)],
        "metastable_energy.error": [error],
        "rotation_frequency": [turning.frequency],
        "rotation_frequency.error": [turning_error],
        "directionality": [turning.directionality],
        "photon_efficiency": [turning.photon_efficiency],
    }
    if motor.light is not None:
        wavelength = motor.light.wavelength
        samples["absorption_wavelength"] = [wavelength]
        samples["absorption_wavelength.error"] = [wavelength_error(wavelength)]
    return samples


def _turning(motor: MotorKinetics, error: float, excitation_rate: float) -> tuple[Cycle, float]:
    """The cycle in the stated light, and its frequency's standard error, 1/s.

    The error is half of what one standard error of the barrier, and under a lamp of the excitation energies,
    makes up and down, added as squares.
    """
    light = motor.light
    if light is None or light.lamp is None:
        cycle, *beside = (
            motor_cycle(excitation_rate, [step.shifted(shift) for step in motor.steps], motor.yields)
            for shift in (0.0, error, -error)
        )
        return cycle, 0.5 * abs(beside[0].frequency - beside[1].frequency)
    higher, lower = (
        replace(light, steps=tuple(step.shifted(shift) for step in light.steps)) for shift in (error, -error)
    )
    spreads = [
        abs(up.cycle().frequency - down.cycle().frequency)
        for up, down in ((higher, lower), (light.shifted(EXCITATION_ERROR), light.shifted(-EXCITATION_ERROR)))
    ]
    return light.cycle(), 0.5 * math.hypot(*spreads)


def _controls(steps: tuple[HelixInversion, ...]) -> dict[str, Any]:
    """Whether a second search's saddles are what they are taken for, in a sentence."""
    doubtful = [f"{doubt}{_of(step)}" for step in steps for doubt in doubts(step)]
    if doubtful:
        return {"verified": False, "sentence": " ".join(doubtful)}
    return {
        "verified": True,
        "sentence": "A search from other guesses found a saddle with one imaginary mode, from which the way "
        "down ends in the two helical forms.",
    }
