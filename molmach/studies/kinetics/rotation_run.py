"""The rotation about a rotor's single-bonded axle, in a run folder which keeps its pieces."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rdkit import Chem

from molmach.building import build
from molmach.errors import Argument, KineticsError, SpecError
from molmach.files import write_json, write_text
from molmach.spec import Spec
from molmach.studies import folder
from molmach.studies.kinetics.functional import require_functional
from molmach.studies.kinetics.level import SURFACES, level_of, require_solvent
from molmach.studies.kinetics.rotation import HinderedRotation
from molmach.studies.kinetics.run import HOTTEST, KINETICS_SCHEMA
from molmach.studies.kinetics.store import MissingPieceError, Store
from molmach.studies.kinetics.torsion import SingleBond, hindered_rotation


def turns_about_a_single_bond(spec: Spec) -> bool:
    """Whether a machine's axle is a single bond of its molecule."""
    assembly = build(spec)
    bond = assembly.molecule.GetBondBetweenAtoms(*assembly.axle) if assembly.axle else None
    return bond is not None and bond.GetBondType() == Chem.BondType.SINGLE


@dataclass(frozen=True)
class Plan(folder.Plan):
    """A rotor whose axle is a single bond, and whose wells and barriers are asked for.

    Attributes
    ----------
    spec
        The machine; its drive and protocol are not used but for the seed.
    level_name, temperature, solvent
        One of :data:`molmach.studies.kinetics.level.LEVELS`; K; None for none.

    Raises
    ------
    SpecError
        A temperature that can't be, or a solvent that the level lacks.
    """

    spec: Spec
    level_name: str
    temperature: float
    solvent: str | None = None

    noun = "search"
    document = "kinetics.json"
    pieces = ("pieces/*.npz",)

    def __post_init__(self) -> None:
        if not 0.0 < self.temperature < HOTTEST:
            raise SpecError(Argument("temperature"), f" {self.temperature:g}: expected 0 to {HOTTEST:g} K")
        require_solvent(self.level_name, self.solvent)

    @property
    def identity(self) -> folder.Identity:
        """The spec's key, the level and the solvent; the temperature changes no piece."""
        within = {} if self.solvent is None else {"solvent": self.solvent.lower()}
        return {"key": self.spec.key, "level": self.level_name, **within}

    @property
    def default_place(self) -> Path:
        """``runs/<name>-<first twelve characters of the key>-kinetics-<level>``."""
        asked = [self.spec.name, self.spec.key[:12], "kinetics", self.level_name]
        return Path("runs") / "-".join(asked + ([] if self.solvent is None else [self.solvent.lower()]))

    @property
    def bond(self) -> SingleBond:
        """The molecule and its axle."""
        assembly = build(self.spec)
        if assembly.axle is None:
            raise KineticsError(f"{self.spec.name}: machine.axle: is no bond; expected a single bond")
        first, second = assembly.axle
        return SingleBond(assembly.molecule, (int(first), int(second)))

    def require_search(self) -> None:
        """Find out whether the machine can be searched at the level.

        Raises
        ------
        KineticsError, MissingExtraError
            Its axle is no single bond outside rings, or the level can't be had.
        """
        level_of(SURFACES.get(self.level_name, self.level_name), self.bond.molecule, self.solvent)
        if self.level_name in SURFACES:
            require_functional()


@dataclass(frozen=True, eq=False)
class RotorKinetics:
    """A rotor's rotation about its axle, and where it is kept."""

    spec: Spec
    rotation: HinderedRotation
    run_dir: Path

    def to_json(self) -> dict[str, Any]:
        """The JSON document: schema ``molmach.kinetics/1``; it has no cycle, for nothing drives it."""
        rotation = self.rotation
        return {
            "schema": KINETICS_SCHEMA,
            "name": self.spec.name,
            "run_dir": str(self.run_dir),
            "key": self.spec.key,
            "level": rotation.level,
            "temperature": rotation.temperature,
            "solvent": rotation.solvent,
            "steps": rotation.to_json(),
            "cycle": None,
            "rotation": {
                "barrier": rotation.barrier,
                "exchange_barrier": rotation.exchange_barrier,
                "barrier_error": rotation.barrier_error,
                "half_life": rotation.half_life,
                "half_life_ci95": rotation.half_life_interval,
                "turn_diffusion": rotation.turn_diffusion,
            },
        }


def run(
    plan: Plan, out: str | Path | None = None, say: Callable[[str], None] = lambda text: None
) -> RotorKinetics:
    """Carry a plan out in its folder, or read it where it is finished.

    Parameters
    ----------
    plan
        What is asked for.
    out
        Run folder; default the plan's.
    say
        Called with what is going on.

    Raises
    ------
    KineticsError, MissingExtraError
        The axle is no single bond, or its rotation can't be found.
    SpecError
        The folder can't be written, or holds something else.
    SimulationError
        Another process is at the same search.
    """
    place = plan.folder(out)

    def kinetics(store: Store) -> RotorKinetics:
        seed, solvent = plan.spec.protocol.seed, plan.solvent
        rotation = hindered_rotation(
            plan.bond, plan.level_name, plan.temperature, store, say, seed=seed, solvent=solvent
        )
        return RotorKinetics(plan.spec, rotation, place.place)

    def read(directory: Path) -> RotorKinetics:
        try:
            kept = kinetics(Store(directory / "pieces", makes=False))
        except MissingPieceError:
            with place.writing():
                kept = kinetics(Store(directory / "pieces"))
        written = json.loads((directory / plan.document).read_text(encoding="utf-8"))
        if written != json.loads(json.dumps(kept.to_json())):
            with place.writing():
                write_json(directory / plan.document, kept.to_json())
        return kept

    def make(work: Path, _: None) -> RotorKinetics:
        made = kinetics(Store(work / "pieces"))
        write_json(work / plan.document, made.to_json())
        write_text(work / "machine.yaml", plan.spec.to_yaml())
        place.publish(work)
        return made

    return place.result(read, plan.require_search, make)
