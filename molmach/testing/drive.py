"""What every drive must obey."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from molmach import drives
from molmach.building import Assembly, build, mirror
from molmach.drives import DriveModel, DriveTerms
from molmach.drives.detailed_balance import rest_of, rest_of_switch
from molmach.errors import SpecError
from molmach.spec import Drive, Spec
from molmach.testing.section import check_section, require, shaken
from molmach.units import TURN, thermal_energy

if TYPE_CHECKING:
    import openmm

Floats = NDArray[np.float64]

_TIMES_PS = np.linspace(0.0, 7.3, 60)
_REFLECTION = np.array([1.0, -1.0, 1.0])
_ACROSS = np.array([1.0, 1.0, -1.0])


def check_drive(section: Mapping[str, Any], acts_on: Spec, not_on: Spec | None = None) -> None:
    """Hold a drive against what :class:`molmach.drives.DriveModel` promises.

    Its section reads back, with the same key. Its terms are finite and the same whenever they are asked
    for. Mirrored, it gives mirrored forces on the mirrored machine, and mirrored twice it is itself; so does
    its image across the axle, where it has one. No work can be had from its undriven twin, whose undriven
    twin it is itself. It says that a machine under it is at equilibrium if, and only if, its terms say so,
    and an event spends what the rates say. It names its events if, and only if, it throws a switch; clock,
    and frequency, sense and strength of its field are those of its terms, and the entries that it names hold
    them. Two short replicas of the machine stay finite, and count events only where there are any. A machine
    on which it does not act is refused.

    Parameters
    ----------
    section
        The drive as a machine file has it, ``kind`` included.
    acts_on
        A machine that it drives; the spec's own drive does not count.
    not_on
        A machine on which it does not act; None where there is none.

    Raises
    ------
    AssertionError
        Something does not hold; the message says what.
    """
    spec = _driven(acts_on, section)
    case = _Case(spec, build(spec), f"drive {spec.drive.kind} on {acts_on.name}")
    check_section(spec.drive, spec, case.label)
    _check_terms(case)
    _check_twins(case)
    _check_across(case)
    _check_equilibrium(case)
    _check_mirrored_terms(case)
    _check_mirrored_forces(case)
    _check_entries(case)
    _check_field(case)
    _check_run(case)
    if not_on is not None:
        _check_refusal(_driven(not_on, section))


def _driven(spec: Spec, section: Mapping[str, Any]) -> Spec:
    """A machine under another drive."""
    content = spec.model_dump(mode="json", exclude_none=True)
    return Spec.model_validate({**content, "drive": dict(section)})


@dataclass(frozen=True)
class _Case:
    """A machine under the drive, and what to call them in messages."""

    spec: Spec
    assembly: Assembly
    label: str

    @property
    def drive(self) -> Drive:
        return self.spec.drive

    @property
    def model(self) -> DriveModel:
        return drives.model(self.drive)

    def terms(self, drive: Drive | None = None, assembly: Assembly | None = None) -> DriveTerms:
        """What a drive, this one or another, does to the machine or another."""
        kT = thermal_energy(self.spec.protocol.temperature)
        return drives.terms(drive or self.drive, assembly or self.assembly, kT)


def _check_terms(case: _Case) -> None:
    terms = case.terms()
    require(
        terms == case.terms(), f"{case.label}: terms() differ from one call to the next; expected equal ones"
    )
    numbers = [*terms.cosine, *terms.sine, terms.angular_frequency, terms.torque]
    numbers += [amplitude for term in terms.switched for amplitude in (term.off, term.on)]
    numbers += [
        number
        for switch in terms.switches
        for channel in switch.channels
        for number in (channel.on_rate, channel.off_rate, channel.hindrance, channel.reach)
    ]
    require(np.all(np.isfinite(numbers)), f"{case.label}: terms() hold a number that is not finite")
    for term in terms.switched:
        require(
            term.switch < len(terms.switches),
            f"{case.label}: a term of switch {term.switch}; expected one of the {len(terms.switches)} "
            "switches",
        )
    named, throws = case.model.events, bool(terms.switches)
    require(
        (named is not None) == throws,
        f"{case.label}: events is {named!r} though it has {len(terms.switches)} switches; "
        "expected a name if, and only if, it throws a switch",
    )
    require(
        throws or case.model.spent_per_event == 0.0,
        f"{case.label}: spent_per_event is {case.model.spent_per_event:g} kJ/mol without events; expected 0",
    )


def _check_twins(case: _Case) -> None:
    image = drives.mirror(case.drive)
    require(
        drives.mirror(image) == case.drive,
        f"{case.label}: its mirror image's mirror image is {drives.mirror(image)}; expected {case.drive}",
    )
    still = drives.undriven(case.drive)
    require(
        still.load == 0.0, f"{case.label}: its undriven twin has a load of {still.load:g} kJ/mol; expected 0"
    )
    require(
        drives.undriven(still) == still,
        f"{case.label}: its undriven twin has another undriven twin, {drives.undriven(still)}; expected "
        "itself",
    )


def _check_across(case: _Case) -> None:
    """The image across the axle, where the drive knows it: the field turned over along z, the torque kept."""
    image = drives.model(case.drive).across()
    if image is None:
        return
    terms, reflected = case.terms(case.drive), case.terms(image)
    wanted = terms.field_at(_TIMES_PS) * _ACROSS
    require(
        np.allclose(reflected.field_at(_TIMES_PS), wanted, atol=1e-9) and reflected.torque == terms.torque,
        f"{case.label}: across() is {image}, which is no reflection z -> -z; expected one, or None",
    )
    require(
        drives.model(image).across() == case.drive,
        f"{case.label}: across() of across() is not the drive; expected {case.drive}",
    )


def _check_equilibrium(case: _Case) -> None:
    """Of the undriven twin from its terms alone; of the drive what it says of itself, and what it spends."""
    still, protocol = drives.undriven(case.drive), case.spec.protocol
    terms, label = case.terms(still), f"{case.label}, undriven"
    changing = terms.has_field and terms.angular_frequency != 0.0
    require(not changing, f"{label}: a field that changes in time does work; expected none")
    require(terms.torque == 0.0, f"{label}: a torque of {terms.torque:g} kJ/mol does work; expected 0")
    for number, switch in enumerate(terms.switches):
        require(
            rest_of_switch(switch, protocol) is not None,
            f"{label}: switch {number} breaks detailed balance ({switch}), so that work can be had from it; "
            "expected no clock, and channels that are thermal with one ratio of rates or never thrown to "
            "and fro",
        )
    price = drives.model(still).spent_per_event
    require(price == 0.0, f"{label}: an event spends {price:g} kJ/mol; expected 0")
    _check_declared(case, case.drive, case.label)
    _check_declared(case, still, label)
    _check_price(case)


def _check_declared(case: _Case, drive: Drive, label: str) -> None:
    """equilibrium() says what the terms say."""
    protocol = case.spec.protocol
    said = drives.equilibrium(drive.model_copy(update={"load": 0.0}), case.assembly, protocol)
    rests = rest_of(case.terms(drive), case.assembly.charges, protocol)
    require(
        (said is None) == (rests is None),
        f"{label}: equilibrium() gives {said!r}, though by its terms a machine under it is "
        f"{'driven' if rests is None else f'at equilibrium: {rests}'}; expected a clause if, and only if, "
        "no work can be had from it",
    )


def _check_price(case: _Case) -> None:
    """An event spends what the ratios of its switch's rates say that a round of its channels gives."""
    kT, price = thermal_energy(case.spec.protocol.temperature), case.model.spent_per_event
    for number, switch in enumerate(case.terms().switches):
        used = [c for c in switch.channels if c.thermal and c.on_rate and c.off_rate]
        for channel in used[1:]:
            first = used[0]
            gives = kT * math.log(first.on_rate * channel.off_rate / (first.off_rate * channel.on_rate))
            require(
                math.isclose(price, gives, rel_tol=1e-6, abs_tol=1e-6),
                f"{case.label}: spent_per_event is {price:g} kJ/mol, but by the rates of switch {number} an "
                f"event gives {gives:g} kJ/mol; expected the same",
            )


