"""Ours beside the references: exact theory, and the values that the library's machines are held against."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from molmach import drives, forcefield, theory
from molmach import systems as library
from molmach.building import Assembly, Interlocking, build
from molmach.data import Run
from molmach.data.stations import StationMap
from molmach.data.statistics import Estimate, mean_estimate
from molmach.errors import MissingExtraError, SpecError
from molmach.files import write_json
from molmach.scoring import Score
from molmach.spec import Spec, load
from molmach.studies import folder, simulation
from molmach.studies.kinetics import HelixInversion, helix_inversions
from molmach.studies.kinetics.store import Store, made_with
from molmach.studies.molecular_values import molecular_value
from molmach.studies.profile import profile
from molmach.studies.provenance import code_digest, versions
from molmach.units import KCAL, TURN, thermal_energy

SCHEMA = "molmach.validation/1"

WIDENING = 1.6
"""A 95 % interval this much wider is a 99.8 % one: chance alone lets one honest comparison in 500 differ."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Comparison:
    """One quantity of one system.

    Attributes
    ----------
    system, quantity
        What was compared.
    ours
        Our value with its interval; None where this program does not compute it.
    reference, unit, source
        The value that it is held against, and where that is from.
    verdict
        ``agrees``, ``differs`` or ``not computed``.
    rule
        What agreement means, or why there is no value.
    """

    system: str
    quantity: str
    ours: Estimate | None
    reference: float | str
    unit: str
    source: str
    verdict: str
    rule: str

    def to_json(self) -> dict[str, Any]:
        """What the document says of the comparison: its attributes, by their names."""
        return {**self.__dict__, "ours": None if self.ours is None else self.ours.to_json()}

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Comparison:
        """Read back what :meth:`to_json` gave."""
        ours = content["ours"]
        return cls(**{**content, "ours": None if ours is None else Estimate.of_json(ours)})


class Subject:
    """A library machine and what is known of it, computed once and when asked for."""

    def __init__(self, name: str, folder: Path, say: Say) -> None:
        self.spec: Spec = load(name)
        self._folder = folder
        self._say = say

    @cached_property
    def assembly(self) -> Assembly:
        """The machine as built."""
        return build(self.spec)

    @cached_property
    def result(self) -> simulation.Result:
        """Its own run with both controls, and the run's score."""
        self._say(f"{self.spec.name}: simulating")
        return simulation.run(simulation.Plan(self.spec), self._folder / self.spec.name)

    @property
    def score(self) -> Score:
        """The run's score."""
        return self.result.score

    @cached_property
    def kinetics(self) -> HelixInversion:
        """Its thermal helix inversion at the better level; the slower one where it has two."""
        self._say(f"{self.spec.name}: kinetics")
        temperature = self.spec.protocol.temperature
        pieces = Store(self._folder / f"{self.spec.name}-kinetics" / "pieces")
        steps = helix_inversions(self.spec, "GFN2-xTB", temperature, pieces, self._say)
        return max(steps, key=lambda step: step.barrier)

    def of_molecule(self, item: Mapping[str, Any]) -> Measured:
        """A value of a small molecule that a reference names."""
        self._say(f"{self.spec.name}: {item['quantity']}")
        store = Store(self._folder / f"{self.spec.name}-molecules" / "pieces")
        return _sure(molecular_value(item, store), str(item["unit"])), "tolerance"


Measured = tuple[Estimate, str]
"""Our value, and ``interval``, ``exact``, ``tolerance`` or a verdict: how to compare it."""

_WAYS = {"forward": 1.0, "backward": -1.0}


def _sure(value: float, unit: str) -> Estimate:
    return Estimate(value, (value, value), unit)


def _undriven(subject: Subject) -> Measured:
    return subject.score.controls["undriven"].velocity, "interval"


def _occupancy(station: str) -> Callable[[Subject], Measured]:
    return lambda subject: (subject.score.estimates[f"occupancy_{station}"], "interval")


def _linking(subject: Subject) -> Measured:
    interlocking = Interlocking.of(subject.assembly)
    assert interlocking is not None
    number = abs(float(interlocking.numbers(subject.assembly.positions_nm)[0]))
    run = subject.result.run
    kept = all(part.series.intact.all() for part in (run, *run.controls.values()))
    return _sure(round(number, 6) if kept else 0.0, "1"), "exact"


