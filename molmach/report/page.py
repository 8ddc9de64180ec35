"""``report.html`` of a run: one file that opens from disk with no network."""

from __future__ import annotations

import base64
import re
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from molmach.build import draw
from molmach.engine import Run
from molmach.report.plots import angle_plot, png, velocity_plot
from molmach.report.words import regime_sentence, verdict_sentence
from molmach.score import Estimate, Score


def write_report(run: Run, result: Score, provenance: dict[str, Any], directory: Path) -> None:
    """Write ``report.html`` and its plots as ``angle.png`` and ``velocity.png``."""
    angle_png = png(angle_plot(run))
    velocity_png = png(velocity_plot(run, result))
    (directory / "angle.png").write_bytes(angle_png)
    (directory / "velocity.png").write_bytes(velocity_png)
    velocity = result.velocity
    values = {
        "title": f"{escape(run.spec.name)}: {result.verdict}",
        "name": escape(run.spec.name),
        "description": escape(run.spec.description),
        "verdict": result.verdict,
        "controlled": "" if result.controlled else "<strong>uncontrolled: the controls were not run</strong>",
        "velocity": f"{velocity.value:.3g} {velocity.unit}",
        "interval": _interval(velocity),
        "replicas": str(result.replicas),
        "p_value": f"{result.p_value:.2g}",
        "sentence": escape(f"{verdict_sentence(result)} {regime_sentence(result)}"),
        "warnings": "".join(f'<p class="warning">{escape(text)}</p>' for text in result.warnings),
        "molecule": _inline(draw(run.assembly)),
        "controls": _controls(result),
        "velocity_png": base64.b64encode(velocity_png).decode(),
        "angle_png": base64.b64encode(angle_png).decode(),
        "estimates": "".join(_estimate_row(name, part) for name, part in result.estimates.items()),
        "parameters": _rows(_parameters(run)),
        "provenance": _rows(flat(provenance)),
    }
    page = Template(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    (directory / "report.html").write_text(page.substitute(values), encoding="utf-8")


def _inline(svg: str) -> str:
    """An SVG document as an element: without its XML declaration, scaled by the page."""
    element = svg[svg.index("<svg") :]
    return re.sub(r"width='\d+px' height='\d+px' ", "", element, count=1)


def _interval(estimate: Estimate) -> str:
    low, high = estimate.ci95
    return f"{low:.3g} to {high:.3g}" if low == low else "not defined"


def _estimate_row(name: str, estimate: Estimate) -> str:
    value = f"{estimate.value:.4g}" if estimate.value == estimate.value else "not defined"
    return (
        f'<tr><td>{escape(name.replace("_", " "))}</td><td class="n">{value}</td>'
        f'<td class="n">{_interval(estimate)}</td><td>{escape(estimate.unit)}</td></tr>'
    )


def _controls(result: Score) -> str:
    if not result.controls:
        return '<p class="warning">No controls were run, so this velocity is a number, not a claim.</p>'
    rows = "".join(
        f"<tr><td>{escape(name)}</td>"
        f'<td class="n">{control.velocity.value:.3g} {escape(control.velocity.unit)}</td>'
        f'<td class="n">{_interval(control.velocity)}</td>'
        f'<td class="n">{control.p_value:.2g}</td>'
        f'<td class="{"pass" if control.passed else "fail"}">{"passed" if control.passed else "failed"}: '
        f"{escape(control.statement)}</td></tr>"
        for name, control in result.controls.items()
    )
    head = "<tr><th>control</th><th>velocity</th><th>95 % interval</th><th>p</th><th>judgement</th></tr>"
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{rows}</tbody></table></div>'


def _parameters(run: Run) -> dict[str, str]:
    spec = run.spec.model_dump(mode="json", exclude={"name", "description"}, exclude_none=True)
    dipole = float((run.assembly.rotor_dipole_debye**2).sum() ** 0.5)
    built = {
        "machine.formula": run.assembly.formula,
        "machine.atoms": str(run.assembly.molecule.GetNumAtoms()),
        "machine.moment_of_inertia": f"{run.assembly.moment_of_inertia():.4g} u nm^2 about the axle",
        "machine.rotor_dipole": f"{dipole:.3g} D across the axle",
    }
    speed = run.performance
    measured = {
        "performance": f"{speed.us_per_step_per_replica:.3g} us per step per replica, "
        f"{speed.ns_per_day:.3g} ns/day with {speed.workers} worker(s), "
        f"{speed.engine} engine ({speed.platform})"
    }
    return {**flat(spec), **built, **measured}


def flat(content: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested mappings as rows: dotted name -> text."""
    rows: dict[str, str] = {}
    for name, value in content.items():
        if isinstance(value, dict):
            rows.update(flat(value, f"{prefix}{name}."))
        else:
            rows[prefix + name] = str(value)
    return rows


def _rows(content: dict[str, str]) -> str:
    return "".join(
        f'<tr><th>{escape(name)}</th><td class="mono">{escape(value)}</td></tr>'
        for name, value in content.items()
    )
