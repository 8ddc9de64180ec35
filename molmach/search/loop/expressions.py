"""What can be said of an expression before there is a machine to measure: its size, and what never varies."""

from __future__ import annotations

import ast
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from molmach.data.statistics import Floats
from molmach.search.arithmetic import evaluate, names_in

_POINTS = 400
"""Points at random at which an expression is tried: what holds for one in a hundred is missed in 1.8 %."""

GREATEST_SQUARED = 1e150
"""What is larger has no finite square, or none that many can be summed of."""


def depth(node: ast.AST) -> int:
    """Operations within each other, counted without going into them one by one."""
    level, deepest = [node], 0
    while level:
        level = [part for one in level for part in ast.iter_child_nodes(one)]
        deepest += 1
    return deepest


class _Floats(ast.NodeTransformer):
    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        try:
            number = float(node.value)  # type: ignore[arg-type]
        except OverflowError:  # a whole number of hundreds of digits
            number = math.inf
        return ast.copy_location(ast.Constant(number), node)


def with_floats(node: ast.expr) -> ast.expr:
    """The expression with floats for all its numbers; infinity for those that no float can be."""
    with_floats: ast.expr = _Floats().visit(node)
    return with_floats


def constant_parts(node: ast.expr) -> Iterator[ast.expr]:
    """The largest parts without a name."""
    if not names_in(node):
        yield node
        return
    operands = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node)
    for part in operands:
        if isinstance(part, ast.expr) and not isinstance(part, ast.Name):
            yield from constant_parts(part)


def value_of_constant(node: ast.expr) -> float:
    """Value of a part without a name; nan where it has none."""
    with np.errstate(all="ignore"):
        return float(np.asarray(evaluate(node, {}), dtype=np.float64).item())


@dataclass(frozen=True)
class Looked:
    """What an expression gives for quantities of either sign, small and large, that were drawn at random.

    Attributes
    ----------
    values
        (n,) its values; nan where it has none.
    """

    values: Floats

    @property
    def constant(self) -> bool:
        """Whether it is the same number whatever its quantities are, as ``velocity - velocity`` is."""
        defined = self.values[np.isfinite(self.values)]
        return defined.size > 1 and bool(np.ptp(defined) <= 1e-12 * np.abs(defined).max())

    @property
    def undefined(self) -> bool:
        """Whether it has no value for any of them, as ``log(-abs(velocity))`` has none."""
        return bool(np.isnan(self.values).all())

    @property
    def beyond(self) -> float:
        """Share of its values of which the square is too large for a float: they have no variance."""
        return float(np.mean(np.abs(self.values) > GREATEST_SQUARED))


def looked_at(node: ast.expr, names: Collection[str], largest: float) -> Looked:
    """Values of an expression for quantities from 1 / ``largest`` to ``largest`` and their negatives."""
    rng, end = np.random.default_rng(0), math.log10(largest)
    values = {
        name: rng.choice([-1.0, 1.0], _POINTS) * 10.0 ** rng.uniform(-end, end, _POINTS)
        for name in sorted(names)
    }
    with np.errstate(all="ignore"):
        seen = np.asarray(evaluate(node, values), dtype=np.float64)
    return Looked(np.broadcast_to(seen, _POINTS))
