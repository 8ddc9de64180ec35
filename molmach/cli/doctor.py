"""``molmach doctor``."""

from __future__ import annotations

import math
import platform as host
from importlib.metadata import PackageNotFoundError, version

from molmach import engine
from molmach.build import build
from molmach.cli.output import JsonFlag, console, print_json, table
from molmach.engine.pool import available_cores
from molmach.spec import load

_PACKAGES = (
    "molmach",
    "openmm",
    "rdkit",
    "numpy",
    "scipy",
    "mdtraj",
    "ray",
    "pydantic",
    "pint",
    "matplotlib",
)
_SAMPLE = "difluorophenylene-rotor"


def doctor(as_json: JsonFlag = False) -> None:
    """Check this installation: versions, platforms, and a measured speed for each."""
    spec = load(_SAMPLE)
    condition = engine.prepare(spec.name, 0, build(spec), spec.drive, spec.protocol)
    rows = engine.benchmark([condition])
    positions = condition.assembly.positions_nm
    chosen = engine.choose_platform(condition.system, condition.integrator, positions, None)
    versions = {name: _version(name) for name in _PACKAGES}
    if as_json:
        print_json(
            {
                "schema": "molmach.doctor/1",
                "python": host.python_version(),
                "cores": available_cores(),
                "versions": versions,
                "system": _SAMPLE,
                "platforms": [
                    {
                        "platform": row.platform,
                        "us_per_step": row.us_per_step_per_replica
                        if math.isfinite(row.us_per_step_per_replica)
                        else None,
                        "problem": row.problem or None,
                    }
                    for row in rows
                ],
                "chosen": chosen,
            }
        )
        return
    out = console()
    out.print(
        f"Python {host.python_version()} on {host.system()} {host.machine()}, {available_cores()} core(s)"
    )
    out.print(table(("package", "version"), list(versions.items())))
    cells = [
        (
            row.platform,
            row.problem or f"{row.us_per_step_per_replica:.1f}",
            "chosen" if row.platform == chosen else "",
        )
        for row in rows
    ]
    out.print(
        table(("platform", "us/step", ""), cells, (1,), f"{_SAMPLE}, {rows[0].atoms} atoms, one replica")
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
