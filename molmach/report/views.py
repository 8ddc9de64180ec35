"""What the templates lay out: plain values, in words and numbers as a reader sees them."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from markupsafe import Markup

from molmach.report.tables import numbers
from molmach.report.words import chance
from molmach.scoring import Score

_QUALITY = {"forward": "good", "backward": "good", "follows": "good", "failed": "bad"}


@dataclass(frozen=True)
class Picture:
    """A drawing and what stands below it."""

    drawing: Markup
    caption: str = ""


@dataclass(frozen=True)
class Raster:
    """A bitmap, with what a reader is told who does not see it, and what stands below it."""

    png: bytes
    alt: str
    caption: str = ""

    @property
    def address(self) -> str:
        """The picture itself as an address."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


@dataclass(frozen=True)
class Claim:
    """A score's verdict as a page shows it first.

    Attributes
    ----------
    verdict, quality
        The word, and whether it is ``good``, ``bad`` or ``open``.
    measure, value, unit, interval
        What the verdict is about, in words (``velocity``), and its number.
    """

    verdict: str
    quality: str
    controlled: bool
    measure: str
    value: str
    unit: str
    interval: str
    replicas: int
    p_value: str
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, result: Score) -> Claim:
        """What a score claims, in a page's words."""
        value, interval = numbers(result.measured)
        return cls(
            result.verdict,
            _QUALITY.get(result.verdict, "open"),
            result.controlled,
            result.measure.replace("_", " "),
            value,
            result.measured.unit,
            interval,
            result.replicas,
            chance(result.p_value),
            tuple(result.warnings),
        )
