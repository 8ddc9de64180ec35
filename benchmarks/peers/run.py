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
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolTransforms

from molmach import engine
from molmach.build import Assembly, build
from molmach.cli.bench import standard_machines
from molmach.engine.benchmark import batched_trial
from molmach.engine.choice import try_native

_ROUNDS = 5
_SIGMA_NM = {1: 0.25, 6: 0.34, 7: 0.325, 8: 0.30, 9: 0.31, 16: 0.36, 17: 0.35}
_EPSILON = 0.3


@dataclass(frozen=True)
class Topology:
    """A molecule's GAFF-style interactions; lengths nm, angles degrees, energies kJ/mol."""

    molecule: Chem.Mol
    charges: list[float]
    masses: list[float]
    bonds: list[tuple[int, int, float]]
    angles: list[tuple[int, int, int, float]]
    torsions: list[tuple[int, int, int, int]]
    pairs14: list[tuple[int, int]]


def topology_of(assembly: Assembly) -> Topology:
    """Interactions from the molecular graph, equilibrium values from the structure."""
    molecule = assembly.molecule
    conformer = molecule.GetConformer()
    bonds = [
        (b.GetBeginAtomIdx(), b.GetEndAtomIdx(), rdMolTransforms.GetBondLength(conformer, *_ends(b)) / 10.0)
        for b in molecule.GetBonds()
    ]
    neighbours = [[n.GetIdx() for n in atom.GetNeighbors()] for atom in molecule.GetAtoms()]
    angles = [
        (i, j, k, rdMolTransforms.GetAngleDeg(conformer, i, j, k))
        for j, around in enumerate(neighbours)
        for a, i in enumerate(around)
        for k in around[a + 1 :]
    ]
    bent = {(i, j, k) for i, j, k, theta in angles if theta < 170.0}
    bent |= {(k, j, i) for i, j, k in bent}
    torsions = [
        (i, j, k, ell)
        for j, k, _ in bonds
        for i in neighbours[j]
        for ell in neighbours[k]
        if i not in (k, ell) and ell != j and (i, j, k) in bent and (j, k, ell) in bent
    ]
    distance = Chem.GetDistanceMatrix(molecule)
    pairs14 = [tuple(p) for p in np.argwhere(np.triu(np.abs(distance - 3.0) < 0.5)).tolist()]
    return Topology(
        molecule, assembly.charges.tolist(), assembly.masses.tolist(), bonds, angles, torsions, pairs14
    )


def _ends(bond: Chem.Bond) -> tuple[int, int]:
    return bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()


