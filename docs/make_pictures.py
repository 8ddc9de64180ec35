"""Make the pictures that README and docs show, with the program itself.

Run by ``make docs``. The run is the README's demo and the scan its phase diagram, which takes some
minutes; the same spec gives the same numbers.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from molmach import scan
from molmach.building import build
from molmach.building.picture import draw_png
from molmach.spec import load
from molmach.studies import simulation

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    """Write the demo's plots, the scan's diagram and a drawing of every library machine."""
    from molmach import systems

    IMAGES.mkdir(exist_ok=True)
    for name in systems.names():
        (IMAGES / f"{name}.png").write_bytes(draw_png(build(load(name)), 640, 420))
    spec = load("difluorophenylene-rotor", ["protocol.replicas=8", "protocol.duration=100 ps"])
    run = simulation.simulate(spec, Path("runs") / "demo")
    assert run.run_dir is not None
    for name in ("angle", "velocity"):
        shutil.copy(run.run_dir / f"{name}.png", IMAGES / f"demo-{name}.png")
    spec = load("difluorophenylene-rotor", ["protocol.replicas=128"])
    over = {"drive.field": "0.15..3 V/nm log 8", "drive.frequency": "10..300 GHz log 8"}
    found = scan.scan(spec, over, Path("runs") / "scan")
    assert found.folder is not None
    shutil.copy(found.folder / "diagram.png", IMAGES / "scan.png")


if __name__ == "__main__":
    main()
