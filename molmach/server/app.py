"""The MCP server: tools, resources and prompts over one root folder."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from importlib.resources import files
from typing import Any

import anyio
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceNotFoundError, ToolError
from mcp.types import ToolAnnotations

import molmach
from molmach.errors import MolmachError, ServingError
from molmach.server import resources
from molmach.server.jobs import Jobs, Limits
from molmach.server.root import Root
from molmach.server.tools import QUICK_SECONDS, Document, Tools

READING = (
    "list_systems", "read_machine", "estimate_machine", "list_jobs", "job_status", "job_result",
    "score", "explain_verdict", "check_words", "read_ledger",
)  # fmt: skip
"""Tools that a server which only reads has."""

WRITING = (
    "draft_machine", "write_machine", "build_machine", "simulate", "kinetics", "profile", "scan",
    "run_campaign", "cancel_job", "resume_job",
)  # fmt: skip
"""Tools that write or compute."""

_WAIT = f"""Follow a job for up to so many seconds, at most {QUICK_SECONDS:g}; how it stands then.

Progress is told meanwhile. Call it again while the state is 'running'."""


def skill() -> str:
    """How an agent works with molmach honestly."""
    return files("molmach.server").joinpath("SKILL.md").read_text(encoding="utf-8")


def server(root: Root, limits: Limits) -> MCPServer[Any]:
    """The server, not yet listening.

    Parameters
    ----------
    root, limits
        Where it works, and what may be spent.
    """
    tools = Tools(root, Jobs(root, limits))
    made: MCPServer[Any] = MCPServer(
        "molmach", version=molmach.__version__, instructions=skill(), log_level="WARNING"
    )
    for name in READING if root.read_only else (*READING, *WRITING):
        hints = ToolAnnotations(read_only_hint=name in READING, destructive_hint=False, open_world_hint=False)
        made.add_tool(_told(getattr(tools, name)), annotations=hints)
    made.add_tool(_waiting(tools), name="wait_for_job", description=_WAIT)
    _add_resources(made, root)
    _add_prompts(made)
    return made


def _told(method: Callable[..., Document]) -> Callable[..., Any]:
    """A tool whose errors on purpose reach the agent as they are worded; it works beside the loop."""

    @wraps(method)
    async def call(*args: Any, **kwargs: Any) -> Document:
        try:
            return dict(await anyio.to_thread.run_sync(partial(method, *args, **kwargs)))
        except MolmachError as error:
            raise ToolError(str(error)) from error

    return call


def _waiting(tools: Tools) -> Callable[..., Any]:
    async def wait_for_job(job: str, ctx: Context[Any, Any], seconds: float = 30.0) -> Document:
        try:
            return await tools.wait_for_job(job, seconds, ctx.report_progress, anyio.sleep)
        except MolmachError as error:
            raise ToolError(str(error)) from error

    return wait_for_job


def _add_resources(made: MCPServer[Any], root: Root) -> None:
    def read(name: str) -> Any:
        try:
            content, kind = resources.read(root, name)
        except ServingError as error:
            raise ResourceNotFoundError(str(error)) from error
        return content if kind == resources.PICTURE else content.decode("utf-8", "replace")

    described = "A file of a run, a build or a campaign: score.json, report.html, machine.yaml, ..."
    made.resource(resources.SCHEME + "{name}", name="file", description=described)(read)
    place, kind = resources.PICTURES + "{name}", resources.PICTURE
    made.resource(place, name="picture", description="A picture of a machine or a run.", mime_type=kind)(read)
    made.resource("molmach://skill", name="skill", description=skill.__doc__, mime_type="text/markdown")(
        skill
    )

    def listing() -> dict[str, list[str]]:
        return {
            folder: [root.relative(path) for path in resources.readable(root.folder / folder)]
            for folder in ("machines", "campaigns", "builds", "runs")
        }

    made.resource("molmach://folder", name="folder", description="Files that can be read, by folder.")(
        listing
    )


def _add_prompts(made: MCPServer[Any]) -> None:
    def judge_a_machine(smiles: str) -> str:
        """From a molecule to a verdict with its controls."""
        return (
            f"Find out whether the molecule {smiles} is a machine. Draft a machine file, build it, read what "
            "theory says, simulate it with its controls, and say what the verdict is and what it rests "
            "on. Put "
            "what you are going to say through check_words first, and say nothing that it strikes out."
        )

    def explain_a_run(run: str) -> str:
        """What a run shows, and what it does not."""
        return (
            f"Explain the run {run} to a chemist: its verdict, what each control says, how small a fault the "
            "controls would have caught, and what is left open. Use explain_verdict; check every "
            "sentence with "
            "check_words."
        )

    def plan_a_campaign(goal: str) -> str:
        """A campaign's file for a goal, and its cost before it is started."""
        return (
            f"Plan a design campaign for this goal: {goal}. Choose a base machine of the library, a space of "
            "sites or parameters, an objective, two or three agents and a budget in core seconds. Say "
            "what it "
            "will cost before run_campaign, follow it with read_ledger, and report intervals and "
            "confirmations, "
            "not best values alone."
        )

    for prompt in (judge_a_machine, explain_a_run, plan_a_campaign):
        made.prompt()(prompt)
