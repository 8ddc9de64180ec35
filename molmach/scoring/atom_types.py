"""Elements of a MOL2 file's atoms, by the types of SYBYL, GAFF and CGenFF.

MDTraj takes most types for symbols: GAFF's ``ca``, an aromatic carbon, for calcium, CGenFF's ``CLGR1`` for
carbon.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SYBYL = re.compile(
    r"(?:(C)\.(?:3|2|1|ar|cat)|(N)\.(?:3|2|1|ar|am|pl3|4)|(O)\.(?:3|2|co2|spc|t3p)|(S)\.(?:3|2|[oO]2?)|(P)\.3"
    r"|(H)(?:\.spc|\.t3p)?|(Cr|Co)\.(?:th|oh)|(F|Cl|Br|I|Li|Na|Mg|Al|Si|K|Ca|Mn|Fe|Cu|Zn|Se|Mo|Sn))"
)
"""Tripos, Mol2 File Format (2005), table of atom types."""

_GAFF = re.compile(r"(?:(cl|br)|([chnospfi])[0-9a-z+]?)")
"""J. Wang et al., J. Comput. Chem. 25, 1157 (2004), and GAFF2's."""

_CGENFF = re.compile(r"(?:(CL|BR|AL)|([CHNOSPFI]))G[0-9A-Z]{1,5}")
"""K. Vanommeslaeghe et al., J. Comput. Chem. 31, 671 (2010)."""

_NO_VALUES = frozenset(("NA", "NAN", "NULL", "NONE", "N/A"))
"""Names that a reader of tables takes for missing values."""

_UNKNOWN = "Du"
"""SYBYL's type of what is no atom of a known element."""


def elements_of_types(path: Path) -> dict[int, str] | None:
    """Atom number -> symbol, where all of a MOL2 file's types are of one set that tells elements; else None.

    The force fields of AMBER for proteins (``CA``, ``NB``) and OPLS (``opls_145``) have types that do not.
    """
    types = [fields[5] for fields in _atoms(path)]
    for kind in (_SYBYL, _GAFF, _CGENFF):
        matches = [kind.fullmatch(text) for text in types]
        if types and all(matches):
            symbols = [next(part for part in match.groups() if part) for match in matches if match]
            return {number: symbol.capitalize() for number, symbol in enumerate(symbols)}
    return None


@contextmanager
def mdtraj_reads(path: Path) -> Iterator[Path]:
    """A copy of a MOL2 file that MDTraj can read: symbols for types, no name taken for none."""
    text = path.read_text(encoding="utf-8", errors="replace")
    symbols = elements_of_types(path) or {}
    lines, inside, number = list[str](), False, 0
    for line in text.splitlines(keepends=True):
        if line.startswith("@<TRIPOS>"):
            inside = line.startswith("@<TRIPOS>ATOM")
        elif inside and len(fields := line.split()) >= 6:
            fields[1] = f"{fields[1]}_" if fields[1].upper() in _NO_VALUES else fields[1]
            line = " ".join([*fields[:5], symbols.get(number, _UNKNOWN), *fields[6:]]) + "\n"
            number += 1
        lines.append(line)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_text("".join(lines), encoding="utf-8")
        yield copy


def _atoms(path: Path) -> Iterator[list[str]]:
    """Fields of the lines about atoms."""
    inside = False
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("@<TRIPOS>"):
            inside = line.startswith("@<TRIPOS>ATOM")
        elif inside and len(fields := line.split()) >= 6:
            yield fields
