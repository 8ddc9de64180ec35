"""Words about machines, and whether the numbers in them are anybody's: the number gate.

A statement is read for its numbers; each must be a number of a :class:`Fact` (something measured, foretold,
predicted or given), within its interval and in its unit. What is not is struck out where everyone sees it.
"""

from molmach.words.facts import Fact, Facts, Source, facts_of_settings, leaves
from molmach.words.gate import Judged, Verdict, judge, marks_in, unmarked

__all__ = [
    "Fact",
    "Facts",
    "Judged",
    "Source",
    "Verdict",
    "facts_of_settings",
    "judge",
    "leaves",
    "marks_in",
    "unmarked",
]
