"""When two machine files are one machine."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from molmach import drives
from molmach.building import kind_of
from molmach.spec import MachineSection, Spec

_NOT_THE_MACHINE = ("replicas", "duration", "seed", "frames")
"""Of the protocol: how much is simulated, which is not what is simulated."""


def machine_key(spec: Spec) -> str:
    """sha256 of machine, drive and bath, in the form that comes first of all forms of the same machine.

    They are the same if their canonical forms are, or if one is the other's reflection in the plane across
    the axle and the drive is its own: :meth:`molmach.building.MachineKind.from_the_other_end` and
    :meth:`molmach.drives.base.DriveModel.across`. A reflected rotor turns about z as before, so neither the
    sign of its motion nor any other quantity changes. Where the drive acts along a line that molmach may lay
    out in two ways, the two ends are told apart.
    """
    content = json.loads(spec.canonical())
    for name in _NOT_THE_MACHINE:
        content["protocol"].pop(name)
    drive, kind = drives.model(spec.drive), kind_of(spec.machine.kind)
    if drive.across() == spec.drive and (not drive.has_line or kind.line_is_named(spec.machine)):
        section = _Section(_text(content["machine"]), spec.machine)
        content["machine"] = json.loads(_first_form(section))
    return hashlib.sha256(_text(content).encode()).hexdigest()


@dataclass(frozen=True)
class _Section:
    """A machine's section, the same as another where their canonical texts are."""

    text: str
    machine: MachineSection = field(compare=False)


@lru_cache(maxsize=10_000)
def _first_form(section: _Section) -> str:
    """The text that comes first of a section's and of its forms from the other end.

    It is kept, for the designs of a space are few molecules under many drives.
    """
    forms = kind_of(section.machine.kind).from_the_other_end(section.machine)
    return min((section.text, *(_text(form.model_dump(mode="json")) for form in forms)))


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
