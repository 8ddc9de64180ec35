"""What an estimator is: exact theory of the built structure, which says of a machine what it may do."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from molmach.spec import Spec
from molmach.spec.drive import no_drive

Features = Mapping[str, Any]
"""What an estimator keeps of a built structure: plain values that JSON can hold."""


_LARGEST = 1e150
"""From which on squares leave what a float holds, as for objectives."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What theory says of one quantity.

    Attributes
    ----------
    value
        Of the quantity, in its unit.
    sd
        Standard deviation of what a long simulation would give about ``value``: the model's own error.
    model
        Which exact model gave it, in one line.
    """

    value: float
    sd: float
    model: str

    @property
    def sound(self) -> bool:
        """Whether value and sd are numbers whose squares a float holds, and sd is not negative."""
        return abs(self.value) < _LARGEST and 0.0 <= self.sd < _LARGEST


class Estimator(ABC):
    """Exact theory for machines of some sort under drives of some sort.

    Its work has two stages. :meth:`describe` builds the machine and keeps of it what the theory needs, which
    takes a good part of a second and depends on the molecules alone, so that it is done once a molecule.
    :meth:`estimate` puts that into an exact model under the drive, which takes milliseconds. An estimator is
    made without arguments and has no state.
    """

    summary: ClassVar[str] = ""
    """One line that says which theory it is."""

    quantities: ClassVar[tuple[str, ...]] = ()
    """Names of the quantities that it may give."""

    method: ClassVar[str] = "1"
    """Part of what stored features are known by; changes when the same machine would have others."""

    @abstractmethod
    def refusal(self, spec: Spec) -> str:
        """Why it has nothing to say of a machine under its drive, as a clause; '' where it has.

        It is asked before anything is built, and told from what machine kind and drive say of themselves.
        """

    @abstractmethod
    def describe(self, spec: Spec) -> Features:
        """What the theory needs of the built structure.

        Parameters
        ----------
        spec
            The machine as :func:`bare` gives it: without its drive, and of its protocol only what structures
            depend on.

        Raises
        ------
        BuildError
            The machine can't be built.
        """

    @abstractmethod
    def estimate(self, features: Features, spec: Spec) -> Mapping[str, Estimate]:
        """Name of a quantity -> what theory says of it; those that it can't say are left out.

        Parameters
        ----------
        features
            Of the machine, as :meth:`describe` gave them or as JSON has kept them.
        spec
            The machine, its drive and its protocol.
        """

    def key(self, name: str, spec: Spec) -> str:
        """What the features of a machine are known by: sha256 of the machine, and of who describes it.

        Parameters
        ----------
        name
            Of the estimator.
        spec
            The machine, under any drive.
        """
        text = json.dumps([name, self.method, bare(spec).canonical()])
        return hashlib.sha256(text.encode()).hexdigest()


def bare(spec: Spec) -> Spec:
    """A machine without its drive, and of its protocol only what its structures depend on.

    These are the force field, the seed of the conformers, the temperature that weighs shapes, the anchors,
    and the mass of hydrogen.
    """
    before, fresh = spec.protocol, type(spec.protocol)()
    kept = ("force_field", "seed", "temperature", "anchor", "hydrogen_mass")
    protocol = fresh.model_copy(update={name: getattr(before, name) for name in kept})
    return spec.model_copy(update={"drive": no_drive(), "protocol": protocol})
