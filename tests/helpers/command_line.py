"""The program as a person calls it, by its command line: in a process of its own, or in this one."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from molmach.cli import main
from tests.helpers.waiting import GENEROUS


def command(*arguments: str) -> list[str]:
    """The words that start ``molmach`` with the interpreter of the tests."""
    return [sys.executable, "-m", "molmach.cli.main", *arguments]


def run_molmach(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``molmach`` to its end, whatever its exit code."""
    return subprocess.run(command(*arguments), capture_output=True, text=True, cwd=cwd, timeout=GENEROUS)


def run_here(*arguments: str) -> subprocess.CompletedProcess[str]:
    """As :func:`run_molmach`, but in this process, which has imported already what a command needs.

    The exit code, what is printed and the wording of errors are the same; what libraries print, and what
    a process imports, is for a process of its own to show.
    """
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["molmach", *arguments])
        with pytest.raises(SystemExit) as ended:
            main.run()
    return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), out.getvalue(), err.getvalue())


def json_of(*arguments: str, cwd: Path | None = None) -> dict[str, Any]:
    """The document that ``molmach ... --json`` prints; its exit code must be 0."""
    return _document(run_molmach(*arguments, "--json", cwd=cwd))


def json_here(*arguments: str) -> dict[str, Any]:
    """As :func:`json_of`, in this process."""
    return _document(run_here(*arguments, "--json"))


def _document(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout))
