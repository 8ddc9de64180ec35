"""A motor's kinetics in a run folder: what is finished stays, and a killed search goes on where it stopped.

Work in progress lives in ``<run folder>.unfinished``; the run folder appears by renaming when the result is
in it. It keeps its pieces, so that the same search at another temperature or light costs next to nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from molmach.errors import SpecError
from molmach.spec import Spec
from molmach.studies.kinetics.cycle import Cycle, motor_cycle
from molmach.studies.kinetics.inversion import HelixInversion
from molmach.studies.kinetics.level import level_of
from molmach.studies.kinetics.page import write_page
from molmach.studies.kinetics.search import alkene_of, helix_inversions
from molmach.studies.kinetics.store import Store
from molmach.studies.run_folder import versions
from molmach.studies.work_folder import locked, write_whole

KINETICS_SCHEMA = "molmach.kinetics/1"

EXCITATION_RATES = tuple(10.0**power for power in range(-6, 10, 3))
"""Light intensities of the series of cycles, photons absorbed by one motor a second."""


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
    """

    spec: Spec
    steps: tuple[HelixInversion, ...]
    cycle: Cycle
    series: tuple[Cycle, ...]
    yields: tuple[float, float]
    run_dir: Path

    def to_json(self) -> dict[str, Any]:
        """The JSON document: schema ``molmach.kinetics/1``."""
        return {
            "schema": KINETICS_SCHEMA,
            "name": self.spec.name,
            "run_dir": str(self.run_dir),
            "key": self.spec.key,
            "level": self.steps[0].level,
            "temperature": self.steps[0].temperature,
            "steps": [step.to_json() for step in self.steps],
            "cycle": vars(self.cycle),
            "cycles": [vars(cycle) for cycle in self.series],
            "assumed": {"forward_yield": self.yields[0], "backward_yield": self.yields[1]},
        }


def motor_kinetics(
    spec: Spec,
    level_name: str,
    temperature: float,
    *,
    excitation_rate: float = 1.0,
    yields: tuple[float, float] = (0.1, 0.1),
    out: str | Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> MotorKinetics:
    """Search for a motor's thermal steps, or read them where they are finished, and work out its cycle.

    Parameters
    ----------
    spec, level_name, temperature, say
        As :func:`molmach.studies.kinetics.search.helix_inversions` takes them.
    excitation_rate, yields
        As :func:`molmach.studies.kinetics.cycle.motor_cycle` takes them.
    out
        Run folder; default ``runs/<name>-<first twelve characters of the key>-kinetics-<level>``.

    Raises
    ------
    KineticsError, MissingExtraError
        As the search raises them.
    SpecError
        The folder can't be written, or holds something else.
    SimulationError
        Another process is at the same search.
    """

    def search(folder: Path) -> MotorKinetics:
        steps = helix_inversions(spec, level_name, temperature, Store(folder / "pieces"), say)
        cycle, *series = (motor_cycle(rate, steps, yields) for rate in (excitation_rate, *EXCITATION_RATES))
        found = MotorKinetics(spec, steps, cycle, tuple(series), yields, target)
        origin = {"key": spec.key, "level": level_name, "versions": versions()}
        write_page(found, origin, folder / "report.html")
        write_whole(folder / "kinetics.json", json.dumps(found.to_json(), indent=2, allow_nan=False) + "\n")
        return found

    level_of(level_name, alkene_of(spec).molecule)  # what can't be searched leaves no folder behind
    target = folder_of(spec, level_name, out)
    plan = {"key": spec.key, "level": level_name}
    if is_taken(target):
        _require(target, plan)
        return search(target)
    work = target.with_name(target.name + ".unfinished")
    with locked(work):
        if is_taken(target):  # finished by another process meanwhile
            _require(target, plan)
            return search(target)
        _claim(work, plan)
        found = search(work)
        write_whole(work / "machine.yaml", spec.to_yaml())
        work.replace(target)
        (target / "lock").unlink()
    return found


def folder_of(spec: Spec, level_name: str, out: str | Path | None) -> Path:
    """Where a search is kept."""
    if out is not None:
        return Path(out).resolve()
    return Path("runs").resolve() / f"{spec.name}-{spec.key[:12]}-kinetics-{level_name}"


def is_taken(folder: Path) -> bool:
    """Whether there is something in a folder, or a file in its place."""
    return folder.exists() and (not folder.is_dir() or any(folder.iterdir()))


def _require(folder: Path, plan: dict[str, str]) -> None:
    """Raise where a folder is not a finished search of the same spec and level."""
    found = _plan_of(folder)
    if found is None or not (folder / "kinetics.json").is_file():
        raise SpecError(f"-o {folder}: exists and is no finished search of molmach; choose another folder")
    if found != plan:
        raise SpecError(
            f"-o {folder}: holds {_named(found)}, this one is {_named(plan)}; choose another folder"
        )


def _claim(work: Path, plan: dict[str, str]) -> None:
    """Note in the work folder what it is for, or check that it is for the same."""
    found = _plan_of(work)
    if found not in (None, plan) and any(work.glob("pieces/*.npz")):
        raise SpecError(
            f"{work}: holds unfinished work, {_named(found)}, this one is {_named(plan)}; "
            "remove it or choose another -o folder"
        )
    write_whole(work / "plan.json", json.dumps(plan))


def _plan_of(folder: Path) -> dict[str, str] | None:
    try:
        return dict(json.loads((folder / "plan.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _named(plan: dict[str, str]) -> str:
    return f"the search of key {plan.get('key', '?')[:12]} with {plan.get('level', '?')}"
