"""``molmach score``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from molmach import run_folder
from molmach.cli.output import JsonFlag, print_json
from molmach.cli.result import print_result
from molmach.errors import SpecError
from molmach.score import angles_of_trajectories, score_angles
from molmach.score import score as score_run

Traj = Annotated[
    list[Path] | None,
    typer.Option("--traj", metavar="FILE", help="A trajectory, one replica each; give it again."),
]


def score(
    run_dir: Annotated[
        Path | None, typer.Argument(metavar="[RUN_DIR]", help="A finished run folder.")
    ] = None,
    top: Annotated[
        Path | None, typer.Option("--top", metavar="FILE", help="Topology of the trajectories.")
    ] = None,
    traj: Traj = None,
    axle: Annotated[str | None, typer.Option(metavar="I,J", help="0-based atoms, from -> to.")] = None,
    rotor: Annotated[str | None, typer.Option(metavar="I,J,...", help="0-based atoms that turn.")] = None,
    follower_axle: Annotated[
        str | None, typer.Option(metavar="I,J", help="Axle of a wheel that the rotor turns.")
    ] = None,
    follower: Annotated[str | None, typer.Option(metavar="I,J,...", help="Atoms of that wheel.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Score a run folder again, or anyone's trajectories.

    RUN_DIR, or --top FILE --traj FILE --traj FILE... --axle I,J --rotor I,J,...: one trajectory
    file a replica; with --follower-axle I,J --follower I,J,... the gear ratio of a second wheel
    too. Foreign trajectories have no controls, so their verdict is an uncontrolled one.
    """
    foreign = {"--top": top, "--traj": traj or None, "--axle": axle, "--rotor": rotor}
    geared = {"--follower-axle": follower_axle, "--follower": follower}
    given = [flag for flag, value in (foreign | geared).items() if value is not None]
    if run_dir is not None:
        if given:
            raise SpecError(
                f"{given[0]}: not with RUN_DIR; give a run folder, or trajectories with {', '.join(foreign)}"
            )
        run = run_folder.read_run(run_dir)
        result = score_run(run)
        origin = run_folder.read_document(run_dir)["provenance"]
        document = run_folder.result_document(run, result, origin)
    else:
        if top is None or not traj or axle is None or rotor is None:
            missing = next(flag for flag, value in foreign.items() if value is None)
            raise SpecError(f"{missing}: missing; expected RUN_DIR, or all of {', '.join(foreign)}")
        if (follower is None) != (follower_axle is None):
            missing = next(flag for flag, value in geared.items() if value is None)
            raise SpecError(f"{missing}: missing; expected both or neither of {', '.join(geared)}")
        turning, wheel = _atoms("--rotor", rotor), _atoms("--follower", follower)
        angle, time_ps = angles_of_trajectories(top, traj, _axle("--axle", axle), turning, wheel)
        second = None
        if follower_axle is not None:
            second, _ = angles_of_trajectories(
                top, traj, _axle("--follower-axle", follower_axle), wheel, turning
            )
        run, result = None, score_angles(angle, time_ps, second)
        document = {"schema": "molmach.score/1", "score": result.to_json(), "controls": {}}
    if as_json:
        print_json(document)
    else:
        print_result(run, result)
    if result.verdict == "failed":
        raise typer.Exit(3)


def _axle(flag: str, text: str) -> tuple[int, int]:
    atoms = _atoms(flag, text)
    if len(atoms) != 2:
        raise SpecError(f"{flag} {text}: expected two atoms, such as {flag} 3,8")
    return atoms[0], atoms[1]


def _atoms(flag: str, text: str | None) -> list[int]:
    if text is None:
        return []
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise SpecError(f"{flag} {text}: expected 0-based atom indices with commas, such as 3,8") from error
