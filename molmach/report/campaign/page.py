"""``report.html`` of a campaign: one file that opens from disk with no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from molmach.data.campaign import CampaignSummary
from molmach.errors import Argument, CampaignError
from molmach.files import write_text
from molmach.report.campaign import headline, machines, team, theory
from molmach.report.campaign.frame import Frame
from molmach.report.campaign.headline import Headline
from molmach.report.campaign.machines import Machine
from molmach.report.campaign.team import Activity, Explanation, Member
from molmach.report.campaign.theory import AgainstTheory
from molmach.report.tables import Table
from molmach.report.templates import render
from molmach.report.views import Picture

NAME = "report.html"
OUT = Argument("out")


@dataclass(frozen=True)
class CampaignPage:
    """What the page of a campaign shows.

    Attributes
    ----------
    name, description, state
        The campaign's; its state is the word of the JSON document.
    searched, ending
        What was searched and what it cost; whether it is over.
    headline, nothing
        The best machine, or why there is none.
    objectives
        How many there are.
    team
        The agents, in the order of their colours.
    curves, machines, windows, front, theory, activities, scatters
        The sections of the same names.
    assumed
        What the numbers rest on.
    cost_picture, cost_table, failures, rarer
        Where the budget went; how many reasons of failures are not listed.
    explanations
        What each agent says.
    file, provenance
        The campaign's file, and names and values.
    """

    name: str
    description: str
    state: str
    searched: str
    ending: str
    headline: Headline | None
    nothing: str
    objectives: int
    team: list[Member]
    curves: list[Picture]
    machines: list[Machine]
    windows: list[Picture]
    assumed: tuple[str, ...]
    front: list[Picture]
    theory: list[AgainstTheory]
    activities: list[Activity]
    counts: tuple[str, ...]
    scatters: list[Picture]
    cost_picture: Picture | None
    cost_table: Table
    failures: Table
    rarer: int
    explanations: dict[str, Explanation]
    file: str
    provenance: dict[str, str]

    @property
    def windowed(self) -> bool:
        """Whether values in a window are wanted."""
        return bool(self.windows)


def write_report(summary: CampaignSummary, path: Path) -> Path:
    """Write a campaign's report, whatever state the campaign is in; returns the file.

    Raises
    ------
    CampaignError
        The file can't be written.
    """
    path = path.resolve()
    page = report_page(summary, path)
    try:
        write_text(path, page)
    except OSError as error:
        raise CampaignError(OUT, f" {path}: can't be written ({error.strerror})") from error
    return path


def report_page(summary: CampaignSummary, path: Path, *, live: bool = False) -> Markup:
    """The page; ``path`` is where it will stand, from which it links. A live one looks for news by itself."""
    return render("live.html" if live else "campaign.html", page=_page(Frame(summary, path)))


def _page(frame: Frame) -> CampaignPage:
    summary, campaign = frame.summary, frame.summary.campaign
    members = team.members(frame)
    failures = [(reason, what, f"{count:,}") for what, reason, count in summary.failures.rows]
    return CampaignPage(
        name=campaign.name,
        description=campaign.description,
        state=summary.document["state"],
        searched=headline.searched(frame),
        ending=headline.state(summary.document),
        headline=headline.headline(frame),
        nothing=headline.nothing(summary.document),
        objectives=len(frame.axes),
        team=members,
        curves=team.curves(frame, members),
        machines=machines.machines(frame),
        windows=machines.windows(frame),
        assumed=summary.assumed,
        front=machines.front(frame),
        theory=theory.against_theory(frame),
        activities=team.activities(frame, members),
        counts=team.COUNTS,
        scatters=team.scatters(frame, members),
        cost_picture=team.cost_picture(frame, members) if summary.costs else None,
        cost_table=team.cost_table(frame),
        failures=Table("Failures by reason", ("reason", "of", "how often"), failures, (2,)),
        rarer=summary.failures.more,
        explanations={agent: team.explanation(text) for agent, text in summary.explanations.items()},
        file=campaign.to_yaml(),
        provenance=_provenance(summary),
    )


def _provenance(summary: CampaignSummary) -> dict[str, str]:
    campaign = summary.campaign
    rows = {
        "campaign's key": str(summary.document["key"]),
        "seed of the agents": str(campaign.seed),
        "seed of the simulations": str(campaign.template["protocol"].get("seed", 1)),
        "ledger": summary.ledger,
    }
    rows |= {f"{time} UTC": f"{kind}: {text}" if text else kind for time, kind, text in summary.events}
    for number, session in enumerate(summary.sessions, start=1):
        listed = ", ".join(f"{name} {version}" for name, version in session["versions"].items())
        rows[f"session {number}"] = f"{session['executor']} executor; {listed}"
    return rows
