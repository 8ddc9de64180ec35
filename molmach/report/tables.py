"""Tables of pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from molmach.data import Run
from molmach.report.plots import LABELS
from molmach.report.words import to_its_precision
from molmach.scoring import Estimate, Score


def estimates_table(result: Score) -> str:
    """Every estimate of a score with its interval."""
    rows = [
        (escape(name.replace("_", " ")), *_numbers(part), escape(part.unit))
        for name, part in result.estimates.items()
    ]
    return table("Score", ("quantity", "value", "95 % interval", "unit"), rows, numeric=(1, 2))


def controls_table(result: Score) -> str:
    """What each control did, and how it was judged."""
    if not result.controls:
        return '<p class="warning">No controls were run, so this velocity is a number, not a claim.</p>'
    rows = [
        (
            escape(LABELS.get(name, name)),
            *_numbers(control.velocity),
            f"{control.p_value:.2g}",
            f'<span class="{"pass" if control.passed else "fail"}">'
            f"{'passed' if control.passed else 'failed'}:</span> {escape(control.statement)}",
        )
        for name, control in result.controls.items()
    ]
    head = ("control", result.velocity.unit, "95 % interval", "p", "judgement")
    return table("Controls", head, rows, (1, 2, 3), "cards")


def _numbers(estimate: Estimate) -> tuple[str, str]:
    value, between = to_its_precision(estimate.value, *estimate.ci95)
    return value, between or "not defined"


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


def plain_table(caption: str, content: Mapping[str, str]) -> str:
    """Names and values."""
    rows = [(escape(name), f'<span class="mono">{escape(value)}</span>') for name, value in content.items()]
    return table(caption, ("what", "value"), rows, kind="plain")


def table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    numeric: Sequence[int] = (),
    kind: str = "",
) -> str:
    """A table of cells that are HTML already; the first cell of a row is its header."""
    head = "".join(
        f'<th scope="col"{" class=n" if k in numeric else ""}>{escape(column)}</th>'
        for k, column in enumerate(columns)
    )
    body = "".join(f'<tr role="row">{_cells(row, columns, numeric)}</tr>' for row in rows)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f'<table role="table" class="{kind}"><caption>{escape(caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table></div>'
    )


def _cells(row: Sequence[str], columns: Sequence[str], numeric: Sequence[int]) -> str:
    found = ""
    for k, (cell, column) in enumerate(zip(row, columns, strict=True)):
        tag, role = ('th scope="row"', "rowheader") if k == 0 else ("td", "cell")
        style = ' class="n"' if k in numeric else ""
        found += f'<{tag} role="{role}"{style} data-label="{escape(column)}">{cell}</{tag.split()[0]}>'
    return found
