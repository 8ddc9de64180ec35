"""``molmach scan``: a machine over one or two values of its file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from molmach import drives
from molmach.cli.output import (
    Blocks,
    JsonFlag,
    Overrides,
    SystemArgument,
    console,
    interval,
    number,
    print_json,
    progress_bar,
    table,
)
from molmach.errors import InterruptedRunError, SpecError
from molmach.report.words import measure_label
from molmach.spec import Spec, load
from molmach.studies.scan import DEFAULT_CYCLES, Scan, running
from molmach.studies.scan.axes import parse_over
from molmach.studies.scan.plan import plan_scan
from molmach.studies.scan.storage import read_document
from molmach.studies.scan.thresholds import LEVELS
from molmach.studies.scan.words import LEVEL_NAMES, law_sentences, summary, threshold_cells

_LETTERS = {"synchronous": "S", "asynchronous": "A", "random driven": "D", "random thermal": "T"}


def scan(
    system: SystemArgument,
    over: Annotated[
        list[str] | None,
        typer.Option(
            "--over",
            metavar="KEY=VALUES",
            help="What is scanned, once or twice: drive.field='0.1..4 V/nm log 8' (or linear), "
            "or drive.field='1 V/nm, 2 V/nm'.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="Folder; default runs/NAME-KEY-scan.")
    ] = None,
    overrides: Overrides = None,
    replicas: Annotated[int | None, typer.Option(help="Independent runs a point.")] = None,
    cycles: Annotated[
        float | None,
        typer.Option(help=f"Periods of the drive measured at each point; default {DEFAULT_CYCLES:g}."),
    ] = None,
    duration: Annotated[
        str | None, typer.Option(help="Measured time of each point, in place of cycles.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The one seed; as protocol.seed.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes; default one a core.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Scan one or two values of a machine's file: a curve or a diagram, with its table.

    Under a rotating field: Vacek & Michl's regimes, and the fields at which they meet. A scan that was
    stopped or killed goes on where it was when the same command is given again.
    """
    changes = list(overrides or [])
    for field, value in (("replicas", replicas), ("duration", duration), ("seed", seed)):
        if value is not None:
            changes.append(f"protocol.{field}={value}")
    spec, values = load(system, changes), parse_over(over or [])
    length = _cycles(spec, cycles, duration, values)
    plan = plan_scan(spec, values, length)
    if plan.folder(out).is_finished():
        typer.echo("molmach: this scan is finished; showing it, nothing is simulated again", err=True)
    try:
        with progress_bar(f"{spec.name}, scan") as progress:
            diagram = running.run(plan, out, workers=workers, progress=progress)
    except KeyboardInterrupt as interrupt:
        raise InterruptedRunError(
            "stopped; what was computed is kept, and the same command goes on from there"
        ) from interrupt
    if as_json:
        assert diagram.folder is not None
        print_json(read_document(diagram.folder))
    else:
        _print(diagram)


def _cycles(spec: Spec, cycles: float | None, duration: str | None, values: dict[str, str]) -> float | None:
    """Periods to measure at each point; None where a time is given instead."""
    if cycles is None:
        return None if duration is not None else DEFAULT_CYCLES
    if duration is not None:
        raise SpecError(f"--cycles {cycles:g}: got --duration {duration} too; expected one of them")
    if "protocol.duration" in values:
        raise SpecError(f"--cycles {cycles:g}: protocol.duration is scanned; expected one of them")
    if drives.model(spec.drive).frequency is None:
        raise SpecError(
            f"--cycles {cycles:g}: drive {spec.drive.kind} has no frequency; expected --duration for it"
        )
    return cycles


def _print(diagram: Scan) -> None:
    out = console()
    out.print(f"[bold]{diagram.plan.spec.name}[/bold]  {summary(diagram)}")
    out.print(_matrix(diagram) if len(diagram.axes) == 2 else _list(diagram))
    others = [axis.label for axis in diagram.axes if axis.key != diagram.field_key]
    heads = (*others, "V/nm", "95 % interval", "kT/μ", "95 % interval", "1-D")
    for name in dict.fromkeys(threshold.name for threshold in diagram.thresholds):
        cells = [threshold_cells(t, bool(others)) for t in diagram.thresholds if t.name == name]
        title = f"{LEVEL_NAMES[name]} (lag of {LEVELS[name]:.3f} turns per turn)"
        out.print(table(heads, cells, range(len(heads)), title))
    for sentence in law_sentences(diagram):
        out.print(sentence)
    out.print("[yellow]uncontrolled[/]: a scan runs neither the undriven nor the mirror control")
    for warning in diagram.warnings:
        out.print(f"[yellow]warning[/]: {warning}")
    assert diagram.folder is not None
    for name in ("diagram.png", "scan.csv", "report.html"):
        out.print(f"{name.split('.')[0]}: {diagram.folder / name}", soft_wrap=True)


def _list(diagram: Scan) -> Blocks:
    """A row for each point."""
    rows = []
    for point in diagram.points:
        measured, share = point.estimate(diagram.measure), point.followed.value
        followed = number(share) if share == share else ""
        cells = (number(measured.value), interval(measured), followed, point.problem or point.regime)
        rows.append((*(f"{value:zg}" for value in point.values), *cells))
    heads = (*(axis.label for axis in diagram.axes), _measure(diagram), "95 % interval", "followed", "regime")
    return table(heads, rows, range(len(heads) - 1))


def _matrix(diagram: Scan) -> Blocks:
    """The first axis downward, its largest value on top, the second to the right."""
    down, across = diagram.axes
    has_regimes = bool(np.any(diagram.regime != ""))
    values = diagram.followed if has_regimes else diagram.measured
    rows = []
    for i in reversed(range(len(down.values))):
        cells = []
        for value, regime in zip(values[i], diagram.regime[i], strict=True):
            text = f"{value:z.2f}" if has_regimes else f"{value:z.3g}"
            cells.append(f"{text}{_LETTERS.get(regime, '')}" if value == value else "none")
        rows.append((f"{down.values[i]:.4g}", *cells))
    what = measure_label(diagram.measure, diagram.measure_unit)
    if has_regimes:
        letters = ", ".join(f"{letter} {name}" for name, letter in _LETTERS.items())
        what = f"turns per turn of the field; {letters}"
    heads = (down.label, *(f"{value:.3g}" for value in across.values))
    return table(heads, rows, range(len(heads)), f"{what}; to the right: {across.label}")


def _measure(diagram: Scan) -> str:
    return diagram.measure_unit if diagram.measure == "velocity" else diagram.measure.replace("_", " ")
