"""What others may add to a search: a class by its registered name, or as ``file.py:Class``."""

from __future__ import annotations

import difflib
import hashlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from molmach.errors import MissingExtraError, PluginError, SpecError, shortened
from molmach.files import is_there
from molmach.search.strangers import UserInterrupt, calling, described
from molmach.spec.registered import added_by, entry, registered, why_not

IMPORT_SECONDS = 60.0
"""How long importing may take."""

_PREFIX = "plugin_of_file_"


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
        There is no such name, file or class.
    PluginError
        Importing it raises anything, such as SystemExit, or takes longer than :data:`IMPORT_SECONDS`.
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
        with calling(IMPORT_SECONDS):
            return point.load()
    except ModuleNotFoundError as error:
        if error.name and f"{point.module}.".startswith(f"{error.name}."):
            raise PluginError(
                field,
                f": {use} = {point.value} can't be imported: {why_not(point, error)}",
            ) from error
        raise MissingExtraError(
            field,
            f": {use} needs the Python module {error.name}, which is not installed; "
            "install the package that has it",
        ) from error
    except UserInterrupt:
        raise
    except BaseException as error:
        raise PluginError(field, f": {use} = {point.value} can't be imported: {described(error)}") from error


def _from_file(use: str, field: str, folder: Path) -> Any:
    file, _, name = use.rpartition(":")
    path = (folder / file).resolve()
    if not is_there(path):
        raise SpecError(field, f": got {shortened(use)}, but there is no file {path}; expected file.py:Class")
    module = _module(path, field)
    if not hasattr(module, name):
        raise SpecError(field, f": {path} has no {name!r}; expected the name of a class in it")
    return getattr(module, name)


_loaded: dict[Path, tuple[int, ModuleType | BaseException]] = {}
"""Files that were executed: when each had been changed last, in ns, and its module or what it raised."""


def _module(path: Path, field: str) -> ModuleType:
    """A file's module; it is executed once, and again only when it has changed."""
    changed = path.stat().st_mtime_ns
    before = _loaded.get(path)
    if before is None or before[0] != changed:
        before = _loaded[path] = changed, _executed(path)
    made = before[1]
    if isinstance(made, BaseException):
        raise PluginError(field, f": {path} can't be imported: {described(made)}") from made
    return made


def _executed(path: Path) -> ModuleType | BaseException:
    """The module of a file, or what executing it has raised."""
    description = importlib.util.spec_from_file_location(module_name(path), path)
    assert description is not None
    assert description.loader is not None
    module = importlib.util.module_from_spec(description)
    sys.modules[module.__name__] = module  # dataclasses look their module up there
    try:
        with calling(IMPORT_SECONDS):
            description.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[module.__name__]
        if isinstance(error, UserInterrupt):
            raise
        return error
    return module


def module_name(path: Path) -> str:
    """Name in ``sys.modules`` of the module of a file.

    It is the path's own, for a file may be called like another one elsewhere, or like a module that is
    there already: random.py.
    """
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()
    return f"{_PREFIX}{path.stem}_{digest[:16]}"


def author_of(error: BaseException) -> str:
    """The plug-in whose code has raised an error, by its entry point or file; '' where it is none."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        module = str(frame.f_globals.get("__name__", ""))
        if module.startswith(_PREFIX):
            return str(frame.f_globals.get("__file__", module))
        point = added_by(module)
        if point is not None:
            return f"{point.group}: {point.name} ({point.value})"
    return ""
