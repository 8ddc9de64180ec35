"""Scans: a machine over a grid of one or two of its file's values, and where its regimes meet."""

from molmach.studies.scan.axes import Axis
from molmach.studies.scan.law import LawFit
from molmach.studies.scan.point import Point
from molmach.studies.scan.result import Scan
from molmach.studies.scan.running import DEFAULT_CYCLES, scan
from molmach.studies.scan.thresholds import Threshold

__all__ = ["DEFAULT_CYCLES", "Axis", "LawFit", "Point", "Scan", "Threshold", "scan"]
