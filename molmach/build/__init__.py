"""Spec -> :class:`Assembly`: a molecule in three dimensions that knows its stator, rotor and axle."""

from molmach.build.assembly import Assembly, Follower, Track, is_achiral
from molmach.build.coordinate import (
    MAX_SAFE_JUMP,
    Circumrotation,
    Coordinate,
    RingPosition,
    RotorAngle,
    across,
    continuous,
    coordinate_of,
    coordinates_of,
    largest_jump,
    load_coordinates,
    save_coordinates,
    unwrap,
)
from molmach.build.files import read_sdf, write_structure
from molmach.build.machine import build
from molmach.build.mirror import mirror
from molmach.build.picture import PART_COLOURS, draw, parts
from molmach.build.threading import Interlocking
from molmach.callable_package import make_callable

__all__ = [
    "MAX_SAFE_JUMP",
    "PART_COLOURS",
    "Assembly",
    "Circumrotation",
    "Coordinate",
    "Follower",
    "Interlocking",
    "RingPosition",
    "RotorAngle",
    "Track",
    "across",
    "build",
    "continuous",
    "coordinate_of",
    "coordinates_of",
    "draw",
    "is_achiral",
    "largest_jump",
    "load_coordinates",
    "mirror",
    "parts",
    "read_sdf",
    "save_coordinates",
    "unwrap",
    "write_structure",
]

make_callable(__name__)
