"""A proposal as a machine file with comments, which a person goes on with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from molmach.drives.suggesting import Suggestion, rounded_up
from molmach.proposals.base import NO_DRIVE, Proposal
from molmach.proposals.isomers import Isomer
from molmach.spec import loads
from molmach.spec.protocol import Protocol
from molmach.units import TIME, show

_SHORTEST_PS = 100.0
_UNDRIVEN_PS = 200.0
_COMMENT_AT = 44
_WIDEST = 110


def machine_file(proposal: Proposal, isomer: Isomer, drive: str, name: str, drawn: str) -> str:
    """The text of a machine file, which reads back as a machine.

    Parameters
    ----------
    proposal, isomer
        What was chosen; the isomer is one of the proposal's.
    drive
        Kind of a drive that the proposal says moves it, or ``none``.
    name
        Of the machine.
    drawn
        What it was made from, for the file's first line.

    Raises
    ------
    SpecError
        The file would not be read.
    """
    said = proposal.drives.get(drive)
    section = dict(said.section) if isinstance(said, Suggestion) else {"kind": NO_DRIVE}
    beside = dict(said.comments) if isinstance(said, Suggestion) else {}
    lines = [
        f"# Written by 'molmach new' from {drawn}.",
        "# Every entry can be changed; docs/machine-file.md says what there is.",
        f"name: {name}",
        f"description: {_value(_sentence(proposal, isomer))}",
        *_section("machine", proposal.section(isomer), proposal.comments()),
        *_section("drive", section, {"kind": said.reason, **beside} if isinstance(said, Suggestion) else {}),
        *_section("protocol", _protocol(said), _PROTOCOL),
    ]
    text = "\n".join(lines) + "\n"
    loads(text, name)
    return text


_PROTOCOL = {
    "duration": "measured; more tells slower motion, --until-resolved adds replicas",
    "replicas": "independent runs, which carry the statistics",
}


def _protocol(said: Suggestion | str | None) -> dict[str, Any]:
    protocol = Protocol()
    advised = said.duration_ps if isinstance(said, Suggestion) else _UNDRIVEN_PS
    duration = max(_SHORTEST_PS, rounded_up(advised))
    return {
        "temperature": f"{protocol.temperature:g} K",
        "friction": f"{protocol.friction:g} /ps",
        "duration": show(duration, TIME),
        "equilibration": show(protocol.equilibration, TIME),
        "replicas": protocol.replicas,
        "seed": protocol.seed,
    }


def _sentence(proposal: Proposal, isomer: Isomer) -> str:
    told = f"; {', '.join(isomer.labels)}" if isomer.labels else ""
    return f"{proposal.title[0].upper()}{proposal.title[1:]}{told}."


def _section(name: str, content: Mapping[str, Any], comments: Mapping[str, str]) -> list[str]:
    lines = [f"{name}:"]
    for key, value in content.items():
        line = f"  {key}: {_value(value)}"
        comment = comments.get(key, "")
        if not comment:
            lines.append(line)
        elif len(line) < _COMMENT_AT and _COMMENT_AT + len(comment) < _WIDEST:
            lines.append(f"{line:<{_COMMENT_AT}}# {comment}")
        else:
            lines += [f"  # {comment}", line]
    return lines


def _value(value: Any) -> str:
    """A value in YAML's flow style, on one line."""
    dumped = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False, allow_unicode=True)
    return dumped.removesuffix("\n").removesuffix("\n...")
