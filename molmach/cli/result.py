"""A score as a person reads it in the terminal."""

from __future__ import annotations

from molmach.cli.output import console, interval, number, table
from molmach.engine import Run
from molmach.report.words import regime_sentence, verdict_sentence
from molmach.score import Score

_STYLES = {
    "forward": "bold green",
    "backward": "bold green",
    "failed": "bold red",
    "unresolved": "bold yellow",
}


def print_result(run: Run | None, result: Score) -> None:
    """Verdict, controls, table of estimates, warnings and where the files are."""
    out = console()
    if run is not None:
        out.print(f"[bold]{run.spec.name}[/bold]  {run.assembly.formula}, {run.drive.kind.replace('_', ' ')}")
    velocity = result.velocity
    out.print(
        f"[{_STYLES[result.verdict]}]{result.verdict}[/]  {number(velocity.value)} {velocity.unit} "
        f"(95 % interval {interval(velocity)}; {result.replicas} replicas; p = {result.p_value:.2g})"
    )
    out.print(f"{verdict_sentence(result)} {regime_sentence(result)}".strip())
    if result.controls:
        rows = [
            (
                name,
                number(control.velocity.value),
                interval(control.velocity),
                f"{control.p_value:.2g}",
                f"[green]passed[/]: {control.statement}"
                if control.passed
                else f"[red]failed[/]: {control.statement}",
            )
            for name, control in result.controls.items()
        ]
        out.print(table(("control", velocity.unit, "95 % interval", "p", "judgement"), rows, (1, 2, 3)))
    elif run is not None:
        out.print("[yellow]uncontrolled[/]: neither the undriven nor the mirror control was run")
    estimates = [
        (name.replace("_", " "), number(estimate.value), interval(estimate), estimate.unit)
        for name, estimate in result.estimates.items()
    ]
    out.print(table(("quantity", "value", "95 % interval", "unit"), estimates, (1, 2)))
    for warning in result.warnings:
        out.print(f"[yellow]warning[/]: {warning}")
    if run is not None and run.run_dir is not None:
        speed = run.performance
        out.print(
            f"{speed.us_per_step_per_replica:.3g} us per step per replica, {speed.ns_per_day:.4g} ns/day "
            f"with {speed.workers} worker(s), {speed.engine} engine ({speed.platform})"
        )
        if speed.compile_seconds:
            out.print(
                f"kernels compiled in {speed.compile_seconds:.1f} s before the run; they are kept on disk"
            )
        out.print(f"report: {run.run_dir / 'report.html'}", soft_wrap=True)
