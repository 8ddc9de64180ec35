"""Sections of which there are several kinds, each in a file of its own and read by its ``kind``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, TypeVar, get_args, get_origin

from pydantic_core import PydanticKnownError

from molmach.spec.fields import Section
from molmach.spec.registered import faulty, load_registered, registered


class KindSection(Section):
    """A section whose other entries depend on its kind.

    Attributes
    ----------
    group
        The group of entry points that name the kinds; what each of them names has its section as ``spec``.
    """

    group: ClassVar[str]


SectionT = TypeVar("SectionT", bound=KindSection)


class Kinds(Mapping[str, type[SectionT]]):
    """Sections of all registered kinds by name, each imported when it is asked for.

    Parameters
    ----------
    base
        The class that has the group of the kinds.
    """

    def __init__(self, base: type[SectionT]) -> None:
        self._base = base
        self._group = base.group

    def __getitem__(self, kind: str) -> type[SectionT]:
        if kind not in registered(self._group):
            raise KeyError(kind)
        return _section(self._base, kind)

    def __iter__(self) -> Iterator[str]:
        return iter(registered(self._group))

    def __len__(self) -> int:
        return len(registered(self._group))


def _section(base: type[SectionT], kind: str) -> type[SectionT]:
    section: Any = getattr(load_registered(base.group, kind), "spec", None)
    if not (isinstance(section, type) and issubclass(section, base)):
        told = "no spec" if section is None else f"{section!r} as spec"
        raise faulty(base.group, kind, f"it has {told}; expected a class that derives from {base.__name__}")
    annotation = section.model_fields["kind"].annotation
    if get_origin(annotation) is not Literal:
        told = f"the kind of its section may be any text; expected the line 'kind: Literal[{kind!r}]' in it"
        raise faulty(base.group, kind, told)
    if kind not in get_args(annotation):
        names = " or ".join(map(repr, get_args(annotation)))
        raise faulty(
            base.group, kind, f"the kind of its section is {names}; expected {kind!r}, its entry point's"
        )
    return section


def read_section(base: type[SectionT], content: Any) -> SectionT:
    """A section of any kind; the code of other kinds than the one that is asked for is not imported.

    For use by a validator of pydantic.
    """
    if isinstance(content, base):
        return content
    if not isinstance(content, Mapping):
        raise PydanticKnownError("model_attributes_type")
    if "kind" not in content:
        raise PydanticKnownError("union_tag_not_found", {"discriminator": "'kind'"})
    kind, known = content["kind"], Kinds(base)
    if not isinstance(kind, str) or kind not in known:
        names = ", ".join(repr(name) for name in known)
        context = {"discriminator": "'kind'", "tag": str(kind), "expected_tags": names}
        raise PydanticKnownError("union_tag_invalid", context)
    return known[kind].model_validate(content)
