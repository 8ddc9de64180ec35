"""What of a design is inherited, and how much of it two designs have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import DataStructs

from molmach.agents.symmetry import column_exchanges
from molmach.errors import InfeasibleError
from molmach.search.space.design import Categorical, Design
from molmach.search.space.space import Space

Floats = NDArray[np.float64]

NUMERIC_REACH = 0.25
"""Share of its range over which a number is one gene, before anything tells: its kinship falls as a Gaussian
of this width."""


@dataclass(frozen=True)
class Genome:
    """What of some designs is inherited.

    Attributes
    ----------
    rows
        (n_symmetries, n, n_columns) as ``space.encode`` has them, in every spelling of the design.
    molecules
        Fingerprints, where edits make molecules that the variables do not tell of; else empty.
    """

    rows: Floats
    molecules: tuple[DataStructs.ExplicitBitVect, ...]

    def __len__(self) -> int:
        return int(self.rows.shape[1])

    def of(self, chosen: NDArray[np.int64]) -> Genome:
        """The genome of some of the designs."""
        molecules = tuple(self.molecules[i] for i in chosen) if self.molecules else ()
        return Genome(self.rows[:, chosen], molecules)


def genome(space: Space, designs: Sequence[Design]) -> Genome:
    """What of the designs is inherited."""
    rows = space.encode(designs)
    molecules = tuple(_fingerprint(space, design) for design in designs) if space.open else ()
    return Genome(np.stack([rows[:, order] for order in column_exchanges(space)]), molecules)


def _fingerprint(space: Space, design: Design) -> DataStructs.ExplicitBitVect:
    try:
        return space.fingerprint(design)
    except InfeasibleError:
        return DataStructs.ExplicitBitVect(2048)


@dataclass(frozen=True)
class Variances:
    """Where the variance of what is measured comes from.

    Attributes
    ----------
    additive
        Of what is inherited, the share that genes bring each on their own.
    fading
        Number of differing genes over which the kinship of the rest falls to 1/e.
    uninherited
        Variance of what is not inherited, over that of what is; noise of the measurement apart.
    inherited
        Variance of what is inherited.
    reach
        Share of its range over which a number is one gene.
    """

    additive: float
    fading: float
    uninherited: float
    inherited: float
    reach: float = NUMERIC_REACH


def kinship(space: Space, first: Genome, second: Genome, variances: Variances) -> Floats:
    """(n_first, n_second) kinship: 1 for the same design, 0 for nothing in common.

    Averaged over the spellings of the second design and scaled to 1 for the design itself, so that
    all spellings are the same individual.
    """
    return Shared.of(space, first, second).kinship(variances)


@dataclass(frozen=True)
class Common:
    """What designs have in common.

    Attributes
    ----------
    whole
        (n_symmetries, ...) number of genes that are the same, and of molecules' likeness.
    gaps
        (n_numbers, n_symmetries, ...) squared differences of numbers, as shares of their ranges.
    """

    whole: Floats
    gaps: Floats

    def genes(self, reach: float) -> Floats:
        """(n_symmetries, ...) number of shared genes, where numbers are shared within a reach."""
        return np.asarray(self.whole + np.exp(self.gaps / (-2.0 * reach**2)).sum(axis=0))


@dataclass(frozen=True)
class Shared:
    """Numbers of shared genes, from which kinship follows for any variances.

    Attributes
    ----------
    genes
        How many genes a design has.
    between
        With each spelling of the second.
    own_first, own_second
        With each spelling of the design itself.
    """

    genes: float
    between: Common
    own_first: Common
    own_second: Common

    @classmethod
    def of(cls, space: Space, first: Genome, second: Genome) -> Shared:
        """Of two groups of designs."""
        genes = float(max(1, len(space.variables) + space.open))
        own_second = _shared_own(space, second)
        own_first = own_second if first is second else _shared_own(space, first)
        return cls(genes, _shared_genes(space, first, second), own_first, own_second)

    def kinship(self, variances: Variances) -> Floats:
        """(n_first, n_second) as :func:`kinship` has it."""
        first, second = self._alike(self.own_first, variances), self._alike(self.own_second, variances)
        return np.asarray(self._alike(self.between, variances) / np.sqrt(first[:, None] * second[None, :]))

    def _alike(self, common: Common, variances: Variances) -> Floats:
        shared = common.genes(variances.reach)
        each = variances.additive * shared / self.genes
        each += (1.0 - variances.additive) * np.exp(-(self.genes - shared) / variances.fading)
        return np.asarray(each.mean(axis=0))


def _shared_genes(space: Space, first: Genome, second: Genome) -> Common:
    """(n_symmetries, n_first, n_second) what is in common with each spelling of the second."""
    named = _named_columns(space)
    shared = first.rows[0][:, named] @ second.rows[:, :, named].transpose(0, 2, 1)
    if first.molecules and second.molecules:
        rows = [DataStructs.BulkTanimotoSimilarity(one, list(second.molecules)) for one in first.molecules]
        shared = shared + np.array(rows)
    numbers, others = first.rows[0][:, ~named].T, second.rows[:, :, ~named].transpose(2, 0, 1)
    return Common(np.asarray(shared), (numbers[:, None, :, None] - others[:, :, None, :]) ** 2)


def _shared_own(space: Space, those: Genome) -> Common:
    """(n_symmetries, n) what each design has in common with its own spellings."""
    named = _named_columns(space)
    shared = (those.rows[0][:, named] * those.rows[:, :, named]).sum(axis=2)
    gaps = (those.rows[0][:, ~named] - those.rows[:, :, ~named]) ** 2
    return Common(np.asarray(shared + (1.0 if those.molecules else 0.0)), gaps.transpose(2, 0, 1))


def _named_columns(space: Space) -> NDArray[np.bool_]:
    counts = [len(v.values) if isinstance(v, Categorical) else 0 for v in space.variables]
    return np.array([count > 0 for count in counts for _ in range(max(count, 1))], dtype=bool)
