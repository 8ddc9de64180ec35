"""What can be said of an expression before there is a machine to measure: its size, and what never varies."""

from __future__ import annotations

import ast
import math
from collections.abc import Collection, Iterator

import numpy as np

from molmach.search.loop.arithmetic import evaluate, names_in

_POINTS = 60
_SMALLEST, _GREATEST = -3.0, 4.0


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


def is_constant(node: ast.expr, names: Collection[str]) -> bool:
    """Whether an expression is the same number whatever its quantities are, as ``velocity - velocity`` is.

    It is looked at for quantities of either sign, small and large; what has no value there is left out.
    """
    rng = np.random.default_rng(0)
    values = {
        name: rng.choice([-1.0, 1.0], _POINTS) * 10.0 ** rng.uniform(_SMALLEST, _GREATEST, _POINTS)
        for name in sorted(names)
    }
    with np.errstate(all="ignore"):
        seen = np.broadcast_to(np.asarray(evaluate(node, values), dtype=np.float64), _POINTS)
    defined = seen[np.isfinite(seen)]
    return defined.size > 1 and bool(np.ptp(defined) <= 1e-12 * np.abs(defined).max())
