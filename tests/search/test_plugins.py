"""Agents of one's own, from a file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from molmach.errors import SpecError
from molmach.search.agents.registry import agent_class

AGENT = """
from __future__ import annotations
from dataclasses import dataclass, field
from molmach.search import Agent

@dataclass
class Memory:
    seen: list[str] = field(default_factory=list)

class Mine(Agent):
    def propose(self, view, n):
        return []
"""


def test_a_file_may_hold_dataclasses_and_be_called_like_a_module(tmp_path: Path) -> None:
    import random

    (tmp_path / "random.py").write_text(AGENT, encoding="utf-8")
    assert agent_class("random.py:Mine", tmp_path).__name__ == "Mine"
    assert sys.modules["random"] is random


def test_a_file_that_fails_is_named_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0", encoding="utf-8")
    before = set(sys.modules)
    with pytest.raises(SpecError, match=r"broken\.py can't be imported: ZeroDivisionError"):
        agent_class("broken.py:Mine", tmp_path)
    assert set(sys.modules) == before
