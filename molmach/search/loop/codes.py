"""By which code the evaluations of a campaign are to be done, and by which one was."""

from __future__ import annotations

from molmach.errors import MolmachError
from molmach.search.loop.evaluations import Task, code_of_task
from molmach.search.record.ledger import Ledger
from molmach.search.record.result import Result


class Codes:
    """Knows the code that is installed here, and notes in the ledger what its digests stand for.

    Parameters
    ----------
    ledger
        Of the campaign.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._noted = set(ledger.identities())

    def wanted(self, task: Task) -> str:
        """Digest of the code by which a task would be done here; '' where its evaluation has no name."""
        try:
            code = code_of_task(task)
        except MolmachError:
            return ""
        if code.digest not in self._noted:
            self._noted.add(code.digest)
            self._ledger.note_code(code)
        return code.digest

    def stranger(self, task: Task, result: Result) -> str:
        """That a result was computed by other code than is installed here, in words; '' where it was not."""
        wanted = self.wanted(task)
        if result.code in ("", wanted) or not wanted:
            return ""
        return f"computed by other code ({result.code[:12]}, not {wanted[:12]})"
