"""Shapes of energies whose amplitude a switch sets, one module each."""

from molmach.drives.shapes.base import Shape
from molmach.drives.shapes.charged import Charged
from molmach.drives.shapes.twist import Twist
from molmach.drives.shapes.well import Well

__all__ = ["SHAPES", "Charged", "Shape", "Twist", "Well"]

SHAPES: tuple[type[Shape], ...] = (Well, Charged, Twist)
"""Those that the engine's kernels know from the start; a drive may bring one of its own."""
