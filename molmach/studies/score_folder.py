"""The folder in which the score of trajectories made elsewhere is kept."""

from __future__ import annotations

import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from molmach.data import Motion
from molmach.data.motion import UNKNOWN
from molmach.data.statistics import finite_or_none
from molmach.errors import SpecError
from molmach.report import write_trajectory_report
from molmach.scoring import Score
from molmach.studies.run_folder import versions

SCHEMA = "molmach.score/1"


def motion_document(motion: Motion, result: Score, source: dict[str, Any]) -> dict[str, Any]:
    """The JSON document of a motion's score: schema ``molmach.score/1``.

    ``unknown`` says of each quantity of a run that is not here why it can't be known.

    Parameters
    ----------
    motion, result
        What was read, and its score.
    source
        Where it comes from, as the user named it.
    """
    return {
        "schema": SCHEMA,
        "score": result.to_json(),
        "controls": {},
        "unknown": UNKNOWN,
        "machine": {
            "moment_of_inertia": finite_or_none(motion.moment_of_inertia),
            "units": {"moment_of_inertia": "u nm^2"},
        },
        "source": {
            **source,
            "frames": int(motion.time_ps.size),
            "interval": float(motion.time_ps[1] - motion.time_ps[0]),
            "units": {"interval": "ps"},
        },
        "provenance": {"date": datetime.now(UTC).isoformat(timespec="seconds"), "versions": versions()},
    }


def refuse_taken(folder: Path) -> None:
    """Refuse a place where something is.

    Raises
    ------
    SpecError
        The folder holds something, or is a file.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SpecError(f"-o {folder}: exists; expected a new or empty folder")


def write_motion(motion: Motion, result: Score, document: dict[str, Any], folder: Path) -> None:
    """Write ``score.json``, ``coordinate.npz``, ``report.html`` and its plots; the folder appears whole.

    Raises
    ------
    SpecError
        The folder holds something, or can't be written.
    """
    refuse_taken(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise SpecError(f"-o {folder}: can't be written ({error.strerror})") from error
    try:
        work.chmod(0o755)
        motion.save(work / "coordinate.npz")
        (work / "score.json").write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", "utf-8")
        source = document["source"] | document["provenance"]["versions"]
        shown = {name: _shown(value) for name, value in source.items() if name != "units"}
        shown["interval"] += " ps"
        write_trajectory_report(motion, result, folder.name, shown, work)
        work.replace(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
