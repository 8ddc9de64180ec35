"""``molmach campaign slurm``: a campaign as a job of Slurm that stops before its limit and goes on."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from molmach.errors import SpecError, shortened
from molmach.spec import Campaign

TIME = "--time"
_TIME = re.compile(r"(\d+-)?\d{1,3}(:\d{2}){0,2}")
_LINE = re.compile(r"--[a-z][a-z-]*(=[^\s'\"`$\\]+)?")


def slurm_script(
    campaign: Campaign,
    file: Path,
    folder: Path,
    *,
    nodes: int,
    cores: int,
    time_limit: str,
    grace: int,
    more: Sequence[str] = (),
) -> str:
    """The text of an sbatch script.

    Parameters
    ----------
    campaign, file
        The campaign and its file, which every start reads.
    folder
        Where the campaign is kept between its starts; any file system that the nodes share.
    nodes, cores
        Of the job: nodes, and cores of each.
    time_limit
        As Slurm writes it: ``12:00:00``, ``2-00:00:00``, minutes.
    grace
        Seconds before the limit at which the campaign is stopped, to be put back in the queue.
    more
        Further options of sbatch, such as ``--partition=short``.

    Raises
    ------
    SpecError
        A time or an option is none of Slurm's form.
    """
    if not _TIME.fullmatch(time_limit):
        raise SpecError(
            TIME, f" {shortened(time_limit)}: expected a time of Slurm's, such as 12:00:00 or 2-00:00:00"
        )
    for option in more:
        if not _LINE.fullmatch(option):
            raise SpecError(
                "--sbatch",
                f" {shortened(option)}: expected an option of sbatch, such as --partition=short",
            )
    values = {
        "NAME": campaign.name,
        "NODES": str(nodes),
        "CORES": str(cores),
        "TIME": time_limit,
        "GRACE": str(grace),
        "MORE": "".join(f"#SBATCH {option}\n" for option in more),
        "FILE": shlex.quote(str(file.resolve())),
        "FOLDER": shlex.quote(str(folder.resolve())),
        "PYTHON": shlex.quote(sys.executable),
    }
    text = files(__package__).joinpath("slurm.sh").read_text("utf-8")
    return re.sub(r"@([A-Z]+)@", lambda match: values[match[1]], text)
