"""Computers of a cluster as network namespaces of this one, each with Ray started by ``ray start`` on it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import venv
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.helpers.waiting import GENEROUS, wait_until

_STORE = "80000000"
"""Bytes of an object store; nothing large travels."""

_QUICK = {
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "2000",
    "RAY_health_check_failure_threshold": "5",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": "0123456789abcdef" * 4,
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""A head notices within seconds that a node is gone, and asks for a token."""

PORT = 6379


def missing() -> str:
    """Why there can be no such hosts here; '' where there can."""
    if not sys.platform.startswith("linux"):
        return "network namespaces are Linux's"
    if os.geteuid() != 0:
        return "network namespaces need root"
    absent = [tool for tool in ("ip", "nsenter", "unshare") if shutil.which(tool) is None]
    if absent:
        return f"{absent[0]} is not installed"
    tried = subprocess.run(["ip", "netns", "list"], capture_output=True)
    made = subprocess.run(["ip", "link", "add", "mmtry0", "type", "bridge"], capture_output=True, text=True)
    subprocess.run(["ip", "link", "del", "mmtry0"], capture_output=True)
    return (
        "" if tried.returncode == made.returncode == 0 else f"no network can be made: {made.stderr.strip()}"
    )


class Hosts:
    """Hosts on one bridge: 10.83.0.1, 10.83.0.2 and so on. Each has a network and a /tmp/ray of its own.

    Parameters
    ----------
    folder
        For what Ray prints.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bridge = f"mm{os.getpid() % 100000}"
        self._holders: dict[str, subprocess.Popen[bytes]] = {}
        self._addresses: dict[str, str] = {}
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        _ip("link", "add", self._bridge, "type", "bridge")
        _ip("link", "set", self._bridge, "up")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self._holders):
            self.remove(name)
        for process in self._started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20.0)
        _ip("link", "del", self._bridge)

    def address(self, name: str) -> str:
        """Where a host is."""
        return self._addresses[name]

    def add(self, name: str) -> None:
        """One more host, with nothing running on it."""
        space, number = self._space(name), len(self._addresses) + 1
        inner, outer = f"{self._bridge}i{number}", f"{self._bridge}o{number}"
        _ip("netns", "add", space)
        _ip("link", "add", outer, "type", "veth", "peer", "name", inner)
        _ip("link", "set", inner, "netns", space)
        _ip("link", "set", outer, "master", self._bridge, "up")
        address = f"10.83.0.{number}"
        _ip("-n", space, "addr", "add", f"{address}/24", "dev", inner)
        _ip("-n", space, "link", "set", inner, "up")
        _ip("-n", space, "link", "set", "lo", "up")
        own = "mkdir -p /tmp/ray && mount -t tmpfs none /tmp/ray && exec sleep infinity"
        inside = ["ip", "netns", "exec", space, "unshare", "-m", "--propagation", "private", "sh", "-c", own]
        self._holders[name] = subprocess.Popen(inside, start_new_session=True)
        self._addresses[name] = address
        holder = self._holders[name]
        wait_until(lambda: _comm(holder.pid) == "sleep", f"host {name} is there", seconds=60.0)

    def command(self, name: str, *words: str) -> list[str]:
        """The words that run a command on a host."""
        there = ["nsenter", "-t", str(self._holders[name].pid), "-m", "-n", "--"]
        return [*there, "sh", "-c", 'cd "$0" && exec "$@"', str(self._folder), *words]

    def start(self, name: str, head: str, python: str = sys.executable, cpus: int = 1, **env: str) -> None:
        """``ray start`` on a host, as the head where it is its own.

        Parameters
        ----------
        name, head
            The host, and the cluster's head.
        python
            Whose Ray and whose packages it has.
        cpus
            Cores that it says it has.
        **env
            More of its environment.
        """
        where = f"--address={self.address(head)}:{PORT}"
        if name == head:
            where = f"--head --port={PORT} --include-dashboard=false"
        words = [
            python, "-m", "ray.scripts.scripts", "start", *where.split(), "--block",
            f"--node-ip-address={self.address(name)}", f"--num-cpus={cpus}",
            f"--object-store-memory={_STORE}", "--disable-usage-stats",
        ]  # fmt: skip
        with (self._folder / f"ray-{name}.txt").open("ab") as log:
            self._started.append(
                subprocess.Popen(
                    self.command(name, *words), cwd=self._folder, env={**os.environ, **_QUICK, **env},
                    stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                )
            )  # fmt: skip
        if name == head:
            asked = self.command(
                name,
                python,
                "-c",
                f"import socket; socket.create_connection(({self.address(name)!r}, {PORT}), 1)",
            )
            wait_until(lambda: subprocess.run(asked, capture_output=True).returncode == 0, "the head answers")
            time.sleep(2.0)  # its port answers before it does

    def run(self, name: str, *words: str, **env: str) -> subprocess.Popen[str]:
        """A command on a host, whose output is kept."""
        return subprocess.Popen(
            self.command(name, *words), cwd=self._folder, env={**os.environ, **_QUICK, **env}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def processes(self, name: str) -> list[int]:
        """What runs on a host, but for what holds it."""
        out = subprocess.run(
            ["ip", "netns", "pids", self._space(name)], capture_output=True, text=True
        ).stdout
        return [pid for pid in map(int, out.split()) if pid != self._holders[name].pid]

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to all that runs on a host."""
        for pid in self.processes(name):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def freeze(self, name: str) -> None:
        """Stop all that runs on a host, as if its computer hung."""
        self.signal(name, signal.SIGSTOP)

    def cut_off(self, name: str) -> None:
        """Take a host off the network."""
        number = self.address(name).rpartition(".")[2]
        _ip("link", "set", f"{self._bridge}o{number}", "down")

    def remove(self, name: str) -> None:
        """End all that runs on a host, and the host."""
        ends = time.monotonic() + GENEROUS
        while self.processes(name) and time.monotonic() < ends:
            self.signal(name, signal.SIGKILL)
            time.sleep(0.2)
        holder = self._holders.pop(name)
        holder.kill()
        holder.wait()
        _ip("netns", "del", self._space(name))

    def _space(self, name: str) -> str:
        return f"{self._bridge}-{name}"


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def _comm(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def python_without_molmach(folder: Path) -> str:
    """An interpreter with all packages of this one but molmach."""
    return _python(folder, ["import sys; sys.modules['molmach'] = None"])


def python_with(folder: Path, molmach: Path) -> str:
    """An interpreter with all packages of this one, but with the molmach in a folder."""
    return _python(folder, [f"import sys; sys.path.insert(0, {str(molmach)!r})"])


def _python(folder: Path, first: list[str]) -> str:
    venv.create(folder, symlinks=True)
    site = next((folder / "lib").glob("python3*")) / "site-packages"
    places = [
        place for place in sys.path if place and Path(place).is_dir() and "packages" in Path(place).name
    ]
    others = [
        p
        for p in sys.path
        if p and Path(p).is_dir() and p not in places and not p.startswith(sys.base_prefix)
    ]
    (site / "of-the-tests.pth").write_text("\n".join([*first, *places, *others, ""]), encoding="utf-8")
    return str(folder / "bin" / "python")
