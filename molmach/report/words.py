"""What a score says, in words: the same sentences on the page and in the terminal."""

from __future__ import annotations

from molmach.score import Score

_REGIMES = {
    "synchronous": "The rotor follows the field (synchronous: it lags by less than 1/e of a turn per turn).",
    "asynchronous": "The rotor slips against the field "
    "(asynchronous: it loses between 1/e and all of a turn per turn).",
    "random driven": "The rotor does not follow: the field outweighs kT but not the drag (random driven).",
    "random thermal": "The rotor does not follow: the field holds it by less than kT (random thermal).",
}


def verdict_sentence(result: Score) -> str:
    """The verdict and what it rests on."""
    match result.verdict:
        case "failed":
            reasons = [c.statement for c in result.controls.values() if not c.passed]
            if not reasons:
                return "The machine came apart, so its motion is not scored."
            return f"The claim fails: the machine's control {' and '.join(reasons)}."
        case "unresolved":
            return (
                "No net direction can be told from chance; "
                "more replicas or a longer run would narrow the interval."
            )
        case direction:
            basis = "both controls agree" if result.controlled else "without controls this is no claim yet"
            verb = "turns" if result.velocity.unit.startswith("turn") else "moves"
            return f"The machine {verb} {direction}; {basis}."


def regime_sentence(result: Score) -> str:
    """How the rotor follows a rotating field; empty for other drives."""
    return _REGIMES[result.regime] if result.regime is not None else ""
