"""Reading a ledger: every question that anyone asks of it, as a method with a name."""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, fields, replace
from typing import Any

from molmach.identity import Identity
from molmach.search.record.result import Samples
from molmach.search.record.rows import Event, Failure, Foretold, Prediction, Spent, Totals
from molmach.search.record.trial import CONFIRMATION, Finding, Measured, Opinion, Opinions, Seen, State, Trial
from molmach.search.space.design import Design

STARTED = "started"
"""The ledger's word for a trial that has left its queue, whatever came of it."""

TOLD = "told"
"""An event: a line for people on the campaign as a whole, such as a node that is left out."""

SAID = "said"
"""Kind of the events that keep what an agent and a language model have said to each other, as JSON."""

WORDS = {
    State.QUEUED: "queued",
    State.RUNNING: STARTED,
    State.REPEAT: "repeat",
    State.INFEASIBLE: "infeasible",
}
"""How the ledger calls states."""

_STATES = {word: state for state, word in WORDS.items()}
_FINDING = (
    "key, machine, agent, rung, ok, reason, value, error, low, high, others, "
    "seconds, steps, reused, finished, seed, controls"
)
_ASKED, _EXPLAINED = "asked ", "explained "
CODE = "code "
"""Before the digest of a code under which the ledger notes what it is made of."""


