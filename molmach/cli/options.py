"""The command line's options by the names of the arguments that errors speak of."""

from __future__ import annotations

OPTIONS = {
    "address": "--address",
    "axle": "--axle",
    "controls=False": "--no-controls",
    "cores": "--cores",
    "cycles": "--cycles",
    "drop_repeated=True": "--drop-repeated",
    "each": "--each",
    "engine_name": "--engine",
    "executor": "--executor",
    "equilibration_ps": "--equilibration",
    "excitation_rate": "--excitation-rate",
    "follower": "--follower",
    "follower_axle": "--follower-axle",
    "frame_interval_ps": "--frame-interval",
    "level_name": "--level",
    "guesses": "--guesses",
    "out": "-o",
    "over": "--over",
    "overrides": "--set",
    "platform": "--platform",
    "port": "--port",
    "rotor": "--rotor",
    "stator": "--stator",
    "store": "--store",
    "stride": "--stride",
    "temperature": "--temperature",
    "topology": "--top",
    "trajectories": "--traj",
    "until_resolved": "--until-resolved",
    "workers": "--workers",
    "yields[0]": "--forward-yield",
    "yields[1]": "--backward-yield",
}
"""Argument of a function of molmach -> option of the command that calls it."""