_MEASURES: dict[str, Callable[[Subject], Measured]] = {
    "atoms": lambda s: (_sure(s.assembly.molecule.GetNumAtoms(), "atom"), "exact"),
    "moment_of_inertia": lambda s: (_sure(s.assembly.moment_of_inertia(), "u nm^2"), "tolerance"),
    "dipole": lambda s: (_sure(float(np.linalg.norm(s.assembly.rotor_dipole_debye)), "D"), "tolerance"),
    "rotor_dipole": lambda s: (_sure(float(np.linalg.norm(s.assembly.rotor_dipole_debye)), "D"), "tolerance"),
    "directionality": lambda s: (s.score.velocity, s.score.verdict),
    "velocity_in_the_dark": _undriven,
    "velocity_without_chemical_driving": _undriven,
    "occupancy_left": _occupancy("left"),
    "velocity": lambda s: (s.score.velocity, "interval"),
    "gear_ratio_second": lambda s: (s.score.estimates["gear_ratio_second"], "tolerance"),
    "slips_second": lambda s: (s.score.estimates["slips_second"], "exact"),
    "switching_rate": lambda s: (s.score.estimates["switching_rate"], "exact"),
    "linking_number": _linking,
    "thermal_helix_inversion_barrier": lambda s: (_sure(s.kinetics.barrier, "kJ/mol"), "tolerance"),
    "half_life": lambda s: (_sure(s.kinetics.half_life, "s"), "tolerance"),
}


@dataclass(frozen=True)
class Plan(folder.Plan):
    """Named machines to be compared, or without names the exact references and the whole library."""

    names: tuple[str, ...] = ()

    noun = "validation"
    document = "validation.json"
    pieces = ("**/block-*.npz", "**/score.json", "**/pieces/*.npz")

    @cached_property
    def key(self) -> str:
        """sha256 of the names, the program, the library and the packages below them, hexadecimal.

        What is validated is the code: a finished validation is always one of the present code.
        """
        code = code_digest([Path(__file__).parents[1], *library.__path__], "**/*.py", "**/*.yaml")
        return hashlib.sha256(f"{code} {versions()} {made_with()} {list(self.names)}".encode()).hexdigest()

    @property
    def identity(self) -> folder.Identity:
        """The key, by which a validation's folder is known again."""
        return {"key": self.key}

    @property
    def default_place(self) -> Path:
        """``runs/validation-<first twelve characters of the key>``."""
        return Path("runs") / f"validation-{self.key[:12]}"

    def require_known(self) -> None:
        """Refuse a machine that is none of the library's."""
        for name in self.names:
            if name not in library.names():
                raise SpecError(f"{name}: not a machine of the library; 'molmach systems' lists them")


@dataclass(frozen=True)
class Validation:
    """Every comparison that was made."""

    comparisons: tuple[Comparison, ...]

    @property
    def differs(self) -> bool:
        """Whether any value differs from its reference."""
        return any(item.verdict == "differs" for item in self.comparisons)

    def to_json(self) -> dict[str, Any]:
        """The JSON document: schema ``molmach.validation/1``."""
        return {"schema": SCHEMA, "comparisons": [item.to_json() for item in self.comparisons]}

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Validation:
        """Read back what :meth:`to_json` gave."""
        return cls(tuple(Comparison.of_json(item) for item in content["comparisons"]))


def validate(names: Sequence[str], out: str | Path | None = None, say: Say = lambda text: None) -> Validation:
    """Compare named machines, or without names the exact references and the whole library.

    Parameters
    ----------
    names
        Of machines of the library.
    out
        Folder, in which the comparisons stay; default ``runs/validation-<twelve characters of the key>``.
        If it holds this validation, by the present code, that is returned and nothing is computed.
    say
        Called with what is going on.

    Raises
    ------
    SpecError
        A machine is none of the library's, or the folder can't be written or holds something else.
    SimulationError
        A machine's dynamics went wrong, or another process is at the same validation.
    """
    return run(Plan(tuple(names)), out, say)


def run(plan: Plan, out: str | Path | None = None, say: Say = lambda text: None) -> Validation:
    """Carry a plan out in its folder, or read it where it is finished; parameters as :func:`validate`'s."""
    place = plan.folder(out)

    def make(work: Path, _: None) -> Validation:
        result = Validation(tuple(_comparisons(plan.names, work, say)))
        made = folder.fresh(work / "result")
        write_json(made / plan.document, {**plan.identity, **result.to_json()})
        place.publish(made)
        return result

    return place.result(lambda directory: _read(plan, directory), plan.require_known, make)


