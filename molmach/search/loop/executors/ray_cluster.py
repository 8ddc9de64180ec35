"""The Ray cluster itself: started here or joined, its nodes and free cores, and what its errors mean."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayError

from molmach.errors import Argument, CampaignError

ADDRESS = Argument("address")

CONNECTING_SECONDS = 14.0
"""How long a cluster at an address may take to answer. Not tuned: one in working order takes two to five."""

_REACHING_SECONDS = 5.0
"""How long the port of an address may take to accept a connection."""

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENMM_CPU_THREADS"),
    "1",
)

_EXPECTED = "expected HOST:PORT or 'auto'"


@dataclass(frozen=True)
class Member:
    """A node of the cluster that is alive: Ray's name of it, its address, and its cores for tasks."""

    key: str
    address: str
    cores: int


_NO_NODE = ("raylet_ipc_client", "find a raylet", "node_ip_address.json")
"""What Ray says where no node of the cluster runs on this computer."""


def connect(address: str | None, cores: int | None = None) -> None:
    """Start a Ray cluster on this machine, or join the one at ``address``.

    Raises
    ------
    CampaignError
        There is no cluster at the address, it doesn't answer in time, or it asks for another token.
    """
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    options: dict[str, Any] = {
        "log_to_driver": False,
        "configure_logging": True,
        "logging_level": "ERROR",
        "runtime_env": {"env_vars": _ONE_THREAD},
    }
    if address is None:
        os.environ.setdefault("RAY_worker_niceness", "0")  # evaluations are what this machine is for
        options |= {"num_cpus": cores or _cores(), "include_dashboard": False, "address": "local"}
    else:
        _reach(address)
        options["address"] = address
    try:
        ray.init(**options)
    except (ConnectionError, RayError, RuntimeError, ValueError) as error:
        raise _refused(address, str(error)) from error


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _reach(address: str) -> None:
    """See in time that a cluster answers at an address, which Ray itself may wait for without an end.

    Another process asks first, for what waits within Ray can't be interrupted.

    Raises
    ------
    CampaignError
        None does.
    """
    if address != "auto":
        _knock(address)
    if _has_token():
        _ask_with_token()
    asked = subprocess.Popen(
        [sys.executable, "-c", _ASKS, address],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = asked.communicate(timeout=CONNECTING_SECONDS)
    except subprocess.TimeoutExpired as error:
        asked.kill()
        said, _ = asked.communicate()
        if _about_tokens(said):
            raise _refused(address, said) from error
        raise CampaignError(
            ADDRESS,
            f" {address}: no Ray cluster has answered there within {CONNECTING_SECONDS:g} s; {_EXPECTED}",
        ) from error
    finally:
        if asked.poll() is None:
            asked.kill()
            asked.wait()
    if asked.returncode != 0:
        raise _refused(address, said)


_ASKS = (
    "import sys, os; os.environ.setdefault('RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO', '0'); import ray; "
    "ray.init(address=sys.argv[1], log_to_driver=False, logging_level='ERROR'); ray.cluster_resources()"
)


def _knock(address: str) -> None:
    """Raise unless something listens at an address."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise CampaignError(ADDRESS, f" {address}: no address of a Ray cluster; {_EXPECTED}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACHING_SECONDS).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise CampaignError(
            ADDRESS, f" {address}: no Ray cluster answers there ({reason}); {_EXPECTED}"
        ) from error


_TOKENS = ("AuthenticationError", "Unauthenticated", "InvalidAuthToken", "authentication token", "auth token")


def _ask_with_token() -> None:
    """Have Ray use the token that is there, which it leaves to whoever joins a cluster to ask for."""
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    with suppress(ImportError, AttributeError):  # before Ray 2.52 there were no tokens
        from ray._raylet import Config  # type: ignore[attr-defined]

        Config.initialize("")  # it has read the environment when it was imported


def _has_token() -> bool:
    """Whether a token is where Ray looks for one."""
    if os.environ.get("RAY_AUTH_TOKEN"):
        return True
    place = os.environ.get("RAY_AUTH_TOKEN_PATH")
    return (Path(place) if place else Path.home() / ".ray" / "auth_token").is_file()


def _about_tokens(said: str) -> bool:
    """Whether an error of Ray's is about tokens."""
    return any(word.lower() in said.lower() for word in _TOKENS)


def _refused(address: str | None, said: str) -> CampaignError:
    """The error of a cluster that could not be joined or started, by what Ray has said."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1][:300] if lines else "it says nothing"
    if _about_tokens(said):
        problem = "none is given here" if not _has_token() else "the one that is given here is not its own"
        return CampaignError(
            ADDRESS,
            f" {address}: the cluster asks for a token, and {problem}; expected RAY_AUTH_TOKEN, "
            "RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token with the token of the cluster's head ('ray "
            "get-auth-token' prints it there), and RAY_AUTH_MODE=token or none",
        )
    if any(word in said for word in _NO_NODE):
        return CampaignError(
            ADDRESS,
            f" {address}: a Ray cluster answers there, but this computer is no node of it; expected 'ray "
            "start' with that address on it first, and with no CPUs where it is to evaluate nothing",
        )
    if address is None:
        return CampaignError(f"Ray can't be started on this machine: {last}")
    return CampaignError(ADDRESS, f" {address}: no Ray cluster answers there ({last}); {_EXPECTED}")


def members() -> list[Member]:
    """The nodes that are alive and have cores, in no order."""
    return [
        Member(str(node["NodeID"]), str(node["NodeManagerAddress"]), int(node["Resources"]["CPU"]))
        for node in ray.nodes()  # type: ignore[no-untyped-call]
        if node["Alive"] and node["Resources"].get("CPU", 0) >= 1
    ]


def here() -> str:
    """Ray's name of the node of this process."""
    return str(ray.get_runtime_context().get_node_id())


def address_of(key: str) -> str:
    """Where a node is; its key where it is gone."""
    nodes = {str(node["NodeID"]): str(node["NodeManagerAddress"]) for node in ray.nodes()}  # type: ignore[no-untyped-call]
    return nodes.get(key, key)


def free_cores() -> int:
    """How many cores of the whole cluster nobody uses now."""
    return int(ray.available_resources().get("CPU", 0))  # type: ignore[no-untyped-call]


def in_a_line(error: BaseException) -> str:
    """An error of Ray's, without the pages of advice that come with it."""
    cause = getattr(error, "cause", None) or error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return f"{type(cause).__name__}: {lines[0] if lines else ''}"[:300]
