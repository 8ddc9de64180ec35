"""How the machine is simulated: bath, time step, lengths, replicas, seed."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from molmach.spec import fields
from molmach.spec.fields import Section
from molmach.spec.registered import FORCE_FIELDS, faulty, load_registered, registered

MAX_STEPS = 10**11
MAX_SAMPLES = 10**9


def _known_field(name: str) -> str:
    if name not in registered(FORCE_FIELDS):
        *others, last = map(repr, registered(FORCE_FIELDS))
        raise ValueError(f"got {name!r}; expected {', '.join(others)} or {last}")
    return name


def made_force_field(name: str) -> Any:
    """The force field of that name, with the ``kinds`` and ``builds_with`` that a spec asks of it.

    Raises
    ------
    SpecError
        It can't be imported or made, or lacks them.
    """
    made_by = load_registered(FORCE_FIELDS, name)
    try:
        made = made_by(name)
    except Exception as error:
        told = f"it can't be made from its name: {type(error).__name__}: {error}"
        raise faulty(FORCE_FIELDS, name, told) from error
    if not isinstance(getattr(made, "builds_with", None), str):
        raise faulty(FORCE_FIELDS, name, "it has no builds_with; expected the name of a force field")
    kinds = getattr(made, "kinds", "")
    if kinds is not None and (isinstance(kinds, str) or not isinstance(kinds, Collection)):
        raise faulty(
            FORCE_FIELDS, name, "it has no kinds; expected a tuple of names of machine kinds, or None"
        )
    return made


class Protocol(Section):
    """Simulation protocol; times are in ps, other units as the field types say.

    Attributes
    ----------
    temperature, friction
        Of the Langevin bath; every atom is coupled to it.
    timestep
        Integration step.
    duration, equilibration
        Length of the measured part, and of the driven part before it that is not measured.
    replicas
        Independent runs; they carry the statistics.
    seed
        The one seed from which every random number is derived.
    sampling
        Interval of the coordinate series.
    frames
        Interval of the stored trajectory; a multiple of ``sampling``.
    force_field
        ``MMFF94`` or ``MMFF94s``, or one that an entry point adds; ``bead_spring`` for a machine of beads.
    hydrogen_mass
        Mass given to hydrogens, taken from the heavy atom that they are bonded to.
    constraints
        ``h-bonds`` fixes the length of bonds to hydrogen; ``none`` lets them vibrate (use 1 fs then: at
        2 fs the unresolved vibration leaks heat into the energy books).
    anchor
        Force constant of the harmonic anchors on the stator's atoms.
    """

    temperature: fields.Temperature = 300.0
    friction: fields.Friction = 2.0
    timestep: fields.Time = 0.002
    duration: fields.Time = 200.0
    equilibration: fields.TimeOrNone = 20.0
    replicas: Annotated[int, Field(strict=True, ge=2, le=100_000)] = 16
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 1
    sampling: fields.Time = 0.1
    frames: fields.Time = 1.0
    force_field: Annotated[str, AfterValidator(_known_field)] = "MMFF94"
    hydrogen_mass: fields.Mass | None = None
    constraints: Literal["none", "h-bonds"] = "h-bonds"
    anchor: fields.Stiffness = 5000.0

    @model_validator(mode="after")
    def _intervals_fit(self) -> Protocol:
        _whole("sampling", self.sampling, "timestep", self.timestep)
        _whole("frames", self.frames, "sampling", self.sampling)
        _whole("duration", self.duration, "sampling", self.sampling)
        if self.equilibration:
            _whole("equilibration", self.equilibration, "sampling", self.sampling)
        if self.duration < 10 * self.sampling * (1 - 1e-9):
            raise ValueError(
                f"duration of {self.duration:g} ps holds fewer than 10 samples of {self.sampling:g} ps; "
                "expected a longer duration or a shorter sampling interval"
            )
        if (self.duration + self.equilibration) / self.timestep > MAX_STEPS:
            raise ValueError(f"duration asks for more than {MAX_STEPS:g} steps; expected a shorter one")
        if self.samples * self.replicas > MAX_SAMPLES:
            raise ValueError(
                f"{self.replicas} replicas of {self.duration:g} ps hold more than {MAX_SAMPLES:g} samples of "
                f"{self.sampling:g} ps; expected fewer, a shorter duration or a longer sampling interval"
            )
        if self.hydrogen_mass is not None and not 1.0 <= self.hydrogen_mass <= 4.0:
            raise ValueError(f"hydrogen_mass is {self.hydrogen_mass:g} u; expected 1 u to 4 u")
        return self

    @property
    def build_field(self) -> str:
        """Name of the force field that machines are built with and have their charges from."""
        return str(made_force_field(self.force_field).builds_with)

    @property
    def sampling_steps(self) -> int:
        """Steps between two samples of the coordinate."""
        return round(self.sampling / self.timestep)

    @property
    def frame_samples(self) -> int:
        """Samples between two stored frames."""
        return round(self.frames / self.sampling)

    @property
    def equilibration_samples(self) -> int:
        """Samples in the part that is not measured."""
        return round(self.equilibration / self.sampling)

    @property
    def samples(self) -> int:
        """Samples in the measured part, the one at its start not counted."""
        return round(self.duration / self.sampling)

    @property
    def total_steps(self) -> int:
        """Integration steps of one replica, equilibration included."""
        return (self.equilibration_samples + self.samples) * self.sampling_steps


def _whole(long_name: str, long: float, short_name: str, short: float) -> None:
    count = long / short
    if count > 1e15 or count < 1 - 1e-9 or not math.isclose(count, round(count), rel_tol=1e-9, abs_tol=1e-9):
        raise ValueError(
            f"{long_name} is {long:g} ps; expected a whole multiple of {short_name} ({short:g} ps)"
        )
