"""``molmach campaign watch``: a campaign that another process carries out, live."""

from __future__ import annotations

import io
import sys
import time
from contextlib import suppress
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from molmach.cli.campaign_view import print_document
from molmach.cli.output import console
from molmach.data.campaign import TEAM, CampaignSummary
from molmach.report.campaign.dashboard import Dashboard
from molmach.search.progress import best_so_far
from molmach.search.record import results
from molmach.search.record.following import Follower
from molmach.search.record.ledger import reading
from molmach.search.summary import summary
from molmach.spec import Campaign

_BLOCKS = " ▁▂▃▄▅▆▇█"


def watch_page(campaign: Campaign, folder: Path, port: int, interval: float) -> None:
    """Serve the report on the loopback interface until the campaign has ended."""
    page = dashboard(campaign, folder, port, interval)
    print(f"dashboard {page.url}  (ends with the campaign, or with Ctrl-C)", file=sys.stderr, flush=True)
    with suppress(KeyboardInterrupt):
        page.serve()


def dashboard(
    campaign: Campaign, folder: Path, port: int = 0, interval: float = 2.0, linger: float = 60.0
) -> Dashboard:
    """The live page of a campaign's folder; port, interval and linger as :class:`Dashboard` takes them."""

    def read() -> CampaignSummary:
        with reading(folder) as ledger:
            return summary(ledger, campaign, folder)

    return Dashboard(folder, Follower(folder), read, port, interval, linger)


def watch_terminal(campaign: Campaign, folder: Path, interval: float) -> None:
    """Follow the campaign on a terminal, or in lines where there is none, until it has ended."""
    follower = Follower(folder)
    out = console()
    with suppress(KeyboardInterrupt):
        if out.is_terminal:
            with Live(_view(campaign, folder, follower), console=out, auto_refresh=False) as live:
                while not follower.over:
                    started = time.monotonic()
                    follower.look()
                    live.update(_view(campaign, folder, follower), refresh=True)
                    time.sleep(max(interval, 4.0 * (time.monotonic() - started)))
        else:
            out.print(follower.words)
            while not follower.over:
                time.sleep(interval)
                if follower.look():
                    out.print(follower.words)
    if follower.silent:
        out.print(follower.words)


def _view(campaign: Campaign, folder: Path, follower: Follower) -> RenderableType:
    """The campaign's document with a line that shows how the best has grown."""
    page = Console(width=console().width, record=True, file=io.StringIO(), highlight=False, soft_wrap=False)
    with reading(folder) as ledger:
        document = results.document(ledger, campaign, folder, best=5)
        curve = best_so_far(ledger.findings(), 0)[TEAM]
    print_document(document, page)
    grown = Text(f"best      {_sparkline(curve.evaluations, curve.bound)}  lower bound against evaluations")
    last = Text(f"last      {follower.words}; {follower.last}", style="dim")
    return Group(Text.from_ansi(page.export_text(styles=True)), grown, last)


def _sparkline(at: list[int], bound: list[float], width: int = 40) -> str:
    """Best bound so far as a row of blocks, evenly over the evaluations."""
    if len(at) < 2:
        return _BLOCKS[1]
    low, high = min(bound), max(bound)
    line, k = "", 0
    for column in range(width):
        reached = at[0] + (at[-1] - at[0]) * column / (width - 1)
        while k + 1 < len(at) and at[k + 1] <= reached:
            k += 1
        share = (bound[k] - low) / (high - low) if high > low else 1.0
        line += _BLOCKS[1 + round(share * (len(_BLOCKS) - 2))]
    return line
