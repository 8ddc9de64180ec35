"""Making a machine from another as a game: states, actions, and the reward that a model expects.

A state is a design and what is left of the episode. An action sets a variable to a value, moves a
number up or down, edits the molecule (in open spaces) or stops. The reward comes at the end: the
utility of the machine that was reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular

from molmach.agents.breeding.kinship import Relatives
from molmach.agents.symmetry import column_exchanges
from molmach.errors import InfeasibleError
from molmach.search.space.design import Categorical, Design, Value
from molmach.search.space.space import Space

Floats = NDArray[np.float64]

MOVES = (-1.0, -0.25, 0.25, 1.0)
"""How far an action moves a number, in steps."""

STEP = 0.2
"""Share of a number's range that a step is, before anything tells."""

_WAVES = 256
"""Random features of a design. Not tuned: as many as a campaign has measurements, about."""

_WAVES_OF_A_NUMBER = 48
"""Random features of each number alone. Not tuned."""


@dataclass(frozen=True)
class Action:
    """One action.

    Attributes
    ----------
    kind
        ``set``, ``move``, ``edit`` or ``stop``.
    variable
        Which variable is set or moved; '' for the others.
    value
        The value that is set; '' for the others.
    move
        How far a number is moved, as a share of its range.
    """

    kind: str
    variable: str = ""
    value: str = ""
    move: float = 0.0

    def __str__(self) -> str:
        if self.kind == "set":
            return f"set {self.variable} to {self.value}"
        if self.kind == "move":
            verb = "raise" if self.move > 0 else "lower"
            return f"{verb} {self.variable} by {100 * abs(self.move):.2g} % of its range"
        return "edit the molecule" if self.kind == "edit" else "stop"


