"""Which computers of a cluster are given work: those that have said who they are, and lose no jobs.

Nothing here knows Ray; a node is whatever has a key.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

MOST_LOST = 3
"""A node that loses so many different jobs in a row is given none for a while. Not tuned."""

_FIRST_PAUSE, _LONGEST_PAUSE = 30.0, 3600.0
"""Seconds for which a node is left alone; twice as long each time."""

_GIVEN_UP = 5
"""Where every node was put aside so often, the cluster as a whole is of no use."""


class Computer(Protocol):
    """A computer of the cluster as the cluster knows it."""

    @property
    def key(self) -> str:
        """Its name, another one whenever it joins."""

    @property
    def address(self) -> str:
        """Where it is."""

    @property
    def cores(self) -> int:
        """How many jobs it can do at once."""


class State(StrEnum):
    """Where a node stands."""

    NEW = "new"
    """It has not been asked who it is."""
    ASKED = "asked"
    """It has not answered."""
    GOOD = "good"
    """It is given work."""
    LEFT_OUT = "left out"
    """It lacks molmach, has other code, or computes something else."""
    ASIDE = "aside"
    """It loses jobs or does not answer."""


@dataclass
class Node:
    """What is known of a computer of the cluster; parameters as of :class:`Computer`.

    Attributes
    ----------
    state, reason
        Where it stands, and why.
    until
        When it is asked again, where it is left out or aside.
    lost
        Keys of the jobs that it has lost since one came back.
    """

    key: str
    address: str
    cores: int
    state: State = State.NEW
    reason: str = ""
    until: float = math.inf
    lost: set[str] = field(default_factory=set)


class Nodes:
    """The nodes of a cluster.

    Parameters
    ----------
    trusted
        Key of the one that needs not say who it is: the driver's own, started by it.
    """

    def __init__(self, trusted: str = "") -> None:
        self._trusted = trusted
        self._nodes: dict[str, Node] = {}
        self._offences: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}
        self._news: list[str] = []

    def __getitem__(self, key: str) -> Node:
        """The node of a key."""
        return self._nodes[key]

    def __contains__(self, key: str) -> bool:
        """Whether a node is there."""
        return key in self._nodes

    def is_trusted(self, node: Node) -> bool:
        """Whether a node is the driver's own, which is never to blame."""
        return node.key == self._trusted

    def update(self, there: Iterable[Computer]) -> list[str]:
        """Take note of who is there now; keys of those that are gone."""
        now = {computer.key: computer for computer in there}
        gone = [key for key in self._nodes if key not in now]
        for key in gone:
            node = self._nodes.pop(key)
            if node.state is State.GOOD:
                self._say(node, "is gone; what it had in hand is done elsewhere")
        for key, computer in now.items():
            if key not in self._nodes:
                state = State.GOOD if key == self._trusted else State.NEW
                self._nodes[key] = Node(key, computer.address, computer.cores, state)
        return gone

    def to_ask(self, now: float) -> list[Node]:
        """Nodes that are to be asked who they are: new ones, and those whose pause is over."""
        return [n for n in self._nodes.values() if n.state is State.NEW or n.until <= now]

    def asked(self, node: Node) -> None:
        """A node is being asked; one that is at work stays so until it answers."""
        node.until = math.inf
        if node.state is not State.GOOD:
            node.state = State.ASKED

    def passed(self, node: Node) -> None:
        """A node is who it should be."""
        if node.state is not State.GOOD:
            again = " again" if self._reasons.pop(node.address, "") else ""
            self._say(node, f"is given work{again}: {node.cores} core{'' if node.cores == 1 else 's'}")
        node.state, node.reason = State.GOOD, ""

    def leave_out(self, node: Node, reason: str, now: float) -> None:
        """A node lacks molmach, has other code, or computes something else."""
        self._put_away(node, State.LEFT_OUT, reason, now)

    def put_aside(self, node: Node, reason: str, now: float) -> None:
        """A node does not answer, or loses jobs."""
        self._put_away(node, State.ASIDE, reason, now)

    def _put_away(self, node: Node, state: State, reason: str, now: float) -> None:
        self._offences[node.address] += 1
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (self._offences[node.address] - 1))
        node.state, node.reason, node.until = state, reason, now + pause
        node.lost.clear()
        if self._reasons.get(node.address) != reason:  # what has been said is not said every time
            self._reasons[node.address] = reason
            where = "is left out" if state is State.LEFT_OUT else f"is given no work for {pause:g} s"
            self._say(node, f"{where}: {reason}")

    def has_lost(self, node: Node, job: str, now: float) -> bool:
        """A node that is who it should be has lost a job; whether that is the node's doing, by how often."""
        node.lost.add(job)
        if len(node.lost) < MOST_LOST or self.is_trusted(node):
            return False
        self.put_aside(node, f"it has lost {len(node.lost)} jobs in a row", now)
        return True

    def came_back(self, node: Node) -> None:
        """A node has done a job: what it lost before was not its doing."""
        node.lost.clear()
        self._offences.pop(node.address, None)

    @property
    def good(self) -> list[Node]:
        """Nodes that are given work."""
        return [node for node in self._nodes.values() if node.state is State.GOOD]

    @property
    def cores(self) -> int:
        """Cores of all nodes but those that are left out or aside."""
        away = (State.LEFT_OUT, State.ASIDE)
        return sum(node.cores for node in self._nodes.values() if node.state not in away)

    @property
    def hopeless(self) -> str:
        """Why no node will be given work, by name; '' where one is, or may be."""
        nodes = self._nodes.values()
        if not nodes or any(not self._beyond(node) for node in nodes):
            return ""
        return "; ".join(f"node {node.address}: {node.reason}" for node in nodes)

    def _beyond(self, node: Node) -> bool:
        return node.state is State.LEFT_OUT or (
            node.state is State.ASIDE and self._offences[node.address] >= _GIVEN_UP
        )

    def _say(self, node: Node, words: str) -> None:
        self._news.append(f"node {node.address} {words}")

    def news(self) -> list[str]:
        """What happened since the last call, a line each."""
        news, self._news = self._news, []
        return news
