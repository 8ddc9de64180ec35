"""A server on this machine that speaks as OpenAI's does, and says what a script tells it to say."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Scripted"], None] | dict[str, Any]


@dataclass
class Scripted:
    """The server's script and what it was asked.

    Attributes
    ----------
    replies
        One a request: the message of the reply, or a function that writes to :attr:`handler`.
    asked
        Bodies of the requests.
    headers
        Their headers.
    unscripted
        Requests for which nothing was left.
    """

    replies: list[Reply]
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    unscripted: int = 0
    url: str = ""
    handler: Any = None


def ideas(*changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A message that answers with ideas, each a mapping of changes."""
    every = [{"base": 0, "changes": change, "mechanism": "polar groups", **more} for change in changes]
    return calls("Ideas", {"ideas": every})


def calls(name: str, arguments: dict[str, Any] | str) -> dict[str, Any]:
    """A message that calls a tool, with arguments or with any text in their place."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    call = {
        "id": f"call_{time.monotonic_ns()}",
        "type": "function",
        "function": {"name": name, "arguments": text},
    }
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def status(code: int, message: str = "no") -> Reply:
    """A reply that is an error."""

    def write(scripted: Scripted) -> None:
        _send(scripted.handler, code, {"error": {"message": message, "type": "error", "code": str(code)}})

    return write


def raw(body: bytes, *, seconds: float = 0.0) -> Reply:
    """A reply of any bytes, after a while."""

    def write(scripted: Scripted) -> None:
        time.sleep(seconds)
        handler = scripted.handler
        try:
            handler.send_response(200)
            handler.send_header("Content-Type", "application/json")
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            return  # whoever asked has gone

    return write


@contextmanager
def scripted(replies: Sequence[Reply]) -> Iterator[Scripted]:
    """The server, at its ``url``, until the block ends."""
    script = Scripted(list(replies))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            script.asked.append(json.loads(body))
            script.headers.append(dict(self.headers))
            script.handler = self
            if not script.replies:
                script.unscripted += 1
                _send(self, 500, {"error": {"message": "the script has run out", "type": "x", "code": "x"}})
                return
            reply = script.replies.pop(0)
            if callable(reply):
                reply(script)
            else:
                _send(self, 200, _completion(reply))

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    script.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()


def _completion(message: dict[str, Any]) -> dict[str, Any]:
    ends = "tool_calls" if message.get("tool_calls") else "stop"
    return {
        "id": "c", "object": "chat.completion", "created": 1, "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": ends}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100},
    }  # fmt: skip


def _send(handler: Any, code: int, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    handler.send_response(code)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
