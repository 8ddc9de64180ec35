"""``molmach timestep``: the longest time step that changes nothing."""

from __future__ import annotations

import shlex
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from molmach.cli.output import JsonFlag, Overrides, SystemArgument, console, print_json, progress_bar, table
from molmach.errors import InterruptedRunError
from molmach.scoring import Estimate
from molmach.spec import load
from molmach.studies.step_trial import Check, Finding, StepTrial
from molmach.studies.timestep import Plan, run

_HEADS = {"energy_books": "books", "temperature": "T, K", "velocity": "velocity", "inertia": "inertia"}
_MARKS = {Finding.AGREES: "", Finding.DIFFERS: "!", Finding.OPEN: "?"}


def timestep(
    system: SystemArgument,
    out: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Folder; default runs/NAME-KEY-timestep."),
    ] = None,
    overrides: Overrides = None,
    as_json: JsonFlag = False,
) -> None:
    """Find the longest time step that changes nothing one could see in a run of this machine.

    Every candidate runs eight times the machine's replicas and is held against 1 fs (a quarter of the
    own step where there are no hydrogens): temperature, energy books, velocity, moment of inertia.
    Finished runs are kept and not repeated.
    """
    spec = load(system, overrides or [])
    try:
        with progress_bar(spec.name) as bar:
            result = run(Plan(spec), out, lambda label, progress: bar(progress, f"{spec.name}, {label}"))
    except KeyboardInterrupt as interrupt:
        raise InterruptedRunError(
            "stopped; what was computed is kept, and the same command goes on from there"
        ) from interrupt
    if as_json:
        print_json(result.to_json())
        return
    trials, longest = result.trials, result.longest
    terminal = console()
    tolerances = {name: check for trial in trials for name, check in (trial.checks or {}).items()}
    heads = [f"{_HEADS[name]}\n(±{_amount(check.tolerance, check)})" for name, check in tolerances.items()]
    velocity_head = result.reference.velocity.unit if result.reference.velocity else ""
    rows = [_row(trial, list(tolerances)) for trial in trials if not trial.problem]
    title = (
        f"difference from {result.reference.label}, 95 % interval (tolerated); ! outside, ? more data needed"
    )
    terminal.print(table(("step", "ok", velocity_head, *heads), rows, range(3 + len(heads)), title))
    for problem, group in groupby((t for t in trials if t.problem), key=lambda t: t.problem):
        terminal.print(f"{' and '.join(t.label for t in group)}: {problem}")
    if longest is not None:
        terminal.print(f"longest accepted: {longest.label}")
        terminal.print(" ".join(f"--set {shlex.quote(setting)}" for setting in longest.settings))
    if result.advice:
        terminal.print(result.advice)


def _row(trial: StepTrial, names: list[str]) -> tuple[str, ...]:
    checks = trial.checks or {}
    velocity = "" if trial.velocity is None else f"{trial.velocity.value:.1f}±{_half(trial.velocity):.1f}"
    verdict = "yes" if trial.accepted else "no" if trial.differs else "open"
    return (trial.label, verdict, velocity, *(_cell(checks[n]) if n in checks else "" for n in names))


def _cell(check: Check) -> str:
    half = _half(check.measured)
    text = _amount(check.measured.value, check) + (f"±{_amount(half, check)}" if half else "")
    return text + _MARKS[check.finding]


def _amount(value: float, check: Check) -> str:
    """A value in the unit of a check; shares in per cent."""
    return (
        f"{100 * value:.1f}%"
        if check.measured.unit == "1"
        else f"{value:.3g}"
        if abs(value) >= 100
        else f"{value:.2g}"
    )


def _half(estimate: Estimate) -> float:
    return 0.5 * (estimate.ci95[1] - estimate.ci95[0])
