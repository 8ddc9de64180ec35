"""Documents with one form: the same content is the same bytes, whose sha256 is the document's name.

Canonical JSON: UTF-8, keys sorted, no blanks, no numbers that are not finite; arrays are their type, their
shape and their bytes, little-endian, in base64. Nothing in such a file is run, and none of it names a path.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, NoReturn, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)

from molmach.errors import WorkError, shortened
from molmach.files import write_bytes

MOST_BYTES = 2**29
"""Of a file; a larger one is not read."""

MOST_NUMBERS = 2**27
"""Of an array."""

TYPES = {"<f4", "<f8", "<i4", "<i8", "<u4", "|b1", "<c16"}
"""NumPy's names of the types that arrays may have."""

_DEEPEST = 24

Read = TypeVar("Read")


def _array(value: Any) -> NDArray[Any]:
    """The array of its JSON form, or an array as it is."""
    if isinstance(value, np.ndarray):
        return value
    if not isinstance(value, dict) or set(value) != {"type", "shape", "data"}:
        raise ValueError("expected an array: type, shape and data")
    kind, shape, data = value["type"], value["shape"], value["data"]
    if kind not in TYPES:
        raise ValueError(f"an array of {shortened(kind, 20)}; expected one of {', '.join(sorted(TYPES))}")
    if not isinstance(shape, list) or len(shape) > 6 or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError("an array's shape: expected at most six whole numbers")
    count = math.prod(shape)
    if max(shape, default=0) > MOST_NUMBERS or count > MOST_NUMBERS:
        raise ValueError(f"an array of {count} numbers; expected at most {MOST_NUMBERS}")
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise ValueError("an array's data: expected base64") from None
    if len(content) != count * np.dtype(kind).itemsize:
        raise ValueError(f"an array of {len(content)} bytes; expected {count * np.dtype(kind).itemsize}")
    array = np.frombuffer(content, dtype=kind).reshape(shape).copy()  # compiled code is for writable ones
    if kind == "|b1" and not np.isin(array.view(np.uint8), (0, 1)).all():
        raise ValueError("an array of truth values: expected bytes of 0 and 1")
    return array


def _array_form(array: NDArray[Any]) -> dict[str, Any]:
    kind = array.dtype.newbyteorder("<").str
    if kind not in TYPES:
        raise ValueError(f"an array of {kind}")
    content = np.ascontiguousarray(array, dtype=kind).tobytes()
    return {"type": kind, "shape": list(array.shape), "data": base64.b64encode(content).decode("ascii")}


Array = Annotated[Any, BeforeValidator(_array), PlainSerializer(_array_form, when_used="json")]
Arrays = dict[Annotated[str, Field(max_length=40)], Array]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=10**12)]
Name = Annotated[str, Field(min_length=1, max_length=120)]


class Part(BaseModel):
    """A part of a document: nothing missing, nothing else, and nothing taken for what it is not."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, arbitrary_types_allowed=True, populate_by_name=True,
        hide_input_in_errors=True,
    )  # fmt: skip


class Document(Part):
    """A document that lies in a file of its own."""

    noun: ClassVar[str]
    """What one is called."""

    SCHEMA: ClassVar[str]

    form: str = Field(alias="schema")

    @model_validator(mode="after")
    def _of_this_form(self) -> Self:
        if self.form != self.SCHEMA:
            raise ValueError(f"a {self.noun} of schema {self.form!r}; expected {self.SCHEMA!r}")
        return self

    @property
    def content(self) -> bytes:
        """The bytes of the document."""
        return canonical(self.model_dump(mode="json", by_alias=True))

    @property
    def digest(self) -> str:
        """sha256, hexadecimal, of the bytes: the document's name."""
        return hashlib.sha256(self.content).hexdigest()

    def write(self, path: Path) -> None:
        """Write the file in one piece.

        Raises
        ------
        WorkError
            The place can't be written.
        """
        try:
            write_bytes(path, self.content)
        except OSError as error:
            raise WorkError(f"{path}: can't be written ({error.strerror})") from error

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises
        ------
        WorkError
            It is missing, too large, malformed, or not in canonical form.
        """
        try:
            size = path.stat().st_size
            if size > MOST_BYTES:
                raise WorkError(f"{path}: {size} bytes; expected at most {MOST_BYTES}")
            content = path.read_bytes()
        except (OSError, ValueError) as error:
            raise WorkError(f"{path}: can't be read; expected a {cls.noun} of molmach") from error
        return cls.of_bytes(content, str(path))

    @classmethod
    def of_bytes(cls, content: bytes, place: str) -> Self:
        """The document of its bytes; ``place`` is what errors call it.

        Raises
        ------
        WorkError
            As :meth:`read`.
        """
        try:
            value = _parsed(content)
        except (ValueError, RecursionError, UnicodeDecodeError) as error:
            raise WorkError(f"{place}: is no {cls.noun} of molmach ({_reason(error)})") from error
        if not isinstance(value, dict) or value.get("schema") != cls.SCHEMA:
            said = shortened(value.get("schema")) if isinstance(value, dict) else "none"
            raise WorkError(f"{place}: has schema {said}; expected a {cls.noun}, {cls.SCHEMA!r}")
        try:
            read = cls.model_validate(value)
        except ValidationError as error:
            raise WorkError(f"{place}: {_first(error)}") from error
        try:
            same = read.content == content
        except ValueError as error:  # numbers that are not finite, halves of characters
            raise WorkError(f"{place}: is no {cls.noun} of molmach ({_reason(error)})") from error
        if not same:
            raise WorkError(f"{place}: is not in canonical form, so its digest is not that of its content")
        return read


def canonical(value: Any) -> bytes:
    """The one form of a JSON value."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def arrays_digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    """sha256, hexadecimal, of named arrays: names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        kind = array.dtype.newbyteorder("<")
        digest.update(f"{name} {kind.str} {list(array.shape)}\n".encode())
        digest.update(np.ascontiguousarray(array, dtype=kind).tobytes())
    return digest.hexdigest()


def _parsed(content: bytes) -> Any:
    value = json.loads(content.decode("utf-8"), parse_constant=_no_number)
    if _depth(value) > _DEEPEST:
        raise ValueError(f"nested more than {_DEEPEST} deep")
    return value


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(child) for child in children if isinstance(child, dict | list)), default=0)


def _reason(error: Exception) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else shortened(str(error), 120)[1:-1]


def _first(error: ValidationError) -> str:
    """The first fault, by its place in the document."""
    fault = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in fault["loc"]) or "document"
    return f"{shortened(place, 120)[1:-1]}: {fault['msg'].removeprefix('Value error, ')}"