def gromacs(topology: Topology, positions: Any, directory: Path) -> Callable[[], float]:
    """A measurement of GROMACS, us per step, from its own log."""
    n = len(topology.masses)
    numbers = [atom.GetAtomicNum() for atom in topology.molecule.GetAtoms()]
    kinds = sorted(set(numbers))
    lines = ["[ defaults ]", "1 2 yes 0.5 0.8333", "[ atomtypes ]"]
    lines += [f"T{z} {z} 1.0 0.0 A {_SIGMA_NM.get(z, 0.34)} {_EPSILON}" for z in kinds]
    lines += ["[ moleculetype ]", "MOL 3", "[ atoms ]"]
    lines += [
        f"{i + 1} T{numbers[i]} 1 MOL A{i + 1} {i + 1} {topology.charges[i]:.6f} {topology.masses[i]:.4f}"
        for i in range(n)
    ]
    lines += ["[ bonds ]"] + [f"{i + 1} {j + 1} 1 {r:.5f} 300000" for i, j, r in topology.bonds]
    lines += ["[ angles ]"] + [f"{i + 1} {j + 1} {k + 1} 1 {t:.3f} 500" for i, j, k, t in topology.angles]
    lines += ["[ dihedrals ]"]
    lines += [f"{i + 1} {j + 1} {k + 1} {m + 1} 9 180 10 2" for i, j, k, m in topology.torsions]
    lines += ["[ pairs ]"] + [f"{i + 1} {j + 1} 1" for i, j in topology.pairs14]
    lines += ["[ system ]", "bench", "[ molecules ]", "MOL 1"]
    (directory / "topol.top").write_text("\n".join(lines) + "\n")
    rows = [
        f"{1:5d}{'MOL':<5s}{f'A{i + 1}'[:5]:>5s}{i + 1:5d}" + "".join(f"{v + 5.0:8.3f}" for v in p)
        for i, p in enumerate(positions)
    ]
    (directory / "conf.gro").write_text("bench\n" + f"{n}\n" + "\n".join(rows) + "\n 10.0 10.0 10.0\n")
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
    numbers = [atom.GetAtomicNum() for atom in topology.molecule.GetAtoms()]
    kinds = sorted(set(numbers))
    mass = {z: topology.masses[numbers.index(z)] for z in kinds}
    sections = {
        "Masses": [f"{k + 1} {mass[z]:.4f}" for k, z in enumerate(kinds)],
        "Atoms # full": [
            f"{i + 1} 1 {kinds.index(numbers[i]) + 1} {q:.6f} " + " ".join(f"{10 * v + 50:.5f}" for v in p)
            for i, (q, p) in enumerate(zip(topology.charges, positions, strict=True))
        ],
        "Bond Coeffs": [f"{b + 1} 360 {10 * r:.5f}" for b, (_, _, r) in enumerate(topology.bonds)],
        "Angle Coeffs": [f"{a + 1} 60 {t:.3f}" for a, (*_, t) in enumerate(topology.angles)],
        "Dihedral Coeffs": ["1 2.4 -1 2"],
        "Bonds": [f"{b + 1} {b + 1} {i + 1} {j + 1}" for b, (i, j, _) in enumerate(topology.bonds)],
        "Angles": [
            f"{a + 1} {a + 1} {i + 1} {j + 1} {k + 1}" for a, (i, j, k, _) in enumerate(topology.angles)
        ],
        "Dihedrals": [
            f"{d + 1} 1 {i + 1} {j + 1} {k + 1} {m + 1}" for d, (i, j, k, m) in enumerate(topology.torsions)
        ],
    }
    head = ["bench", "", f"{len(numbers)} atoms", f"{len(topology.bonds)} bonds"]
    head += [
        f"{len(topology.angles)} angles",
        f"{len(topology.torsions)} dihedrals",
        f"{len(kinds)} atom types",
    ]
    head += [f"{len(topology.bonds)} bond types", f"{len(topology.angles)} angle types", "1 dihedral types"]
    head += [f"0 100 {axis}lo {axis}hi" for axis in "xyz"]
    body = [line for name, rows in sections.items() for line in ("", name, "", *rows)]
    (directory / "data").write_text("\n".join(head + body) + "\n")
    coefficients = [
        f"pair_coeff {k + 1} {k + 1} {_EPSILON / 4.184:.4f} {10 * _SIGMA_NM.get(z, 0.34):.3f}"
        for k, z in enumerate(kinds)
    ]
    hydrogen = [str(b + 1) for b, (i, j, _) in enumerate(topology.bonds) if 1 in (numbers[i], numbers[j])]
    steps = 50_000
    script = [
        "units real", "atom_style full", "boundary f f f", "bond_style harmonic", "angle_style harmonic",
        "dihedral_style harmonic", "pair_style lj/cut/coul/cut 30.0", "special_bonds amber", "read_data data",
        *coefficients, "neighbor 5.0 nsq", "neigh_modify every 10 delay 10 check yes", "timestep 2.0",
        "velocity all create 300 1", f"fix c all shake 1e-5 20 0 b {' '.join(hydrogen)}", "fix n all nve",
        "fix t all langevin 300 300 500 1", "thermo 1000000", "run 5000", f"run {steps}",
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
