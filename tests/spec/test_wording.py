"""What is wrong with a value is said in molmach's own words, whatever pydantic calls it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, cast, get_args

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticKnownError
from pydantic_core.core_schema import ErrorType

from molmach import drives
from molmach.building import kind_of
from molmach.errors import SpecError
from molmach.spec import Campaign, Spec
from molmach.spec.fields import Section
from molmach.spec.reading import validate
from molmach.spec.registered import MACHINES, registered
from molmach.spec.wording import _SAID, accepted

EXAMPLES: dict[str, Any] = {
    "gt": 1.5, "ge": 2, "lt": 3, "le": 4, "multiple_of": 5, "min_length": 1, "max_length": 2, "actual_length": 3,
    "field_type": "Tuple", "pattern": "^a$", "expected": "'none' or 'h-bonds'", "error": "odd", "class_name": "Odd",
    "class": "Odd", "attribute": "odd", "method_name": "odd", "discriminator": "'kind'", "tag": "odd",
    "expected_tags": "'a'", "encoding": "utf-8", "encoding_error": "odd", "tz_expected": 1, "tz_actual": 2,
    "expected_schemes": "https", "expected_version": 4, "max_digits": 1, "decimal_places": 1, "whole_digits": 1,
}  # fmt: skip
HANDLED = {"missing", "extra_forbidden", "union_tag_invalid", "union_tag_not_found", "value_error", "assertion_error",
           "model_type", "model_attributes_type"}  # fmt: skip
"""Errors that ``explain`` gives a sentence of their own."""

RAISED: dict[str, tuple[str, ...]] = {
    "int": ("int_type", "int_parsing", "int_parsing_size", "int_from_float"),
    "float": ("float_type", "float_parsing", "finite_number"),
    "str": ("string_type", "string_unicode"),
    "bool": ("bool_type", "bool_parsing"),
    "tuple": ("tuple_type", "missing", "too_long", "iteration_error"),
    "list": ("list_type", "iteration_error"),
    "dict": ("dict_type", "mapping_type"),
    "literal": ("literal_error",),
    "model": ("model_type", "model_attributes_type"),
    "model-fields": ("missing", "extra_forbidden", "invalid_key", "model_attributes_type"),
    "none": ("none_required",),
    "function-before": ("value_error", "assertion_error"),
    "function-after": ("value_error", "assertion_error"),
    "function-wrap": ("value_error", "assertion_error"),
    "function-plain": (
        "value_error", "assertion_error", "model_attributes_type", "union_tag_invalid", "union_tag_not_found"
    ),
}  # fmt: skip
"""Type of a schema -> errors that it can raise, whatever its limits."""
LIMITS = {
    ("gt", ""): "greater_than", ("ge", ""): "greater_than_equal", ("lt", ""): "less_than",
    ("le", ""): "less_than_equal", ("multiple_of", ""): "multiple_of", ("pattern", "str"): "string_pattern_mismatch",
    ("min_length", "str"): "string_too_short", ("max_length", "str"): "string_too_long",
    ("min_length", ""): "too_short", ("max_length", ""): "too_long",
}  # fmt: skip
SILENT = {
    "default",
    "nullable",
    "union",
    "any",
    "model-field",
    "definitions",
    "definition-ref",
    "lax-or-strict",
}
"""Types that raise only what is within them."""


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    waiting, seen = [node], set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, dict):
            if isinstance(one.get("type"), str):
                yield one
            waiting += [
                part for key, part in one.items() if key not in ("metadata", "serialization", "function")
            ]
        elif isinstance(one, list | tuple):
            waiting += one


def _models() -> list[type[BaseModel]]:
    kinds = [kind_of(name).spec for name in registered(MACHINES)]
    return [Campaign, Spec, *kinds, *(model.spec for model in drives.models())]


def _possible() -> set[str]:
    possible: set[str] = set()
    for model in _models():
        for schema in _schemas(model.__pydantic_core_schema__):
            kind = schema["type"]
            assert kind in RAISED or kind in SILENT, (
                f"{model.__name__} has a schema {kind}: which errors raises it?"
            )
            possible |= set(RAISED.get(kind, ()))
            for (limit, only), error in LIMITS.items():
                if limit in schema and only in ("", kind) and not (kind == "str" and only == ""):
                    possible.add(error)
    return possible


def test_every_error_that_our_sections_can_raise_has_words_of_its_own() -> None:
    possible = _possible()
    assert {"greater_than_equal", "too_short", "literal_error", "finite_number"} <= possible
    assert possible - HANDLED <= set(_SAID)


@pytest.mark.parametrize(
    "kind", [k for k in get_args(ErrorType) if k not in ("value_error", "assertion_error")]
)
def test_no_sentence_of_pydantics_comes_through(kind: str) -> None:
    raw = PydanticKnownError(cast(ErrorType, kind), EXAMPLES or None).message()
    words = accepted(kind, EXAMPLES)
    assert words
    assert words not in raw.split(", ")[:1]
    for sentence in ("Input", "should", "valid ", "unable to", "Unable", "Tuple", "instance"):
        assert sentence not in words


class _Strange(Section):
    flag: bool = True
    pair: tuple[int, int] = (1, 2)
    way: Literal["a", "b"] = "a"
    listed: list[int] = []  # noqa: RUF012 pydantic copies it


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"flag": "perhaps"}, "odd: flag: got 'perhaps'; expected true or false"),
        ({"pair": [1]}, "odd: pair.1: missing; expected a value"),
        ({"pair": [1, 2, 3]}, "odd: pair: got [1, 2, 3]; expected at most 2 entries"),
        ({"pair": 5}, "odd: pair: got 5; expected a list"),
        ({"way": 3}, "odd: way: got 3; expected 'a' or 'b'"),
        ({"listed": [1.5]}, "odd: listed.0: got 1.5; expected a whole number"),
        ({1: 2}, "odd: 1: got 1; expected a text as its name"),
    ],
)
def test_a_value_is_refused_in_one_line(content: Any, told: str) -> None:
    with pytest.raises(SpecError) as caught:
        validate(content, "odd", _Strange)
    assert str(caught.value).startswith(told)
