"""The MCP server, as the client of the protocol's own library sees it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.command_line import command, run_here
from tests.helpers.documents import ROOT, blocks
from tests.helpers.waiting import GENEROUS, wait_until

anyio = pytest.importorskip("anyio", reason="the extra mcp is not installed")
mcp = pytest.importorskip("mcp", reason="the extra mcp is not installed")

DIYNE = "C#Cc1ccc(C#C)c(C#N)c1C#N"


def _talk(server: Any, conversation: Callable[[Any], Awaitable[None]]) -> None:
    async def talk() -> None:
        async with mcp.Client(server) as client:
            await conversation(client)

    anyio.run(talk)


def _server(folder: Path, *, read_only: bool = False, **limits: float) -> Any:
    from molmach.server.app import server
    from molmach.server.jobs import Limits
    from molmach.server.root import Root

    folder.mkdir(exist_ok=True)
    return server(Root(folder, read_only), Limits(**limits))  # type: ignore[arg-type]


def _text(answer: Any) -> str:
    return str(answer.content[0].text)


def test_a_client_sees_tools_resources_and_prompts(tmp_path: Path) -> None:
    async def look(client: Any) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert {"draft_machine", "simulate", "wait_for_job", "check_words", "read_ledger"} <= tools.keys()
        assert all(tool.description for tool in tools.values())
        assert "ctx" not in tools["wait_for_job"].input_schema["properties"]
        assert "no number that you did not read here" in client.instructions
        assert {prompt.name for prompt in (await client.list_prompts()).prompts} == {
            "judge_a_machine", "explain_a_run", "plan_a_campaign",
        }  # fmt: skip
        told = await client.get_prompt("judge_a_machine", {"smiles": DIYNE})
        assert DIYNE in told.messages[0].content.text
        skill = await client.read_resource("molmach://skill")
        assert skill.contents[0].text == client.instructions

    _talk(_server(tmp_path / "root"), look)


def test_a_machine_is_drafted_read_and_refused(tmp_path: Path) -> None:
    async def draft(client: Any) -> None:
        answer = await client.call_tool("draft_machine", {"name": "nitrile", "smiles": DIYNE})
        assert answer.structured_content["proposals"][0]["drives"]
        file = await client.read_resource("molmach://files/machines%2Fnitrile.yaml")
        assert "rotating_field" in file.contents[0].text
        for name, arguments, said in (
            ("draft_machine", {"name": "a", "smiles": "../x.sdf"}, "expected a SMILES"),
            ("read_machine", {"machine": "../../etc/passwd"}, "expected a name within the server's folder"),
            ("simulate", {"machine": "nitrile", "replicas": 500, "duration": "100 ns"}, "core seconds"),
            ("simulate", {"machine": "nitrile", "duration": "fast"}, "expected a time with its unit"),
            ("job_result", {"job": "none"}, "expected the id of a job"),
            ("simulate", {"machine": ["nitrile"]}, "string"),
        ):
            answer = await client.call_tool(name, arguments)
            assert answer.is_error
            assert said in _text(answer), _text(answer)
            assert str(tmp_path) not in _text(answer)
        for address in ("molmach://files/..%2F..%2Fetc%2Fpasswd", "molmach://files/%2Fetc%2Fpasswd"):
            with pytest.raises(mcp.MCPError):
                await client.read_resource(address)

    _talk(_server(tmp_path / "root"), draft)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root"]


def test_a_server_that_only_reads_has_no_other_tools(tmp_path: Path) -> None:
    async def look(client: Any) -> None:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert "simulate" not in names
        assert "list_systems" in names
        answer = await client.call_tool("simulate", {"machine": "difluorophenylene-rotor"})
        assert answer.is_error

    _talk(_server(tmp_path / "root", read_only=True), look)
    assert list((tmp_path / "root").iterdir()) == []


def test_over_standard_streams_a_job_is_followed_and_a_call_given_up(tmp_path: Path) -> None:
    """Nothing but the protocol stands on standard output; a client that gives up a call can go on."""
    told: list[tuple[float, str | None]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))

    async def follow(client: Any) -> None:
        answer = await client.call_tool("list_systems", {})
        assert len(answer.structured_content["library"]) > 10
        yaml = "base: nothing-of-the-kind\n"
        job = (await client.call_tool("run_campaign", {"name": "wrong", "yaml": yaml})).structured_content[
            "job"
        ]
        with anyio.move_on_after(0.01):
            await client.call_tool("wait_for_job", {"job": job, "seconds": 40})
        state = "running"
        while state == "running":
            answer = await client.call_tool(
                "wait_for_job", {"job": job, "seconds": 40}, progress_callback=hear
            )
            state = answer.structured_content["state"]
        assert state == "failed"
        assert "nothing-of-the-kind" in answer.structured_content["message"]
        assert str(tmp_path) not in _text(answer)
        assert told

    program, *arguments = command("mcp", "--root", str(tmp_path / "root"))
    _talk(mcp.StdioServerParameters(command=program, args=arguments, env=dict(os.environ)), follow)


def test_over_http_on_this_machine(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        command("mcp", "--root", str(tmp_path / "root"), "--http", str(port)), stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: _answers(port), "the server listens")

        async def look(client: Any) -> None:
            yaml = (
                await client.call_tool("read_machine", {"machine": "phenylene-control"})
            ).structured_content["yaml"]
            answer = await client.call_tool("write_machine", {"name": "mine", "yaml": yaml})
            assert answer.structured_content["kind"] == "rotor"

        _talk(f"http://127.0.0.1:{port}/mcp", look)
        assert (tmp_path / "root" / "machines" / "mine.yaml").is_file()
    finally:
        process.terminate()
        process.wait(GENEROUS)


def _answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
def test_the_conversation_of_the_documentation_goes_as_it_says(tmp_path: Path) -> None:
    page = blocks(ROOT / "docs" / "agents.md")
    (code,) = [block.text for block in page if block.kind == "python"]
    (printed,) = [block.text for block in page if block.kind == "text" and block.text.startswith(">")]
    (tmp_path / "conversation.py").write_text(code, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "conversation.py"], cwd=tmp_path, capture_output=True, text=True, timeout=GENEROUS
    )
    assert result.returncode == 0, result.stderr
    number = re.compile(r"(?<![\w-])-?\d+\.?\d*(?![\w-])")
    assert number.sub("#", result.stdout) == number.sub("#", printed)
    for said, seen in zip(number.findall(printed), number.findall(result.stdout), strict=True):
        assert float(seen) == pytest.approx(
            float(said), rel=0.2
        )  # what is left depends on how quick this machine is


def test_options_of_the_command_are_checked() -> None:
    for words in (("--a-job", "0"), ("--http", "99999"), ("--workers", "-1")):
        result = run_here("mcp", *words)
        assert result.returncode == 2, words
