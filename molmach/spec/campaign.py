"""The campaign file: a space of machines, what is wanted of them, who searches, and what it may cost."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from molmach import systems as library
from molmach.errors import SpecError, shortened
from molmach.files import is_there
from molmach.spec import fields
from molmach.spec.document import Name, Spec
from molmach.spec.fields import Section
from molmach.spec.reading import override, read_mapping, read_text, validate
from molmach.spec.space import DesignSpace, Label
from molmach.units import canonical

WHAT = "a campaign's YAML file"
DYNAMICS = "dynamics"
"""The evaluation of campaigns that name no other."""


Bound = Annotated[str, Field(min_length=1, max_length=60)] | fields.Number
"""A quantity with its unit, or a plain number where it has none."""


class Objective(Section):
    """One thing that is wanted.

    Attributes
    ----------
    maximise, minimise
        A quantity of the score or an expression of several, such as ``abs(velocity)`` or
        ``velocity - 0.01 * work_rate``.
    quantity
        The same, of which a value in a window or at a target is wanted; exactly one of the three.
    within
        Of ``quantity``: the window, its lower and its upper bound.
    target
        Of ``quantity``: the one value; exactly one of the two.
    """

    maximise: str | None = None
    minimise: str | None = None
    quantity: str | None = None
    within: tuple[Bound, Bound] | None = None
    target: Bound | None = None

    @model_validator(mode="after")
    def _one_sense(self) -> Objective:
        if sum(said is not None for said in (self.maximise, self.minimise, self.quantity)) != 1:
            raise ValueError("expected exactly one of maximise, minimise and quantity")
        ends = sum(said is not None for said in (self.within, self.target))
        if ends != (self.quantity is not None):
            raise ValueError(
                "expected exactly one of within and target beside quantity, such as "
                "{quantity: half_life, within: [1 s, 10 s]}"
                if self.quantity is not None
                else "within and target are of quantity; expected neither beside maximise or minimise"
            )
        return self

    @model_serializer(mode="wrap")
    def _said(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without what objectives of before did not have, so that keys of these stay."""
        content: dict[str, Any] = write(self)
        kept = ("maximise", "minimise") if self.quantity is None else ("quantity", "within", "target")
        return {
            name: value
            for name, value in content.items()
            if name in kept and (self.quantity is None or value is not None)
        }

    @property
    def expression(self) -> str:
        """Of what a value is wanted."""
        return next(said for said in (self.maximise, self.minimise, self.quantity) if said is not None)

    @property
    def sign(self) -> float:
        """-1 where less is better, +1 where more is: of a window, more of its utility."""
        return -1.0 if self.minimise is not None else 1.0

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """The window's ends, or the target alone; empty where more or less is better."""
        if self.within is not None:
            return self.within
        return () if self.target is None else (self.target,)

    @property
    def bounds_text(self) -> str:
        """The window or the target, as it was written."""
        ends = ", ".join(str(bound) for bound in self.bounds)
        return f"[{ends}]" if self.within is not None else ends

    @property
    def words(self) -> str:
        """What is wanted, for people."""
        if self.within is not None:
            return f"bring {self.expression} within {self.within[0]} to {self.within[1]}"
        if self.target is not None:
            return f"bring {self.expression} to {self.target}"
        return f"{'maximise' if self.sign > 0 else 'minimise'} {self.expression}"

    @property
    def ranked(self) -> str:
        """By what machines are ranked: the expression, or how far inside its window it is."""
        if not self.bounds:
            return self.expression
        return f"distance of {self.expression} {'inside' if self.within else 'from'} {self.bounds_text}"


class Rung(Section):
    """One level of effort: replicas and measured time of each."""

    replicas: Annotated[int, Field(strict=True, ge=4, le=100_000)]
    duration: fields.Time


class Racing(Section):
    """How effort is given out: every machine gets the first rung, the hopeful ones the next.

    Attributes
    ----------
    rungs
        From cheap to full length, of evaluations that simulate, such as ``dynamics``; others have theirs in
        ``evaluation``.
    keep
        Of the machines that stand on a rung, at most one in so many goes on; and none does whose
        upper confidence bound lies below the lower one of the best.
    """

    rungs: Annotated[tuple[Rung, ...], Field(max_length=10)] = ()
    keep: Annotated[int, Field(strict=True, ge=1, le=100)] = 3


