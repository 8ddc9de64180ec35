"""``molmach simulate``: a machine's run with its controls, and its score."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from molmach.cli.output import JsonFlag, Overrides, SystemArgument, print_json, progress_bar
from molmach.cli.result import print_result
from molmach.data.looks import MOST_TIMES
from molmach.errors import InterruptedRunError, SpecError
from molmach.spec import Spec, load
from molmach.studies import run_folder, simulation

_UNTIL = "--until-resolved"


class Command(TyperCommand):
    """``--until-resolved`` with a number or without one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give the option its default where no number follows it."""
        following = [*args, ""][1:]
        given = [
            f"{word}=" if word == _UNTIL and not after.lstrip("+-").isdigit() else word
            for word, after in zip(args, following, strict=True)
        ]
        return super().parse_args(ctx, given)


class Engine(StrEnum):
    """Engines that can be asked for."""

    AUTO = "auto"
    NATIVE = "native"
    BATCHED = "batched"


def simulate(
    system: SystemArgument,
    out: Annotated[
        Path | None, typer.Option("-o", metavar="DIR", help="Run folder; default runs/NAME-KEY.")
    ] = None,
    overrides: Overrides = None,
    replicas: Annotated[int | None, typer.Option(help="Independent runs; as protocol.replicas.")] = None,
    duration: Annotated[str | None, typer.Option(help="Measured time, e.g. '200 ps'.")] = None,
    seed: Annotated[int | None, typer.Option(help="The one seed; as protocol.seed.")] = None,
    until_resolved: Annotated[
        str | None,
        typer.Option(
            _UNTIL,
            metavar="[MAX_REPLICAS]",
            help="Add replicas until the verdict stands, to MAX_REPLICAS at most (default "
            f"{MOST_TIMES} times the file's); each look has its part of every test's level.",
        ),
    ] = None,
    controls: Annotated[bool, typer.Option(help="Run the undriven and mirror controls.")] = True,
    engine: Annotated[Engine, typer.Option(help="Engine; auto is the faster in a trial.")] = Engine.AUTO,
    platform: Annotated[str | None, typer.Option(help="OpenMM platform of the native engine.")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes; default one a core.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Simulate a machine with its controls, and score it.

    A run that was stopped or killed goes on from its last checkpoint when the same command is
    given again.
    """
    changes = list(overrides or [])
    for field, value in (("replicas", replicas), ("duration", duration), ("seed", seed)):
        if value is not None:
            changes.append(f"protocol.{field}={value}")
    spec = load(system, changes)
    plan = simulation.Plan(spec, controls, _most_replicas(until_resolved, spec))
    if plan.folder(out).is_finished():
        typer.echo("molmach: this run is finished; showing it, nothing is simulated again", err=True)
    try:
        with progress_bar(spec.name) as progress:
            result = simulation.run(
                plan,
                out,
                engine_name=engine.value,
                platform=platform,
                workers=workers,
                progress=progress,
                note=lambda text: typer.echo(f"molmach: {spec.name}: {text}", err=True),
            )
    except KeyboardInterrupt as interrupt:
        raise InterruptedRunError(
            "stopped; what was computed is kept, and the same command goes on from there"
        ) from interrupt
    assert result.run.run_dir is not None
    document = run_folder.read_document(result.run.run_dir)
    if as_json:
        print_json(document)
    else:
        print_result(result.run, result.score)
    if document["score"]["verdict"] == "failed":
        raise typer.Exit(3)


def _most_replicas(wanted: str | None, spec: Spec) -> int | None:
    """The number that goes with ``--until-resolved``; None without that option."""
    if wanted is None:
        return None
    if not wanted:
        return MOST_TIMES * spec.protocol.replicas
    try:
        return int(wanted)
    except ValueError:
        raise SpecError(
            simulation.UNTIL, f" {wanted}: expected the most replicas that there may be, a whole number"
        ) from None
