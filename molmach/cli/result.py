"""A score as a person reads it in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich.markup import escape

from molmach.cli.output import console, interval, number, table
from molmach.data import Run
from molmach.report.tables import looks_table, shapes_table
from molmach.report.words import (
    chance,
    regime_sentence,
    shapes_sentence,
    stopped_sentence,
    verdict_sentence,
)
from molmach.scoring import Score

_STYLES = {
    "forward": "bold green",
    "backward": "bold green",
    "follows": "bold green",
    "failed": "bold red",
}


def print_motion(result: Score, unknown: Mapping[str, str], folder: Path | None) -> None:
    """The score of trajectories made elsewhere, what they can't tell, and where the files are."""
    out = console()
    _print_verdict(result)
    out.print(f"[yellow]uncontrolled[/]: {unknown['controls']}")
    _print_estimates(result)
    others = ", ".join(name.replace("_", " ") for name in unknown if name != "controls")
    out.print(f"not known from coordinates alone: {others}")
    if folder is not None:
        out.print(f"report: {escape(str(folder / 'report.html'))}", soft_wrap=True)


def print_result(run: Run, result: Score) -> None:
    """Verdict, controls, table of estimates, warnings and where the files are."""
    out = console()
    out.print(f"[bold]{run.spec.name}[/bold]  {run.assembly.formula}, {run.drive.kind.replace('_', ' ')}")
    _print_verdict(result)
    _print_looks(run)
    _print_controls(result)
    _print_shapes(result)
    _print_estimates(result)
    if run.run_dir is not None:
        _print_files(run, run.run_dir)


def _print_verdict(result: Score) -> None:
    out = console()
    measured = result.measured
    of = "" if result.measure == "velocity" else f"{result.measure.replace('_', ' ')} "
    out.print(
        f"[{_STYLES.get(result.verdict, 'bold yellow')}]{result.verdict}[/]  "
        f"{of}{number(measured.value)} {measured.unit} "
        f"(95 % interval {interval(measured)}; {result.replicas} replicas; p = {chance(result.p_value)})"
    )
    out.print(f"{verdict_sentence(result)} {regime_sentence(result)}".strip())


def _print_looks(run: Run) -> None:
    looks = looks_table(run)
    if looks is not None:
        out = console()
        out.print(stopped_sentence(run))
        out.print(table(looks.columns, looks.rows, looks.numeric))


def _print_controls(result: Score) -> None:
    out = console()
    if result.controls:
        rows = [
            (
                name,
                number(control.measure.value),
                interval(control.measure),
                chance(control.p_value),
                f"[green]passed[/]: {control.statement}"
                if control.passed
                else f"[red]failed[/]: {control.statement}",
            )
            for name, control in result.controls.items()
        ]
        out.print(
            table(("control", result.measured.unit, "95 % interval", "p", "judgement"), rows, (1, 2, 3))
        )
    else:
        out.print("[yellow]uncontrolled[/]: neither the undriven nor the mirror control was run")


def _print_shapes(result: Score) -> None:
    out, shapes = console(), shapes_table(result)
    if shapes is not None:
        out.print(table(shapes.columns, shapes.rows, shapes.numeric))
        out.print(shapes_sentence(result))


def _print_estimates(result: Score) -> None:
    out = console()
    estimates = [
        (name.replace("_", " "), number(estimate.value), interval(estimate), estimate.unit)
        for name, estimate in result.estimates.items()
    ]
    out.print(table(("quantity", "value", "95 % interval", "unit"), estimates, (1, 2)))
    for warning in result.warnings:
        out.print(f"[yellow]warning[/]: {warning}")


def _print_files(run: Run, folder: Path) -> None:
    out = console()
    speed = run.performance
    out.print(
        f"{speed.us_per_step_per_replica:.3g} us per step per replica, {speed.ns_per_day:.4g} ns/day "
        f"with {speed.workers} worker(s), {speed.engine} engine ({speed.platform})"
    )
    if speed.compile_seconds:
        out.print(f"kernels compiled in {speed.compile_seconds:.1f} s before the run; they are kept on disk")
    out.print(f"report: {folder / 'report.html'}", soft_wrap=True)
