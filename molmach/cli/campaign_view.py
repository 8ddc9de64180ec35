"""What a campaign found, as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from rich.console import Console
from rich.markup import escape

from molmach.cli.output import console
from molmach.report.campaign.theory import sentence
from molmach.report.words import core_seconds, duration, place_in_words, same_molecules, to_its_precision
from molmach.search.record.judging import CLAIMED

_MOST = 40
_GAP = "  "
_TOGETHER = "\u00a0"
"""A blank at which no line is broken."""


def print_document(document: Mapping[str, Any], out: Console | None = None) -> None:
    """Print the document of a campaign for people, on standard output unless told otherwise."""
    out = out or console()
    reason = f" ({escape(document['reason'])})" if document["reason"] else ""
    out.print(f"[bold]{escape(document['name'])}[/]: {document['state']}{reason}")
    out.print(_spent(document))
    out.print()
    if document["best"]:
        _print_machines(out, document)
    else:
        out.print("no machine has a value yet")
        for row in document["failures"]:
            times = "once" if row["times"] == 1 else f"{row['times']:,} times"
            out.print(f"failed {times}: {row['reason']}", markup=False, soft_wrap=True)
    if document["agents"]:
        out.print()
        _print_agents(out, document["agents"])
    for agent, failure in document["agent_failures"].items():
        out.print(_failure(agent, failure), style="red", markup=False, soft_wrap=True)
    for entry in document.get("theory") or ():
        if entry["machines"]:
            _print_theory(out, entry, len(document["objectives"]) > 1)
    if document["achiral_control"] is not None:
        out.print(_achiral(document["achiral_control"]))
    out.print()
    out.print(f"folder    {escape(document['dir'])}", soft_wrap=True)
    if "report" in document:
        out.print(f"report    {escape(document['report'])}", soft_wrap=True)


def _print_theory(out: Console, entry: Mapping[str, Any], several: bool) -> None:
    """How far theory was right, and the machines of which it is most wrong."""
    of = f" of {entry['expression']}" if several else ""
    out.print(f"theory    {sentence(entry)[:1].lower()}{sentence(entry)[1:].rstrip('.')}{of}", soft_wrap=True)
    for one in entry["surprises"]:
        said, sd = one["theory"]["value"], one["theory"]["sd"]
        shown, _ = to_its_precision(said, said - sd, said + sd)
        value, _ = to_its_precision(one["value"], one["value"] - one["error"], one["value"] + one["error"])
        z = "" if one["z"] is None else f", z {one['z']:+.1f}"
        numbers = f"measured {value}, theory {shown} ± {sd:.2g}{z}"
        line = f"          {one['machine'][:12]}  {numbers}  {one['smiles']}"
        out.print(line, markup=False, soft_wrap=True)


def _achiral(control: Mapping[str, Any]) -> str:
    """What the machines did that can turn neither way under a drive without handedness."""
    count = control["machines"]
    noun = "1 achiral machine" if count == 1 else f"{count:,} achiral machines"
    motion = "as chance allows" if control["passed"] else "[red]more than chance allows[/]"
    p = f"p = {control['p_value']:.2g}"
    return f"control   {noun} under a drive without handedness: net motion {motion} ({p})"


def _failure(agent: str, failure: Mapping[str, Any]) -> str:
    """What went wrong with an agent."""
    times = failure["times"]
    often = f"failed {'once' if times == 1 else f'{times:,} times'}"
    out = " and was left out" if failure["left_out"] is not None else ""
    return f"agent {agent} {often}{out}: {failure['last']}"


def _spent(document: Mapping[str, Any]) -> str:
    details = [f"{document['failed']:,} failed"] if document["failed"] else []
    details += [f"{document['reused']:,} already known"] if document["reused"] else []
    details += [f"{document['lost']:,} in hand or to be done again"] if document["lost"] else []
    bracket = f" ({', '.join(details)})" if details else ""
    return (
        f"{document['evaluations']:,} evaluations{bracket}, {document['confirmations']:,} run again; "
        f"{core_seconds(document['core_seconds'])} in {duration(document['wall_seconds'])}"
    )


def _print_machines(out: Console, document: Mapping[str, Any]) -> None:
    """Best machines: a line of numbers for each objective, then design and SMILES, which may be long."""
    names = [next(iter(objective.values())) for objective in document["objectives"]]
    several = len(names) > 1
    head = ["machine", "objective" if several else names[0], "search", "run again", "controls", "agent"]
    blocks = [_lines(machine, several) for machine in document["best"][:_MOST]]
    if not several:  # its name heads the column of numbers
        head[1:3] = [names[0]]
    rows = [head, *(line for block in blocks for line in block)]
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    out.print(f"[bold]{escape(_padded(head, widths))}[/]", soft_wrap=True)
    for machine, block in zip(document["best"], blocks, strict=False):
        for line in block:
            style = "red" if line[-2].startswith("failed") else ""
            out.print(_padded(line, widths), style=style, markup=False, soft_wrap=True)
        for part in wrap(_design(machine), out.width - 2, break_long_words=False):
            out.print(f"{_GAP}{part.replace(_TOGETHER, ' ')}", style="dim", markup=False, soft_wrap=True)
        out.print(f"{_GAP}{machine['smiles']}", style="dim", markup=False, soft_wrap=True)
        if alike := same_molecules(machine):
            out.print(f"{_GAP}{alike}", style="dim", markup=False, soft_wrap=True)
    if len(document["best"]) > _MOST:
        out.print(f"and {len(document['best']) - _MOST:,} more with --json")


def _design(machine: Mapping[str, Any]) -> str:
    return ",  ".join(f"{name} {value}".replace(" ", _TOGETHER) for name, value in machine["design"].items())


def _lines(machine: Mapping[str, Any], several: bool) -> list[list[str]]:
    again = machine["confirmed"]
    second = again["objectives"] if again else []
    verdict = "" if again is None else "failed" if not again["verified"] else _verdict(again)
    lines = []
    for k, estimate in enumerate(machine["objectives"]):
        first = k == 0
        numbers = [_interval(estimate), _interval(second[k]) if second else ""]
        lines.append(
            [
                machine["machine"][:12] if first else "",
                *([estimate["expression"]] if several else []),
                *numbers,
                verdict if first else "",
                machine["agent"] if first else "",
            ]
        )
    return lines


def _verdict(again: Mapping[str, Any]) -> str:
    verdict = str(again["controls"].get("verdict", ""))
    if verdict not in ("", *CLAIMED):
        return f"inconclusive: {verdict}"
    return str(again["label"]) if any("inside" in one for one in again["objectives"]) else "passed"


def _padded(cells: Sequence[str], widths: Sequence[int]) -> str:
    return _GAP.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _interval(estimate: Mapping[str, Any]) -> str:
    value, interval = to_its_precision(estimate["value"], *estimate["ci95"])
    place = place_in_words(estimate, short=True)
    text = f"{value} ({interval})" if interval else value
    return f"{text}, {place}" if place else text


def _print_agents(out: Console, team: Mapping[str, Mapping[str, Any]]) -> None:
    head = ["agent", "proposed", "measured", "repeats", "infeasible", "core s"]
    rows = [head]
    for name, row in team.items():
        counts = [f"{row[key]:,}" for key in ("proposals", "evaluated", "repeats", "infeasible")]
        label = f"{name} (given up)" if row["given_up"] is not None else name
        rows.append([label, *counts, f"{row.get('core_seconds', 0.0):,.0f}"])
    _print_columns(out, rows)
    scored = [
        (name, one, len(row["calibration"]) > 1)
        for name, row in team.items()
        for one in row.get("calibration", ())
        if one["predictions"]
    ]
    if scored:
        rows = [["predictions", "measured", "95 % right", "rms z", "best tenth right", "rms z"]]
        rows += [
            [f"{name}, {one['expression']}" if several else name, *_scores(one)]
            for name, one, several in scored
        ]
        out.print()
        _print_columns(out, rows)
        if any(one["best_tenth"] for _, one, _ in scored):
            out.print("In brackets: of an honest agent.", style="dim", soft_wrap=True)


def _print_columns(out: Console, rows: Sequence[Sequence[str]]) -> None:
    """Lines of a table, the first its head; numbers to the right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for number, (label, *cells) in enumerate(rows):
        figures = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        line = _padded([label, *figures], widths)
        out.print(line, style="" if number else "bold", markup=False, soft_wrap=True)


def _scores(scored: Mapping[str, Any]) -> list[str]:
    """Cells of an objective's predictions: of all, and of the tenth that came out best."""
    low, high = (100 * bound for bound in scored["coverage_ci95"])
    cells = [
        f"{scored['predictions']:,}",
        f"{100 * scored['coverage']:.0f} % ({low:.0f} to {high:.0f})",
        f"{scored['rms_z']:.2f}",
    ]
    best = scored["best_tenth"]
    if best is None:
        return [*cells, "", ""]
    honest = best["honest"]
    return [
        *cells,
        f"{100 * best['coverage']:.0f} % ({100 * honest['coverage']:.0f})",
        f"{best['rms_z']:.2f} ({honest['rms_z']:.2f})",
    ]
