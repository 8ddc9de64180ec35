"""What every section of a machine file must obey, and how a check complains."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.building import Assembly
from molmach.spec import Spec, loads
from molmach.spec.kinds import KindSection
from molmach.spec.registered import load_registered, registered

NOISE_NM = 0.004
"""Standard deviation of the displacements at which things are compared."""


def require(holds: Any, message: str) -> None:
    """Raise AssertionError with a message where something does not hold."""
    if not holds:
        raise AssertionError(message)


def shaken(assembly: Assembly, rng: np.random.Generator) -> NDArray[np.float64]:
    """(n_atoms, 3) the built positions with every atom moved a little, nm."""
    built = assembly.positions_nm
    return np.asarray(built + NOISE_NM * rng.standard_normal(built.shape))


def check_section(section: KindSection, spec: Spec, label: str) -> None:
    """A section is its kind's own, and its machine file reads back to an equal spec with the same key."""
    kind = section.model_dump()["kind"]
    require(
        kind in registered(section.group), f"{label}: no entry point of {section.group} is named {kind!r}"
    )
    expected = load_registered(section.group, kind).spec
    require(
        type(section) is expected,
        f"{label}: a section of {type(section).__name__}; expected the entry point's {expected.__name__}",
    )
    again = loads(spec.to_yaml(), label)
    require(again == spec, f"{label}: to_yaml() reads back to another spec; expected an equal one")
    require(again.key == spec.key, f"{label}: to_yaml() reads back to another key; expected {spec.key}")
    require(
        type(section).__doc__,
        f"{label}: {type(section).__name__} has no docstring that says what its fields are",
    )
