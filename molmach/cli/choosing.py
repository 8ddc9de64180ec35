"""What a person chooses of the proposals for a drawing: by options, or asked with the arrow keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from molmach.drives.suggesting import Suggestion
from molmach.errors import InterruptedRunError
from molmach.proposals import Proposals
from molmach.proposals.base import NO_DRIVE

if TYPE_CHECKING:
    from questionary import Choice


@dataclass(frozen=True)
class Chosen:
    """Numbers from 1 of an axle and an isomer, and the kind of a drive; None where nothing was said."""

    axle: int | None = None
    isomer: int | None = None
    drive: str | None = None

    def text(self, proposals: Proposals, name: str | None) -> str:
        """The machine file; what was not said is what fits best."""
        return proposals.text(self.axle or 1, self.drive, self.isomer or 1, name)

    def check(self, proposals: Proposals, name: str | None) -> None:
        """Raise SpecError where what was said is none of what is proposed, or the name can't be one."""
        if name is not None or self != Chosen():
            self.text(proposals, name)


def asked(proposals: Proposals, chosen: Chosen) -> Chosen:
    """What was not said, asked for on the terminal; a question with one answer is not asked.

    Raises
    ------
    InterruptedRunError
        The person has stopped.
    """
    if chosen.axle is None:
        rows = [
            (number, f"{number}  {one.title}: {one.problem or one.reason}", one.problem)
            for number, one in enumerate(proposals.proposals, start=1)
        ]
        chosen = replace(chosen, axle=_one_of("Which one shall move?", rows))
    proposal = proposals.choose(chosen.axle or 1)
    if chosen.isomer is None:
        isomers = [
            (number, f"{number}  {one.words}", "") for number, one in enumerate(proposal.isomers, start=1)
        ]
        chosen = replace(chosen, isomer=_one_of("Which isomer is it?", isomers))
    if chosen.drive is None:
        drives = [
            (kind, f"{kind.replace('_', ' ')}: {said.reason}", "")
            if isinstance(said, Suggestion)
            else (kind, kind.replace("_", " "), said)
            for kind, said in proposal.drives.items()
        ]
        drives.append((NO_DRIVE, "none: thermal motion alone", ""))
        chosen = replace(chosen, drive=_one_of("What shall drive it?", drives))
    return chosen


def _one_of(question: str, rows: Sequence[tuple[Any, str, str]]) -> Any:
    """The value of one of the rows (value, text, why it can't be chosen); where one can be, it is taken."""
    import questionary

    open_rows = [row for row in rows if not row[2]]
    if len(open_rows) == 1:
        return open_rows[0][0]
    choices: list[Choice] = [
        questionary.Choice(text, value=value, disabled=refusal or None) for value, text, refusal in rows
    ]
    answer = questionary.select(question, choices=choices, use_shortcuts=False).ask()
    if answer is None:
        raise InterruptedRunError("stopped; no machine file is written")
    return answer
