"""A space of machines: what of a machine file may vary, and within which bounds."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, field_validator, model_validator
from rdkit import Chem, rdBase

from molmach.errors import shortened
from molmach.spec.fields import Number, Section, spelled


def _unquoted(site: Any) -> Any:
    """A site's number that was a text, as keys are in JSON and so in the file that a campaign writes."""
    return int(site) if isinstance(site, str) and site.isascii() and site.isdecimal() else site


SiteNumber = Annotated[int, BeforeValidator(_unquoted), Field(strict=True, ge=10, le=999)]
Label = Annotated[
    str,
    spelled(
        r"[A-Za-z0-9][A-Za-z0-9 .,'()+_-]{0,59}",
        "1 to 60 letters, digits, spaces or any of . , ' ( ) + _ -, beginning with a letter or digit",
    ),
]
DottedPath = Annotated[
    str,
    spelled(
        r"(machine|drive|protocol)(\.[A-Za-z0-9_-]+)+",
        "a place in the machine file, such as 'drive.field'",
    ),
]
EDITS = ("replace", "extend", "cyclise", "swap_heteroatom")


def _bound(value: Any) -> str | float:
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        with suppress(OverflowError):
            return value if isinstance(value, str) else float(value)
    raise ValueError(f"got {shortened(value)}; expected a number or a quantity, such as '0.5 V/nm'")


Bound = Annotated[str | float, PlainValidator(_bound)]
"""One end of a range: a quantity with its unit, or a plain number."""


class Parameter(Section):
    """A number of the machine file that may vary.

    Attributes
    ----------
    low, high
        Bounds, both included; quantities with the same unit (``0.5 V/nm``) or plain numbers.
    scale
        ``linear``; ``log``, for numbers above zero that vary over decades; ``integer``.
    """

    low: Bound
    high: Bound
    scale: Literal["linear", "log", "integer"] = "linear"


class Constraints(Section):
    """What every machine of the space must keep to; what breaks one is recorded and not simulated.

    Attributes
    ----------
    synthetic_accessibility
        Largest score of Ertl & Schuffenhauer, J. Cheminf. 1, 8 (2009): 1 easy to 10 hard.
    molecular_weight
        Largest, u, of all molecules together.
    heavy_atoms
        Largest number in all molecules together.
    forbidden
        SMARTS patterns that no molecule may match.
    """

    synthetic_accessibility: Annotated[Number, Field(ge=1.0, le=10.0)] | None = None
    molecular_weight: Annotated[Number, Field(gt=0.0, le=1e6)] | None = None
    heavy_atoms: Annotated[int, Field(strict=True, gt=0, le=100_000)] | None = None
    forbidden: tuple[str, ...] = ()

    @field_validator("forbidden")
    @classmethod
    def _readable(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            with rdBase.BlockLogs():
                molecule = Chem.MolFromSmarts(pattern) if pattern.split() == [pattern] else None
            if molecule is None or molecule.GetNumAtoms() == 0:
                raise ValueError(f"got {shortened(pattern)}, which is not a SMARTS pattern; expected one")
        return patterns


class DesignSpace(Section):
    """What may vary between the machines of a campaign.

    Attributes
    ----------
    fragments
        Fragments of one's own: name -> SMILES with one ``[*]`` where it is attached. They join the
        library's (``molmach campaign space`` lists it).
    sites
        Number of a site ``[*:10]`` in the machine's SMILES -> names of fragments or of groups of
        the library (``halogens``). A number that stands twice takes the same fragment at both places.
    choices
        Name of a choice -> label of each option -> what the option sets: path in the machine file
        -> value. So an axle, a stator, a station or a ring is chosen, with the map numbers that go
        with it.
    parameters
        Path in the machine file (``drive.field``) -> bounds.
    constraints
        What every machine must keep to.
    edits
        Changes of the molecule that may leave the enumerated space: ``replace``, ``extend``,
        ``cyclise``, ``swap_heteroatom``, or reaction SMARTS of one reactant and one product.
    """

    fragments: dict[Label, str] = Field(default_factory=dict)
    sites: dict[SiteNumber, Annotated[tuple[Label, ...], Field(min_length=1)]] = Field(default_factory=dict)
    choices: dict[Label, Annotated[dict[Label, dict[DottedPath, Any]], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    parameters: dict[DottedPath, Parameter] = Field(default_factory=dict)
    constraints: Constraints = Field(default_factory=Constraints)
    edits: tuple[str, ...] = ()

    @field_validator("sites", mode="before")
    @classmethod
    def _one_or_several(cls, sites: Any) -> Any:
        if not isinstance(sites, dict):
            return sites
        return {  # JSON, in which campaigns are kept, has texts for keys
            int(site) if isinstance(site, str) and site.isdecimal() else site: (
                (names,) if isinstance(names, str) else names
            )
            for site, names in sites.items()
        }

    @model_validator(mode="after")
    def _something_varies(self) -> DesignSpace:
        if not (self.sites or self.choices or self.parameters or self.edits):
            raise ValueError("nothing varies; expected sites, choices, parameters or edits")
        return self
