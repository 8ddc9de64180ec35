"""What would be accepted where a value is not: words of molmach's own for each of pydantic's errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Context = Mapping[str, Any]

_SECTION = "a section of names and values"
_WHOLE = "a whole number"
_LARGE = "a smaller whole number"


def _counted(least: str, key: str, noun: str) -> Callable[[Context], str]:
    """'at least 1 entry', 'at most 10 entries'."""
    singular, plural = noun.split("/")

    def words(context: Context) -> str:
        number = context[key]
        return f"{least} {number} {singular if number == 1 else plural}"

    return words


_SAID: dict[str, str | Callable[[Context], str]] = {
    "missing": "a value",
    "none_required": "no value",
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _LARGE,
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "multiple_of": lambda context: f"a multiple of {context['multiple_of']:g}",
    "greater_than": lambda context: f"a number above {context['gt']:g}",
    "greater_than_equal": lambda context: f"{context['ge']:g} or more",
    "less_than": lambda context: f"a number below {context['lt']:g}",
    "less_than_equal": lambda context: f"at most {context['le']:g}",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "string_unicode": "a text of whole characters",
    "string_not_ascii": "plain letters, digits and signs",
    "string_too_short": _counted("a text of at least", "min_length", "character/characters"),
    "string_too_long": _counted("a text of at most", "max_length", "character/characters"),
    "string_pattern_mismatch": lambda context: f"a text of the form {context['pattern']}",
    "too_short": _counted("at least", "min_length", "entry/entries"),
    "too_long": _counted("at most", "max_length", "entry/entries"),
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "deque_type": "a list",
    "iterable_type": "a list",
    "iteration_error": "a list",
    "set_item_not_hashable": "numbers or texts in the list",
    "dict_type": _SECTION,
    "frozen_dict_type": _SECTION,
    "ordered_dict_type": _SECTION,
    "counter_type": _SECTION,
    "mapping_type": _SECTION,
    "named_tuple_type": _SECTION,
    "dataclass_type": _SECTION,
    "model_type": _SECTION,
    "model_attributes_type": _SECTION,
    "invalid_key": "a text as its name",
    "literal_error": lambda context: str(context["expected"]),
    "enum": lambda context: str(context["expected"]),
    "recursion_loop": "something that does not hold itself",
    "recursion_depth_exceeded": "fewer sections within each other",
    "bytes_type": "a text",
    "bytes_too_short": _counted("at least", "min_length", "byte/bytes"),
    "bytes_too_long": _counted("at most", "max_length", "byte/bytes"),
}
"""What each kind of error says is accepted; from its context where that has the numbers."""

_SORTS = {
    "date": "a date, such as '2026-01-31'",
    "time": "a time of the day, such as '12:30'",
    "datetime": "a date and a time, such as '2026-01-31 12:30'",
    "timezone": "a date and a time with a time zone as asked",
    "url": "a web address",
    "uuid": "a UUID",
    "decimal": "a number",
    "fraction": "a number",
    "complex": "a number",
    "bytes": "a text",
    "json": "JSON",
}
"""Words for what only others' sections may have, by the prefix of the error, whatever is wrong."""


def accepted(kind: str, context: Context | None) -> str:
    """What is accepted, to stand after 'expected '.

    Parameters
    ----------
    kind
        Of pydantic's error, such as ``greater_than_equal``.
    context
        Its numbers and names.
    """
    words = _SAID.get(kind)
    if callable(words):
        return words(context or {})
    if words is not None:
        return words
    return _SORTS.get(kind.partition("_")[0], "a value of another kind")
