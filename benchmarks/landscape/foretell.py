"""What theory says of every machine of a landscape: python benchmarks/landscape/foretell.py [FOLDER]

Writes ``theory.npz`` beside the folder's ``landscape.npz`` (this one's by default): for every machine its
key, and mean and standard deviation of the objective (turn/ns), so that a replay need not build the
machines again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from replay import Landscape, campaign

from molmach.search.agents.theory import Theory


def main() -> None:
    """Ask for all machines and say how right theory is."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    landscape = Landscape(folder)
    theory = Theory(campaign(folder, ["random"], 0), landscape.space, folder)
    mean, sd = theory.of(landscape.designs)
    if theory.failures:
        raise SystemExit(f"theory failed: {theory.failures}")
    np.savez_compressed(
        folder / "theory.npz", keys=np.array(landscape.keys), mean=mean.round(4), sd=sd.round(4)
    )
    told = np.isfinite(mean)
    miss = landscape.truth[told] - mean[told]
    ranks = [np.argsort(np.argsort(values)) for values in (mean[told], landscape.truth[told])]
    print(
        f"theory says something of {told.sum()} of {len(mean)} machines; rank correlation "
        f"{np.corrcoef(*ranks)[0, 1]:.3f}, root mean square miss {np.sqrt(np.mean(miss**2)):.2f} turn/ns, "
        f"{np.mean(np.abs(miss) < 1.96 * sd[told]):.0%} of its 95 % intervals hold, "
        f"spread of the values {landscape.truth.std():.1f}"
    )


if __name__ == "__main__":
    main()