def _read(plan: Plan, directory: Path) -> Validation:
    try:
        return Validation.of_json(json.loads((directory / plan.document).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpecError(
            folder.OUT,
            f" {directory}: {plan.document} is missing or damaged ({error}); choose another folder",
        ) from error


def _comparisons(names: Sequence[str], folder: Path, say: Say) -> Iterator[Comparison]:
    if not names:
        yield from _exact_references(folder, say)
    for name in names or library.names():
        subject = Subject(name, folder, say)
        for item in library.reference(name):
            if "not_computed" not in item:  # then it says why not
                yield _compare(subject, item)


def _compare(subject: Subject, item: dict[str, Any]) -> Comparison:
    name, quantity, unit = subject.spec.name, str(item["quantity"]), str(item["unit"])
    measured: Measured | None = None
    why = "this program does not compute it; expected not_computed with the reason in reference.yaml"
    if "molecule" in item or quantity in _MEASURES:
        try:
            measured = subject.of_molecule(item) if "molecule" in item else _MEASURES[quantity](subject)
        except MissingExtraError as error:
            why = str(error)
    if measured is None:
        return Comparison(name, quantity, None, item["value"], unit, item["source"], "not computed", why)
    ours, way = measured
    agrees, rule = _judge(ours, float(item["value"]), way, item)
    verdict = "agrees" if agrees else "differs"
    return Comparison(name, quantity, ours, item["value"], unit, item["source"], verdict, rule)


def _judge(ours: Estimate, reference: float, way: str, item: dict[str, Any]) -> tuple[bool, str]:
    low, high = ours.ci95
    if way == "exact":
        return math.isclose(ours.value, reference, rel_tol=1e-6), "equal"
    if way == "interval":
        half = WIDENING * 0.5 * (high - low)
        return abs(ours.value - reference) <= half, "within the 99.8 % interval"
    if way != "tolerance":
        return reference * _WAYS.get(way, 0.0) > 0.0, f"the verdict, with both controls, is {way}"
    if "tolerance_factor" in item:
        factor = float(item["tolerance_factor"])
        return reference / factor <= ours.value <= reference * factor, f"within a factor of {factor:g}"
    tolerance = float(item["tolerance"])
    return abs(ours.value - reference) <= tolerance, f"within {tolerance:g} {item['unit']}"


def _exact_references(folder: Path, say: Say) -> Iterator[Comparison]:
    name = "difluorophenylene-rotor"
    spec = load(name, ["drive={kind: none}", "protocol.replicas=64", "protocol.frames=10 ps"])
    say("exact references: free rotation")
    free = simulation.run(simulation.Plan(spec, controls=False), folder / "free")
    result = free.score
    inertia, kT = free.run.assembly.moment_of_inertia(), thermal_energy(spec.protocol.temperature)
    diffusion = theory.rotational_diffusion(kT, spec.protocol.friction, inertia) / TURN**2 * 1e3
    yield _exact(name, "diffusion", result.estimates["diffusion"], diffusion, "kT/(friction inertia)")
    yield _exact(name, "temperature", result.estimates["temperature"], 300.0, "equipartition")
    yield _exact(name, "velocity", result.velocity, 0.0, "second law")
    for field in ("0.5 V/nm", "1 V/nm"):
        say(f"exact references: {field}")
        spec = load(name, [f"drive.field={field}", "protocol.replicas=64", "protocol.frames=10 ps"])
        place = folder / field.replace(" ", "-").replace("/", "-")
        driven = simulation.run(simulation.Plan(spec, controls=False), place)
        result = driven.score
        mean, error = _one_dimensional(driven.run)
        ours = result.velocity
        widened = 0.5 * (ours.ci95[1] - ours.ci95[0]) + 2.0 * error
        estimate = Estimate(ours.value, (ours.value - widened, ours.value + widened), ours.unit)
        yield _exact(name, f"velocity at {field}", estimate, mean, "one-dimensional Langevin rotor")
        assert result.energy_balance is not None
        yield _exact(name, f"energy balance at {field}", result.energy_balance, 0.0, "first law")
    yield _against_rdkit(load("cyanobiphenyl-rotor"))
    yield from _against_umbrella_sampling(folder, say)


def _exact(system: str, quantity: str, ours: Estimate, reference: float, source: str) -> Comparison:
    agrees, rule = _judge(ours, reference, "interval", {})
    verdict = "agrees" if agrees else "differs"
    return Comparison(system, quantity, ours, reference, ours.unit, source, verdict, rule)


def _one_dimensional(run: Run) -> tuple[float, float]:
    """Mean velocity and standard error (turn/ns) of the 1-D rotor with the molecule's own I, g, mu."""
    drive, protocol = drives.model(run.drive), run.spec.protocol
    energy = drive.dipole_energy(float(np.linalg.norm(run.assembly.rotor_dipole_debye)))
    assert energy is not None
    assert drive.frequency is not None
    trajectory = theory.simulate(
        theory.Rotor1D(
            run.assembly.moment_of_inertia(), protocol.friction, thermal_energy(protocol.temperature)
        ),
        theory.rotating_field_torque(energy, TURN * drive.frequency * 1e-3),
        timestep_ps=0.01,
        steps=round(protocol.duration / 0.01),
        sample_every=round(protocol.duration / 0.01),
        replicas=1000,
        rng=np.random.default_rng(protocol.seed),
        equilibration_steps=round(protocol.equilibration / 0.01),
    )
    mean, error = theory.mean_velocity_and_error(trajectory)
    return mean / TURN * 1e3, error / TURN * 1e3


def unequal_shuttle(replicas: int, duration_ps: float) -> Spec:
    """A shuttle whose clock makes now one and now the other station the better one, by little and slowly."""
    stations = "{left: [-6 kJ/mol, 0 kJ/mol], right: [0 kJ/mol, -6 kJ/mol]}"
    lengths = [f"protocol.duration={duration_ps} ps", f"protocol.replicas={replicas}"]
    changes = [f"drive.stations={stations}", "drive.period=1.6 ns", "protocol.frames=10 ps", *lengths]
    return load("switched-diketone-shuttle", changes)


def settled_share(run: Run, station: str, on: bool) -> Estimate:
    """Share of the time in which a station is the one nearest to the ring, once it has settled.

    The last half of each of the clock's phases counts, on or off.
    """
    terms = drives.terms(run.drive, run.assembly, thermal_energy(run.spec.protocol.temperature))
    (switch,), stations = terms.switches, StationMap.of(run.assembly)
    assert switch.clock is not None
    assert stations is not None
    duty = switch.clock.duty
    phase = run.series.time_ps / switch.clock.period % 1.0
    end, length = (1.0, duty) if on else (1.0 - duty, 1.0 - duty)
    settled = (phase >= end - 0.5 * length) & (phase < end)
    here = stations.nearest(run.series.coordinate[:, settled]) == stations.names.index(station)
    return mean_estimate(here.mean(axis=1), "1")


def _against_umbrella_sampling(folder: Path, say: Say) -> Iterator[Comparison]:
    """An atomistic shuttle's time at a station, switched to and fro, beside its free-energy profile."""
    spec = unequal_shuttle(16, 3200.0)
    say("exact references: umbrella sampling")
    expected = profile(spec, out=folder / "profile")
    say("exact references: the switched shuttle")
    run = simulation.simulate(spec, folder / "switched", controls=False)
    for state in ("off", "on"):
        ours, reference = settled_share(run, "left", state == "on"), expected.states[state].shares["left"]
        half = math.hypot(*(0.5 * (part.ci95[1] - part.ci95[0]) for part in (ours, reference)))
        widened = Estimate(ours.value, (ours.value - half, ours.value + half), ours.unit)
        quantity = f"share of time nearest left, switched {state}"
        yield _exact(spec.name, quantity, widened, reference.value, "umbrella sampling of the same machine")


def _against_rdkit(spec: Spec) -> Comparison:
    """Our terms' sum against RDKit's own evaluation of MMFF94."""
    from rdkit.Chem import rdForceFieldHelpers

    assembly = build(spec)
    properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(assembly.molecule)
    field = rdForceFieldHelpers.MMFFGetMoleculeForceField(
        assembly.molecule, properties, nonBondedThresh=1e6, ignoreInterfragInteractions=False
    )
    reference = float(field.CalcEnergy()) * KCAL
    ours = sum(forcefield.get("MMFF94").energy_terms(assembly.molecule).values())
    agrees = abs(ours - reference) < 0.01
    return Comparison(
        spec.name,
        "MMFF94 energy",
        _sure(ours, "kJ/mol"),
        reference,
        "kJ/mol",
        "RDKit",
        "agrees" if agrees else "differs",
        "within 0.01 kJ/mol",
    )
