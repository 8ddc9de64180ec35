"""Machines that several tests run, and the engines that they run them with."""

from __future__ import annotations

from functools import cache

from molmach.building import Assembly, build
from molmach.engine import Choice
from molmach.spec import load

ROTOR = "difluorophenylene-rotor"
NATIVE = Choice("native", "Reference", 1)
BATCHED = Choice("batched", "compiled", 16)

SHUTTLE = """
name: shuttle
machine:
  kind: rotaxane
  axle: "CC(C)(C)c1cc(C[NH2+:1]CCCCCC[NH2+:2]Cc2cc(C(C)(C)C)cc(C(C)(C)C)c2)cc(C(C)(C)C)c1"
  rings: ["C1COCCOCCOCCOCCOCCOCCOCCO1"]
  stations: {left: [1], right: [2]}
"""
"""A crown ether on a thread of two ammonium stations; drive and protocol are to be added."""


@cache
def built(name: str) -> Assembly:
    """A machine of the library, built once in a process. Nobody changes it: molecules are copied to be moved."""
    return build(load(name))
