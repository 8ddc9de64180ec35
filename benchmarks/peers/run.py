"""GROMACS and LAMMPS on molmach's benchmark molecules, one core, beside molmach in the same run.

    apt-get install gromacs lammps
    .venv/bin/python benchmarks/peers/run.py

The peers get a GAFF-style topology of the same molecule: harmonic bonds and angles, periodic torsions,
Lennard-Jones and Coulomb between pairs more than two bonds apart (1-4 scaled, cutoff beyond all); Langevin
dynamics at 300 K with 2 fs and constrained bonds to hydrogen. Equilibrium values are those of the built
structure and force constants are typical ones: enough for a fair price of a step, which is all that is
compared. MMFF94 has more terms, so molmach does more work a step. Five rounds, every program in turn.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from topology import (
    Topology,
    gromacs_structure,
    gromacs_topology,
    hydrogen_bond_types,
    lammps_data,
    lammps_head,
    topology_of,
)

from molmach import engine
from molmach.building import build
from molmach.cli.bench import standard_machines
from molmach.engine.benchmark import batched_trial
from molmach.engine.choice import try_native

_ROUNDS = 5


def gromacs(topology: Topology, positions: Any, directory: Path) -> Callable[[], float]:
    """A measurement of GROMACS, us per step, from its own log."""
    (directory / "topol.top").write_text(gromacs_topology(topology))
    (directory / "conf.gro").write_text(gromacs_structure(positions + 5.0, 10.0))
    (directory / "grompp.mdp").write_text(
        "integrator=sd\ndt=0.002\nnsteps=-1\ntau_t=0.5\nref_t=300\ntc_grps=System\nconstraints=h-bonds\n"
        "cutoff-scheme=Verlet\npbc=xyz\nrcoulomb=3.0\nrvdw=3.0\ncoulombtype=cut-off\nnstlist=100\n"
        "verlet-buffer-tolerance=-1\nrlist=3.0\nnstcalcenergy=1000\nnstcomm=1000\nnstenergy=0\nnstlog=0\n"
        "nstxout-compressed=0\ngen_vel=yes\ngen_temp=300\ncomm_mode=Linear\n"
    )
    _call(["gmx", "-quiet", "grompp", "-maxwarn", "9"], directory)
    steps = 100_000

    def measure() -> float:
        arguments = ["gmx", "-quiet", "mdrun", "-nt", "1", "-nsteps", str(steps), "-pin", "off"]
        arguments += ["-resethway", "-noconfout"]
        _call(arguments, directory)
        log = (directory / "md.log").read_text()
        ns_per_day = float(re.findall(r"Performance:\s+(\S+)", log)[-1])
        return 0.002e-3 * 86400.0 / ns_per_day * 1e6

    return measure


def lammps(topology: Topology, positions: Any, directory: Path) -> Callable[[], float]:
    """A measurement of LAMMPS, us per step, from its own log."""
    (directory / "data").write_text(lammps_data(topology, positions + 5.0, 10.0))
    steps = 50_000
    script = [
        *lammps_head(topology, "f f f", 3.0, "data"),
        "neighbor 5.0 nsq", "neigh_modify every 10 delay 10 check yes", "timestep 2.0",
        "velocity all create 300 1", f"fix c all shake 1e-5 20 0 b {' '.join(hydrogen_bond_types(topology))}",
        "fix n all nve", "fix t all langevin 300 300 500 1", "thermo 1000000", "run 5000", f"run {steps}",
    ]  # fmt: skip
    (directory / "in.bench").write_text("\n".join(script) + "\n")

    def measure() -> float:
        text = _call(["lmp", "-in", "in.bench", "-log", "none"], directory)
        seconds = float(re.findall(r"Loop time of (\S+) on 1 procs", text)[-1])
        return seconds / steps * 1e6

    return measure


def _call(command: list[str], directory: Path) -> str:
    result = subprocess.run(
        command,
        cwd=directory,
        capture_output=True,
        text=True,
        env={"OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
    )
    if result.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{result.stdout[-2000:]}\n{result.stderr[-2000:]}")
    return result.stdout


def main() -> None:
    """Measure and print one table a molecule."""
    missing = [name for name in ("gmx", "lmp") if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"{', '.join(missing)}: not found; install Debian's gromacs and lammps")
    for spec in standard_machines():
        assembly = build(spec)
        condition = engine.prepare(spec.name, 0, assembly, spec.drive, spec.protocol)
        topology, positions = topology_of(assembly), assembly.positions_nm
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            trials: dict[str, Callable[[], float]] = {
                "molmach native, Reference, MMFF94": lambda c=condition: (
                    try_native(  # type: ignore[misc]
                        c, "Reference", 1
                    ).us_per_step_per_replica
                ),
                "GROMACS, GAFF-style": gromacs(topology, positions, Path(first)),
                "LAMMPS, GAFF-style": lammps(topology, positions, Path(second)),
                "molmach batched, R = 64, MMFF94": batched_trial(condition, 64),
            }
            times: dict[str, list[float]] = {name: [] for name in trials}
            for _ in range(_ROUNDS):
                for name, measure in trials.items():
                    times[name].append(measure())
        print(f"\n{spec.name}, {len(positions)} atoms: us per step per replica; times the batched engine")
        for name, measured in times.items():
            ratio = [t / b for t, b in zip(measured, times["molmach batched, R = 64, MMFF94"], strict=True)]
            print(f"  {name:36s} {median(measured):8.2f} {median(ratio):7.2f}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
