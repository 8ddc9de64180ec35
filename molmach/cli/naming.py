"""Errors about an entry of a file that say which file it is in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any

from molmach.errors import MolmachError
from molmach.files import is_there

OF_A_MACHINE = ("machine", "drive", "protocol")
"""Entries of a machine's file."""


def naming_the_file(
    entries: Iterable[str], file_of: Callable[[dict[str, Any]], str | None]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command's errors that begin with an entry of its file begin with the file's name.

    Parameters
    ----------
    entries
        At the top of such a file.
    file_of
        Gives the file from the command's arguments, None where there is none.
    """
    entry = re.compile(rf"({'|'.join(entries)})[.:]")

    def naming(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def named(*args: Any, **options: Any) -> None:
            try:
                command(*args, **options)
            except MolmachError as error:
                file = file_of(options)
                if file is None or not entry.match(str(error)) or _names_a_file(str(error)):
                    raise
                raise type(error)(f"{file}: ", *error.args) from error

        return named

    return naming


def _names_a_file(told: str) -> bool:
    """Whether an error begins with a file, which may be called like an entry: ``space.yaml: ...``."""
    return is_there(Path(told.partition(": ")[0]))
