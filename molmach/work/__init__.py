"""Work that is done elsewhere and checked here: units, their results, replays, referees, passports.

A unit is one file that has everything in it which its numbers depend on. Whoever runs it gets the same bits,
so that any part of a result can be told from a made-up one by doing it again.
"""

from molmach.work.passport import Passport, make_passport
from molmach.work.referee import Judgement, judge
from molmach.work.replay import Verification, chance_to_catch, replay, run_unit, verify
from molmach.work.result import Result
from molmach.work.unit import Unit, make_unit

__all__ = [
    "Judgement",
    "Passport",
    "Result",
    "Unit",
    "Verification",
    "chance_to_catch",
    "judge",
    "make_passport",
    "make_unit",
    "replay",
    "run_unit",
    "verify",
]
