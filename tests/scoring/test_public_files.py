"""MDTraj's own test files, of every format that it reads: each is read, or refused for a reason that is so.

They are no part of molmach. ``MOLMACH_MDTRAJ_FILES`` names a folder that has them: ``tests/data`` of MDTraj's
repository, or ``mdtraj/testing/reference`` of before 2018. Files that are not there are skipped.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from molmach import read_trajectories
from molmach.errors import MolmachError

FOLDER = Path(os.environ.get("MOLMACH_MDTRAJ_FILES", "no folder named"))

TIMELESS = r"^frame_interval_ps: missing; .* has no times"
FEW = r"got 1 frame; expected|\d frames are left after"
FAST = r"changes by nearly half a turn between frames 1 ps apart"
UNREADABLE = "MDTraj can't read"

NATIVE, DIPEPTIDE, WATER = "native.pdb", "ala_dipeptide.pdb", "tip3p_300K_1ATM.pdb"
OUTCOMES: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        [f"frame0{e}" for e in (".xtc", ".trr", ".nc", ".h5", ".gro", ".dtr/clickme.dtr")], (NATIVE, FAST)
    ),
    **dict.fromkeys(
        [f"frame0{e}" for e in (".dcd", ".pdb", ".xyz", ".xyz.gz", ".mdcrd", ".lammpstrj")],
        (NATIVE, TIMELESS),
    ),
    **dict.fromkeys(
        [f"frame0{e}" for e in (".binpos", ".mdcrdbox", ".binpos.h5", ".dcd.h5", ".xtc.h5")],
        (NATIVE, UNREADABLE),
    ),
    "legacy_msmbuilder_trj0.lh5": (NATIVE, TIMELESS),
    "traj.h5": (NATIVE, "0.002"),
    "monolayer.xtc": ("monolayer.pdb", "1"),
    "ala_dipeptide.dcd": (DIPEPTIDE, TIMELESS),
    "ala_dipeptide_trj/clickme.dtr": (DIPEPTIDE, FEW),
    "ala_ala_ala.mdcrd": ("ala_ala_ala.pdb", FEW),
    "custom.lammpstrj": ("custom.pdb", TIMELESS),
    "nitrogen.arc": ("nitrogen.pdb", TIMELESS),
    "overflow.crd": ("tz2.truncoct.parm7", TIMELESS),
    "ncinpcrd.rst7": ("tz2.truncoct.parm7", UNREADABLE),
    "mdcrd.nc": ("alanine-dipeptide-explicit.prmtop", UNREADABLE),
    "tip3p_300K_1ATM.xtc": (WATER, "more than half the unit cell"),
    **dict.fromkeys(("test_good.nc", "test_bad.nc"), ("test.parm7", TIMELESS)),
    **{
        name: (name, FEW)
        for name in (
            "1am7_protein.pdb", "1bpi.pdb", "1vii.pdb", "1vii.pdb.gz", "4K6Q.pdb", "4OH9.pdb", "4waters.pdb",
            "bpti.pdb", "imatinib.pdb", "monolayer.pdb", "native2.pdb", "nonconsecutive_resSeq.pdb", "adp.mol2",
            "imatinib.mol2", "lysozyme-ligand-tripos.mol2", "alanine-dipeptide-explicit.pdb",
        )
    },
    **{name: (name, TIMELESS) for name in ("2koc.pdb", "2EQQ.pdb", "multiframe.pdb", DIPEPTIDE)},
}  # fmt: skip
"""File -> its topology, and the time between frames that is read, ps, or why it is refused."""


@pytest.mark.skipif(not FOLDER.is_dir(), reason="MOLMACH_MDTRAJ_FILES names no folder")
@pytest.mark.parametrize("name", OUTCOMES)
def test_public_files_are_read_or_refused_rightly(name: str) -> None:
    top, outcome = OUTCOMES[name]
    if not (FOLDER / name).exists() or not (FOLDER / top).exists():
        pytest.skip("not in the folder")
    if name.endswith((".h5", ".lh5")):
        pytest.importorskip("tables")

    def interval() -> float:
        motion = read_trajectories(FOLDER / top, [FOLDER / name], [0, 1], [2, 3], each="none")
        return float(motion.time_ps[1])

    if outcome[0].isdigit():
        assert interval() == pytest.approx(float(outcome), rel=1e-4)
    else:
        with pytest.raises(MolmachError, match=outcome):
            interval()
