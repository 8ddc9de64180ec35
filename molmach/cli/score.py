"""``molmach score``: a run's score anew, or that of anyone's trajectories."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from molmach.cli.output import JsonFlag, print_json
from molmach.cli.result import print_motion, print_result
from molmach.data import UNKNOWN
from molmach.errors import SpecError
from molmach.scoring.selection import AXLE, FOLLOWER, FOLLOWER_AXLE, ROTOR, STATOR, check_axle, parse_indices
from molmach.studies import trajectories
from molmach.units import TIME, QuantityError, parse

Traj = Annotated[
    list[Path] | None,
    typer.Option("--traj", metavar="FILE", help="A trajectory, one replica each; give it again."),
]
_ATOMS = "0-based numbers (3,8) or MDTraj's selection language"


def score(
    run_dir: Annotated[
        Path | None, typer.Argument(metavar="[RUN_DIR]", help="A finished run folder.")
    ] = None,
    top: Annotated[
        Path | None, typer.Option("--top", metavar="FILE", help="Topology of the trajectories.")
    ] = None,
    traj: Traj = None,
    axle: Annotated[
        str | None,
        typer.Option(metavar="ATOMS", help=f"Two atoms, from -> to: {_ATOMS}; or 'SELECTION -> SELECTION'."),
    ] = None,
    rotor: Annotated[
        str | None,
        typer.Option(metavar="ATOMS", help=f"The atoms that turn, with their hydrogens: {_ATOMS}."),
    ] = None,
    follower_axle: Annotated[
        str | None, typer.Option(metavar="ATOMS", help="Axle of a wheel that the rotor turns.")
    ] = None,
    follower: Annotated[str | None, typer.Option(metavar="ATOMS", help="Atoms of that wheel.")] = None,
    stator: Annotated[
        str | None,
        typer.Option(
            metavar="ATOMS",
            help="What the angle is taken against; default the machine's atoms that don't turn.",
        ),
    ] = None,
    frame_interval: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Time between frames where the files have none: '0.1 ps'."),
    ] = None,
    stride: Annotated[int | None, typer.Option(metavar="N", help="Read every Nth frame.")] = None,
    equilibration: Annotated[
        str | None, typer.Option(metavar="TIME", help="Leave out so much at the start of every file.")
    ] = None,
    each: Annotated[
        str | None,
        typer.Option(
            metavar="PART",
            help="Score the machine of every residue, chain or molecule; none: copies turn as one part.",
        ),
    ] = None,
    drop_repeated: Annotated[
        bool | None,
        typer.Option(
            "--drop-repeated",
            help="Leave out frames that a restart wrote again; files with such frames are refused otherwise.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="Write report.html and the numbers here."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Score a run folder again, or anyone's trajectories.

    RUN_DIR, or --top FILE --traj FILE --traj FILE... --axle ATOMS --rotor ATOMS: files of any format that
    MDTraj reads (GROMACS, LAMMPS, AMBER, NAMD, OpenMM, ...), one a replica; with --follower-axle and
    --follower the gear ratio of a second wheel too. Trajectories made elsewhere have no controls and no
    energies, so their verdict is an uncontrolled one.
    """
    needed = {"--top": top, "--traj": traj or None, "--axle": axle, "--rotor": rotor}
    others = {
        "--follower-axle": follower_axle, "--follower": follower, "--stator": stator,
        "--frame-interval": frame_interval, "--stride": stride, "--equilibration": equilibration,
        "--drop-repeated": drop_repeated or None, "--each": each, "-o": out,
    }  # fmt: skip
    if run_dir is not None:
        _score_folder(
            run_dir, [flag for flag, value in (needed | others).items() if value is not None], as_json
        )
        return
    if top is None or not traj or axle is None or rotor is None:
        missing = next(flag for flag, value in needed.items() if value is None)
        raise SpecError(f"{missing}: missing; expected RUN_DIR, or all of {', '.join(needed)}")
    for argument, ends in ((AXLE, axle), (FOLLOWER_AXLE, follower_axle)):
        if ends is not None:
            check_axle(argument, ends)
    for argument, atoms in ((ROTOR, rotor), (FOLLOWER, follower), (STATOR, stator)):
        if atoms is not None:
            parse_indices(argument, atoms)
    options = {
        "follower_axle": follower_axle,
        "follower": follower,
        "stator": stator,
        "frame_interval_ps": _time("--frame-interval", frame_interval),
        "stride": 1 if stride is None else stride,
        "equilibration_ps": _time("--equilibration", equilibration) or 0.0,
        "drop_repeated": bool(drop_repeated),
        "each": each,
    }
    source: dict[str, Any] = {
        "topology": str(top),
        "trajectories": [str(path) for path in traj],
        "axle": axle,
        "rotor": rotor,
    }
    source |= {
        flag.lstrip("-").replace("-", "_"): v for flag, v in others.items() if v is not None and v != out
    }
    result = trajectories.run(trajectories.Plan(top, tuple(traj), axle, rotor, options, source), out)
    if as_json:
        print_json(result.to_json())
    else:
        print_motion(result.score, UNKNOWN, out)


def _score_folder(folder: Path, given: list[str], as_json: bool) -> None:
    if given:
        raise SpecError(
            f"{given[0]}: not with RUN_DIR; give a run folder, or trajectories with --top, --traj, "
            "--axle, --rotor"
        )
    from molmach.studies import simulation  # brings the engines, which trajectories made elsewhere don't need

    result = simulation.Result.read(folder)
    if as_json:
        print_json(result.to_json())
    else:
        print_result(result.run, result.score)
    if result.score.verdict == "failed":
        raise typer.Exit(3)


def _time(flag: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        value = parse(text, TIME)
    except QuantityError as error:
        raise SpecError(f"{flag}: {error}") from error
    if value < 0.0:
        raise SpecError(f"{flag} {text}: expected a time that is not negative")
    return value
