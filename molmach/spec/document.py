"""The whole machine file: reading, overriding, canonical form and key."""

from __future__ import annotations

import difflib
import hashlib
import json
import typing
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

from molmach import systems as library
from molmach.errors import SpecError
from molmach.spec.beads import BeadCatenane
from molmach.spec.drive import Drive
from molmach.spec.fields import Section
from molmach.spec.machine import Machine
from molmach.spec.protocol import Protocol

MAX_FILE_BYTES = 1_000_000


class Spec(Section):
    """A machine, its drive and its protocol: all that a simulation depends on."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,79}$")]
    description: str = ""
    machine: Machine
    drive: Drive
    protocol: Protocol = Field(default_factory=Protocol)

    @model_validator(mode="after")
    def _force_field_fits(self) -> Spec:
        beads = isinstance(self.machine, BeadCatenane)
        if beads != (self.protocol.force_field == "bead_spring"):
            accepted = "bead_spring" if beads else "MMFF94 or MMFF94s"
            raise ValueError(
                f"protocol.force_field: got {self.protocol.force_field!r} for a {self.machine.kind}; "
                f"expected {accepted}"
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

    def to_yaml(self) -> str:
        """The full spec, defaults included, as a machine file that reads back to an equal spec."""
        content = self.model_dump(mode="json", exclude_none=True)
        return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None))


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
        if not path.exists():
            nearest = difflib.get_close_matches(text, library.names(), 1)
            hint = f"; did you mean '{nearest[0]}'?" if nearest else ""
            raise SpecError(
                f"{text}: neither a machine of the library nor a file{hint} "
                "('molmach systems' lists the library; a file is a machine's YAML)"
            )
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SpecError(f"{source}: larger than {MAX_FILE_BYTES} bytes; expected a machine's YAML file")
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SpecError(f"{source}: can't be read ({reason}); expected a machine's YAML file") from error
    return loads(content, source, overrides)


def loads(text: str, source: str = "<text>", overrides: Iterable[str] = ()) -> Spec:
    """Read a machine from YAML text; ``source`` names it in errors."""
    try:
        content = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SpecError(f"{source}: not valid YAML: {_first_line(error)}") from error
    if not isinstance(content, dict):
        raise SpecError(f"{source}: expected a mapping with the keys {', '.join(Spec.model_fields)}")
    for override in overrides:
        _override(content, override)
    try:
        return Spec.model_validate(content)
    except ValidationError as error:
        problems = [_explain(details, content) for details in error.errors(include_url=False)]
        raise SpecError("\n".join(f"{source}: {problem}" for problem in problems)) from error


class _Loader(yaml.SafeLoader):
    """YAML's safe loader, which also refuses a key given twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            name = str(getattr(key_node, "value", key_node))
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key '{name}' stands twice", key_node.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)


def _first_line(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return (str(error).splitlines() or ["can't be parsed"])[0]


def _override(content: dict[str, Any], override: str) -> None:
    path, separator, text = override.partition("=")
    keys = path.strip().split(".")
    if not separator or not all(keys):
        raise SpecError(f"--set {override}: expected path=value, such as --set drive.field='2 V/nm'")
    try:
        value = yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SpecError(f"--set {override}: the value is not valid YAML: {_first_line(error)}") from error
    section = content
    for depth, key in enumerate(keys[:-1]):
        section = section.setdefault(key, {})
        if not isinstance(section, dict):
            raise SpecError(f"--set {override}: {'.'.join(keys[: depth + 1])} is a value, not a section")
    section[keys[-1]] = value


def _explain(details: ErrorDetails, content: Mapping[str, Any]) -> str:
    """One line for one of pydantic's errors: field, value, and what is accepted."""
    location = _location(details["loc"], content)
    field = ".".join(location)
    value = details["input"]
    match details["type"]:
        case "extra_forbidden":
            accepted = _accepted_keys(location[:-1], content)
            nearest = difflib.get_close_matches(location[-1], accepted, 1, cutoff=0.5)
            hint = f"did you mean '{nearest[0]}'? " if nearest else ""
            return f"{field}: unknown key; {hint}accepted here: {', '.join(accepted)}"
        case "missing":
            return f"{field}: missing; expected a value"
        case "union_tag_invalid" | "union_tag_not_found":
            kinds = _kinds(location[0])
            given = value.get("kind") if isinstance(value, Mapping) else None
            nearest = difflib.get_close_matches(str(given), kinds, 1, cutoff=0.5)
            hint = f"did you mean '{nearest[0]}'? " if nearest else ""
            return f"{field}.kind: got {given!r}; {hint}accepted: {', '.join(kinds)}"
        case "value_error":
            message = details["msg"].removeprefix("Value error, ")
            return f"{field}: {message}" if field else message
        case "model_type" | "model_attributes_type":
            accepted = _accepted_keys(location, content)
            return f"{field}: got {_shorten(value)}; expected a section with the keys {', '.join(accepted)}"
        case "string_pattern_mismatch":
            return (
                f"{field}: got {_shorten(value)}; expected 1 to 80 letters, digits, '.', '_', '+' or '-', "
                "beginning with a letter or digit"
            )
        case _:
            message = details["msg"].removeprefix("Input should be ")
            return f"{field}: got {_shorten(value)}; expected {message}"


def _location(loc: tuple[int | str, ...], content: Mapping[str, Any]) -> list[str]:
    """pydantic's location without the tag that it puts behind a discriminated union."""
    names = [str(part) for part in loc]
    if len(names) > 1 and names[1] in _kinds(names[0]):
        del names[1]
    return names


_UNIONS = {"machine": Machine, "drive": Drive}


def _kinds(section: str) -> dict[str, type[BaseModel]]:
    """Models of a section that has several, by their ``kind``."""
    if section not in _UNIONS:
        return {}
    models = typing.get_args(typing.get_args(_UNIONS[section])[0])
    return {typing.get_args(model.model_fields["kind"].annotation)[0]: model for model in models}


def _accepted_keys(section: list[str], content: Mapping[str, Any]) -> list[str]:
    if not section:
        return list(Spec.model_fields)
    kinds = _kinds(section[0])
    if kinds:
        given = content.get(section[0])
        kind = given.get("kind") if isinstance(given, Mapping) else None
        return list(_model_at(kinds[kind], section[1:]).model_fields) if kind in kinds else ["kind"]
    return list((Protocol if section[0] == "protocol" else Spec).model_fields)


def _model_at(model: type[BaseModel], path: list[str]) -> type[BaseModel]:
    """The model of a section within a section; names that a person chose stand between."""
    for name in path:
        if name in model.model_fields:
            inner = list(_models_in(model.model_fields[name].annotation))
            model = inner[0] if inner else model
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _models_in(part)


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
