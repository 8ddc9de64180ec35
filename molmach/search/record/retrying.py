"""Evaluations that are to be done again: those that failed, or that other code has done."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from molmach.errors import Argument, CampaignError, SpecError, shortened
from molmach.identity import identity
from molmach.search.record.cache import Store
from molmach.search.record.folder import writing
from molmach.search.record.ledger import NAME, Ledger

REASON = Argument("reasons")
OTHER_CODE = "done by other code than is installed here"
_LISTED = 10


def retry(
    folder: Path,
    reasons: Sequence[str] = (),
    *,
    everything: bool = False,
    other_code: bool = False,
    store: Path | None = None,
) -> dict[str, int]:
    """Take evaluations out of a campaign's ledger, and of those that campaigns share, to be done again.

    They are done when the campaign is gone on with. What agents have learned from them they are told anew.

    Parameters
    ----------
    folder
        The campaign's.
    reasons
        Parts of the reasons for which they failed, in whatever case.
    everything
        Whether all that failed is done again.
    other_code
        Whether what other code has done is done again, failed or not.
    store
        SQLite file of evaluations that campaigns share; by default ``evaluations.sqlite`` beside the folder.

    Returns
    -------
    counts
        Why -> how many.

    Raises
    ------
    CampaignError
        There is no campaign, or another process runs it.
    SpecError
        Nothing is asked for, or nothing has failed for such a reason; the message lists the reasons.
    """
    if not (folder / NAME).is_file():
        raise CampaignError(f"{folder}: holds no campaign; expected the folder of 'molmach campaign run'")
    with writing(folder), closing(Ledger(folder / NAME, write=True)) as ledger:
        chosen = _chosen(ledger, reasons, everything)
        if other_code:
            chosen |= {OTHER_CODE: _strange(ledger)}
        if not any(chosen.values()):
            raise _nothing(ledger, reasons, everything or other_code)
        keys = [key for keys in chosen.values() for key in keys]
        shared = store if store is not None else folder.resolve().parent / "evaluations.sqlite"
        if shared.is_file():
            with closing(Store(shared)) as evaluations:
                evaluations.forget(keys)
        counts = {why: len(keys) for why, keys in chosen.items() if keys}
        ledger.forget(keys)
        for why, count in counts.items():
            ledger.event("retried", text=f"{count} evaluations: {why}")
        ledger.commit()
    return counts


def _chosen(ledger: Ledger, reasons: Sequence[str], everything: bool) -> dict[str, list[str]]:
    """Reason -> keys of the failed evaluations that are to be done again."""
    wanted = [reason.lower() for reason in reasons]
    return {
        why: keys
        for why, keys in ledger.failed().items()
        if everything or any(part in why.lower() for part in wanted)
    }


def _strange(ledger: Ledger) -> list[str]:
    """Keys of evaluations that molmach and the libraries that are installed here have not done."""
    known = {}
    for digest, code in ledger.identities().items():
        extras = set(code.packages)
        known[digest] = replace(code, plugins={}).digest == identity(extras=extras).digest
    codes = ledger.codes()
    return [finding.key for finding in ledger.findings() if not known.get(codes.get(finding.key, ""), False)]


def _nothing(ledger: Ledger, reasons: Sequence[str], asked: bool) -> SpecError:
    failed = sorted(ledger.failed().items(), key=lambda item: -len(item[1]))
    listed = "".join(f"\n  {len(keys)} times: {shortened(why, 160)}" for why, keys in failed[:_LISTED])
    said = f"; failures:{listed}" if listed else "; no evaluation has failed"
    if reasons:
        return SpecError(REASON, f" {shortened(reasons[0])}: nothing failed for such a reason{said}")
    if asked:
        return SpecError(f"there is nothing to do again{said}")
    return SpecError("expected ", REASON, " with a part of a reason, or ", Argument("everything"), said)
