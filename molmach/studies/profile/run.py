"""A profile in its folder: from a spec to the free energy of its ring along the axle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach import engine
from molmach.building import Assembly, build
from molmach.data.stations import StationMap
from molmach.data.statistics import Estimate
from molmach.engine import Condition, Progress, Task
from molmach.errors import Argument, SpecError
from molmach.files import write_json, write_text
from molmach.spec import Protocol, Spec
from molmach.studies import folder
from molmach.studies.folder import fresh
from molmach.studies.profile.crossing import Crossing
from molmach.studies.profile.drift import drift_warnings
from molmach.studies.profile.joining import Joined, Profile, StateProfile, joined, profile_of
from molmach.studies.profile.passages import aimed, barriers, crossing_of, sides_of
from molmach.studies.profile.sampling import reduced, states_of
from molmach.studies.profile.shooting import Gun, held_inputs
from molmach.studies.profile.windows import (
    biased,
    pulled,
    require_one_ring,
    run_windows,
    window_protocol,
    windows_of,
)
from molmach.units import thermal_energy

SCHEMA = "molmach.profile/1"


@dataclass(frozen=True)
class Plan(folder.Plan):
    """A machine whose ring's free energy along the axle is asked for.

    Attributes
    ----------
    spec
        A rotaxane with one ring; temperature, friction, time step, replicas and seed are its protocol's.
    window_ps
        Measured time of each window; a third of it more is run before.
    shots
        Pairs of trajectories at least, from between every two neighbouring stations in every state of the
        drive's switch, which give the rates of passages; as many for every replica. 0 for the profile alone.
    """

    spec: Spec
    window_ps: float = 50.0
    shots: int = 0

    noun = "profile"
    document = "profile.json"
    pieces = ("**/block-*.npz", "**/shots-*.npz")

    @property
    def protocol(self) -> Protocol:
        """The windows' protocol.

        Raises
        ------
        SpecError
            The windows are too short or too long.
        """
        return window_protocol(self.spec.protocol, self.window_ps)

    @property
    def identity(self) -> folder.Identity:
        """The spec's key, the windows' length, ps, the schema, and the shots where there are any."""
        shots = {"shots": self.shots} if self.shots else {}
        return {"key": self.spec.key, "window": self.window_ps, "schema": SCHEMA, **shots}

    def identity_of(self, document: Mapping[str, Any]) -> folder.Identity:
        """That of a finished profile; one with rates is as good where none are asked for."""
        shots = {"shots": document.get("shots", 0)} if self.shots else {}
        return {"key": document["key"], "window": document["window"], "schema": document["schema"], **shots}

    @property
    def default_place(self) -> Path:
        """``runs/<name>-<twelve characters of key, window and shots>-profile``."""
        asked = f"{self.spec.key} {self.window_ps!r}" + (f" {self.shots}" if self.shots else "")
        key = hashlib.sha256(asked.encode()).hexdigest()
        return Path("runs") / f"{self.spec.name}-{key[:12]}-profile"

    def machine(self) -> Assembly:
        """The machine as built.

        Raises
        ------
        SpecError, BuildError
            It can't be built or has no single ring on an axle, the windows are too short or long, or shots
            are asked for where there are no two stations to pass between, or not a whole number of them.
        """
        _ = self.protocol
        if isinstance(self.shots, bool) or not isinstance(self.shots, int) or self.shots < 0:
            raise SpecError(Argument("shots"), f" {self.shots}: expected a whole number, 0 or more")
        assembly = build(self.spec)
        require_one_ring(assembly)
        if self.shots and len(assembly.require_track().stations) < 2:
            raise SpecError(
                Argument("shots"),
                f" {self.shots}: the machine has one station, so that there is no passage to another; "
                "expected two machine.stations or more",
            )
        return assembly


@dataclass(frozen=True)
class Result:
    """A plan, and the profile that came of it."""

    plan: Plan
    profile: Profile

    def to_json(self) -> dict[str, Any]:
        """The JSON document: schema ``molmach.profile/1``."""
        spec, profile = self.plan.spec, self.profile
        return {
            "schema": SCHEMA,
            "name": spec.name,
            "key": spec.key,
            "temperature": spec.protocol.temperature,
            "window": self.plan.window_ps,
            "windows": profile.windows,
            "replicas": profile.replicas,
            "stations": profile.stations,
            **({} if profile.moved is None else {"moved": profile.moved.to_json()}),
            "states": {name: state.to_json() for name, state in profile.states.items()},
            **self._crossings(),
            "warnings": list(profile.warnings),
            "units": {"temperature": "K", "window": "ps", "stations": "nm", "place": "nm"},
        }

    def _crossings(self) -> dict[str, Any]:
        if not self.plan.shots:
            return {}
        return {
            "shots": self.plan.shots,
            "crossings": [crossing.to_json() for crossing in self.profile.crossings],
        }


def profile(
    spec: Spec,
    window_ps: float = 50.0,
    out: str | Path | None = None,
    *,
    shots: int = 0,
    workers: int | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> Profile:
    """Umbrella sampling of a rotaxane's ring along its axle, without the drive; its states by reweighting.

    Every atom of the axle between the stations, and a few beyond, is the centre of a window: a
    Gaussian well for the ring, added to the machine. The ring is pulled from window to window; then
    the protocol's replicas run in each. MBAR (:mod:`molmach.theory.reweighting`) joins all frames,
    and intervals are the jackknife's over replicas, each left out of all windows at once. Rates, where they
    are asked for, are counted on paths (:mod:`molmach.theory.transition_paths`) between the stations.

    Parameters
    ----------
    spec, window_ps, shots
        As :class:`~molmach.studies.profile.run.Plan` has them.
    out
        Folder; default as :attr:`Plan.default_place`. If it holds this
        profile, that is returned and nothing is simulated.
    workers
        Worker processes; default one a core.
    progress
        Called as steps are done.

    Raises
    ------
    SpecError, BuildError
        The machine has no such coordinate or can't be built, or the folder holds something else.
    SimulationError
        The dynamics went wrong, the ring came off, or another process is at the same profile.
    """
    return run(Plan(spec, window_ps, shots), out, workers=workers, progress=progress).profile


def run(
    plan: Plan,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> Result:
    """Carry a plan out in its folder, or read it where it is finished; parameters as :func:`profile`'s."""
    engine.require_workers(workers)

    def advance(work: Path, task: Task) -> None:
        engine.run_task(work, task, engine.worker_count(task.platform, len(task.batches), workers), progress)

    return _carried_out(plan, out, advance, workers, progress)


