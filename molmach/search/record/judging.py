"""What a confirmation says of its machine, as its evaluation judged it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from molmach.data.campaign import Judgement
from molmach.search.record.trial import Finding

_PASSED = "Run again, it gave its numbers a second time."
_FAILED = "its confirmation failed"
CLAIMED = ("forward", "backward", "follows")
"""Verdicts that say what the machine does; others leave it open."""


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
        return _failed(said.rstrip(".") or _why(controls) or str(controls.get("reason", "")).rstrip("."))
    if verdict is None:
        return _placed(finding, Judgement(True, "confirmed", False, said or _PASSED))
    if verdict not in CLAIMED:
        return Judgement(True, f"inconclusive: {verdict}", True, said or _inconclusive(controls))
    return _placed(finding, Judgement(True, f"confirmed: {verdict}", False, said or _controlled(controls)))


def _placed(finding: Finding, judgement: Judgement) -> Judgement:
    """A confirmed machine's judgement, and whether its values are where they were wanted.

    A machine is confirmed in its window where the value of its second run lies there; where only the interval
    reaches the window that is left open, as where neither does. At a target the interval has to hold it.
    """
    seen = [m.seen for m in finding.measured if m.seen is not None]
    if not seen:
        return judgement
    if all(one.inside for one in seen):
        chances = [f"{one.probability:.0%}".replace("%", " %") for one in seen if one.probability is not None]
        label = "in the window" if chances else "at the target"
        told = f", where by its own error the true one lies with {' and '.join(chances)}" if chances else ""
        sentence = f"{judgement.sentence} Its value there is {label}{told}."
        return replace(judgement, label=f"{judgement.label}, {label}", sentence=sentence)
    reaches = all(one.reaches for one in seen)
    label = "interval reaches the window" if reaches else "outside the window"
    why = (
        "Its value there is outside the window, though its interval reaches in."
        if reaches
        else "Its value there is outside the window, and so is its interval."
    )
    return replace(judgement, label=label, open=True, sentence=f"{judgement.sentence} {why}")


def _inconclusive(controls: Mapping[str, Any]) -> str:
    """What a second run without a claim says of itself."""
    known = (str(controls.get(name, "")) for name in ("reason", "advice"))
    why = " ".join(text for text in known if text) or "No net direction can be told from chance."
    return f"Run again with fresh seeds, it is no claim. {why}"


def _controlled(controls: Mapping[str, Any]) -> str:
    """What the controls of a second run were seen to do, as they were judged."""
    judged = {name: part for name, part in controls.items() if isinstance(part, Mapping)}
    stated = [str(part["statement"]) for part in judged.values() if part.get("statement")]
    return f"Run again with fresh seeds: it {'; '.join(stated)}." if stated else _PASSED


def _failed(why: str) -> Judgement:
    return Judgement(False, "failed", False, why or _FAILED)


def _why(controls: Mapping[str, Any]) -> str:
    """The statements of the controls that were not passed."""
    judged = (control for control in controls.values() if isinstance(control, Mapping))
    return "; ".join(
        str(control.get("statement", "")) for control in judged if not control.get("passed", True)
    )