class Game:
    """States and actions of a space, as rows of numbers.

    A row has the columns of ``space.encode`` and one more: whether the molecule is edited.

    Parameters
    ----------
    space
        The designs.
    step
        How far numbers are moved, as a share of their range; the smaller moves are a quarter of it.
    """

    def __init__(self, space: Space, step: float = STEP) -> None:
        self.space = space
        self.actions: list[Action] = []
        spans, start = [], 0
        for variable in space.variables:
            named = isinstance(variable, Categorical)
            width = len(variable.values) if isinstance(variable, Categorical) else 1
            for place in range(width if named else len(MOVES)):
                if isinstance(variable, Categorical):
                    self.actions.append(Action("set", variable.name, variable.values[place]))
                else:
                    self.actions.append(Action("move", variable.name, move=step * MOVES[place]))
                spans.append((start, width, place, named))
            start += width
        self.n_columns = start + 1
        self.actions += [Action("edit")] * space.open + [Action("stop")]
        self.stop = len(self.actions) - 1
        self._setting = np.array([kind == "set" for kind in self._kinds()], dtype=bool)
        self._moving = np.array([kind == "move" for kind in self._kinds()], dtype=bool)
        self._first = np.array([s[0] for s in spans] + [0] * (1 + space.open))
        self._column = np.array([s[0] + (s[2] if s[3] else 0) for s in spans] + [0] * (1 + space.open))
        self._block = np.zeros((len(self.actions), self.n_columns), dtype=bool)
        for number, (first, width, _, _) in enumerate(spans):
            self._block[number, first : first + width] = True
        self._by = np.array([action.move for action in self.actions])

    def _kinds(self) -> list[str]:
        return [action.kind for action in self.actions]

    def rows(self, designs: Sequence[Design]) -> Floats:
        """(n, n_columns) of designs."""
        edited = np.array([[1.0 if design.edited else 0.0] for design in designs])
        return np.hstack([self.space.encode(designs), edited.reshape(-1, 1)])

    def spellings(self, designs: Sequence[Design]) -> Floats:
        """(n_symmetries * n, n_columns) rows of designs in every spelling, rounded."""
        rows = self.rows(designs)
        return self.rounded(
            np.vstack([self.respelled(rows, order) for order in column_exchanges(self.space)])
        )

    def respelled(self, rows: Floats, order: NDArray[np.int64]) -> Floats:
        """Rows after a permutation of the space's columns."""
        return np.hstack([rows[:, order], rows[:, -1:]])

    def rounded(self, rows: Floats) -> Floats:
        """Rows that are the same bytes for the same design."""
        return np.round(rows, 3) + 0.0

    def design(self, row: Floats) -> Design:
        """The unedited design of a row."""
        values: dict[str, Value] = {}
        start = 0
        for variable in self.space.variables:
            if isinstance(variable, Categorical):
                values[variable.name] = variable.values[
                    int(np.argmax(row[start : start + len(variable.values)]))
                ]
                start += len(variable.values)
            else:
                values[variable.name] = variable.at(float(row[start]))
                start += 1
        return Design.of(values)

    def allowed(self, rows: Floats, begun: bool) -> NDArray[np.bool_]:
        """(n, n_actions) whether an action changes something; to stop at once is allowed once ``begun``."""
        at = rows[:, self._column]
        after = at + self._by
        allowed = np.where(self._setting, at < 0.5, True)
        allowed &= np.where(self._moving, (after >= -1e-9) & (after <= 1.0 + 1e-9), True)
        allowed[:, self.stop] = begun | ~allowed[:, : self.stop].any(axis=1)
        return np.asarray(allowed)

    def after(self, rows: Floats, actions: NDArray[np.int64]) -> Floats:
        """Rows after an action each."""
        rows = rows.copy()
        rows[self._block[actions] & self._setting[actions][:, None]] = 0.0
        places = np.arange(len(rows))
        setting, moving = self._setting[actions], self._moving[actions]
        rows[places[setting], self._column[actions[setting]]] = 1.0
        rows[places[moving], self._column[actions[moving]]] += self._by[actions[moving]]
        rows[setting | moving, -1] = 0.0
        editing = ~(setting | moving) & (actions != self.stop)
        rows[editing, -1] = 1.0
        return rows

    def before(self, rows: Floats, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
        """Rows from which one action leads to the given ones, and that action; for a replay backwards.

        The action is drawn from those that can have been the last; stop where there is none.
        """
        at = rows[:, self._column]
        earlier = at - self._by
        possible = np.where(self._setting, (at > 0.5) & (self._block.sum(axis=1) > 1), False)
        possible |= self._moving & (earlier >= 0.0) & (earlier <= 1.0)
        if self.space.open:
            possible[:, self.stop - 1] = rows[:, -1] > 0.5
            possible &= (rows[:, -1:] < 0.5) | (np.arange(len(self.actions)) == self.stop - 1)
        chance = rng.random(possible.shape) * possible
        actions = np.where(possible.any(axis=1), chance.argmax(axis=1), self.stop)
        return self._undone(rows, actions, rng), actions

    def _undone(self, rows: Floats, actions: NDArray[np.int64], rng: np.random.Generator) -> Floats:
        rows = rows.copy()
        setting, moving = self._setting[actions], self._moving[actions]
        places = np.arange(len(rows))
        rows[places[moving], self._column[actions[moving]]] -= self._by[actions[moving]]
        block = self._block[actions] & setting[:, None]
        chance = rng.random(rows.shape) * (block & (rows < 0.5))
        rows[block] = 0.0
        rows[places[setting], chance.argmax(axis=1)[setting]] = 1.0
        editing = ~(setting | moving) & (actions != self.stop)
        rows[editing, -1] = 0.0
        return rows

    def played(self, design: Design, actions: list[Action], rng: np.random.Generator) -> Design | None:
        """The design after actions on it; None where an edit is not possible."""
        numbers = {v.name: v for v in self.space.variables if not isinstance(v, Categorical)}
        for action in actions:
            if action.kind == "set":
                design = design.replace(**{action.variable: action.value})
            elif action.kind == "move":
                variable = numbers[action.variable]
                moved: Value = variable.at(variable.share(design[action.variable]) + action.move)
                design = design.replace(**{action.variable: moved})
            elif action.kind == "edit":
                try:
                    edited = self.space.edit(design, rng)
                except InfeasibleError:
                    return None
                if edited is None:
                    return None
                design = edited[0]
        return design


class RewardModel:
    """An ensemble that says what a machine would measure, fast enough for imagined episodes.

    Each member is a network of one hidden layer of fixed random waves (Rahimi & Recht, NIPS 20 (2007))
    beside a linear part, its output weights fitted by ridge regression to the measurements; the
    members differ by a draw of their weights from the posterior, as an ensemble with randomised
    priors does (Osband et al., arXiv:1806.03335). Scales, fading and noise are those of the animal
    model.

    Parameters
    ----------
    game
        Rows and their columns.
    known
        What was measured.
    members
        How many draws.
    rng
        Of waves and draws.
    """

    def __init__(self, game: Game, known: Relatives, members: int, rng: np.random.Generator) -> None:
        self._game, self._parts = game, known.variances
        self._orders = column_exchanges(game.space)
        self._waves, self._phases = self._hidden_layer(rng)
        self._bands = rng.normal(size=_WAVES_OF_A_NUMBER) / self._parts.reach
        self._band_phases = rng.uniform(0.0, 2.0 * np.pi, _WAVES_OF_A_NUMBER)
        features = self._features(game.rows(known.designs))
        noise = known.errors**2 + self._parts.uninherited * self._parts.inherited
        weighted = features / noise[:, None]
        precision = weighted.T @ features + np.eye(features.shape[1])
        factor = cholesky(precision, lower=True)
        self._centre = known.mean
        mean = cho_solve((factor, True), weighted.T @ (known.values - known.mean))
        draws = solve_triangular(factor.T, rng.normal(size=(len(mean), members)), lower=False)
        self._weights = mean[:, None] + draws

    def members(self, rows: Floats) -> Floats:
        """(n, n_members) what each member expects."""
        return np.asarray(self._centre + self._features(rows) @ self._weights)

    def _hidden_layer(self, rng: np.random.Generator) -> tuple[Floats, Floats]:
        numeric = self._numeric()
        width = np.where(numeric, 1.0 / self._parts.reach, 1.0) / np.sqrt(self._parts.fading)
        waves = rng.normal(size=(self._game.n_columns, _WAVES)) * width[:, None]
        return waves, rng.uniform(0.0, 2.0 * np.pi, _WAVES)

    def _numeric(self) -> NDArray[np.bool_]:
        counts = [len(v.values) if isinstance(v, Categorical) else 0 for v in self._game.space.variables]
        return np.array([c == 0 for c in counts for _ in range(max(c, 1))] + [True], dtype=bool)

    def _features(self, rows: Floats) -> Floats:
        """(n, n_features), averaged over the spellings of a design."""
        each = [self._plain(self._game.respelled(rows, order)) for order in self._orders]
        return np.asarray(np.mean(each, axis=0))

    def _plain(self, rows: Floats) -> Floats:
        numeric = self._numeric()
        genes = max(1, len(self._game.space.variables) + self._game.space.open)
        alone = np.sqrt(self._parts.additive * self._parts.inherited / genes)
        together = np.sqrt((1.0 - self._parts.additive) * self._parts.inherited)
        bands = np.cos(rows[:, numeric][:, :, None] * self._bands + self._band_phases)
        return np.hstack(
            [
                alone * rows[:, ~numeric],
                alone * np.sqrt(2.0 / _WAVES_OF_A_NUMBER) * bands.reshape(len(rows), -1),
                together * np.sqrt(2.0 / _WAVES) * np.cos(rows @ self._waves + self._phases),
            ]
        )