def run_here(plan: Plan, out: str | Path) -> Result:
    """Carry a plan out in this process and one thread, as workers of a campaign do; as :func:`run`."""

    def advance(work: Path, task: Task) -> None:
        for number in range(len(task.batches)):
            engine.run_batch(work, number)

    return _carried_out(plan, out, advance, 1, lambda progress: None)


def _carried_out(
    plan: Plan,
    out: str | Path | None,
    advance: Callable[[Path, Task], None],
    threads: int | None,
    progress: Callable[[Progress], None],
) -> Result:
    place = plan.folder(out)

    def make(work: Path, assembly: Assembly) -> Result:
        result = Result(plan, _sampled(plan, assembly, work, advance, threads, progress))
        made = fresh(work / "result")
        write_text(made / "machine.yaml", plan.spec.to_yaml())
        write_json(made / plan.document, result.to_json())
        place.publish(made)
        return result

    return place.result(lambda directory: _read(plan, directory), plan.machine, make)


def _sampled(
    plan: Plan,
    assembly: Assembly,
    work: Path,
    advance: Callable[[Path, Task], None],
    threads: int | None,
    progress: Callable[[Progress], None],
) -> Profile:
    windows, kT = windows_of(assembly), thermal_energy(plan.protocol.temperature)
    stations = StationMap.of(assembly)
    assert stations is not None, "a rotaxane has stations"

    def pull() -> list[Condition]:
        machines = [biased(assembly, windows, number, kT) for number in range(len(windows))]
        return pulled(machines, windows, plan.protocol)

    frames = run_windows(pull, plan.protocol, work, advance)
    ensemble = joined(reduced(frames, assembly, windows, states_of(plan.spec, assembly), kT))
    profile = profile_of(ensemble, stations, kT)
    samples = ensemble.samples
    doubts = drift_warnings({"the ring's place": samples.place} | samples.shapes, plan.window_ps)
    profile = replace(profile, warnings=(*profile.warnings, *doubts))
    if not plan.shots:
        return profile
    crossings, reasons = _crossings(
        plan, assembly, profile, stations, ensemble, frames, work / "shots", threads, progress
    )
    told = [warning for crossing in crossings for warning in crossing.warnings]
    return replace(profile, crossings=tuple(crossings), warnings=(*profile.warnings, *reasons, *told))


def _crossings(
    plan: Plan,
    assembly: Assembly,
    profile: Profile,
    stations: StationMap,
    ensemble: Joined,
    frames: list[NDArray[np.float32]],
    work: Path,
    threads: int | None,
    progress: Callable[[Progress], None],
) -> tuple[list[Crossing], list[str]]:
    """Passages over every barrier in every state, and why some are not known."""
    crossings, reasons = [], []
    total = plan.shots * len(profile.states) * (len(stations.names) - 1)
    place, seed = ensemble.samples.place, plan.spec.protocol.seed

    def told(before: int, done: int) -> None:
        progress(Progress(before + min(done, plan.shots), total))

    for number, (state, curve) in enumerate(profile.states.items()):
        between, unknown = barriers(curve, stations)
        reasons += [f"{state}: {reason}" for reason in unknown]
        sides = sides_of(place, [None if b is None else b.top for b in between])
        inputs = held_inputs(assembly, plan.spec.drive, state, plan.protocol)
        for pair, barrier in enumerate(between):
            if barrier is None:
                continue
            before = plan.shots * (number * len(between) + pair)
            shooting = aimed(ensemble, state, barrier, plan.shots, (seed, number, pair))
            names = (stations.names[pair], stations.names[pair + 1])
            starts = np.array([frames[w][r, f] for w, r, f in shooting.frames.tolist()], dtype=np.float64)
            if not starts.size:
                reasons.append(f"{state}: no sample fell between {names[0]} and {names[1]}")
                continue
            gun = Gun(
                inputs, assembly, plan.protocol, shooting.surfaces, (number, pair), work / f"{state}-{pair}"
            )
            shots = gun.shoot(starts, threads, partial(told, before))
            crossings.append(
                crossing_of(
                    ensemble, state, names, (sides[pair], sides[pair + 1]), shooting, shots,
                    plan.protocol.temperature, plan.protocol.sampling,
                )
            )  # fmt: skip
    return crossings, reasons


def _read(plan: Plan, directory: Path) -> Result:
    content = json.loads((directory / plan.document).read_text(encoding="utf-8"))
    states = {name: StateProfile.of_json(state) for name, state in content["states"].items()}
    warnings = tuple(content["warnings"])
    stations, windows, replicas = (content[key] for key in ("stations", "windows", "replicas"))
    crossings = tuple(Crossing.of_json(part) for part in content.get("crossings", ()))
    moved = Estimate.of_json(content["moved"]) if "moved" in content else None
    return Result(plan, Profile(states, stations, windows, replicas, warnings, moved, crossings))
