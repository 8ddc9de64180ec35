"""Make the pictures that README and docs show, with the program itself.

Run by ``make docs``. The run is the README's demo; the same spec gives the same numbers.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from molmach import experiment
from molmach.build import build
from molmach.build.picture import draw_png
from molmach.spec import load

IMAGES = Path(__file__).parent / "images"


def main() -> None:
    """Write ``demo-angle.png``, ``demo-velocity.png`` and a drawing of every library machine."""
    from molmach import systems

    IMAGES.mkdir(exist_ok=True)
    for name in systems.names():
        (IMAGES / f"{name}.png").write_bytes(draw_png(build(load(name)), 640, 420))
    spec = load("difluorophenylene-rotor", ["protocol.replicas=8", "protocol.duration=100 ps"])
    run = experiment.simulate(spec, Path("runs") / "demo")
    assert run.run_dir is not None
    for name in ("angle", "velocity"):
        shutil.copy(run.run_dir / f"{name}.png", IMAGES / f"demo-{name}.png")


if __name__ == "__main__":
    main()