class LedgerReader:
    """What can be read of a ledger.

    Parameters
    ----------
    base
        The open database.
    """

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def noted(self, key: str) -> str | None:
        """The text under a key."""
        row = self._base.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    # trials

    def trials(self, state: State | None = None) -> Iterator[Trial]:
        """Trials as they were proposed, in that order and without their findings; of a state or all.

        Those that have left their queue count as running.
        """
        words = [word for word, one in _STATES.items() if state in (None, one)]
        opinions = self._opinions()
        rows = self._base.execute(
            "SELECT p.id, p.agent, p.batch, p.design, p.rationale, p.mean, p.sd, p.state, p.reason, "
            "p.machine, m.smiles, p.made FROM proposals p LEFT JOIN machines m ON m.key = p.machine "
            f"WHERE p.state IN ({', '.join('?' * len(words))}) ORDER BY p.id",
            words,
        )
        for number, agent, batch, design, rationale, mean, sd, word, reason, machine, smiles, made in rows:
            yield Trial(
                number, agent, batch, Design.from_json(design), rationale, mean, sd, _STATES[word], reason,
                machine or "", smiles or "", made, others=opinions.get(number, ()),
            )  # fmt: skip

    def _has(self, table: str) -> bool:
        """Whether there is a table, which ledgers of before it was thought of lack."""
        named = "SELECT 1 FROM sqlite_master WHERE name = ?"
        return self._base.execute(named, (table,)).fetchone() is not None

    def _has_opinions(self) -> bool:
        """Whether predictions of several objectives are kept, as in ledgers of before they are not."""
        return self._has("opinions")

    def _opinions(self) -> dict[int, Opinions]:
        """Number of a proposal -> what it predicted of the objectives after the first."""
        if not self._has_opinions():
            return {}
        most = self._base.execute("SELECT MAX(objective) FROM opinions").fetchone()[0] or 0
        said: dict[int, list[Opinion]] = {}
        rows = self._base.execute("SELECT proposal, objective, mean, sd FROM opinions")
        for proposal, objective, mean, sd in rows:
            others = said.setdefault(proposal, [(None, None)] * most)
            if objective:
                others[objective - 1] = mean, sd
        return {proposal: tuple(others) for proposal, others in said.items()}

    def designs(self) -> dict[str, Design]:
        """The design by which each machine was proposed first."""
        rows = self._base.execute("SELECT key, design FROM machines")
        return {key: Design.from_json(design) for key, design in rows}

    def smiles(self) -> dict[str, str]:
        """The molecules of each machine, without map numbers."""
        return dict(self._base.execute("SELECT key, smiles FROM machines"))

    def smiles_of(self, machine: str) -> str:
        """The molecules of one machine; '' where it is not there."""
        row = self._base.execute("SELECT smiles FROM machines WHERE key = ?", (machine,)).fetchone()
        return "" if row is None else str(row[0])

    def design_of(self, machine: str) -> Design:
        """The design by which a machine of the ledger was proposed first."""
        row = self._base.execute("SELECT design FROM machines WHERE key = ?", (machine,)).fetchone()
        return Design.from_json(row[0])

    def lost(self) -> int:
        """Machines whose evaluation was started and has no result; none once a campaign is finished."""
        row = self._base.execute(
            "SELECT COUNT(*) FROM proposals p WHERE state = ? "
            "AND NOT EXISTS (SELECT 1 FROM evaluations e WHERE e.machine = p.machine AND e.rung = 0)",
            (STARTED,),
        ).fetchone()
        return int(row[0])

    def foretold(self) -> dict[str, Foretold]:
        """Machine -> what theory said of it; empty in a ledger of before theory was kept."""
        if not self._has("theory"):
            return {}
        rows = self._base.execute("SELECT machine, means, sds, model FROM theory")
        return {
            machine: Foretold(tuple(json.loads(means)), tuple(json.loads(sds)), model)
            for machine, means, sds, model in rows
        }

    # findings

    def findings(self) -> Iterator[Finding]:
        """What all evaluations found, in the order in which they were finished."""
        return self._findings("ORDER BY id")

    def confirmations(self) -> dict[str, Finding]:
        """Machine -> what its second run found."""
        return {f.machine: f for f in self._findings("WHERE rung = ? ORDER BY id", (CONFIRMATION,))}

    def confirmation(self, machine: str) -> Finding | None:
        """What a machine's second run found; None where there was none."""
        return next(self._findings("WHERE machine = ? AND rung = ?", (machine, CONFIRMATION)), None)

    def leading(self, most: int | None = None) -> list[Finding]:
        """What was found of every machine on its highest rung, by the first objective's lower bound.

        Parameters
        ----------
        most
            How many findings of whatever rung are looked at; None for all.
        """
        ranked = "WHERE ok AND rung >= 0 AND low IS NOT NULL ORDER BY low DESC"
        rows = self._findings(ranked if most is None else f"{ranked} LIMIT {most:d}")
        highest = dict(
            self._base.execute(
                "SELECT machine, MAX(rung) FROM evaluations WHERE ok AND rung >= 0 GROUP BY machine"
            )
        )
        return [finding for finding in rows if highest[finding.machine] == finding.rung]

    def longest(self) -> list[tuple[str, str]]:
        """(machine, key of its evaluation on the highest rung) of every machine that gave numbers."""
        rows = self._base.execute(
            "SELECT machine, key, MAX(rung) FROM evaluations WHERE ok AND rung >= 0 GROUP BY machine"
        )
        return [(machine, key) for machine, key, _ in rows]

    def _findings(self, clause: str, values: Sequence[Any] = ()) -> Iterator[Finding]:
        of_code = "(SELECT code FROM codes c WHERE c.key = evaluations.key)" if self._has("codes") else "NULL"
        rows = self._base.execute(f"SELECT {_FINDING}, {of_code} FROM evaluations {clause}", values)
        seen = self._seen()
        for row in rows:
            key, machine, agent, rung, ok, reason, *numbers, others = row[:11]
            seconds, steps, reused, when, seed, judged, code = row[11:]
            first = [Measured(*numbers)] if ok and None not in numbers else []
            rest = [Measured(*one) for one in json.loads(others)] if others != "[]" else []
            measured = (*first, *rest)
            if key in seen:
                measured = tuple(replace(m, seen=s) for m, s in zip(measured, seen[key], strict=False))
            yield Finding(
                key, machine, agent, rung, reason, measured, seconds, steps, bool(reused), when,
                int(seed), {} if judged == "{}" else json.loads(judged), code or "",
            )  # fmt: skip

    def _seen(self) -> dict[str, list[Seen | None]]:
        """Key of an evaluation -> the values behind its utilities, where objectives have a window."""
        if not self._has("seen"):
            return {}
        return {
            key: [None if one is None else Seen(*one) for one in json.loads(text)]
            for key, text in self._base.execute("SELECT key, seen FROM seen")
        }

    def codes(self) -> dict[str, str]:
        """Key of an evaluation -> digest of the code that did it, where that is known."""
        if not self._has("codes"):
            return {}
        return dict(self._base.execute("SELECT key, code FROM codes"))

    def identities(self) -> dict[str, Identity]:
        """Digest of a code -> what it is made of."""
        return {digest: Identity.of_json(json.loads(text)) for digest, text in self._notes(CODE)}

    def by_code(self) -> dict[str, int]:
        """Digest of a code -> how many evaluations it did; '' where that is not known."""
        counts = Counter(self.codes().values())
        known = counts.total()
        return dict(counts) | ({"": unknown} if (unknown := self.evaluations() - known) else {})

    def failed(self) -> dict[str, list[str]]:
        """Why evaluations failed -> their keys, in the order in which they were finished."""
        failed: dict[str, list[str]] = {}
        for key, reason in self._base.execute("SELECT key, reason FROM evaluations WHERE NOT ok ORDER BY id"):
            failed.setdefault(reason, []).append(key)
        return failed

    def history(self) -> Iterator[Finding | Trial]:
        """Findings, and trials that were no machines, in the order in which agents heard of them."""
        streams: tuple[Iterator[Finding | Trial], ...] = (self.findings(), self.trials(State.INFEASIBLE))
        return heapq.merge(*streams, key=lambda past: past.made if isinstance(past, Trial) else past.finished)

    def samples(self, key: str) -> Samples:
        """One number a replica of each quantity of an evaluation; empty where there are none."""
        row = self._base.execute("SELECT samples FROM samples WHERE key = ?", (key,)).fetchone()
        return {} if row is None else dict(json.loads(row[0]))

    def all_samples(self) -> Iterator[tuple[str, Samples]]:
        """(key of the evaluation, its samples) of those that have any."""
        for key, text in self._base.execute("SELECT key, samples FROM samples"):
            if samples := json.loads(text):
                yield key, samples

    def table(self) -> list[tuple[Any, ...]]:
        """A row an evaluation with its machine; :data:`molmach.search.record.export.COLUMNS`."""
        seen, codes = self._seen(), self.codes()
        rows = self._base.execute(
            "SELECT e.id, e.key, e.machine, m.smiles, m.design, e.agent, e.rung, e.seed, e.ok, e.reason, "
            "e.value, e.error, e.low, e.high, e.others, e.controls, e.seconds, e.steps, e.reused, e.finished "
            "FROM evaluations e LEFT JOIN machines m ON m.key = e.machine ORDER BY e.id"
        ).fetchall()
        nothing = (None,) * len(fields(Seen))
        return [
            (
                *row,
                *(nothing if (first := seen.get(row[1], [None])[0]) is None else astuple(first)),
                codes.get(row[1]),
            )
            for row in rows
        ]

    # sums

    def evaluations(self) -> int:
        """Finished evaluations, confirmations included."""
        return int(self._base.execute("SELECT COUNT(*) FROM evaluations").fetchone()[0])

    def totals(self) -> Totals:
        """Sums over all evaluations."""
        count, failed, seconds, steps, reused = self._base.execute(
            "SELECT COUNT(*), SUM(NOT ok), SUM(seconds), SUM(steps), SUM(reused) FROM evaluations "
            "WHERE rung >= 0"
        ).fetchone()
        again = "SELECT COUNT(*) FROM evaluations WHERE rung = ?"
        (confirmations,) = self._base.execute(again, (CONFIRMATION,)).fetchone()
        return Totals(count, failed or 0, seconds or 0.0, steps or 0, reused or 0, confirmations)

    def proposal_counts(self) -> dict[str, Counter[str]]:
        """Agent -> how many of its proposals are ``queued``, ``started``, ``repeat`` and ``infeasible``."""
        counts: dict[str, Counter[str]] = {}
        for agent, state, count in self._base.execute(
            "SELECT agent, state, COUNT(*) FROM proposals GROUP BY agent, state"
        ):
            counts.setdefault(agent, Counter())[state] = count
        return counts

    def marked_reasons(self) -> list[tuple[str, str]]:
        """(agent, reason) of every proposal in whose reason the number gate has marked something."""
        rows = self._base.execute(
            "SELECT agent, rationale FROM proposals "
            "WHERE rationale LIKE '%~~%' OR rationale LIKE '%⟧%' ORDER BY id"
        )
        return [(agent, reason) for agent, reason in rows]

    def spent(self) -> dict[str, Spent]:
        """Agent -> what its machines have cost, confirmations left out."""
        rows = self._base.execute(
            "SELECT agent, COUNT(DISTINCT machine), MAX(low), SUM(seconds) FROM evaluations "
            "WHERE rung >= 0 GROUP BY agent"
        )
        return {agent: Spent(machines, best, seconds) for agent, machines, best, seconds in rows}

    def predictions(self, most: int | None = None) -> Iterator[Prediction]:
        """Predictions beside what the first rung gave, in the order of the proposals and of the objectives.

        In a ledger of several objectives that was written before each was predicted there are none.

        Parameters
        ----------
        most
            Only of the latest so many proposals; None for all.
        """
        measured = (
            "FROM proposals p JOIN evaluations e ON e.machine = p.machine AND e.rung = 0 "
            "WHERE p.state = ? AND e.ok AND e.value IS NOT NULL"
        )
        wanted = (STARTED, -1 if most is None else most)
        rows = self._base.execute(
            "SELECT * FROM (SELECT p.id AS number, p.agent, p.mean, p.sd, e.value, e.error, e.low, e.high "
            f"{measured} AND p.mean IS NOT NULL AND p.sd IS NOT NULL AND e.others = '[]' "
            "ORDER BY p.id DESC LIMIT ?) ORDER BY number",
            wanted,
        )
        for _, *numbers in rows:
            yield Prediction(*numbers)
        if not self._has_opinions():
            return
        rows = self._base.execute(
            "SELECT q.agent, o.objective, o.mean, o.sd, q.value, q.error, q.low, q.high, q.others FROM "
            f"(SELECT p.id AS number, p.agent, e.value, e.error, e.low, e.high, e.others {measured} "
            "AND e.others != '[]' ORDER BY p.id DESC LIMIT ?) q "
            "JOIN opinions o ON o.proposal = q.number ORDER BY q.number, o.objective",
            wanted,
        )
        for agent, objective, mean, sd, *first, others in rows:
            measured_of = [first, *json.loads(others)]
            if objective < len(measured_of) and None not in measured_of[objective]:
                value, error, low, high = measured_of[objective]
                yield Prediction(agent, mean, sd, value, error, low, high, objective)

    def failures(self) -> list[Failure]:
        """What went wrong, each reason once."""
        queries: Mapping[str, str] = {
            "evaluation": "SELECT reason, COUNT(*) FROM evaluations WHERE NOT ok GROUP BY reason",
            "proposal": "SELECT reason, COUNT(*) FROM proposals WHERE state = 'infeasible' GROUP BY reason",
            "worker": "SELECT text, COUNT(*) FROM events WHERE kind = 'lost' GROUP BY text",
            "agent": "SELECT who || ': ' || text, COUNT(*) FROM events "
            "WHERE kind IN ('agent_failed', 'agent_benched') GROUP BY who, text",
            "estimator": "SELECT who || ': ' || text, COUNT(*) FROM events "
            "WHERE kind = 'estimator_failed' GROUP BY who, text",
        }
        return [
            Failure(what, str(reason), count)
            for what, query in queries.items()
            for reason, count in self._base.execute(query)
        ]

    # events and notes

    def events(self) -> Iterator[Event]:
        """Everything that happened, in its order."""
        for row in self._base.execute("SELECT id, time, kind, who, text FROM events ORDER BY id"):
            yield Event(*row)

    def agent_failures(self) -> dict[str, dict[str, Any]]:
        """Agent -> how often it has failed, what it said last, and why it was left out if it was."""
        failures: dict[str, dict[str, Any]] = {}
        for kind, who, text in self._base.execute(
            "SELECT kind, who, text FROM events WHERE kind IN ('agent_failed', 'agent_benched') ORDER BY id"
        ):
            one = failures.setdefault(who, {"times": 0, "last": "", "left_out": None})
            if kind == "agent_failed":
                one |= {"times": one["times"] + 1, "last": text}
            else:
                one["left_out"] = text
        return failures

    def given_up(self) -> dict[str, str]:
        """Agent -> why it was given up, of those that are not asked any more since the last start."""
        (start,) = self._base.execute("SELECT MAX(id) FROM events WHERE kind = 'started'").fetchone()
        benched = "SELECT who, text FROM events WHERE kind = 'agent_benched' AND id > ? ORDER BY id"
        return dict(self._base.execute(benched, (start or 0,)))

    def last_event(self, kind: str | None = None, *, but: str = "") -> Event | None:
        """The latest event, of a kind or of any ``but`` one; None where there is none."""
        row = self._base.execute(
            "SELECT id, time, kind, who, text FROM events WHERE kind = COALESCE(?, kind) AND kind != ? "
            "ORDER BY id DESC LIMIT 1",
            (kind, but),
        ).fetchone()
        return None if row is None else Event(*row)

    def event_counts(self) -> dict[str, int]:
        """How often each kind of event happened."""
        return dict(self._base.execute("SELECT kind, COUNT(*) FROM events GROUP BY kind"))

    def talked(self) -> dict[str, tuple[int, float]]:
        """Agent -> tokens of language models that it has used, and what was paid for them."""
        sums: dict[str, tuple[int, float]] = {}
        for event in self.said():
            exchange = json.loads(event.text)
            tokens, paid = sums.get(event.who, (0, 0.0))
            sums[event.who] = tokens + int(exchange["tokens"]), paid + float(exchange["paid"])
        return sums

    def said(self) -> Iterator[Event]:
        """What agents and language models have said to each other, in its order; each text is JSON."""
        rows = self._base.execute(
            "SELECT id, time, kind, who, text FROM events WHERE kind = ? ORDER BY id", (SAID,)
        )
        for row in rows:
            yield Event(*row)

    def answers(self) -> dict[str, int]:
        """Agent -> how often it has answered."""
        return {agent: int(text) for agent, text in self._notes(_ASKED)}

    def explanations(self) -> dict[str, str]:
        """Agent -> what it said that it believes, when the campaign last ended."""
        return {agent: text for agent, text in self._notes(_EXPLAINED) if text.strip()}

    def sessions(self) -> list[dict[str, Any]]:
        """``executor`` and ``versions`` of each start of the campaign, where they had changed."""
        sessions: list[dict[str, Any]] = json.loads(self.noted("sittings") or "[]")
        return sessions

    def _notes(self, prefix: str) -> list[tuple[str, str]]:
        """(rest of the key, text) of the notes whose key starts so, by key."""
        rows = self._base.execute(
            "SELECT key, value FROM meta WHERE key GLOB ? ORDER BY key", (prefix + "*",)
        )
        return [(key.removeprefix(prefix), value) for key, value in rows]
