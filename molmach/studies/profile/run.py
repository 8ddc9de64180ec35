"""A profile in its folder: from a spec to the free energy of its ring along the axle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from molmach import engine
from molmach.building import Assembly, build
from molmach.data.stations import StationMap
from molmach.engine import Condition, Progress
from molmach.files import write_json, write_text
from molmach.spec import Protocol, Spec
from molmach.studies import folder
from molmach.studies.folder import fresh
from molmach.studies.profile.drift import drift_warnings
from molmach.studies.profile.joining import Profile, StateProfile, join
from molmach.studies.profile.sampling import reduced, states_of
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
    """

    spec: Spec
    window_ps: float = 50.0

    noun = "profile"
    document = "profile.json"
    pieces = ("**/block-*.npz",)

    @property
    def protocol(self) -> Protocol:
        """The windows' protocol.

        Raises
        ------
        SpecError
            The windows are too short.
        """
        return window_protocol(self.spec.protocol, self.window_ps)

    @property
    def identity(self) -> folder.Identity:
        """The spec's key, the windows' length, ps, and the schema."""
        return {"key": self.spec.key, "window": self.window_ps, "schema": SCHEMA}

    @property
    def default_place(self) -> Path:
        """``runs/<name>-<twelve characters of key and window>-profile``."""
        key = hashlib.sha256(f"{self.spec.key} {self.window_ps!r}".encode()).hexdigest()
        return Path("runs") / f"{self.spec.name}-{key[:12]}-profile"

    def machine(self) -> Assembly:
        """The machine as built.

        Raises
        ------
        SpecError, BuildError
            It can't be built or has no single ring on an axle, or the windows are too short.
        """
        _ = self.protocol
        assembly = build(self.spec)
        require_one_ring(assembly)
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
            "states": {name: state.to_json() for name, state in profile.states.items()},
            "warnings": list(profile.warnings),
            "units": {"temperature": "K", "window": "ps", "stations": "nm", "place": "nm"},
        }


def profile(
    spec: Spec,
    window_ps: float = 50.0,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> Profile:
    """Umbrella sampling of a rotaxane's ring along its axle, without the drive; its states by reweighting.

    Every atom of the axle between the stations, and a few beyond, is the centre of a window: a
    Gaussian well for the ring, added to the machine. The ring is pulled from window to window; then
    the protocol's replicas run in each. MBAR (:mod:`molmach.theory.reweighting`) joins all frames,
    and intervals are the jackknife's over replicas, each left out of all windows at once.

    Parameters
    ----------
    spec, window_ps
        As :class:`~molmach.studies.profile.run.Plan` has them.
    out
        Folder; default ``runs/<name>-<twelve characters of key and window>-profile``. If it holds this
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
    return run(Plan(spec, window_ps), out, workers=workers, progress=progress).profile


def run(
    plan: Plan,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> Result:
    """Carry a plan out in its folder, or read it where it is finished; parameters as :func:`profile`'s."""
    engine.require_workers(workers)
    place = plan.folder(out)

    def make(work: Path, assembly: Assembly) -> Result:
        result = Result(plan, _sampled(plan, assembly, work, workers, progress))
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
    workers: int | None,
    progress: Callable[[Progress], None],
) -> Profile:
    windows, kT = windows_of(assembly), thermal_energy(plan.protocol.temperature)
    stations = StationMap.of(assembly)
    assert stations is not None, "a rotaxane has stations"

    def pull() -> list[Condition]:
        machines = [biased(assembly, windows, number, kT) for number in range(len(windows))]
        return pulled(machines, windows, plan.protocol)

    frames = run_windows(pull, plan.protocol, work, workers, progress)
    samples = reduced(frames, assembly, windows, states_of(plan.spec, assembly), kT)
    profile = join(samples, stations, kT)
    doubts = drift_warnings({"the ring's place": samples.place} | samples.shapes, plan.window_ps)
    return replace(profile, warnings=(*profile.warnings, *doubts))


def _read(plan: Plan, directory: Path) -> Result:
    content = json.loads((directory / plan.document).read_text(encoding="utf-8"))
    states = {name: StateProfile.of_json(state) for name, state in content["states"].items()}
    warnings = tuple(content["warnings"])
    stations, windows, replicas = (content[key] for key in ("stations", "windows", "replicas"))
    return Result(plan, Profile(states, stations, windows, replicas, warnings))
