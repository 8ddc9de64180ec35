"""Mechanically interlocked machines: parts that no bond joins and that can't come apart."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from molmach.spec.fields import PartName, Section
from molmach.spec.molecule import AtomSet, Smiles, require_map_numbers

StationName = PartName
Stations = Annotated[dict[StationName, AtomSet], Field(max_length=50)]


class Rotaxane(Section):
    """One or more rings threaded on an axle, along which the first of them moves.

    Attributes
    ----------
    axle
        SMILES of the axle, stoppers included. The way along it leads between the ends of its
        longest path of heavy atoms; its first end is the one nearer to the first ring's start.
    rings
        SMILES of the macrocycles. The first ring's motion counts.
    stations
        Places along the axle: name -> atom-map numbers of the axle.
    start
        The station at which each ring is threaded; omitted: the first stations in their order.
    held
        Map numbers of axle atoms held by harmonic anchors. Omitted: the two ends of the axle's
        path, so that the axle stays stretched along z.
    """

    kind: Literal["rotaxane"]
    axle: Smiles
    rings: Annotated[tuple[Smiles, ...], Field(min_length=1, max_length=10)]
    stations: Annotated[Stations, Field(min_length=1)]
    start: tuple[StationName, ...]
    held: AtomSet | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """SMILES of the machine's molecules."""
        return (self.axle, *self.rings)

    @model_validator(mode="before")
    @classmethod
    def _start_in_order(cls, content: Any) -> Any:
        """The start is a part of the spec's key, the order of the stations is not."""
        if isinstance(content, dict) and content.get("start") is None:
            stations, rings = content.get("stations"), content.get("rings")
            if isinstance(stations, dict) and isinstance(rings, list | tuple):
                return {**content, "start": tuple(stations)[: len(rings)]}
        return content

    @model_validator(mode="after")
    def _names_exist(self) -> Rotaxane:
        for name, numbers in self.stations.items():
            require_map_numbers(f"stations.{name}", numbers, self.axle)
        if self.held is not None:
            require_map_numbers("held", self.held, self.axle)
        if len(self.start) != len(self.rings):
            raise ValueError(
                f"{len(self.rings)} rings start at {len(self.start)} stations; expected one for each ring"
            )
        _require_stations("start", self.start, self.stations)
        if len(set(self.start)) != len(self.start):
            raise ValueError(f"start names a station twice: {list(self.start)}; expected one for each ring")
        return self


class Catenane(Section):
    """Two linked rings: the second moves around the first.

    Attributes
    ----------
    rings
        SMILES of the two macrocycles. The first is the track: it is held, its mean plane across z.
    stations
        Places along the first ring: name -> atom-map numbers of the first ring.
    held
        Map numbers of atoms of the first ring held by harmonic anchors. Omitted: three atoms
        evenly spaced along the ring, which hold its place and plane and let it breathe.
    """

    kind: Literal["catenane"]
    rings: tuple[Smiles, Smiles]
    stations: Stations = Field(default_factory=dict)
    held: AtomSet | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """SMILES of the machine's molecules."""
        return self.rings

    @model_validator(mode="after")
    def _names_exist(self) -> Catenane:
        for name, numbers in self.stations.items():
            require_map_numbers(f"stations.{name}", numbers, self.rings[0])
        if self.held is not None:
            require_map_numbers("held", self.held, self.rings[0])
        return self


def _require_stations(field: str, names: tuple[str, ...], stations: dict[str, tuple[int, ...]]) -> None:
    for name in names:
        if name not in stations:
            raise ValueError(f"{field} names {name!r}; expected one of the stations {', '.join(stations)}")
