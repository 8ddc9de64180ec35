"""Passages of a rotaxane's ring from station to station, however rare: a rung being a length of windows."""

from __future__ import annotations

import math
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from molmach import drives, units
from molmach.data.quantity import Quantity
from molmach.data.statistics import Estimate, Floats
from molmach.errors import MolmachError, SimulationError, SpecError
from molmach.search.loop.evaluations.base import Evaluation, Task
from molmach.search.loop.quantities import Expression
from molmach.search.record.archive import packed
from molmach.search.record.result import Result
from molmach.search.record.trial import CONFIRMATION
from molmach.search.space.space import Candidate
from molmach.studies.kinetics.rates import eyring_rate
from molmach.studies.profile import Crossing, Profile
from molmach.studies.profile import run as profile_run

_WINDOW, _SHOTS = "20 ps", 128


def _rate(barrier: Floats, temperature: Floats) -> Floats:
    pairs = zip(np.atleast_1d(barrier), np.atleast_1d(temperature), strict=True)
    return np.array([eyring_rate(float(b), float(t)) for b, t in pairs])


class Shuttling(Evaluation):
    """Samples a ring along its axle and follows trajectories from between its stations.

    Its rungs are ``{window: TIME, shots: N}``: the measured time of each window, and the pairs of
    trajectories from between two stations. A confirmation draws everything anew on the last rung, and
    confirms where the windows had forgotten their start, overlapped, and the trajectories came to a station.

    Rates under a switch are of the way that it sends the ring: in each of its states from the station that
    holds it less to its neighbour that holds it more. Without a switch they are of leaving the one that holds
    it more. Of several the slowest counts. Errors are those of sampling; the force field's own is not known.
    """

    summary = "free energy and rates of a rotaxane's ring between its stations"
    quantities = (
        Quantity(
            "shuttling_barrier",
            "Gibbs energy of activation of the ring's slowest passage between neighbouring stations",
            "kJ/mol",
        ),
        Quantity(
            "shuttling_rate",
            "the ring's slowest passages between neighbouring stations, a second",
            "1/s",
            ("shuttling_barrier", "kelvin"),
            _rate,
            bounds=(0.0, math.inf),
            decades=True,
        ),
        Quantity(
            "occupancy",
            "probability that the ring is at the station where it is built, the drive's switch off",
            "1",
            bounds=(0.0, 1.0),
        ),
        Quantity(
            "moved",
            "share of the ring that changes station when the drive's switch is thrown",
            "1",
            bounds=(0.0, 1.0),
        ),
    )

    def check_rungs(self) -> None:
        """Windows and shots of each, and no options."""
        super().check_rungs()
        if self.campaign.evaluation.options:
            raise SpecError("evaluation.options: shuttling takes none; all else is in the machine's protocol")
        for number in range(len(self.campaign.evaluation.rungs)):
            self._effort(number)

    def _effort(self, rung: int) -> tuple[float, int]:
        """Measured time of a window, ps, and shots."""
        rungs = self.campaign.evaluation.rungs or ({},)
        number = len(rungs) - 1 if rung == CONFIRMATION else rung
        chosen, where = rungs[number], f"evaluation.rungs[{number}]"
        if unknown := sorted(set(chosen) - {"window", "shots"}):
            raise SpecError(f"{where}.{unknown[0]}: accepted: window, shots")
        try:
            window = units.parse(chosen.get("window", _WINDOW), units.TIME)
        except units.QuantityError as error:
            raise SpecError(f"{where}.window: {error}") from error
        shots = chosen.get("shots", _SHOTS)
        if not window > 0.0:
            raise SpecError(f"{where}.window: got {chosen['window']!r}; expected a time above zero")
        if isinstance(shots, bool) or not isinstance(shots, int) or shots < 1:
            raise SpecError(f"{where}.shots: got {shots!r}; expected a whole number, one or more")
        return window, shots

    def effort(self, rung: int) -> str:
        """Windows and shots."""
        window, shots = self._effort(rung)
        return f"windows of {window:g} ps, {shots} shots" + (", afresh" if rung == CONFIRMATION else "")

    def refusal(self, candidate: Candidate) -> str:
        """That the machine has no ring between two stations, or no switch where one is asked about."""
        spec = candidate.spec
        plans = [profile_run.Plan(spec, *self._effort(rung)) for rung in range(self.rungs)]
        try:
            for plan in plans:
                _ = plan.protocol
            plans[0].machine()
        except SpecError as error:
            return f"evaluation: shuttling: {error}"
        named = [Expression(o.expression, find=self.quantity).names for o in self.campaign.objectives]
        if any("moved" in names for names in named) and not drives.model(spec.drive).states:
            return (
                f"objectives: moved: under drive {spec.drive.kind} nothing is switched; expected a drive "
                "that switches stations, such as station_switch"
            )
        return ""

    def task(self, candidate: Candidate, rung: int) -> Task:
        """A profile with rates; a confirmation's has other random numbers."""
        window, shots = self._effort(rung)
        spec = candidate.spec
        spec = self.seeded(spec, rung)
        options = {"window": window, "shots": shots}
        return Task(self.key(spec, options), candidate.key, rung, spec, self.use, spec.protocol.seed, options)

    @staticmethod
    def run(task: Task) -> Result:
        """Sample and shoot; what goes wrong with a machine is its result and raises nothing."""
        started = time.process_time()
        try:
            with tempfile.TemporaryDirectory(prefix="molmach-") as name:
                plan = profile_run.Plan(task.spec, task.options["window"], task.options["shots"])
                profile = profile_run.run_here(plan, Path(name) / "profile").profile
                archive = packed(Path(name) / "profile") if task.rung == CONFIRMATION else b""
            samples = _samples(task, profile)
        except MolmachError as error:
            seconds = time.process_time() - started
            return Result(task.key, reason=str(error) or type(error).__name__, seconds=seconds)
        controls = _controls(profile) if task.rung == CONFIRMATION else {}
        return Result(task.key, samples, "", time.process_time() - started, 0, controls, archive)


