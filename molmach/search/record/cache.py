"""Evaluations that campaigns share, each by its key and by the code that did it: no other's is believed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from molmach.errors import Argument, CampaignError
from molmach.search.record.result import Result


class Store:
    """Evaluations of all campaigns beside each other, by their keys: none is done twice.

    Parameters
    ----------
    path
        The SQLite file; several campaigns may use it at once.

    Raises
    ------
    CampaignError
        The file is something else.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._base = sqlite3.connect(path, timeout=30.0)
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = NORMAL")  # what a power cut takes is only done again
            self._base.execute(
                "CREATE TABLE IF NOT EXISTS done (key TEXT NOT NULL, code TEXT NOT NULL, "
                "reason TEXT NOT NULL, samples TEXT NOT NULL, seconds REAL NOT NULL, steps INTEGER NOT NULL, "
                "PRIMARY KEY (key, code)) WITHOUT ROWID"
            )
            self._base.execute(
                "CREATE TABLE IF NOT EXISTS lessons (key TEXT, number INTEGER, evaluation TEXT NOT NULL, "
                "content BLOB NOT NULL, PRIMARY KEY (key, number)) WITHOUT ROWID"
            )
            self._base.commit()
            self.get("", "")
        except sqlite3.DatabaseError as error:
            raise CampaignError(
                Argument("store"), f" {path}: can't be used for evaluations ({error})"
            ) from error

    def get(self, key: str, code: str) -> Result | None:
        """What came of an evaluation, if any campaign has done it by the same code.

        Parameters
        ----------
        key
            The task's.
        code
            Digest of the code that would do it (:class:`molmach.identity.Identity`).
        """
        row = self._base.execute(
            "SELECT reason, samples, steps FROM done WHERE key = ? AND code = ?", (key, code)
        ).fetchone()
        return None if row is None else Result(key, dict(json.loads(row[1])), row[0], 0.0, row[2], code=code)

    def put(self, results: Iterable[Result]) -> None:
        """Keep what came of evaluations; those that do not say by which code they were done are left out."""
        rows = [
            (r.key, r.code, r.reason, json.dumps(r.samples), r.seconds, r.steps) for r in results if r.code
        ]
        if rows:
            with self._base:
                self._base.executemany("INSERT OR IGNORE INTO done VALUES (?, ?, ?, ?, ?, ?)", rows)

    def forget(self, keys: Iterable[str]) -> None:
        """Take evaluations out, whatever code did them."""
        with self._base:
            self._base.executemany("DELETE FROM done WHERE key = ?", [(key,) for key in keys])

    def teach(self, evaluation: str, result: Result) -> None:
        """Keep what evaluations of other machines may start from."""
        rows = [(result.key, number, evaluation, lesson) for number, lesson in enumerate(result.lessons)]
        if rows:
            with self._base:
                self._base.executemany("INSERT OR IGNORE INTO lessons VALUES (?, ?, ?, ?)", rows)

    def lessons(self, evaluation: str) -> list[bytes]:
        """What earlier results of an evaluation left for others, of all campaigns, by their keys."""
        rows = self._base.execute(
            "SELECT content FROM lessons WHERE evaluation = ? ORDER BY key, number", (evaluation,)
        )
        return [bytes(content) for (content,) in rows]

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()
