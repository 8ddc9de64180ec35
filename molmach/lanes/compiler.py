"""How molmach compiles its kernels with numba, and keeps them on disk."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from platform import machine
from types import CodeType, ModuleType
from typing import Any

import numba
import numpy as np
from llvmlite import binding
from numba.core.caching import FunctionCache
from numba.core.dispatcher import Dispatcher

_as_part: Callable[[Any], Any] = numba.njit(
    error_model="numpy", boundscheck=False, no_cpython_wrapper=True, no_cfunc_wrapper=True
)
_for_python: Callable[[Any], Any] = numba.njit(error_model="numpy", boundscheck=False)
_as_kernel: Callable[[Any], Any] = numba.njit(
    error_model="numpy", boundscheck=False, nogil=True, no_cfunc_wrapper=True
)


def fuses() -> bool:
    """Whether this processor multiplies and adds with one rounding; else the C library does, slowly."""
    if machine() not in ("x86_64", "AMD64", "i686"):
        return True
    return bool(binding.get_host_cpu_features().get("fma", False))


def compiled(function: Any) -> Any:
    """Compile as a part of a kernel: without a cache of its own.

    An entry for Python, which would take a third of the time that compiling takes, is made only where
    the function is called from Python, as in tests.
    """
    made = _as_part(function)
    made.add_overload = partial(_add_overload, made.overloads)
    made._compile_for_args = _for_python(function)._compile_for_args
    return made


def _add_overload(overloads: Any, result: Any) -> None:
    """As numba's, but unknown to its C code, which would jump to an entry for Python that is not there."""
    overloads[tuple(result.signature.args)] = result


def kernel(function: Any) -> Any:
    """Compile as a kernel, kept on disk for later processes.

    The function may close over compiled functions, such as a force field's. It is found again by the
    :func:`fingerprint` of all that it is made from, and each fingerprint has files of its own.
    """
    source = fingerprint(function)
    function.__qualname__ = f"{function.__name__}_{source[:24]}"  # the files' name
    made = _as_kernel(function)
    made._cache = _KernelCache(function, source)
    made.source = source
    return made


class _KernelCache(FunctionCache):
    """numba's cache on disk, with a fingerprint for the contents of closures.

    numba's own key does not see what a function calls, and of a compiled function that is closed over
    it takes a number that is another in every process.
    """

    def __init__(self, function: Any, source: str) -> None:
        super().__init__(function)
        self._source = source

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        return (sig, codegen.magic_tuple(), self._source)


def fingerprint(function: Any) -> str:
    """Digest, hexadecimal, of all that a function is compiled from.

    These are this package's own files, the file of the function and of every compiled function that it
    calls, however far down, and the values of the constants that they name. So a force field's module is
    a part of the fingerprint of the kernels that are made with it, wherever it is installed.
    """
    parts: dict[str, bytes] = {}
    _gather(function, parts, set())
    digest = hashlib.sha256(_own_sources())
    for name, content in sorted(parts.items()):
        digest.update(f"\n{name}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _gather(function: Any, parts: dict[str, bytes], seen: set[int]) -> None:
    """Add the files and constants of a function, and of those that it calls, by name."""
    function = function.py_func if isinstance(function, Dispatcher) else function
    if id(function) in seen:
        return
    seen.add(id(function))
    place = f"{function.__module__}.{function.__qualname__}"
    parts[f"file {function.__module__}"] = _source_of(function)
    for name, value in _named(function):
        if isinstance(value, Dispatcher):
            _gather(value, parts, seen)
        elif isinstance(value, bool | int | float | complex | str | tuple | np.generic):
            parts[f"constant {place}.{name}"] = repr(value).encode()
        elif isinstance(value, np.ndarray):
            parts[f"constant {place}.{name}"] = f"{value.dtype}{value.shape}".encode() + value.tobytes()
        elif isinstance(value, ModuleType) and getattr(value, "__file__", None):
            parts[f"file {value.__name__}"] = _source_of(value)


def _named(function: Any) -> Iterator[tuple[str, Any]]:
    """The global and closed-over values that a function names."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield name, cell.cell_contents
    for name in sorted(_names(function.__code__)):
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _names(code: CodeType) -> set[str]:
    inner = (part for part in code.co_consts if isinstance(part, CodeType))
    return set(code.co_names).union(*(_names(part) for part in inner))


def _source_of(thing: Any) -> bytes:
    """The source file of a function or module; of what has none its bytecode or name."""
    try:
        return _content(Path(inspect.getsourcefile(thing) or ""))
    except (OSError, TypeError):
        code = getattr(thing, "__code__", None)
        return bytes(code.co_code) if code else str(thing.__name__).encode()


@cache
def _content(path: Path) -> bytes:
    return path.read_bytes()


@cache
def _own_sources() -> bytes:
    """Digest of this package's files: numba meets its types and operations without naming them."""
    digest = hashlib.sha256()
    for path in sorted(files(__package__).iterdir(), key=lambda path: path.name):
        if path.name.endswith(".py"):
            digest.update(path.read_bytes())
    return digest.digest()