def _samples(task: Task, profile: Profile) -> dict[str, list[float]]:
    """One number of each quantity with its standard error.

    Raises
    ------
    SimulationError
        No rate came of it, or one of several is not known, which may be the slowest.
    """
    if len(profile.crossings) < len(profile.states) * (len(profile.stations) - 1):
        which = "a rate that may be the slowest is not" if profile.crossings else "no rate is"
        raise SimulationError(f"{which} known: {'; '.join(profile.warnings)}")
    counted = [_counted(profile, crossing) for crossing in profile.crossings]
    for crossing, energy in zip(profile.crossings, counted, strict=True):
        if not (math.isfinite(energy.value) and math.isfinite(energy.error)):
            raise SimulationError("; ".join(crossing.warnings))
    state = next(iter(profile.states.values()))
    estimates = {
        "shuttling_barrier": max(counted, key=lambda energy: energy.value),
        "occupancy": state.shares[task.spec.machine.model_dump()["start"][0]],
    }
    if profile.moved is not None:
        estimates["moved"] = profile.moved
    samples = {"kelvin": [task.spec.protocol.temperature]}
    for name, estimate in estimates.items():
        samples |= {name: [estimate.value], f"{name}.error": [estimate.error]}
    return samples


def _counted(profile: Profile, crossing: Crossing) -> Estimate:
    """The activation of the way that counts."""
    shares = profile.states[crossing.state].shares
    less, more = sorted(crossing.stations, key=lambda name: shares[name].value)
    return crossing.activation[less if profile.moved is not None else more]


def _controls(profile: Profile) -> dict[str, Any]:
    """Whether the samples can be believed, in a sentence."""
    if profile.warnings:
        return {"verified": False, "sentence": " ".join(f"{warning}." for warning in profile.warnings)}
    return {
        "verified": True,
        "sentence": "Sampled and shot anew; the windows had forgotten their start and overlap, and the "
        "trajectories came to a station.",
    }
