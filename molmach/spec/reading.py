"""Reading YAML files into validated models, with errors that name file, field, value and what is accepted."""

from __future__ import annotations

import difflib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from molmach.errors import Argument, SpecError, shortened
from molmach.spec.kinds import Kinds, KindSection
from molmach.spec.wording import accepted

MAX_FILE_BYTES = 1_000_000
MAX_VALUES = 200_000
MAX_DEPTH = 50

OVERRIDES = Argument("overrides")

Model = TypeVar("Model", bound=BaseModel)


def read_text(path: Path, source: str, what: str) -> str:
    """A small UTF-8 text file; ``source`` and ``what`` name it in errors.

    Raises
    ------
    SpecError
        The file is too large or can't be read.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise SpecError(f"{source}: larger than {MAX_FILE_BYTES} bytes; expected {what}")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise SpecError(f"{source}: can't be read ({reason}); expected {what}") from error


def read_mapping(text: str, source: str, model: type[BaseModel]) -> dict[str, Any]:
    """The mapping that a YAML text holds; ``model`` says which keys belong there."""
    try:
        content = _loaded(text)
    except ValueError as error:
        raise SpecError(f"{source}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise SpecError(f"{source}: expected a mapping with the keys {', '.join(model.model_fields)}")
    return content


def validate(content: dict[str, Any], source: str, model: type[Model]) -> Model:
    """The model that a mapping describes.

    Raises
    ------
    SpecError
        A line for each field that can't be taken.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [explain(details, content, model) for details in _own_errors(error)]
        raise SpecError("\n".join(f"{source}: {problem}" for problem in problems)) from error


def _own_errors(error: ValidationError) -> list[ErrorDetails]:
    """Errors without those that only follow from another: a list is 'too short' for its wrong items too."""
    problems = error.errors(include_url=False)
    places = [details["loc"] for details in problems]
    return [
        details
        for details in problems
        if details["type"] != "too_short"
        or not any(
            len(p) > len(details["loc"]) and p[: len(details["loc"])] == details["loc"] for p in places
        )
    ]


class _Loader(yaml.SafeLoader):
    """YAML's safe loader for what JSON can hold: a date is a text, and a key given twice is refused."""

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

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """A whole number; Python reads none of many thousand digits."""
        try:
            return super().construct_yaml_int(node)
        except ValueError as error:
            told = f"a number of {len(node.value)} digits; expected a shorter one"
            raise yaml.constructor.ConstructorError(None, None, told, node.start_mark) from error


_Loader.yaml_constructors = {
    tag: made_by
    for tag, made_by in yaml.SafeLoader.yaml_constructors.items()
    if str(tag).rpartition(":")[2] not in ("timestamp", "binary", "set", "omap", "pairs")
}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in ways if not tag.endswith(":timestamp")]
    for first, ways in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def _loaded(text: str) -> Any:
    """What a YAML text holds.

    Raises
    ------
    ValueError
        It is no YAML, or not for molmach; the message says why.
    """
    try:
        content = yaml.load(text, Loader=_Loader)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(_first_line(error)) from error
    _check_size(content)
    return content


