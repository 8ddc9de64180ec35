"""How well a station holds a rotaxane's ring, a rung being a level and a number of searches."""

from __future__ import annotations

import time

from molmach.data.quantity import Quantity
from molmach.errors import MolmachError, SpecError
from molmach.search.loop.evaluations.base import Evaluation, Task
from molmach.search.record.result import Result
from molmach.search.record.trial import CONFIRMATION
from molmach.search.space.space import Candidate
from molmach.studies.binding import LEVELS, binding
from molmach.studies.profile.run import Plan

_SEARCHES = 16


class Binding(Evaluation):
    """The energy of a ring at a station above that of axle and ring apart (:mod:`molmach.studies.binding`).

    Its rungs are ``{level: LEVEL, searches: N}``; its option is ``station``, by default that at which the
    ring is built. A confirmation searches from other seeds on the last rung.
    """

    summary = "how well a station holds a rotaxane's ring"
    quantities = (
        Quantity(
            "binding",
            "energy of the ring at its station above axle and ring apart; below zero it is held",
            "kJ/mol",
        ),
    )

    def check_rungs(self) -> None:
        """Levels that there are, each with two searches or more, and a station's name."""
        super().check_rungs()
        options = self.campaign.evaluation.options
        if unknown := sorted(set(options) - {"station"}):
            raise SpecError(f"evaluation.options.{unknown[0]}: accepted: station")
        if not isinstance(options.get("station", ""), str):
            raise SpecError(f"evaluation.options.station: got {options['station']!r}; expected a name")
        for number in range(len(self.campaign.evaluation.rungs)):
            self._effort(number)

    def _effort(self, rung: int) -> tuple[str, int]:
        """Level and searches."""
        rungs = self.campaign.evaluation.rungs or ({},)
        number = len(rungs) - 1 if rung == CONFIRMATION else rung
        chosen, where = rungs[number], f"evaluation.rungs[{number}]"
        if unknown := sorted(set(chosen) - {"level", "searches"}):
            raise SpecError(f"{where}.{unknown[0]}: accepted: level, searches")
        level, searches = chosen.get("level", LEVELS[0]), chosen.get("searches", _SEARCHES)
        if level not in LEVELS:
            raise SpecError(f"{where}.level: got {level!r}; accepted: {', '.join(LEVELS)}")
        if isinstance(searches, bool) or not isinstance(searches, int) or searches < 2:
            raise SpecError(f"{where}.searches: got {searches!r}; expected a whole number, two or more")
        return level, searches

    def effort(self, rung: int) -> str:
        """Level and searches."""
        level, searches = self._effort(rung)
        return f"{level}, {searches} searches" + (", afresh" if rung == CONFIRMATION else "")

    def refusal(self, candidate: Candidate) -> str:
        """That the machine has no ring on an axle, or not the station."""
        try:
            Plan(candidate.spec).machine()
        except SpecError as error:
            return f"evaluation: binding: {error}"
        stations = candidate.spec.machine.model_dump()["stations"]
        station = self.campaign.evaluation.options.get("station")
        if station is not None and station not in stations:
            return f"evaluation.options.station: got {station!r}; expected one of {', '.join(stations)}"
        return ""

    def task(self, candidate: Candidate, rung: int) -> Task:
        """The searches of a rung; a confirmation's start from other seeds."""
        level, searches = self._effort(rung)
        spec = candidate.spec
        spec = self.seeded(spec, rung)
        station = self.campaign.evaluation.options.get("station")
        options = {"level": level, "searches": searches, "station": station}
        return Task(self.key(spec, options), candidate.key, rung, spec, self.use, spec.protocol.seed, options)

    @staticmethod
    def run(task: Task) -> Result:
        """Search; what goes wrong with a machine is its result and raises nothing."""
        started, options = time.process_time(), task.options
        try:
            held = binding(task.spec, options["level"], options["searches"], options["station"])
        except MolmachError as error:
            seconds = time.process_time() - started
            return Result(task.key, reason=str(error) or type(error).__name__, seconds=seconds)
        samples = {"binding": [held.energy], "binding.error": [held.error]}
        return Result(task.key, samples, seconds=time.process_time() - started)
