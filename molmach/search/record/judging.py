"""What a confirmation says of its machine, as its evaluation judged it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from molmach.data.campaign import Judgement
from molmach.search.record.trial import Finding

_PASSED = "Run again, it gave its numbers a second time."
_FAILED = "its confirmation failed"
_CONTROLLED = (
    "Run again with fresh seeds; with the drive off it does not move on, and its mirror image goes the "
    "other way, equally fast."
)
_UNRESOLVED = "Both controls agree in the second run, but no net direction can be told from chance."


def judgement_of(finding: Finding) -> Judgement:
    """What a confirmation says of its machine.

    Its evaluation says so in ``controls``: by ``verified`` and ``sentence``, or, where it ran the controls of
    a driven machine, by the ``verdict`` of the score. One that says nothing has passed with its numbers.
    """
    controls = finding.controls
    verdict = controls.get("verdict")
    if not finding.ok:
        return _failed(_why(controls) or finding.reason)
    said = str(controls.get("sentence", ""))
    if not controls.get("verified", verdict != "failed"):
        return _failed(said.rstrip(".") or _why(controls))
    if verdict is None:
        return Judgement(True, "confirmed", False, said or _PASSED)
    if verdict == "unresolved":
        return Judgement(True, "confirmed, direction unresolved", True, said or _UNRESOLVED)
    return Judgement(True, f"confirmed: {verdict}", False, said or _CONTROLLED)


def _failed(why: str) -> Judgement:
    return Judgement(False, "failed", False, why or _FAILED)


def _why(controls: Mapping[str, Any]) -> str:
    """The statements of the controls that were not passed."""
    judged = (control for control in controls.values() if isinstance(control, Mapping))
    return "; ".join(
        str(control.get("statement", "")) for control in judged if not control.get("passed", True)
    )
