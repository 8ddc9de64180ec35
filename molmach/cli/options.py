"""The command line's options by the names of the arguments that errors speak of."""

from __future__ import annotations

OPTIONS = {
    "controls=False": "--no-controls",
    "cycles": "--cycles",
    "engine_name": "--engine",
    "excitation_rate": "--excitation-rate",
    "level_name": "--level",
    "out": "-o",
    "over": "--over",
    "platform": "--platform",
    "temperature": "--temperature",
    "workers": "--workers",
    "yields[0]": "--forward-yield",
    "yields[1]": "--backward-yield",
}
"""Argument of a function of molmach -> option of the command that calls it."""
