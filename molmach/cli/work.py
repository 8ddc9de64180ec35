"""``molmach work``: units of work that anyone can do, and results that anyone can check."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from molmach.cli.output import JsonFlag, Overrides, SystemArgument, console, print_json, progress_bar
from molmach.engine import Progress
from molmach.errors import WorkError
from molmach.lanes.compiler import fuses
from molmach.spec import load
from molmach.studies.simulation import Plan
from molmach.work import Result, Unit, Verification, chance_to_catch, judge, make_unit, run_unit, verify
from molmach.work.replay import told
from molmach.work.unit import SEGMENTS

app = typer.Typer(help="Work that is done elsewhere: units, their results, replays and a referee.")

UNFUSED = (
    "this processor has no fused multiply-add: the C library makes up for it, with the same numbers, after "
    "minutes of compiling, tens of times slower"
)

ResultArgument = Annotated[Path, typer.Argument(metavar="RESULT", help="What 'molmach work run' wrote.")]
Out = Annotated[Path, typer.Option("-o", metavar="FILE", help="File to write.")]
Replayed = Annotated[
    int, typer.Option("--segments", min=1, metavar="N", help="Segments to replay, drawn at random.")
]
Whole = Annotated[bool, typer.Option("--whole", help="Replay every segment.")]


@app.command()
def make(
    system: SystemArgument,
    out: Out,
    segments: Annotated[
        int, typer.Option(min=1, max=1000, help="Links of the chain of each batch of sixteen replicas.")
    ] = SEGMENTS,
    controls: Annotated[
        bool, typer.Option("--controls/--no-controls", help="With the undriven and mirror controls.")
    ] = True,
    overrides: Overrides = None,
    as_json: JsonFlag = False,
) -> None:
    """Make the work unit of a machine: one file with its structure, all numbers, seeds and steps."""
    _require_new(out)
    unit = make_unit(Plan(load(system, overrides or []), controls), segments)
    unit.write(out)
    if as_json:
        print_json({"schema": "molmach.work/1", **_described(unit), "file": str(out)})
        return
    console().print(
        f"{out}: {unit.name}, {len(unit.replicas)} replicas, {unit.task.replica_steps} steps of all together "
        f"in {unit.segments} segments\nunit {unit.digest}"
    )


@app.command()
def run(
    unit: Annotated[Path, typer.Argument(metavar="UNIT", help="What 'molmach work make' wrote.")],
    out: Out,
    as_json: JsonFlag = False,
) -> None:
    """Do a unit's work on one core, and write its result."""
    _require_new(out)
    work = Unit.read(unit)
    if not fuses():
        print(f"molmach: {UNFUSED}", file=sys.stderr)
    with progress_bar(work.name) as bar:
        result = run_unit(work, lambda done, total: bar(Progress(done, total)))
    result.write(out)
    if as_json:
        document = {"schema": "molmach.work/1", **_described(work), "file": str(out)}
        print_json({**document, "seconds": result.seconds, "result": result.digest})
        return
    console().print(f"{out}: {work.name}, {result.seconds:.1f} s\nunit {work.digest}\nresult {result.digest}")


@app.command("verify")
def check(
    result: ResultArgument,
    unit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The unit that was given out, which it must be of.")
    ] = None,
    segments: Replayed = 1,
    whole: Whole = False,
    as_json: JsonFlag = False,
) -> None:
    """Replay segments of a result, drawn at random; exit code 1 where one comes out otherwise."""
    done = Result.read(result)
    if unit is not None and Unit.read(unit).digest != done.unit.digest:
        raise WorkError(f"{result}: is of another unit, {done.unit.digest[:12]}; expected that of {unit}")
    shown = verify(done, None if whole else segments)
    if as_json:
        document = {"schema": "molmach.verification/1", **_described(done.unit), "code": done.code.version}
        print_json({**document, **shown.to_json()})
    else:
        console().print(words(shown, done))
    if not shown.same:
        raise typer.Exit(1)


@app.command()
def referee(
    first: Annotated[Path, typer.Argument(metavar="A", help="A result.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another of the same unit.")],
    as_json: JsonFlag = False,
) -> None:
    """Say which of two results of one unit is wrong, by a replay of the first segment in which they differ.

    Exit code 1 where they differ.
    """
    verdict = judge(Result.read(first), Result.read(second))
    if as_json:
        print_json({"schema": "molmach.referee/1", **verdict.to_json()})
    elif verdict.segment is None:
        console().print("the two results are the same")
    else:
        out = console()
        out.print(f"they first differ in {verdict.segment} ({verdict.compared} links compared)")
        for path, what in zip((first, second), verdict.wrong, strict=True):
            out.print(f"{path}: {f'wrong: it differs from a replay in {what}' if what else 'right there'}")
    if not verdict.same:
        raise typer.Exit(1)


def words(shown: Verification, done: Result) -> str:
    """What replays showed, and what they would have."""
    replayed = f"{len(shown.replayed)} of {shown.total} segments replayed"
    if not shown.same:
        return f"{replayed}: NOT the same: {told(shown.differing)}{other_code(done)}"
    if len(shown.replayed) == shown.total:
        return f"{replayed}: the same"
    tenth = max(1, shown.total // 10)
    chance = chance_to_catch(shown.total, tenth, len(shown.replayed))
    return f"{replayed}: the same; had {tenth} been made up, the chance to see it was {100.0 * chance:.0f} %"


def other_code(done: Result) -> str:
    """A sentence on code that is not the one here; '' where it is."""
    here = done.unit.engine_inputs.kernels.run.source
    if done.kernel == here:
        return ""
    return f" (it was computed by other kernels, of molmach {done.code.version}, so that need not be a fault)"


def _described(unit: Unit) -> dict[str, object]:
    return {
        "unit": unit.digest,
        "name": unit.name,
        "key": unit.key,
        "replicas": len(unit.replicas),
        "steps": unit.task.total_samples * unit.sampling_steps,
    }


def _require_new(out: Path) -> None:
    if out.exists():
        raise WorkError(f"{out}: exists; expected the name of a new file")
