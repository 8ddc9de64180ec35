"""Sections of which there are several kinds, each in a file of its own and read by its ``kind``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from pydantic_core import PydanticKnownError

from molmach.spec.fields import Section
from molmach.spec.registered import load_registered, registered


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
        self._group = base.group

    def __getitem__(self, kind: str) -> type[SectionT]:
        if kind not in registered(self._group):
            raise KeyError(kind)
        section: type[SectionT] = load_registered(self._group, kind).spec
        return section

    def __iter__(self) -> Iterator[str]:
        return iter(registered(self._group))

    def __len__(self) -> int:
        return len(registered(self._group))


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
