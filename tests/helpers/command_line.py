"""The program as a person calls it: in a process of its own, by its command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.helpers.waiting import GENEROUS


def command(*arguments: str) -> list[str]:
    """The words that start ``molmach`` with the interpreter of the tests."""
    return [sys.executable, "-m", "molmach.cli.main", *arguments]


def run_molmach(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``molmach`` to its end, whatever its exit code."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, cwd=cwd, timeout=GENEROUS)


def json_of(*arguments: str, cwd: Path | None = None) -> dict[str, Any]:
    """The document that ``molmach ... --json`` prints; its exit code must be 0."""
    result = run_molmach(*arguments, "--json", cwd=cwd)
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))