class EvaluationEntry(Section):
    """What is done to a machine to learn what it is worth.

    Attributes
    ----------
    use
        ``dynamics``, which simulates it, another registered name, or ``file.py:Class``.
    rungs
        From cheap to full effort, each a mapping of what the evaluation takes; one empty rung by default.
        Those of evaluations that simulate, such as ``dynamics``, stand in the section ``racing``.
    options
        What else it takes.
    """

    use: Annotated[str, Field(min_length=1)] = DYNAMICS
    rungs: Annotated[tuple[dict[str, Any], ...], Field(max_length=10)] = ()
    options: dict[str, Any] = Field(default_factory=dict)


class TheoryEntry(Section):
    """What exact theory says of machines before they are simulated.

    Attributes
    ----------
    use
        Whether agents and the record have it.
    estimators
        Which estimators say it, the first that knows a quantity first: registered names or ``file.py:Class``.
        None: all registered ones that know anything of the machine.
    """

    use: Annotated[bool, Field(strict=True)] = True
    estimators: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _each_once(self) -> TheoryEntry:
        for name in self.estimators:
            if self.estimators.count(name) > 1:
                raise ValueError(f"estimators: {name!r} stands twice; expected each once")
        if self.estimators and not self.use:
            raise ValueError("use is false, and yet there are estimators; expected one of the two")
        return self


class Confirmation(Section):
    """The winners' second run, with fresh seeds and both controls.

    Attributes
    ----------
    machines
        How many of the best are run again.
    replicas, duration
        Of that run.
    """

    machines: Annotated[int, Field(strict=True, ge=0, le=1000)] = 3
    replicas: Annotated[int, Field(strict=True, ge=4, le=100_000)] = 64
    duration: fields.Time | None = None


class AgentEntry(Section):
    """An agent that takes part.

    Attributes
    ----------
    use
        A registered name (``molmach agents`` lists them) or ``file.py:Class``.
    name
        What it is called in this campaign; by default as ``use``.
    options
        Keyword arguments of its constructor.
    """

    use: Annotated[str, Field(min_length=1)]
    name: Label | None = None
    options: dict[str, Any] = Field(default_factory=dict)

    @property
    def label(self) -> str:
        """What it is called in this campaign."""
        return self.name or self.use.rpartition(":")[2]


class Budget(Section):
    """When to stop: whichever comes first.

    Attributes
    ----------
    evaluations
        Simulations, of whatever rung.
    core_seconds
        Time that cores spent on simulations.
    wall_clock
        Time since the campaign was started, its pauses not counted; a quantity such as ``20 min``.
    target
        A lower confidence bound of the (first) objective on the last rung that is good enough.
    """

    evaluations: Annotated[int, Field(strict=True, ge=1, le=10**9)] | None = None
    core_seconds: Annotated[fields.Number, Field(ge=1e-3, le=1e12)] | None = None
    wall_clock: fields.WallClock | None = None
    target: fields.Number | None = None

    @model_validator(mode="after")
    def _ends(self) -> Budget:
        if self.evaluations is None and self.core_seconds is None and self.wall_clock is None:
            raise ValueError("no end: expected evaluations, core_seconds or wall_clock")
        return self


