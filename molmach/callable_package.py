"""Packages that can be called by their own name.

``molmach.build`` and ``molmach.score`` are packages and, as the interface has it, functions too:
``molmach.build(spec)`` calls ``molmach.build.build``. Importing a package binds its name in the
parent to the module, so the module itself must be callable.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return getattr(self, self.__name__.rpartition(".")[2])(*args, **kwargs)


def make_callable(package: str) -> None:
    """Let the imported package be called as its function of the same name."""
    sys.modules[package].__class__ = _CallablePackage
