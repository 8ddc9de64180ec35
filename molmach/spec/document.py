"""The whole machine file: its sections, canonical form and key, and how it is read."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, model_validator

from molmach import systems as library
from molmach.errors import SpecError
from molmach.files import is_there
from molmach.spec.drive import Drive
from molmach.spec.fields import Section, spelled
from molmach.spec.machine import Machine
from molmach.spec.protocol import Protocol, made_force_field
from molmach.spec.reading import override, read_mapping, read_text, validate
from molmach.spec.registered import DRIVES, FORCE_FIELDS, MACHINES, entry, registered

Name = Annotated[
    str,
    spelled(
        r"[A-Za-z0-9][A-Za-z0-9._+-]{0,79}",
        "1 to 80 letters, digits, '.', '_', '+' or '-', beginning with a letter or digit",
    ),
]


class Spec(Section):
    """A machine, its drive and its protocol: all that a simulation depends on."""

    name: Name
    description: str = ""
    machine: Machine
    drive: Drive
    protocol: Protocol = Field(default_factory=Protocol)

    @model_validator(mode="after")
    def _force_field_fits(self) -> Spec:
        name = self.protocol.force_field
        if not _fits(name, self.machine):
            raise ValueError(
                f"protocol.force_field: got {name!r} for a {self.machine.kind}; "
                f"expected {_fitting(self.machine)}"
            )
        return self

    def canonical(self) -> str:
        """The same text for every spelling of the same simulation: sorted JSON in molmach's own units.

        Name and description are left out, for they change no number.
        """
        content = self.model_dump(mode="json", exclude={"name", "description"})
        return json.dumps(content, sort_keys=True, separators=(",", ":"))

    @property
    def key(self) -> str:
        """sha256 of :meth:`canonical`, hexadecimal."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    @property
    def entry_points(self) -> tuple[EntryPoint, ...]:
        """The drive, the machine kind and the force fields that it names, molmach's own or another's.

        Raises
        ------
        SpecError
            Several distributions register one of them.
        """
        named = (
            (DRIVES, self.drive.kind),
            (MACHINES, self.machine.kind),
            (FORCE_FIELDS, self.protocol.force_field),
            (FORCE_FIELDS, self.protocol.build_field),
        )
        return tuple(entry(group, name) for group, name in dict.fromkeys(named))

    def to_yaml(self) -> str:
        """The full spec, defaults included, as a machine file that reads back to an equal spec."""
        content = self.model_dump(mode="json", exclude_none=True)
        return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None))


def _fits(force_field: str, machine: Machine) -> bool:
    """Whether a force field is for such a machine, as the force field says."""
    kinds = made_force_field(force_field).kinds
    return bool(machine.molecules) if kinds is None else machine.kind in kinds


def _fitting(machine: Machine) -> str:
    """Names of all force fields for a machine; one that can't be imported is left out."""
    names = []
    for name in registered(FORCE_FIELDS):
        with suppress(SpecError):
            names += [name] if _fits(name, machine) else []
    *others, last = names or ["one that is for such a machine; none is installed"]
    return f"{', '.join(others)} or {last}" if others else last


def load(name_or_path: str | Path, overrides: Iterable[str] = ()) -> Spec:
    """Read a machine from the library (by name) or from a YAML file.

    Parameters
    ----------
    name_or_path
        A name that ``molmach systems`` lists, or a file's path.
    overrides
        ``path=value`` texts such as ``"drive.field=2 V/nm"``, applied before validation.

    Raises
    ------
    SpecError
        The file, a field or an override can't be taken; the message names it and what is accepted.
    """
    text = str(name_or_path)
    if text in library.names():
        path, source = library.path(text), text
    else:
        path, source = Path(name_or_path), text
        if not is_there(path):
            nearest = difflib.get_close_matches(text, library.names(), 1)
            hint = f"; did you mean '{nearest[0]}'?" if nearest else ""
            shown = text if len(text) <= 200 else f"{text[:200]}..."
            raise SpecError(
                f"{shown}: neither a machine of the library nor a file{hint} "
                "('molmach systems' lists the library; a file is a machine's YAML)"
            )
    return loads(read_text(path, source, "a machine's YAML file"), source, overrides)


def loads(text: str, source: str = "<text>", overrides: Iterable[str] = ()) -> Spec:
    """Read a machine from YAML text; ``source`` names it in errors."""
    content = read_mapping(text, source, Spec)
    for change in overrides:
        override(content, change)
    return validate(content, source, Spec)
