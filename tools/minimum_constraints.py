"""Print pip constraints that hold the lower bounds of pyproject.toml; ``make test-minimum`` installs by them.

Every requirement of the package and of its extras has a bound, ``name>=version``; a requirement of another
form is an error, as nobody could tell then which version to try.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
_BOUNDED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(\[[\w,-]+\])?\s*>=\s*(?P<version>[\w.]+)")


def lower_bounds(project: Mapping[str, Any]) -> dict[str, str]:
    """The lowest version of each package that a ``[project]`` table asks for, itself or in an extra.

    An extra may name extras of the project itself, ``molmach[docs]``, without a version. A package that is
    bounded twice must be bounded alike. Raises ``ValueError`` for a requirement without a lower bound.
    """
    extras = project.get("optional-dependencies", {})
    required = [*project["dependencies"], *(line for lines in extras.values() for line in lines)]
    bounds: dict[str, str] = {}
    for line in required:
        if re.fullmatch(rf"{project['name']}\[[\w,-]+\]", line):
            continue
        bounded = _BOUNDED.fullmatch(line)
        if bounded is None:
            raise ValueError(f"pyproject.toml requires {line!r}; accepted is name>=version")
        name, version = bounded["name"], bounded["version"]
        if bounds.setdefault(name, version) != version:
            raise ValueError(f"pyproject.toml requires {name}>={version} and {name}>={bounds[name]}")
    return bounds


def main() -> None:
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    for name, version in sorted(lower_bounds(project).items(), key=lambda item: item[0].lower()):
        sys.stdout.write(f"{name}=={version}\n")


if __name__ == "__main__":
    main()