def _check_mirrored_terms(case: _Case) -> None:
    """The parts of the terms that can be compared as numbers; forces are compared by themselves."""
    ours, theirs = case.terms(), case.terms(drives.mirror(case.drive), mirror(case.assembly))
    label = f"{case.label}: terms of the mirrored drive on the mirrored machine"
    field, reflected = ours.field_at(_TIMES_PS), theirs.field_at(_TIMES_PS)
    require(
        np.allclose(reflected, field * _REFLECTION, rtol=1e-9, atol=1e-9 * (1.0 + np.abs(field).max())),
        f"{label}: the field is not the reflected one at all times; expected y to change its sign, x and "
        "z not",
    )
    require(
        theirs.torque == -ours.torque, f"{label}: torque {theirs.torque:g}; expected {-ours.torque:g} kJ/mol"
    )
    require(theirs.switches == ours.switches, f"{label}: other switches; expected the same")
    amplitudes = [[(t.switch, t.off, t.on) for t in terms.switched] for terms in (ours, theirs)]
    require(amplitudes[0] == amplitudes[1], f"{label}: other switches or amplitudes; expected the same")


def _check_mirrored_forces(case: _Case) -> None:
    """Every atom's force in OpenMM at shaken positions, switched terms at random amplitudes."""
    rng = np.random.default_rng(0)
    positions = shaken(case.assembly, rng)
    amplitudes = rng.uniform(-5.0, 5.0, size=len(case.terms().switched)).tolist()
    here = _forces(case, case.drive, case.assembly, positions, amplitudes)
    there = _forces(
        case, drives.mirror(case.drive), mirror(case.assembly), positions * _REFLECTION, amplitudes
    )
    worst = float(np.abs(there - here * _REFLECTION).max())
    require(
        worst <= 1e-4 * (1.0 + np.abs(here).max()),
        f"{case.label}: forces of the mirrored drive on the mirrored machine differ from the mirrored "
        "forces by "
        f"{worst:.3g} kJ/mol/nm; expected none",
    )


