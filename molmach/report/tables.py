"""Tables of pages, as plain texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from molmach.data import Run
from molmach.report.plots import LABELS
from molmach.report.words import chance, to_its_precision
from molmach.scoring import Estimate, Score
from molmach.scoring.current import CURRENT_LEVEL


@dataclass(frozen=True)
class Table:
    """A table whose first column heads its rows.

    Attributes
    ----------
    caption
        What it is of, for who does not see it.
    columns, rows
        Heads, and as many cells in each row.
    numeric
        Numbers of the columns that hold numbers.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: Sequence[int] = ()


@dataclass(frozen=True)
class ControlRow:
    """What a control did, and how it was judged."""

    name: str
    measured: str
    interval: str
    p_value: str
    passed: bool
    statement: str


def looks_table(run: Run) -> Table | None:
    """What a run with added replicas amounted to at each look; None of a run of a fixed number."""
    if not run.looks:
        return None
    rows = [
        (
            str(look.replicas),
            f"{100.0 * CURRENT_LEVEL * look.share:.2g} %",
            chance(look.p_value),
            look.verdict,
        )
        for look in run.looks
    ]
    return Table("Looks", ("replicas", "level of a current", "p", "verdict"), rows, (0, 1, 2))


def estimates_table(result: Score) -> Table:
    """Every estimate of a score with its interval."""
    rows = [(name.replace("_", " "), *numbers(part), part.unit) for name, part in result.estimates.items()]
    return Table("Score", ("quantity", "value", "95 % interval", "unit"), rows, (1, 2))


def controls_table(result: Score) -> list[ControlRow]:
    """The controls of a score; none where it is no claim."""
    return [
        ControlRow(
            LABELS.get(name, name),
            *numbers(control.measure),
            chance(control.p_value),
            control.passed,
            control.statement,
        )
        for name, control in result.controls.items()
    ]


def shapes_table(result: Score) -> Table | None:
    """Replicas by the shapes that they started in; None where there is one."""
    if result.shapes is None:
        return None
    rows = [
        (
            row.name,
            f"{row.weight:.2f}",
            f"{row.energy:.1f}",
            f"{row.replicas}" + (f" + {row.mirror_replicas}" if row.mirror_replicas else ""),
            *numbers(row.velocity),
        )
        for row in result.shapes.rows
    ]
    unit = result.shapes.rows[0].velocity.unit
    columns = ("shape", "weight", "kJ/mol", "replicas", unit, "95 % interval")
    return Table("Starting shapes", columns, rows, (1, 2, 3, 4, 5))


def numbers(estimate: Estimate) -> tuple[str, str]:
    """A value and its interval, to the interval's precision."""
    value, between = to_its_precision(estimate.value, *estimate.ci95)
    return value, between or estimate.undefined or "not defined"


def parameters(run: Run) -> dict[str, str]:
    """The spec as run, what was built, and the speed."""
    spec = run.spec.model_dump(mode="json", exclude={"name", "description"}, exclude_none=True)
    dipole = float((run.assembly.rotor_dipole_debye**2).sum() ** 0.5)
    speed = run.performance
    return {
        **flat(spec),
        "machine.formula": run.assembly.formula,
        "machine.atoms": str(run.assembly.molecule.GetNumAtoms()),
        "machine.moment_of_inertia": f"{run.assembly.moment_of_inertia():.4g} u nm^2 about the axle",
        "machine.rotor_dipole": f"{dipole:.3g} D across the axle",
        "performance": f"{speed.us_per_step_per_replica:.3g} us per step per replica, "
        f"{speed.ns_per_day:.3g} ns/day with {speed.workers} worker(s), "
        f"{speed.engine} engine ({speed.platform})",
    }


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested mappings as one, with dotted names."""
    rows: dict[str, str] = {}
    for name, value in content.items():
        if isinstance(value, Mapping):
            rows.update(flat(value, f"{prefix}{name}."))
        else:
            rows[prefix + name] = str(value)
    return rows
