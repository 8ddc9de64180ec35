"""The machine library: one folder a machine, holding ``machine.yaml`` and ``reference.yaml``.

This folder is the package ``molmach.systems``; it is data, read by the rest of the program.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_ROOT = Path(__file__).parent


def names() -> list[str]:
    """Names of the library's machines, sorted."""
    return sorted(folder.parent.name for folder in _ROOT.glob("*/machine.yaml"))


def path(name: str) -> Path:
    """The machine file of a library machine."""
    return _ROOT / name / "machine.yaml"


def reference(name: str) -> list[dict[str, Any]]:
    """Reference values of a library machine: quantity, value, unit, conditions, source, confidence."""
    content = yaml.safe_load((_ROOT / name / "reference.yaml").read_text(encoding="utf-8"))
    return list(content["reference"])
