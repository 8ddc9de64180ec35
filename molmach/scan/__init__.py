"""Scans: a machine over a grid of one or two of its file's values, and where its regimes meet."""

from molmach.callable_package import make_callable
from molmach.scan.axes import Axis
from molmach.scan.law import LawFit
from molmach.scan.point import Point
from molmach.scan.result import Scan
from molmach.scan.running import DEFAULT_CYCLES, scan
from molmach.scan.thresholds import Threshold

__all__ = ["DEFAULT_CYCLES", "Axis", "LawFit", "Point", "Scan", "Threshold", "scan"]

make_callable(__name__)
