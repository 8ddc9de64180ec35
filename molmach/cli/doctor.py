"""``molmach doctor``: what is installed here, and whether it works."""

from __future__ import annotations

import platform as computer
from importlib.metadata import PackageNotFoundError, version

from molmach import engine
from molmach.building import build
from molmach.cli.output import JsonFlag, console, print_json, table
from molmach.cli.work import UNFUSED
from molmach.lanes.compiler import fuses
from molmach.spec import load

_PACKAGES = (
    "molmach",
    "openmm",
    "rdkit",
    "numpy",
    "scipy",
    "mdtraj",
    "numba",
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
    rows = engine.benchmark([condition], (spec.protocol.replicas,))
    chosen = engine.choose([condition], "auto", None)
    versions = {name: _version(name) for name in _PACKAGES}
    if as_json:
        print_json(
            {
                "schema": "molmach.doctor/1",
                "python": computer.python_version(),
                "cores": engine.available_cores(),
                "fused": fuses(),
                "versions": versions,
                "system": _SAMPLE,
                "engines": [
                    {
                        "engine": row.engine,
                        "platform": row.platform,
                        "replicas": row.replicas,
                        "us_per_step_per_replica": None if row.problem else row.us_per_step_per_replica,
                        "problem": row.problem or None,
                    }
                    for row in rows
                ],
                "chosen": {"engine": chosen.engine, "platform": chosen.platform},
                "compile_seconds": chosen.compile_seconds,
            }
        )
        return
    out = console()
    out.print(
        f"Python {computer.python_version()} on {computer.system()} {computer.machine()}, "
        f"{engine.available_cores()} core(s)"
    )
    out.print(table(("package", "version"), list(versions.items())))
    cells = [
        (
            row.engine,
            row.platform,
            str(row.replicas),
            row.problem or f"{row.us_per_step_per_replica:.2f}",
            "chosen" if (row.engine, row.platform) == (chosen.engine, chosen.platform) else "",
        )
        for row in rows
    ]
    heads = ("engine", "platform", "replicas", "us/step per replica", "")
    out.print(table(heads, cells, (2, 3), f"{_SAMPLE}, {rows[0].atoms} atoms, one core"))
    if not fuses():
        out.print(UNFUSED)
    if chosen.compile_seconds:
        out.print(f"kernels compiled in {chosen.compile_seconds:.1f} s; they are kept on disk")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