def _check_size(content: Any) -> None:
    """Refuse what aliases blow up, or let hold itself, and texts that no file can hold."""
    waiting, values = [(content, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        values += 1
        if values > MAX_VALUES or depth > MAX_DEPTH:
            raise ValueError(f"more than {MAX_VALUES} values, or {MAX_DEPTH} sections within each other")
        if isinstance(value, str) and not _is_writable(value):
            raise ValueError(f"got {shortened(value)}, half of a character; expected whole ones")
        if isinstance(value, dict):
            waiting += [(part, depth + 1) for item in value.items() for part in item]
        elif isinstance(value, list | tuple):
            waiting += [(part, depth + 1) for part in value]


def _is_writable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _first_line(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return (str(error).splitlines() or ["can't be parsed"])[0]


def override(content: dict[str, Any], change: str) -> None:
    """Apply one ``path=value`` text, such as ``drive.field=2 V/nm``, to a mapping."""
    path, separator, text = change.partition("=")
    keys = path.strip().split(".")
    if not separator or not all(keys):
        raise SpecError(
            OVERRIDES, f" {change}: expected path=value, such as ", OVERRIDES, " drive.field='2 V/nm'"
        )
    try:
        value = _loaded(text)
    except ValueError as error:
        raise SpecError(OVERRIDES, f" {change}: the value is not valid YAML: {error}") from error
    try:
        set_path(content, keys, value)
    except KeyError as error:
        raise SpecError(OVERRIDES, f" {change}: {error.args[0]} is a value, not a section") from error


def set_path(content: dict[str, Any], keys: Sequence[str], value: Any) -> None:
    """Put a value at a dotted place of a nested mapping, making sections on the way.

    Raises
    ------
    KeyError
        A value stands where a section would have to be; its argument is that place.
    """
    section: Any = content
    for depth, key in enumerate(keys):
        if not isinstance(section, dict):
            raise KeyError(".".join(keys[:depth]))
        place: Any = int(key) if key.isdigit() and int(key) in section else key
        if depth == len(keys) - 1:
            section[place] = value
        else:
            section = section.setdefault(place, {})


def explain(details: ErrorDetails, content: Mapping[str, Any], model: type[BaseModel]) -> str:
    """One line for one of pydantic's errors: field, value, and what is accepted."""
    location = _location(details["loc"], content, model)
    field = ".".join(location)
    value = details["input"]
    match details["type"]:
        case "extra_forbidden":
            keys = _accepted_keys(location[:-1], content, model)
            hint = _nearest(location[-1], keys)
            return f"{field}: unknown key; {hint}accepted here: {', '.join(keys)}"
        case "missing":
            return f"{field}: missing; expected a value"
        case "union_tag_invalid" | "union_tag_not_found":
            kinds = _section(location, content, model)
            assert isinstance(kinds, Kinds)
            given = value.get("kind") if isinstance(value, Mapping) else None
            hint = _nearest(str(given), list(kinds))
            return f"{field}.kind: got {given!r}; {hint}accepted: {', '.join(kinds)}"
        case "value_error" | "assertion_error":
            message = str(details["ctx"]["error"]) or f"got {shortened(value)}; expected another value"
            return f"{field}: {message}" if field else message
        case "model_type" | "model_attributes_type":
            keys = _accepted_keys(location, content, model)
            return f"{field}: got {shortened(value)}; expected a section with the keys {', '.join(keys)}"
        case kind:
            return f"{field}: got {shortened(value)}; expected {accepted(kind, details.get('ctx'))}"


def _nearest(given: str, accepted: Iterable[str]) -> str:
    nearest = difflib.get_close_matches(given, list(accepted), 1, cutoff=0.5)
    return f"did you mean '{nearest[0]}'? " if nearest else ""


def _location(loc: tuple[int | str, ...], content: Mapping[str, Any], model: type[BaseModel]) -> list[str]:
    """pydantic's location without the tags that it puts behind discriminated unions."""
    names: list[str] = []
    for part in loc:
        section = _section(names, content, model)
        given = _value_at(names, content)
        kind = given.get("kind") if isinstance(given, Mapping) else None
        if isinstance(section, Kinds) and part in section and part == kind:
            continue
        if part != "[key]":  # which pydantic says of a name that is wrong itself
            names.append(str(part))
    return names


def _accepted_keys(location: list[str], content: Mapping[str, Any], model: type[BaseModel]) -> list[str]:
    section = _section(location, content, model)
    if isinstance(section, Kinds):
        given = _value_at(location, content)
        kind = given.get("kind") if isinstance(given, Mapping) else None
        return list(section[kind].model_fields) if isinstance(kind, str) and kind in section else ["kind"]
    return list((section or model).model_fields)


def _value_at(location: Sequence[str], content: Any) -> Any:
    for name in location:
        if isinstance(content, Mapping):
            content = content.get(name, content.get(int(name)) if name.isdigit() else None)
        elif isinstance(content, list) and name.isdigit() and int(name) < len(content):
            content = content[int(name)]
        else:
            return None
    return content


def _section(
    location: Sequence[str], content: Mapping[str, Any], model: type[BaseModel]
) -> type[BaseModel] | Kinds[Any] | None:
    """The model, or the kinds of models, that a place of the content is read into; None for a plain value."""
    annotation: Any = model
    for depth, name in enumerate(location):
        section = _models(annotation)
        if isinstance(section, Kinds):
            given = _value_at(location[:depth], content)
            section = section.get(str(given.get("kind"))) if isinstance(given, Mapping) else None
        if section is not None:
            field = section.model_fields.get(name)
            annotation = None if field is None else field.annotation
        else:
            parts = [part for part in typing.get_args(_bare(annotation)) if part is not Ellipsis]
            annotation = parts[-1] if parts else None
    return _models(annotation)


def _bare(annotation: Any) -> Any:
    """An annotation without its metadata and without ``| None``."""
    while typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        rest = [part for part in typing.get_args(annotation) if part is not type(None)]
        if len(rest) == 1:
            return _bare(rest[0])
    return annotation


def _models(annotation: Any) -> type[BaseModel] | Kinds[Any] | None:
    bare = _bare(annotation)
    if not (isinstance(bare, type) and issubclass(bare, BaseModel)):
        return None
    return Kinds(bare) if issubclass(bare, KindSection) and "group" in vars(bare) else bare
