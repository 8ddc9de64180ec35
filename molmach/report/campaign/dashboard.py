"""A campaign's report as a live page on this machine, drawn anew while the campaign runs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from molmach.data.campaign import CampaignSummary
from molmach.errors import Argument, CampaignError
from molmach.report.campaign.page import NAME, report_page

HOST = "127.0.0.1"
_SHARE = 0.2
"""Of the time, that goes into drawing at most."""


class Followed(Protocol):
    """A campaign that another process carries out."""

    def look(self) -> bool:
        """Read its record; whether something was found since the last look."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""

    @property
    def words(self) -> str:
        """What it is doing, in a line."""


class Dashboard:
    """Serves a campaign's report, drawn anew as the campaign goes on, on the loopback interface.

    Parameters
    ----------
    folder
        The campaign's.
    followed
        Says when there is something new.
    read
        What the campaign has come to by now.
    port
        Where to listen; 0 for any free port.
    interval
        Seconds between looks.
    linger
        Seconds for which the page of a campaign that has ended, or shows no sign of life any more, is
        still served.

    Raises
    ------
    CampaignError
        The port can't be listened on, or there is nothing to read.
    """

    def __init__(
        self,
        folder: Path,
        followed: Followed,
        read: Callable[[], CampaignSummary],
        port: int = 0,
        interval: float = 2.0,
        linger: float = 60.0,
    ) -> None:
        self._folder = folder.resolve()
        self._interval = interval
        self._linger = linger
        self._followed = followed
        self._read = read
        self._page = b""
        self._version = 0
        self._stopping = threading.Event()
        self._draw()
        try:
            self._server = ThreadingHTTPServer((HOST, port), _handler(self))
        except (OSError, OverflowError) as error:
            raise CampaignError(
                Argument("port"), f" {port}: can't be listened on ({error}); choose another"
            ) from error
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Address of the page for a browser on this computer."""
        return f"http://{HOST}:{self._server.server_address[1]}/"

    def serve(self) -> None:
        """Serve until the campaign has ended and ``linger`` is over, or :meth:`stop`."""
        thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        )
        thread.start()
        try:
            over_since: float | None = None
            while not self._stopping.is_set():
                started = time.monotonic()
                if self._followed.look():
                    self._draw()
                drawn = time.monotonic()
                over_since = (over_since or drawn) if self._followed.over else None
                if over_since is not None and drawn - over_since >= self._linger:
                    break
                self._stopping.wait(max(self._interval, (drawn - started) / _SHARE))
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def stop(self) -> None:
        """Let :meth:`serve` end."""
        self._stopping.set()

    def _draw(self) -> None:
        page = report_page(self._read(), self._folder / NAME, live=True)
        self._page = page.encode("utf-8")
        self._version += 1

    def answer(self, path: str) -> tuple[HTTPStatus, str, bytes]:
        """Status, content type and body for a path of the page."""
        if path == "/":
            return HTTPStatus.OK, "text/html; charset=utf-8", self._page
        if path == "/state":
            return HTTPStatus.OK, "application/json", json.dumps(self._state()).encode()
        file = (self._folder / path.lstrip("/")).resolve()
        below = self._folder / "machines"
        if below in file.parents and file.suffix == ".html" and file.is_file():
            return HTTPStatus.OK, "text/html; charset=utf-8", file.read_bytes()
        return HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"not here\n"

    def _state(self) -> dict[str, Any]:
        return {
            "version": self._version,
            "text": self._followed.words,
            "over": self._followed.over,
        }


def _handler(dashboard: Dashboard) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = dashboard.answer(unquote(urlsplit(self.path).path))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing: a terminal shows the campaign, not who looks at its page."""

    return Handler
