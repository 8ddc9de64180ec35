"""A motor's kinetics as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from molmach.building import build, draw
from molmach.report.kinetics_page import (
    KineticsPage,
    StepSummary,
    light_picture,
    profile_picture,
    write_kinetics_page,
)
from molmach.report.svg import inline_molecule
from molmach.report.tables import Table, flat
from molmach.report.views import Picture
from molmach.studies.kinetics.cycle import Cycle
from molmach.studies.kinetics.inversion import HelixInversion
from molmach.studies.kinetics.words import (
    CYCLE_HEADS,
    LIGHT_HEADS,
    cycle_cells,
    cycle_title,
    doubts,
    in_its_unit,
    lamp_turning,
    light_rows,
    light_title,
    step_rows,
)

if TYPE_CHECKING:
    from molmach.studies.kinetics.run import MotorKinetics


def write_page(kinetics: MotorKinetics, provenance: Mapping[str, Any], path: Path) -> None:
    """Write the page of a motor's kinetics."""
    spec, steps = kinetics.spec, kinetics.steps
    described = spec.model_dump(mode="json", include={"machine"}, exclude_none=True)
    page = KineticsPage(
        name=spec.name,
        description=spec.description,
        level=steps[0].level,
        temperature=f"{steps[0].temperature:g} K",
        steps=tuple(_summary(step) for step in steps),
        molecule=inline_molecule(draw(build(spec)), f"Formula of {spec.name}"),
        profiles=tuple(_profile(step, number) for number, step in enumerate(steps)),
        numbers=Table("Thermal steps", ("", *(_name(step) for step in steps)), step_rows(steps)),
        turning=_turning(kinetics.cycle),
        assumed=f"A {cycle_title(kinetics.yields)}; the photons absorbed are stated too.",
        lamp="" if kinetics.light is None or kinetics.light.lamp is None else lamp_turning(kinetics.light),
        absorption=None
        if kinetics.light is None
        else Table(light_title(kinetics.light), LIGHT_HEADS, light_rows(kinetics.light), range(1, 5)),
        light=light_picture(
            [cycle.excitation_rate for cycle in kinetics.series],
            [cycle.photon_efficiency for cycle in kinetics.series],
            "Where light is strong, it comes again before the thermal step is done.",
        ),
        cycles=Table("Cycles", CYCLE_HEADS, [cycle_cells(cycle) for cycle in kinetics.series], range(4)),
        populations=Table(
            "Populations",
            ("state", "share of the time"),
            [(s, f"{p:.3g}") for s, p in zip(kinetics.cycle.states, kinetics.cycle.populations, strict=True)],
            (1,),
        ),
        parameters=flat(described),
        provenance=flat(provenance),
    )
    write_kinetics_page(page, path)


def _name(step: HelixInversion) -> str:
    return f"thermal helix inversion{f' of {step.isomer}' if step.isomer else ''}"


def _summary(step: HelixInversion) -> StepSummary:
    reasons = doubts(step)
    return StepSummary(
        _name(step), f"{step.barrier:.1f} kJ/mol", in_its_unit(step.half_life), not reasons, reasons
    )


def _profile(step: HelixInversion, number: int) -> Picture:
    """Gibbs energies above the metastable form."""
    form = f" {step.isomer}" if step.isomer else ""
    levels = {f"metastable{form}": 0.0, "saddle": step.barrier, f"stable{form}": -step.drop}
    return profile_picture(
        levels, f"profile{number}", f"{_name(step).capitalize()}: above the metastable form."
    )


def _turning(cycle: Cycle) -> str:
    rate = cycle.excitation_rate
    return (
        f"With {rate:g} photon{'' if rate == 1.0 else 's'} absorbed a second the motor makes "
        f"{cycle.frequency:.3g} net turns a second, {cycle.photon_efficiency:.3g} for each photon, with a "
        f"directionality of {cycle.directionality:.3f}."
    )