class Campaign(Section):
    """A search for a better machine.

    Attributes
    ----------
    name, description
        For people; they change no number.
    base
        A library machine or a machine file whose sections are the starting point.
    machine, drive, protocol
        Sections as in a machine file, over those of ``base``; the SMILES in ``machine`` may have
        sites ``[*:10]``.
    space
        What may vary.
    objectives
        What is wanted; several give a Pareto front.
    evaluation
        What is done to each machine.
    theory
        What is said of machines before anything is simulated.
    racing, confirmation, budget
        What is spent, and how.
    agents
        Who searches.
    batch
        Designs that all agents together are asked for at once. Their choices depend on it, so it stays the
        same on any number of cores; a cluster of hundreds of cores with quick evaluations wants more.
    seed
        Of the agents' choices. Simulations draw on ``protocol.seed``.
    """

    name: Name
    description: str = ""
    base: str | None = None
    machine: dict[str, Any] = Field(default_factory=dict)
    drive: dict[str, Any] = Field(default_factory=dict)
    protocol: dict[str, Any] = Field(default_factory=dict)
    space: DesignSpace
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1, max_length=5)]
    evaluation: EvaluationEntry = Field(default_factory=EvaluationEntry)
    theory: TheoryEntry = Field(default_factory=TheoryEntry)
    racing: Racing = Field(default_factory=Racing)
    confirmation: Confirmation = Field(default_factory=Confirmation)
    agents: Annotated[tuple[AgentEntry, ...], Field(min_length=1, max_length=50)]
    batch: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 4
    budget: Budget
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 1

    @field_validator("agents", mode="before")
    @classmethod
    def _bare_names(cls, agents: Any) -> Any:
        if not isinstance(agents, list | tuple):
            return agents
        return [{"use": agent} if isinstance(agent, str) else agent for agent in agents]

    @field_validator("objectives", mode="before")
    @classmethod
    def _one_objective(cls, objectives: Any) -> Any:
        return [objectives] if isinstance(objectives, dict) else objectives

    @model_validator(mode="after")
    def _labels_differ(self) -> Campaign:
        labels = [agent.label for agent in self.agents]
        for label in labels:
            if labels.count(label) > 1:
                raise ValueError(f"agents: two are called {label!r}; expected a different name for each")
        return self

    @property
    def template(self) -> dict[str, Any]:
        """Machine, drive and protocol from which every machine of the space is made; a fresh copy."""
        content = {"machine": self.machine, "drive": self.drive, "protocol": self.protocol}
        copy: dict[str, Any] = json.loads(json.dumps(content))
        return copy

    def canonical(self) -> str:
        """The same text for every spelling of the same campaign."""
        content = self.model_dump(mode="json", exclude={"name", "description", "base"} | self._unsaid)
        for objective in content["objectives"]:
            for bounds in ("within", "target"):
                if isinstance(said := objective.get(bounds), list):
                    objective[bounds] = [canonical(bound) for bound in said]
                elif said is not None:
                    objective[bounds] = canonical(said)
        return json.dumps(content, sort_keys=True, separators=(",", ":"))

    @property
    def _unsaid(self) -> set[str]:
        """Sections that say nothing where they are the default, so that keys of before stay."""
        said = {"evaluation": EvaluationEntry(), "theory": TheoryEntry()}
        return {name for name, default in said.items() if getattr(self, name) == default}

    @property
    def key(self) -> str:
        """sha256 of :meth:`canonical`, hexadecimal."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()

    def to_yaml(self) -> str:
        """The whole campaign, its base filled in, as a file that reads back to an equal one."""
        content = self.model_dump(mode="json", exclude_none=True, exclude={"base"} | self._unsaid)
        return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None))


def load_campaign(path: str | Path, overrides: Iterable[str] = ()) -> Campaign:
    """Read a campaign file.

    Parameters
    ----------
    path
        The file.
    overrides
        ``path=value`` texts such as ``"budget.evaluations=50"``, applied before validation.

    Raises
    ------
    SpecError
        The file, a field or an override can't be taken; the message names it and what is accepted.
    """
    source = str(path)
    if not is_there(Path(path)):
        raise SpecError(f"{source[:200]}: no such file; expected {WHAT}")
    content = read_mapping(read_text(Path(path), source, WHAT), source, Campaign)
    for change in overrides:
        override(content, change)
    return loads_campaign(content, source, Path(path).parent)


def loads_campaign(content: dict[str, Any], source: str, folder: Path) -> Campaign:
    """A campaign from the mapping in its file; ``folder`` is where relative paths start."""
    base = content.get("base")
    if isinstance(base, str):
        content = {**content}
        below = _base(base, source, folder)
        for section in ("machine", "drive", "protocol"):
            given = content.get(section, {})
            if isinstance(given, dict):
                same_kind = given.get("kind", below.get(section, {}).get("kind"))
                kept = below.get(section, {}) if same_kind == below.get(section, {}).get("kind") else {}
                content[section] = {**kept, **given}
    return validate(content, source, Campaign)


def _base(base: str, source: str, folder: Path) -> dict[str, Any]:
    if base in library.names():
        path = library.path(base)
    else:
        path = folder / base
        if not is_there(path):
            nearest = difflib.get_close_matches(base, library.names(), 1)
            hint = f"; did you mean '{nearest[0]}'?" if nearest else ""
            raise SpecError(
                f"{source}: base: got {shortened(base)}; expected a machine of the library or a file{hint}"
            )
    return read_mapping(read_text(path, str(path), "a machine's YAML file"), str(path), Spec)
