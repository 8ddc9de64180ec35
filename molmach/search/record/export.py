"""A ledger as a table for other programs."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from molmach.errors import MissingExtraError, SpecError
from molmach.files import whole_file
from molmach.search.record.ledger import Ledger
from molmach.studies.folder import OUT

COLUMNS = (
    "number", "evaluation", "machine", "smiles", "design", "agent", "rung", "seed", "ok", "reason",
    "value", "error", "low", "high", "others", "controls", "seconds", "steps", "reused", "finished",
    "seen_value", "seen_error", "seen_low", "seen_high", "inside", "reaches", "probability", "code",
)  # fmt: skip
"""``value`` and its bounds are of the first objective, greater is better; rung -1 is a confirmation.

Of a first objective with a window or a target ``value`` is the distance, and ``seen_value`` and what follows
the quantity's own value (:class:`molmach.search.record.trial.Seen`). ``code`` is the digest of the code that
did the evaluation.
"""


def export_table(ledger: Ledger, path: Path) -> int:
    """Write every evaluation to a CSV or Parquet file; returns how many.

    Raises
    ------
    SpecError
        Another kind of file, or one that can't be written.
    MissingExtraError
        Parquet without pyarrow.
    """
    rows = ledger.table()
    if path.suffix not in (".csv", ".parquet"):
        raise SpecError(OUT, f" {path}: expected a name that ends in .csv or .parquet")
    try:
        with whole_file(path) as temporary:
            if path.suffix == ".csv":
                with temporary.open("w", newline="", encoding="utf-8") as stream:
                    writer = csv.writer(stream)
                    writer.writerow(COLUMNS)
                    writer.writerows(rows)
            else:
                _write_parquet(rows, temporary)
    except OSError as error:
        raise SpecError(OUT, f" {path}: can't be written ({error.strerror})") from error
    return len(rows)


def _write_parquet(rows: list[tuple[Any, ...]], path: Path) -> None:
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            "Parquet needs the package pyarrow: pip install 'molmach[export]', or write a .csv file"
        ) from error
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
    pyarrow.parquet.write_table(
        pyarrow.table({name: list(column) for name, column in zip(COLUMNS, columns, strict=True)}), path
    )
