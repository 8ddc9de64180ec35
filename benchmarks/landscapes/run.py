"""Agents on landscapes by formula: python -m benchmarks.landscapes.run [--kinds K ...] [--agents A ...]

Every search is one process's work; its course is added to the results as soon as it is there, so that a run
goes on where it was stopped. ``--again`` does those of the named agents anew; ``--table`` only shows.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from benchmarks.landscapes.courses import SEARCHERS, course
from benchmarks.landscapes.kinds import KINDS
from benchmarks.landscapes.table import tables
from molmach.files import write_text

HERE = Path(__file__).parent

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Results = dict[str, dict[str, dict[str, dict[str, Any]]]]
"""Kind -> searcher -> seed -> course."""


def main() -> None:
    """Do what is asked for and not there, then show the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND")
    parser.add_argument(
        "--agents", nargs="+", choices=SEARCHERS, default=list(SEARCHERS), metavar="AGENT",
        help=", ".join(SEARCHERS),
    )  # fmt: skip
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--results", type=Path, default=HERE / "results.json")
    parser.add_argument("--again", action="store_true", help="do anew what is there")
    parser.add_argument("--table", action="store_true", help="only show what is there")
    asked = parser.parse_args()
    results: Results = json.loads(asked.results.read_text()) if asked.results.exists() else {}
    wanted = [] if asked.table else list(_missing(results, asked))
    os.environ |= dict.fromkeys(ONE_THREAD, "1")  # small matrices: threads only cost
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(asked.workers, mp_context=context) as pool:
        jobs = {pool.submit(course, kind, seed, agent): (kind, seed, agent) for kind, seed, agent in wanted}
        for count, job in enumerate(as_completed(jobs), 1):
            kind, seed, agent = jobs[job]
            results.setdefault(kind, {}).setdefault(agent, {})[str(seed)] = job.result()
            write_text(asked.results, json.dumps(results))
            print(f"{count}/{len(jobs)} {kind} {seed} {agent}: {_line(job.result())}", flush=True)
    print(tables(results, asked.kinds, asked.agents))


def _missing(results: Results, asked: argparse.Namespace) -> Iterator[tuple[str, int, str]]:
    """Seeds in the outer loop, so that a run that is stopped has compared like with like."""
    for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
        for kind in asked.kinds:
            for agent in asked.agents:
                if asked.again or str(seed) not in results.get(kind, {}).get(agent, {}):
                    yield kind, seed, agent


def _line(found: dict[str, Any]) -> str:
    reached = "not reached" if found["to_goal"] is None else f"goal after {found['to_goal']}"
    return f"{reached}, regret {found['regret']:.3f}, {found['failed']} failed, {found['seconds']} s"


if __name__ == "__main__":
    main()
