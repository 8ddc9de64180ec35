"""Verdicts of machines under several seeds each: whether they agree.

python -m benchmarks.verdict.seeds MACHINE... [--seeds N] [--set PATH=VALUE] [--out DIR] [--finished]

MACHINE is a name of the library, a machine's file, a folder of such files, or ``library`` for all of it.
Every run with its controls is kept in DIR (default runs/seeds) as NAME-sSEED, so that a stopped command goes
on where it was; ``verdicts.jsonl`` there has a line a run, scored by the rules as they stand. With --finished
nothing is simulated.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from molmach import systems
from molmach.data.statistics import finite_or_none
from molmach.errors import MolmachError
from molmach.spec import load
from molmach.studies import simulation


def machines(asked: list[str]) -> list[str]:
    """Names and files that were asked for, folders and ``library`` spelt out."""
    spelt: list[str] = []
    for name in asked:
        if name == "library":
            spelt += systems.names()
        elif Path(name).is_dir():
            spelt += sorted(str(path) for path in Path(name).glob("*.yaml"))
        else:
            spelt.append(name)
    return spelt


def verdict_of(
    machine: str, seed: int, changes: list[str], folder: Path, finished: bool
) -> dict[str, Any] | None:
    """What a machine's run with that seed amounts to; None where it is not there and must not be made."""
    spec = load(machine, [*changes, f"protocol.seed={seed}"])
    line: dict[str, Any] = {"machine": Path(machine).stem, "seed": seed, "key": spec.key}
    try:
        plan = simulation.Plan(spec)
        place = folder / f"{line['machine']}-s{seed}"
        if finished and not plan.folder(place).is_finished():
            return None
        score = simulation.run(plan, place, workers=1).score
    except MolmachError as error:
        return line | {"verdict": "error", "reason": str(error)}
    estimates = {"claim": score.measured}
    estimates |= {name: control.measure for name, control in score.controls.items()}
    current = score.current
    return line | {
        "verdict": score.verdict,
        "reason": score.reason,
        "p_value": finite_or_none(score.p_value),
        "finding": None if current is None else str(current.finding),
        "measure": score.measure,
        "values": {name: estimate.to_json() for name, estimate in estimates.items()},
        "controls": {name: control.statement for name, control in score.controls.items()},
        "shapes": None if score.shapes is None else score.shapes.to_json(),
    }


def rows(lines: list[dict[str, Any]]) -> Iterator[str]:
    """Rows of the table: how often each word came out, and the span of what was measured."""
    yield "| machine | seeds | verdicts | measured |"
    yield "|---|---|---|---|"
    for machine in dict.fromkeys(line["machine"] for line in lines):
        own = [line for line in lines if line["machine"] == machine]
        words = Counter(line["verdict"] for line in own)
        said = ", ".join(f"{count} `{word}`" for word, count in words.most_common())
        yield f"| `{machine}` | {len(own)} | {said} | {_span(own)} |"


def _span(lines: list[dict[str, Any]]) -> str:
    known = [line["values"]["claim"] for line in lines if "values" in line]
    values = [estimate["value"] for estimate in known if estimate["value"] is not None]
    if not values:
        return ""
    return f"{min(values):.3g} to {max(values):.3g} {known[0]['unit']}"


def main() -> None:
    """Run, score, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdict.seeds")
    parser.add_argument("machine", nargs="+")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--set", action="append", default=[], metavar="PATH=VALUE", dest="changes")
    parser.add_argument("--out", type=Path, default=Path("runs/seeds"))
    parser.add_argument("--finished", action="store_true")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    lines = []
    for machine in machines(asked.machine):
        for seed in range(1, asked.seeds + 1):
            line = verdict_of(machine, seed, asked.changes, asked.out, asked.finished)
            if line is None:
                continue
            lines.append(line)
            with (asked.out / "verdicts.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            print(f"{line['machine']} {seed}: {line['verdict']}", file=sys.stderr, flush=True)
    for row in rows(lines):
        print(row)


if __name__ == "__main__":
    main()
