"""Spec -> :class:`Assembly`: a molecule in three dimensions that knows its stator, rotor and axle."""

from molmach.build.assembly import Assembly
from molmach.build.coordinate import MAX_SAFE_JUMP, RotorAngle, largest_jump, unwrap
from molmach.build.files import read_sdf, write_structure
from molmach.build.mirror import mirror
from molmach.build.picture import draw
from molmach.build.rotor import build
from molmach.callable_package import make_callable

__all__ = [
    "MAX_SAFE_JUMP",
    "Assembly",
    "RotorAngle",
    "build",
    "draw",
    "largest_jump",
    "mirror",
    "read_sdf",
    "unwrap",
    "write_structure",
]

make_callable(__name__)
