"""A campaign at work, on a terminal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.text import Text

from molmach.cli.output import number, table
from molmach.search.loop.snapshot import Snapshot
from molmach.spec import Campaign

Watch = Callable[[Snapshot], None]
Say = Callable[[str], None]


@contextmanager
def followed(campaign: Campaign) -> Iterator[tuple[Watch | None, Say | None]]:
    """A table on standard error that follows the campaign, on a terminal only, and lines above it."""
    stream = Console(stderr=True)
    if not stream.is_terminal:
        yield None, None
        return
    with Live(console=stream, refresh_per_second=4) as live:

        def watch(snapshot: Snapshot) -> None:
            live.update(_view(campaign, snapshot))

        def say(line: str) -> None:
            live.console.print(f"molmach: {line}", markup=False, soft_wrap=True)

        yield watch, say


_TEAM = ("agent", "share", "evaluated", "repeats", "infeasible", "95 % predictions right", "rms z")


def _view(campaign: Campaign, now: Snapshot) -> Group:
    rate = now.evaluations / now.wall_seconds if now.wall_seconds else 0.0
    head = Text(
        f"{campaign.name}: {now.phase}   {now.evaluations} evaluations ({now.failures} failed, {now.in_hand} "
        f"in hand)   {rate:.2f}/s   {100 * now.budget_left:.0f} % of the budget left"
    )
    sign = campaign.objectives[0].sign
    best, team = [], []
    for machine, rung, measured in now.best:
        value, _, low, high = measured[0].asked(sign)
        best.append((machine[:12], number(value), f"{low:.4g} to {high:.4g}", str(rung)))
    for name, row in now.agents.items():
        coverage = "" if math.isnan(row["coverage"]) else f"{100 * row['coverage']:.0f} %"
        rms_z = "" if math.isnan(row["rms_z"]) else f"{row['rms_z']:.2f}"
        share = "given up" if row["given_up"] else f"{100 * row['share']:.0f} %"
        counts = (f"{row[key]:.0f}" for key in ("started", "repeats", "infeasible"))
        team.append((name, share, *counts, coverage, rms_z))
    return Group(
        head,
        table(
            ("best so far", escape(campaign.objectives[0].expression), "95 % interval", "rung"), best, (1, 2)
        ),
        table(_TEAM, team, range(1, len(_TEAM))),
    )
