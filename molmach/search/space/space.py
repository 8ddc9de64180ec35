"""The space of machines as the search sees it: drawing designs, changing them, and making them machines."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import DataStructs

from molmach.errors import InfeasibleError, MolmachError, SpecError, shortened
from molmach.search.space import fragments
from molmach.search.space.constraints import broken_constraint, excess
from molmach.search.space.design import Categorical, Design, Numeric, Value, Variable
from molmach.search.space.drawing import Drawing, within_of
from molmach.search.space.edits import edit_molecule, reactions_of
from molmach.search.space.identity import machine_key
from molmach.search.space.molecules import fingerprint, molecules_of, plain_smiles, put_molecule
from molmach.search.space.sites import attach, is_readable, site_numbers
from molmach.spec import Campaign, MachineSection, Spec
from molmach.spec.kinds import Kinds
from molmach.spec.reading import set_path, validate

_RESOLVED = 200_000
"""Designs whose machines are remembered, each of which takes about a millisecond to make. Not tuned."""

_EDIT_TRIES = 20
"""Reactions at random of which one should apply. Not tuned: where none does, another design is tried."""

_NO_MACHINE = 100.0
"""What is no machine at all breaks more than any constraint."""

_UNSAID = 1e-9
"""What breaks none by the count but is refused all the same."""


@dataclass(frozen=True)
class Candidate:
    """A design that is a machine.

    Attributes
    ----------
    design
        As proposed.
    spec
        The machine file that it makes.
    key
        sha256 of machine, drive and bath: the same for a machine that was reached in another way, and for one
        counted from the other end of its axle where that makes no difference.
    smiles
        Of its molecules, without map numbers.
    """

    design: Design
    spec: Spec
    key: str
    smiles: str


class Space:
    """The designs of a campaign.

    Parameters
    ----------
    campaign
        Its template and its space.

    Raises
    ------
    SpecError
        The space does not fit the machine: a site that is not there, an unknown fragment.
    """

    def __init__(self, campaign: Campaign) -> None:
        self._name = campaign.name
        self._template = campaign.template
        self._limits = campaign.space.constraints
        self._options = campaign.space.choices
        for name, smiles in campaign.space.fragments.items():
            fragments.checked(smiles, f"space.fragments.{name}")
        self._fragments = {
            f"R{site}": fragments.chosen(names, campaign.space.fragments, f"space.sites.{site}")
            for site, names in campaign.space.sites.items()
        }
        self._check_molecules()
        self._reactions = reactions_of(campaign.space.edits)
        numeric = [Numeric.of(path, bounds) for path, bounds in campaign.space.parameters.items()]
        self.variables: tuple[Variable, ...] = (
            *(Categorical(name, tuple(members)) for name, members in self._fragments.items()),
            *(Categorical(name, tuple(options)) for name, options in self._options.items()),
            *numeric,
        )
        self._check_sites()
        self._resolve = lru_cache(maxsize=_RESOLVED)(self._resolve_anew)

    def __reduce__(self) -> Any:
        raise TypeError("a Space is made from its campaign where it is needed, and not sent")

    def _check_molecules(self) -> None:
        """Refuse what RDKit can't read, sites or not, where the machine file has molecules."""
        kind = self._template["machine"].get("kind")
        if not isinstance(kind, str) or kind not in Kinds(MachineSection):
            return  # a choice says it, or every design is refused for it
        places = {f"machine.{name}" for name in Kinds(MachineSection)[kind].molecules}
        written = {f"machine.{place}": smiles for place, smiles in molecules_of(self._template["machine"])}
        for name, labels in self._options.items():
            for label, option in labels.items():
                for place in places & set(option):
                    written[f"space.choices.{name}.{label}.{place}"] = option[place]
        for where, smiles in written.items():
            if isinstance(smiles, str) and not is_readable(smiles):
                raise SpecError(
                    f"{where}: got {shortened(smiles)}, which RDKit can't read; expected a valid SMILES, in "
                    "which sites may stand, such as 'c1ccccc1[*:10]'"
                )

    def _check_sites(self) -> None:
        texts = json.dumps([self._template["machine"], self._options])
        present = site_numbers(texts)
        for name in self._fragments:
            if int(name[1:]) not in present:
                raise SpecError(
                    f"space.sites.{name[1:]}: the machine has no site [*:{name[1:]}]; "
                    f"it has {sorted(present) or 'none'}"
                )
        for number in sorted(present):
            if f"R{number}" not in self._fragments:
                raise SpecError(
                    f"space.sites: the machine's site [*:{number}] has no fragments; expected {number}: [...]"
                )

    @property
    def site_fragments(self) -> dict[str, dict[str, str]]:
        """Name of a site's variable -> name of each of its values -> SMILES with one ``[*]``."""
        return {site: dict(members) for site, members in self._fragments.items()}

    @property
    def open(self) -> bool:
        """Whether edits may lead out of the enumerated space."""
        return bool(self._reactions)

    @property
    def size(self) -> int | None:
        """Number of combinations; None where a variable is continuous."""
        total = 1
        for variable in self.variables:
            if isinstance(variable, Categorical):
                total *= len(variable.values)
            elif variable.scale == "integer":
                total *= int(variable.high - variable.low) + 1
            else:
                return None
        return total

    def enumerate(self) -> Iterator[Design]:
        """Every combination, one after the other; the space must have a size."""
        axes: list[Sequence[Value]] = []
        for variable in self.variables:
            if isinstance(variable, Categorical):
                axes.append(variable.values)
            else:
                assert variable.scale == "integer", "a continuous variable can't be enumerated"
                axes.append(range(int(variable.low), int(variable.high) + 1))
        names = [variable.name for variable in self.variables]
        for values in itertools.product(*axes):
            yield Design.of(dict(zip(names, values, strict=True)))

    @cached_property
    def drawing(self) -> Drawing:
        """The designs by number and at random, without those that weigh too much where weights add up."""
        sites, choices = self.site_fragments, list(self._options)
        within = within_of(
            self._limits, self.variables, sites, choices, lambda design: self.written(design).machine
        )
        return Drawing(self.variables, list(sites), choices, within)

    def sample(self, rng: np.random.Generator) -> Design:
        """A design at random, each as likely as any other that is not too heavy by itself.

        Molecular weight and number of heavy atoms are sums over substituents, so designs within such limits
        are drawn directly. Other constraints are not looked at.
        """
        return self.drawing.sample(rng)

    def light_enough(self, categories: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether designs keep to limits of weight and atoms, without making them; all, where that is not
        known.

        Parameters
        ----------
        categories
            (n, named variables) number of the value of each, in the order of :attr:`variables`.
        """
        within = self.drawing.within
        if within is None:
            return np.ones(len(categories), dtype=bool)
        names = [variable.name for variable in self.variables if isinstance(variable, Categorical)]
        chosen = np.zeros(len(categories), dtype=np.int64)
        for name, options in self._options.items():
            chosen = chosen * len(options) + categories[:, names.index(name)]
        return within.holds(chosen, categories[:, [names.index(name) for name in self._fragments]])

    def excess(self, design: Design) -> float:
        """By how much a design breaks the constraints: 0 of a machine, about 1 for every part that does."""
        try:
            broken = excess(self.written(design), self._limits)
        except Exception:  # it can't even be written, and RDKit raises what it likes
            return _NO_MACHINE
        return broken if broken or self.is_machine(design) else _UNSAID

    def mutate(self, design: Design, rng: np.random.Generator) -> Design:
        """The design with one variable changed; numbers move by a Gaussian step of a fifth of their range."""
        movable = [v for v in self.variables if isinstance(v, Numeric) or len(v.values) > 1]
        if not movable:
            return design
        variable = movable[int(rng.integers(len(movable)))]
        old = design[variable.name]
        if isinstance(variable, Categorical):
            others = [value for value in variable.values if value != old]
            return design.replace(**{variable.name: others[int(rng.integers(len(others)))]})
        return design.replace(
            **{variable.name: variable.at(variable.share(old) + 0.2 * rng.standard_normal())}
        )

    def cross(self, first: Design, second: Design, rng: np.random.Generator) -> Design:
        """A design that has each variable from one of two parents."""
        return Design.of({v.name: (first if rng.random() < 0.5 else second)[v.name] for v in self.variables})

    def edit(self, design: Design, rng: np.random.Generator) -> tuple[Design, str] | None:
        """The design after one reaction on its molecules, and what was done; None where none applies.

        Raises
        ------
        InfeasibleError
            The design itself is no machine.
        """
        machine = self.resolve(design).spec.machine.model_dump(mode="json", exclude_none=True)
        molecules = molecules_of(machine)
        for _ in range(_EDIT_TRIES):
            path, smiles = molecules[int(rng.integers(len(molecules)))]
            reaction = self._reactions[int(rng.integers(len(self._reactions)))]
            product = edit_molecule(smiles, reaction, rng)
            if product is None:
                continue
            changed = Design(design.values, tuple(sorted({**dict(design.edited), path: product}.items())))
            if self.is_machine(changed):
                return changed, reaction.name
        return None

    def holds(self, design: Design) -> bool:
        """Whether the design has a value of every variable and of no other, be it a machine or not."""
        values = dict(design.values)
        if len(values) != len(self.variables):
            return False
        return all(variable.accepts(values.get(variable.name)) for variable in self.variables)

    def is_machine(self, design: Design) -> bool:
        """Whether the design is a machine that keeps to the constraints."""
        try:
            self.resolve(design)
        except InfeasibleError:
            return False
        return True

    def resolve(self, design: Design) -> Candidate:
        """The machine that a design makes.

        Raises
        ------
        InfeasibleError
            It is none, or it breaks a constraint; the message says why.
        """
        resolved = self._resolve(design)
        if isinstance(resolved, str):
            raise InfeasibleError(resolved)
        return resolved

    def written(self, design: Design) -> Spec:
        """The machine file of a design, whatever stands against it as a machine.

        Raises
        ------
        SpecError
            A value in it is none that a machine file takes.
        InfeasibleError
            The design is none of the space's, or a fragment can't be attached.
        """
        return validate({"name": self._name, **self._assembled(design)}, "design", Spec)

    def _resolve_anew(self, design: Design) -> Candidate | str:
        try:
            spec = self.written(design)
            problem = broken_constraint(spec, self._limits)
        except MolmachError as error:
            return str(error)
        except Exception as error:  # an edited molecule may be anything, and RDKit raises what it likes
            return f"no machine: {type(error).__name__}: {error}"
        if problem:
            return problem
        return Candidate(design, spec, machine_key(spec), plain_smiles(spec.machine))

    def _assembled(self, design: Design) -> dict[str, Any]:
        """Machine, drive and protocol of a design, as a machine file has them.

        Raises
        ------
        InfeasibleError
            A value that the space does not have, or a fragment that can't be attached.
        """
        values = dict(design.values)
        names = [variable.name for variable in self.variables]
        for name in values.keys() - set(names):
            raise InfeasibleError(f"{name}: the space has no such variable; expected {', '.join(names)}")
        for variable in self.variables:
            if variable.name not in values or not variable.accepts(values[variable.name]):
                raise InfeasibleError(
                    f"{variable.name}: got {values.get(variable.name)!r}; expected a value of the space"
                )
        if design.edited and not self.open:
            raise InfeasibleError("the space has no edits; expected a design of its variables alone")
        content: dict[str, Any] = json.loads(json.dumps(self._template))
        for name, options in self._options.items():
            for path, value in options[str(values[name])].items():
                set_path(content, path.split("."), value)
        for variable in self.variables:
            if isinstance(variable, Numeric):
                set_path(content, variable.name.split("."), variable.written(values[variable.name]))
        attached = {int(name[1:]): members[str(values[name])] for name, members in self._fragments.items()}
        content["machine"] = attach(content["machine"], attached)
        for path, smiles in design.edited:
            put_molecule(content["machine"], path, smiles)
        return content

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of :meth:`encode`."""
        names: list[str] = []
        for variable in self.variables:
            if isinstance(variable, Categorical):
                names += [f"{variable.name}={value}" for value in variable.values]
            else:
                names.append(variable.name)
        return tuple(names)

    def encode(self, designs: Sequence[Design]) -> NDArray[np.float64]:
        """(n_designs, n_columns): one column a value of each named variable, one share a number."""
        rows = np.zeros((len(designs), len(self.columns)))
        place = {name: column for column, name in enumerate(self.columns)}
        for row, design in zip(rows, designs, strict=True):
            for variable in self.variables:
                value = design[variable.name]
                if isinstance(variable, Categorical):
                    row[place[f"{variable.name}={value}"]] = 1.0
                else:
                    row[place[variable.name]] = variable.share(value)
        return rows

    def fingerprint(self, design: Design) -> DataStructs.ExplicitBitVect:
        """Morgan fingerprint (radius 2, chirality included) of the design's molecules.

        Raises
        ------
        InfeasibleError
            The design is no machine.
        """
        return fingerprint(self.resolve(design).smiles)
