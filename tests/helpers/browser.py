"""Headless Chromium for tests of pages, steered through its debugging pipe (DevTools protocol)."""

from __future__ import annotations

import base64
import fcntl
import io
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import image

from tests.helpers.waiting import GENEROUS, wait_until

MISSING = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="Debian package chromium is not installed"
)

_SWITCHES = (
    "--headless=new --no-sandbox --use-angle=swiftshader --enable-unsafe-swiftshader --hide-scrollbars "
    "--disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync "
    "--disable-extensions --disable-dev-shm-usage --remote-debugging-pipe"
)
_FAR = 10
"""File descriptors from here on are none of those that the browser itself asks for."""


class Browser:
    """A running Chromium."""

    def __init__(self, folder: Path) -> None:
        theirs, self._write = os.pipe()
        self._read, theirs_too = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, _FAR) for end in (theirs, theirs_too)]
        command = ["chromium", *_SWITCHES.split(), f"--user-data-dir={folder}", "about:blank"]
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{ends[0]} 4>&{ends[1]}', "bash", *command],
            pass_fds=ends, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for end in (theirs, theirs_too, *ends):
            os.close(end)
        self._received = b""
        self._asked = 0
        self._pages: dict[str, Page] = {}

    def close(self) -> None:
        """End the browser."""
        self.ask("Browser.close")
        self._process.wait(timeout=GENEROUS)
        os.close(self._write)
        os.close(self._read)

    def open(self, where: Path | str, width: int, *, dark: bool = False, still: bool = False) -> Page:
        """Show a file or an address in a window of a width, as the reader's system prefers it."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.ask(f"{domain}.enable")
        page.ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        wanted = {"prefers-color-scheme": "dark" if dark else "light"}
        wanted["prefers-reduced-motion"] = "reduce" if still else "no-preference"
        page.ask("Emulation.setEmulatedMedia", features=[{"name": n, "value": v} for n, v in wanted.items()])
        page.ask("Page.navigate", url=where.as_uri() if isinstance(where, Path) else where)
        page.wait_for("document.readyState === 'complete'")
        return page

    def ask(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """Send a command of the protocol and wait for its result."""
        self._asked += 1
        message: dict[str, Any] = {"id": self._asked, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + GENEROUS
        while True:
            answer = self._next(deadline)
            if answer.get("id") == self._asked:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            if answer.get("sessionId") in self._pages:
                self._pages[answer["sessionId"]].hear(answer["method"], answer["params"])

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            part = os.read(self._read, 1 << 20)
            assert part, "the browser has ended"
            self._received += part
        message, _, self._received = self._received.partition(b"\0")
        return dict(json.loads(message))


class Page:
    """A page in the browser, with what went wrong on it and what it asked the network for."""

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self._browser, self._session, self._target = browser, session, target
        self.errors: list[str] = []
        self.requests: list[str] = []

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a command of the protocol to this page."""
        return self._browser.ask(method, self._session, **parameters)

    def hear(self, method: str, event: dict[str, Any]) -> None:
        """Note an event."""
        if method == "Network.requestWillBeSent":
            url = event["request"]["url"]
            if not url.startswith(("file:", "data:", "blob:", "about:")):
                self.requests.append(url)
        elif method == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(event["exceptionDetails"]))
        elif (method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert")) or (
            method == "Log.entryAdded" and event["entry"]["level"] == "error"
        ):
            self.errors.append(json.dumps(event))

    def value(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true."""
        wait_until(lambda: self.value(expression), expression)

    def click(self, selector: str, across: float = 0.5) -> None:
        """Click an element, at a share of its width from its left."""
        self.value(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
        left, top, width, height = self._place(selector)
        where = {"x": left + across * width, "y": top + 0.5 * height, "button": "left", "clickCount": 1}
        self.ask("Input.dispatchMouseEvent", type="mousePressed", **where)
        self.ask("Input.dispatchMouseEvent", type="mouseReleased", **where)

    def press(self, key: str, text: str = "") -> None:
        """Press a key where the focus is."""
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, text=text if kind == "keyDown" else "",
                     windowsVirtualKeyCode={"ArrowRight": 39, "ArrowLeft": 37, " ": 32}.get(key, 0))  # fmt: skip

    def picture(self, selector: str | None = None) -> np.ndarray[Any, Any]:
        """(height, width, 3) pixels from 0 to 1 of the whole page, or of an element."""
        shot: dict[str, Any] = {"format": "png", "captureBeyondViewport": True}
        if selector is not None:
            left, top, width, height = self._place(selector)
            scrolled = self.value("scrollY")
            shot["clip"] = {"x": left, "y": top + scrolled, "width": width, "height": height, "scale": 1}
        data = base64.b64decode(self.ask("Page.captureScreenshot", **shot)["data"])
        return np.asarray(image.imread(io.BytesIO(data)))[..., :3]

    def close(self) -> None:
        """Close the page's window."""
        self._browser.ask("Target.closeTarget", targetId=self._target)

    def _place(self, selector: str) -> list[float]:
        box = f"(({{left, top, width, height}}) => [left, top, width, height])(document.querySelector({selector!r}).getBoundingClientRect())"
        return list(self.value(box))
