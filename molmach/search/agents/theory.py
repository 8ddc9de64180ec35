"""Theory as agents and the campaign see it: what estimators say of designs, kept by molecule."""

from __future__ import annotations

import ast
import json
import math
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molmach.errors import InfeasibleError, MissingExtraError, MolmachError, PluginError, SpecError
from molmach.estimates import Estimate, Estimator, Features, bare, checked, made
from molmach.search import plugins
from molmach.search.arithmetic import evaluate, names_in
from molmach.search.space.design import Design
from molmach.search.space.space import Space
from molmach.search.strangers import TooLongError, UserInterrupt, calling, described
from molmach.search.wanted import Sense, Wanted, wanted_by
from molmach.spec import Campaign, Spec
from molmach.spec.registered import ESTIMATORS, EVALUATIONS, registered

Floats = NDArray[np.float64]

FIELD = "theory.estimators"
MOST_SECONDS = 120.0
"""How long an estimator may think about one machine."""

_MORE = Sense(1.0)
_DRAWS = 256
_SEED = 0


def estimators_of(campaign: Campaign, folder: Path) -> tuple[dict[str, Estimator], dict[str, str]]:
    """The estimators that a campaign names, or all registered ones; and why others are left out.

    Parameters
    ----------
    campaign
        The campaign.
    folder
        Where relative files start.

    Raises
    ------
    SpecError
        There is no such estimator, or it is none.
    """
    if not campaign.theory.use:
        return {}, {}
    estimators: dict[str, Estimator] = {}
    broken: dict[str, str] = {}
    for use in campaign.theory.estimators or registered(ESTIMATORS):
        try:
            estimators[use] = made(plugins.load(use, ESTIMATORS, FIELD, folder), use)
        except (PluginError, MissingExtraError) as error:
            broken[use] = str(error)
    return estimators, broken


class Theory:
    """What exact theory says of a campaign's designs, before anything is simulated.

    Means and standard deviations are of the true value of an objective in the sense in which greater is
    better; nan where theory has nothing to say, or the design is no machine. What is built for them is kept
    by molecule, in this process and in a file that processes and campaigns share.

    Parameters
    ----------
    campaign, space
        The campaign and its designs.
    folder
        Where relative files of estimators start.
    store
        SQLite file of what was built; None to keep it in memory alone.

    Attributes
    ----------
    failures
        Estimator -> what it raised or said that it must not; it is left out from then on.
    """

    def __init__(self, campaign: Campaign, space: Space, folder: Path, store: Path | None = None) -> None:
        self._space = space
        self._estimators, self.failures = estimators_of(campaign, folder)
        self._objectives = [
            (wanted, ast.parse(o.expression.strip(), mode="eval").body)
            for wanted, o in zip(_wanted(campaign, folder), campaign.objectives, strict=True)
        ]
        self._store = None if store is None else FeatureStore(store)
        self._features: dict[str, Features | None] = {}
        self._said: dict[str, dict[str, Estimate]] = {}

    def of(
        self, designs: Sequence[Design], most: int | None = None, most_seconds: float = math.inf
    ) -> tuple[Floats, Floats]:
        """(n,) mean and standard deviation of the first objective; see :meth:`objectives`."""
        means, sds = self.objectives(designs, most, most_seconds)
        return means[:, 0], sds[:, 0]

    def objectives(
        self, designs: Sequence[Design], most: int | None = None, most_seconds: float = math.inf
    ) -> tuple[Floats, Floats]:
        """(n, k) means and standard deviations of all objectives.

        Parameters
        ----------
        designs
            Asked for in this order.
        most
            Only the first so many different molecules are looked at, whether they were built before or not,
            so that the answer does not depend on what was.
        most_seconds
            None is built after so long: then the answer depends on how quick the machine is, and an agent's
            choices that rest on it can't be repeated.
        """
        ends, molecules = time.monotonic() + most_seconds, set[str]()
        rows: list[list[tuple[float, float]]] = []
        for design in designs:
            spec = self._spec(design)
            if spec is not None:
                molecules.add(self._molecule(spec))
            looked_at = spec is not None and (most is None or len(molecules) <= most)
            build = looked_at and time.monotonic() < ends
            rows.append(self._row(spec, build) if spec is not None and looked_at else self._nothing)
        return _columns(rows, len(self._objectives))

    def known(self, designs: Sequence[Design]) -> tuple[Floats, Floats]:
        """(n,) as :meth:`of`, but only of molecules that were built before, by whomever; nan of others."""
        rows = []
        for design in designs:
            spec = self._spec(design)
            rows.append(self._nothing if spec is None else self._row(spec, build=False))
        means, sds = _columns(rows, len(self._objectives))
        return means[:, 0], sds[:, 0]

    def estimates(self, design: Design) -> dict[str, Estimate]:
        """Quantity -> what theory says of it for a design; empty where it has nothing to say."""
        spec = self._spec(design)
        return {} if spec is None else self._estimates(spec, build=True)

    @property
    def _nothing(self) -> list[tuple[float, float]]:
        return [(math.nan, math.nan)] * len(self._objectives)

    def _spec(self, design: Design) -> Spec | None:
        try:
            return self._space.resolve(design).spec
        except InfeasibleError:
            return None

    @staticmethod
    def _molecule(spec: Spec) -> str:
        return bare(spec).canonical()

    def _row(self, spec: Spec, build: bool) -> list[tuple[float, float]]:
        """Mean and sd of each objective of a machine."""
        said = self._estimates(spec, build)
        return [through(tree, said, wanted) for wanted, tree in self._objectives]

    def _estimates(self, spec: Spec, build: bool) -> dict[str, Estimate]:
        """What the estimators say of a machine, of each quantity the first that knows it."""
        key = spec.canonical()
        if key in self._said:
            return self._said[key]
        said: dict[str, Estimate] = {}
        whole = True
        for name, estimator in self._estimators.items():
            if name in self.failures:
                continue
            try:
                with calling(MOST_SECONDS):
                    if estimator.refusal(spec):
                        continue
                    features, there = self._described(estimator, name, spec, build)
                    whole &= there
                    if features is not None:
                        said = checked(estimator.estimate(features, spec), estimator, name) | said
            except UserInterrupt:
                raise
            except (MolmachError, TooLongError) as error:
                self.failures[name] = str(error)
            except BaseException as error:
                self.failures[name] = described(error)
        if whole:
            self._said[key] = said
        return said

    def _described(
        self, estimator: Estimator, name: str, spec: Spec, build: bool
    ) -> tuple[Features | None, bool]:
        """A machine's features and whether they are known; None where it can't be built."""
        key = estimator.key(name, spec)
        if key not in self._features and self._store is not None:
            stored = self._store.get(key)
            if stored is not None:
                self._features[key] = stored[0]
        if key not in self._features:
            if not build:
                return None, False
            try:
                features: Features | None = plain(estimator.describe(bare(spec)), name)
            except SpecError:
                raise
            except MolmachError:  # it can't be built
                features = None
            self._features[key] = features
            if self._store is not None:
                self._store.put(key, features)
        return self._features[key], True


