"""The small space on which agents are tried, and what its machines are worth."""

from __future__ import annotations

import pytest

from molmach.search import Space
from tests.helpers.planted import planted, space_of


@pytest.fixture(scope="module")
def space() -> Space:
    """Four sites of a ring with five substituents each."""
    return space_of()


@pytest.fixture(scope="module")
def truth(space: Space) -> dict[str, float]:
    """Machine -> its planted value."""
    return planted(space, 2)
