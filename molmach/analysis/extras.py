"""Optional packages of the analysis."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from molmach.errors import MissingExtraError


def require(package: str, purpose: str) -> Any:
    """Import an optional package.

    Parameters
    ----------
    package
        Its import name.
    purpose
        What needs it, for the error.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise MissingExtraError(
            f"{purpose} needs the package {package.partition('.')[0]}: pip install 'molmach[notebook]'"
        ) from error
