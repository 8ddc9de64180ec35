"""What a worker gives back of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Samples = dict[str, list[float]]
"""Quantity -> one number a replica."""


@dataclass(frozen=True)
class Result:
    """What came of a task, in plain values that travel between processes.

    Attributes
    ----------
    key
        The task's.
    samples
        One number a replica of each quantity; empty where the evaluation failed.
    reason
        Why it failed; '' where it did not.
    seconds
        Core seconds.
    steps
        Integration steps of all replicas together.
    controls
        Of a confirmation: verdict, and whether each control passed.
    archive
        Of a confirmation: its run folder as a zip file.
    lost
        Why nothing came back, a worker that died for example; '' where something did. A lost task says
        nothing of its machine and is started again.
    """

    key: str
    samples: Samples = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0
    steps: int = 0
    controls: Mapping[str, Any] = field(default_factory=dict)
    archive: bytes = b""
    lost: str = ""
