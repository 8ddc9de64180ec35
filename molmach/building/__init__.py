"""Spec -> :class:`Assembly`: a molecule in three dimensions that knows its stator, rotor and axle."""

from molmach.building.assembly import Assembly, Follower, Track, is_achiral
from molmach.building.conformations import KnownShapes, Shapes
from molmach.building.coordinate import (
    MAX_SAFE_JUMP,
    Coordinate,
    continuous,
    coordinate_of,
    coordinates_of,
    largest_jump,
    load_coordinates,
    save_coordinates,
    unwrap,
)
from molmach.building.files import read_sdf, write_structure
from molmach.building.kinds import MachineKind, kind_of
from molmach.building.machine import build, mirror_built_anew
from molmach.building.mirror import mirror
from molmach.building.picture import PART_COLOURS, draw, parts
from molmach.building.rotor_angle import RotorAngle, across
from molmach.building.scale import PLACES, TURNS, Scale
from molmach.building.threading import Interlocking

__all__ = [
    "MAX_SAFE_JUMP",
    "PART_COLOURS",
    "PLACES",
    "TURNS",
    "Assembly",
    "Coordinate",
    "Follower",
    "Interlocking",
    "KnownShapes",
    "MachineKind",
    "RotorAngle",
    "Scale",
    "Shapes",
    "Track",
    "across",
    "build",
    "continuous",
    "coordinate_of",
    "coordinates_of",
    "draw",
    "is_achiral",
    "kind_of",
    "largest_jump",
    "load_coordinates",
    "mirror",
    "mirror_built_anew",
    "parts",
    "read_sdf",
    "save_coordinates",
    "unwrap",
    "write_structure",
]
