"""GROMACS and LAMMPS turning a molecule in a rotating field, as molmach's own runs do.

Same charges, masses, structure, anchors, friction, temperature, step and constraints; the force field is
the GAFF-style one of ``benchmarks/peers``, for neither program has MMFF94.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.topology import (
    Topology,
    gromacs_structure,
    gromacs_topology,
    hydrogen_bond_types,
    lammps_data,
    lammps_head,
    topology_of,
)
from molmach.building import Assembly
from molmach.spec import Protocol
from molmach.units import TURN

BOX_NM = 3.0
CUTOFF_NM = 1.2
"""Beyond every distance in a small rotor, and short of its images."""


@dataclass(frozen=True)
class Field:
    """A field turning counter-clockwise about z: V/nm, GHz."""

    strength: float
    frequency: float

    @property
    def omega(self) -> float:
        """rad/ps."""
        return TURN * self.frequency * 1e-3


@dataclass(frozen=True)
class Peers:
    """Runs of one machine, its axle along a corner of the box, so that the cell cuts it."""

    assembly: Assembly
    protocol: Protocol
    folder: Path

    @property
    def topology(self) -> Topology:
        return topology_of(self.assembly)

    @property
    def steps(self) -> tuple[int, int]:
        """All steps, equilibration first, and the steps between frames."""
        step = self.protocol.timestep
        total = self.protocol.equilibration + self.protocol.duration
        return round(total / step), round(self.protocol.frames / step)

    def gromacs(self, field: Field, replicas: int, seed: int) -> tuple[Path, list[Path]]:
        """Topology (GRO) and one XTC file a replica."""
        place = self.folder / "gromacs"
        place.mkdir()
        protocol, (steps, every) = self.protocol, self.steps
        (place / "topol.top").write_text(
            gromacs_topology(self.topology, self.assembly.stator, protocol.anchor)
        )
        (place / "conf.gro").write_text(gromacs_structure(self.assembly.positions_nm, BOX_NM))
        # E cos(omega (t - t0)) along each axis, under a pulse so wide (sigma) that it is none
        quarter, wide = 0.25e3 / field.frequency, 1e9
        common = (
            f"integrator=sd\ndt={protocol.timestep}\nnsteps={steps}\ntau_t={1 / protocol.friction}\n"
            f"ref_t={protocol.temperature}\ntc_grps=System\nconstraints=h-bonds\ncutoff-scheme=Verlet\npbc=xyz\n"
            f"rcoulomb={CUTOFF_NM}\nrvdw={CUTOFF_NM}\nrlist={CUTOFF_NM}\ncoulombtype=cut-off\nnstlist=20\n"
            "verlet-buffer-tolerance=-1\ncomm_mode=None\nrefcoord-scaling=no\nnstenergy=0\nnstlog=0\n"
            f"nstcalcenergy=100\nnstxout-compressed={every}\ngen_vel=yes\ngen_temp={protocol.temperature}\n"
            f"electric-field-x={field.strength} {field.omega:.9f} 0 {wide:g}\n"
            f"electric-field-y={field.strength} {field.omega:.9f} {quarter:.9f} {wide:g}\n"
        )
        paths = []
        for replica in range(replicas):
            name = f"r{replica}"
            chance = seed + replica
            (place / f"{name}.mdp").write_text(f"{common}ld-seed={chance}\ngen_seed={chance}\n")
            _call(
                [
                    "gmx",
                    "-quiet",
                    "grompp",
                    "-f",
                    f"{name}.mdp",
                    "-r",
                    "conf.gro",
                    "-o",
                    name,
                    "-maxwarn",
                    "9",
                ],
                place,
            )
            _call(["gmx", "-quiet", "mdrun", "-nt", "1", "-pin", "off", "-noconfout", "-deffnm", name], place)
            paths.append(place / f"{name}.xtc")
        return place / "conf.gro", paths

    def lammps(self, field: Field, replicas: int, seed: int) -> tuple[Path, list[Path]]:
        """Topology (PDB of molmach's) and one LAMMPSTRJ file a replica, atoms wrapped into the cell."""
        place = self.folder / "lammps"
        place.mkdir()
        protocol, (steps, every), topology = self.protocol, self.steps, self.topology
        (place / "data").write_text(lammps_data(topology, self.assembly.positions_nm, BOX_NM))
        strength, omega = 0.1 * field.strength, 1e-3 * field.omega  # V/angstrom, rad/fs
        script = [
            *lammps_head(topology, "p p p", CUTOFF_NM, "data"),
            f"timestep {1e3 * protocol.timestep}", "neighbor 1.0 nsq",
            f"group held id {' '.join(str(i + 1) for i in self.assembly.stator)}",
            f"velocity all create {protocol.temperature} ${{seed}} mom no rot no",
            f"fix anchors held spring/self {protocol.anchor / 418.4:.9f}",
            f"variable ex equal {strength}*cos({omega:.12f}*time)",
            f"variable ey equal {strength}*sin({omega:.12f}*time)",
            "fix field all efield v_ex v_ey 0.0",
            "fix steps all nve",
            f"fix bath all langevin {protocol.temperature} {protocol.temperature} {1e3 / protocol.friction} ${{seed}}",
            f"fix bonds all shake 1e-6 50 0 b {' '.join(hydrogen_bond_types(topology))}",
            f"dump frames all custom {every} ${{out}} id type x y z",
            "thermo 1000000", f"run {steps}",
        ]  # fmt: skip
        (place / "in.rotor").write_text("\n".join(script) + "\n")
        paths = []
        for replica in range(replicas):
            paths.append(place / f"r{replica}.lammpstrj")
            variables = ["-var", "seed", str(seed + replica), "-var", "out", paths[-1].name]
            _call(["lmp", "-in", "in.rotor", "-log", "none", *variables], place)
        return self.folder / "topology.pdb", paths


def _call(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "GMX_MAXBACKUP": "-1"}
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
