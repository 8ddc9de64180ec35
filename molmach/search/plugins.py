"""What others may add to a search: a class by its registered name, or as ``file.py:Class``."""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from molmach.errors import MissingExtraError, SpecError
from molmach.spec.registered import entry, registered, why_not


def load(use: str, group: str, field: str, folder: Path) -> Any:
    """What a name of a group or ``file.py:Class`` stands for.

    Parameters
    ----------
    use
        The name, or a file and a class in it.
    group
        Of entry points.
    field
        Where ``use`` stands, for errors; a function's argument as an :class:`molmach.errors.Argument`.
    folder
        Where relative files start.

    Raises
    ------
    SpecError
        There is no such name, file or class, or importing it raises anything, such as SystemExit.
    MissingExtraError
        It needs a module that is not installed.
    """
    if ".py:" in use:
        return _from_file(use, field, folder)
    known = registered(group)
    if use not in known:
        nearest = difflib.get_close_matches(use, known, 1)
        hint = f"did you mean '{nearest[0]}'? " if nearest else ""
        raise SpecError(field, f": got {use!r}; {hint}accepted: {', '.join(known)}, or file.py:Class")
    point = entry(group, use)
    try:
        return point.load()
    except ModuleNotFoundError as error:
        if error.name and f"{point.module}.".startswith(f"{error.name}."):
            raise SpecError(
                field,
                f": {use} = {point.value} can't be imported: {why_not(point, error)}",
            ) from error
        raise MissingExtraError(
            field,
            f": {use} needs the Python module {error.name}, which is not installed; "
            "install the package that has it",
        ) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise SpecError(field, f": {use} = {point.value} can't be imported: {described(error)}") from error


def _from_file(use: str, field: str, folder: Path) -> Any:
    file, _, name = use.rpartition(":")
    path = (folder / file).resolve()
    if not path.is_file():
        raise SpecError(field, f": got {use!r}, but there is no file {path}; expected file.py:Class")
    module = _module(path, field)
    if not hasattr(module, name):
        raise SpecError(field, f": {path} has no {name!r}; expected the name of a class in it")
    return getattr(module, name)


_loaded: dict[Path, tuple[int, ModuleType]] = {}
"""Files that were executed: when each had been changed last, in ns, and its module."""


def _module(path: Path, field: str) -> ModuleType:
    """A file's module; it is executed once, and again only when it has changed."""
    changed = path.stat().st_mtime_ns
    before = _loaded.get(path)
    if before is not None and before[0] == changed:
        return before[1]
    description = importlib.util.spec_from_file_location(module_name(path), path)
    assert description is not None
    assert description.loader is not None
    module = importlib.util.module_from_spec(description)
    sys.modules[module.__name__] = module  # dataclasses look their module up there
    try:
        description.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[module.__name__]
        _loaded.pop(path, None)
        if isinstance(error, KeyboardInterrupt):
            raise
        raise SpecError(field, f": {path} can't be imported: {described(error)}") from error
    _loaded[path] = changed, module
    return module


def module_name(path: Path) -> str:
    """Name in ``sys.modules`` of the module of a file.

    It is the path's own, for a file may be called like another one elsewhere, or like a module that is
    there already: random.py.
    """
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()
    return f"plugin_of_file_{path.stem}_{digest[:16]}"


def described(error: BaseException) -> str:
    """An error's kind and what it says, in a line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