def _forces(
    case: _Case, drive: Drive, assembly: Assembly, positions_nm: Floats, amplitudes: list[float]
) -> Floats:
    """(n_atoms, 3) forces of drive and load at time zero, kJ/mol/nm."""
    import openmm

    from molmach import engine
    from molmach.engine.native_forces import amplitude
    from molmach.forcefield import Group

    condition = engine.prepare("check", 0, assembly, drive, case.spec.protocol)
    platform = openmm.Platform.getPlatform("Reference")
    context: openmm.Context = openmm.Context(condition.system, condition.integrator, platform)
    context.setPositions(positions_nm)
    for number, value in enumerate(amplitudes):
        context.setParameter(amplitude(number), value)
    groups = {int(Group.DRIVE), int(Group.LOAD)}
    state = context.getState(getForces=True, groups=groups)
    return np.asarray(state.getForces(asNumpy=True)._value)


def _check_entries(case: _Case) -> None:
    """The entries that errors and scans speak of are in the section, and hold what they are said to."""
    model, drive = case.model, case.drive
    for name in ("strength", "frequency_key", "period_key"):
        entry = getattr(model, name)
        require(
            entry is None or entry in type(drive).model_fields,
            f"{case.label}: {name} is {entry!r}; expected an entry of its section or None",
        )
    if model.frequency_key is not None:
        held = getattr(drive, model.frequency_key)
        require(
            model.frequency is not None and math.isclose(abs(model.frequency), abs(held), rel_tol=1e-9),
            f"{case.label}: frequency is {model.frequency} GHz, its entry {model.frequency_key} {held} GHz; "
            "expected the same but for the sign",
        )
    clocks = {switch.clock for switch in case.terms().switches if switch.clock is not None}
    periods = [clock.period for clock in clocks]
    if clocks and model.period_key is not None:
        held = getattr(drive, model.period_key)
        require(
            held in periods,
            f"{case.label}: its entry {model.period_key} is {held} ps, its clocks' periods {periods}; "
            "expected one of them",
        )
    only = next(iter(clocks)) if len(clocks) == 1 else None
    require(
        model.clock in (None, only),
        f"{case.label}: clock is {model.clock}; expected {only}, as its switches have it, or None",
    )


def _check_field(case: _Case) -> None:
    terms, model = case.terms(), case.model
    if terms.has_field and terms.angular_frequency:
        turning = abs(terms.angular_frequency) / TURN * 1e3
        require(
            model.frequency is not None and math.isclose(abs(model.frequency), turning, rel_tol=1e-9),
            f"{case.label}: frequency is {model.frequency} GHz; expected {turning:g} GHz, as its field "
            "has it",
        )
    if model.turns_with:
        reflected = drives.model(drives.mirror(case.drive)).frequency
        require(
            model.frequency is not None and reflected == -model.frequency,
            f"{case.label}: turns_with, but its mirror image's frequency is {reflected} GHz; "
            f"expected {model.frequency} GHz with the other sign",
        )
    if model.field_strength:
        stronger = case.terms(model.with_field(2.0 * model.field_strength))
        require(
            np.allclose(stronger.field_at(_TIMES_PS), 2.0 * terms.field_at(_TIMES_PS), rtol=1e-9),
            f"{case.label}: with_field() of twice the strength does not give twice the field",
        )


def _check_run(case: _Case) -> None:
    from molmach.studies.simulation import simulate_here

    protocol = case.spec.protocol
    length = f"{max(40, protocol.frame_samples) * protocol.sampling!r} ps"
    changes = {"replicas": 2, "duration": length, "equilibration": f"{protocol.sampling!r} ps"}
    short = case.spec.model_dump(mode="json", exclude_none=True)
    short["protocol"] |= changes
    series = simulate_here(Spec.model_validate(short)).series
    for name in ("coordinate", "heat", "drive_work", "load_work", "events"):
        require(
            np.all(np.isfinite(getattr(series, name))), f"{case.label}: {name} of a short run is not finite"
        )
    throws = case.model.events is not None
    require(
        throws or not series.events.any(),
        f"{case.label}: a short run counts events, which the drive does not name; expected none",
    )


def _check_refusal(spec: Spec) -> None:
    assembly = build(spec)
    label = f"drive {spec.drive.kind} on {spec.name}"
    try:
        drives.terms(spec.drive, assembly, thermal_energy(spec.protocol.temperature))
    except SpecError as error:
        require(
            str(error).startswith("drive."),
            f"{label}: refused with {str(error)!r}; expected a message that begins with the field, "
            "'drive. ...'",
        )
        return
    raise AssertionError(f"{label}: is taken; expected a SpecError, for it does not act on such a machine")