def plain(features: object, name: str) -> Features:
    """Features as JSON keeps them.

    Raises
    ------
    PluginError
        They are none that it can keep.
    """
    try:
        kept = json.loads(json.dumps(features))
    except (TypeError, ValueError) as error:
        raise PluginError(f"{FIELD}: {name}: its features are no plain values: {error}") from error
    if not isinstance(kept, dict):
        raise PluginError(f"{FIELD}: {name}: its features are {str(kept)[:80]!r}; expected a mapping")
    return kept


def _wanted(campaign: Campaign, folder: Path) -> list[Wanted]:
    """What each objective wants; only windows ask the evaluation for its quantities."""
    if not any(objective.bounds for objective in campaign.objectives):
        return [Sense(objective.sign) for objective in campaign.objectives]
    use = campaign.evaluation.use
    evaluation = plugins.load(use, EVALUATIONS, "evaluation.use", folder)(campaign, use)
    return wanted_by(campaign.objectives, evaluation.quantity, campaign.machine)


def through(tree: ast.expr, said: Mapping[str, Estimate], wanted: Wanted = _MORE) -> tuple[float, float]:
    """Mean and standard deviation of the utility of an expression whose quantities are normal, independent.

    A linear one has them exactly; others by points of a Sobol sequence, the same for all machines.
    """
    names = sorted(set(names_in(tree)))
    if not all(name in said for name in names):
        return math.nan, math.nan
    points = _normal_points(len(names))
    values = {
        name: said[name].value + said[name].sd * column for name, column in zip(names, points.T, strict=True)
    }
    with np.errstate(all="ignore"):
        result = np.broadcast_to(np.asarray(evaluate(tree, values), dtype=np.float64), _DRAWS)
    result = wanted.utility(result)
    if not np.isfinite(result).all():
        return math.nan, math.nan
    return float(result.mean()), float(result.std())


@lru_cache(maxsize=8)
def _normal_points(count: int) -> Floats:
    """(n, count) points that fill the standard normal distribution, their mean 0 and deviation 1 exactly."""
    from scipy import stats

    uniform = stats.qmc.Sobol(max(count, 1), rng=_SEED).random(_DRAWS // 2)
    half = stats.norm.ppf(uniform)
    points = np.concatenate([half, -half])
    return np.asarray(points / points.std(axis=0))


def _columns(rows: list[list[tuple[float, float]]], count: int) -> tuple[Floats, Floats]:
    table = np.array(rows, dtype=np.float64).reshape(len(rows), count, 2)
    return table[:, :, 0], table[:, :, 1]


class FeatureStore:
    """Features of machines by their keys, in a SQLite file that several processes may use at once.

    A file that can't be used is done without: then everyone builds for himself.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._base: sqlite3.Connection | None = None
        with suppress(sqlite3.Error, OSError):
            base = sqlite3.connect(path, timeout=30.0)
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = NORMAL")
            base.execute(
                "CREATE TABLE IF NOT EXISTS features (key TEXT PRIMARY KEY, features TEXT) WITHOUT ROWID"
            )
            base.commit()
            self._base = base

    def get(self, key: str) -> tuple[Features | None] | None:
        """The features in a tuple, None in it where the machine can't be built; None where nobody knows."""
        row: Any = None
        if self._base is not None:
            with suppress(sqlite3.Error):
                row = self._base.execute("SELECT features FROM features WHERE key = ?", (key,)).fetchone()
        return None if row is None else (None if row[0] is None else json.loads(row[0]),)

    def put(self, key: str, features: Features | None) -> None:
        """Keep what was built."""
        if self._base is not None:
            text = None if features is None else json.dumps(features)
            with suppress(sqlite3.Error), self._base:
                self._base.execute("INSERT OR IGNORE INTO features VALUES (?, ?)", (key, text))
