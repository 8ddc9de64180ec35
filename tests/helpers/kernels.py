"""Compiles the kernels of MMFF94, which most tests of dynamics use, and leaves them on disk."""

from __future__ import annotations

from molmach import engine
from molmach.spec import load
from tests.helpers.machines import ROTOR, built

if __name__ == "__main__":
    spec = load(ROTOR)
    engine.compile_kernels([engine.prepare("claim", 0, built(ROTOR), spec.drive, spec.protocol)])
