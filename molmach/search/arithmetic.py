"""Arithmetic of expressions: values, and intervals through what is monotone."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from molmach.data.statistics import Floats

FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs, "sqrt": np.sqrt, "log": np.log, "exp": np.exp,
    "min": np.minimum, "max": np.maximum,
}  # fmt: skip
"""What may be called, by name."""

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.true_divide,
    ast.Pow: np.power, ast.USub: np.negative, ast.UAdd: np.positive,
}  # fmt: skip
"""What may stand between or before numbers."""

Range = tuple[float, float, float]
"""Lower end, value and upper end."""


def evaluate(node: ast.AST | None, values: Mapping[str, Floats]) -> Any:
    """Value of an expression, from (k,) values of each name."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=operator, operand=operand):
            return OPERATORS[type(operator)](evaluate(operand, values))
        case ast.BinOp(left=left, op=operator, right=right):
            return OPERATORS[type(operator)](
                np.asarray(evaluate(left, values), dtype=np.float64), evaluate(right, values)
            )
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return FUNCTIONS[name](*(evaluate(argument, values) for argument in arguments))
    raise AssertionError("an expression holds only what was allowed")


def carried(node: ast.AST | None, inner: Range) -> Range | None:
    """Interval of an expression in which one name stands once; None where it is not monotone, or not finite.

    The ends go through what is monotone: + - * / with constants, sqrt, log, exp, min and max with a constant,
    and powers and reciprocals of what is surely positive. ``abs`` turns an interval over where its value is
    negative and does not fold it at zero: a lower end below zero says that the sign is not known, and which
    of two such is nearer to being known.

    Parameters
    ----------
    node
        The expression.
    inner
        Ends and value of the name.
    """
    with np.errstate(all="ignore"):
        through = _through(node, inner)
    return through if through is not None and all(map(math.isfinite, through)) else None


def _through(node: ast.AST | None, inner: Range) -> Range | None:
    if isinstance(node, ast.Name):
        return inner
    parts, position = _parts(node)
    arguments = [float(evaluate(part, {})) for k, part in enumerate(parts) if k != position]
    changing = _through(parts[position], inner)
    if changing is None or not _is_monotone(node, position, changing):
        return None
    if isinstance(node, ast.Call) and node.func.id == "abs":  # type: ignore[attr-defined]
        low, value, high = changing if changing[1] >= 0.0 else _ordered(*(-end for end in changing))
        return low, value, max(abs(low), abs(high))
    apply = OPERATORS[type(node.op)] if isinstance(node, ast.BinOp | ast.UnaryOp) else _function(node)

    def at(number: float) -> float:
        return float(apply(*arguments[:position], number, *arguments[position:]))

    return _ordered(*map(at, changing))


def _parts(node: ast.AST | None) -> tuple[list[ast.expr], int]:
    """Operands of a node, and which of them holds the name."""
    match node:
        case ast.UnaryOp(operand=operand):
            parts = [operand]
        case ast.BinOp(left=left, right=right):
            parts = [left, right]
        case ast.Call(args=arguments):
            parts = arguments
        case _:
            raise AssertionError("a constant holds no name")
    return parts, next(k for k, part in enumerate(parts) if names_in(part))


def names_in(node: ast.AST | None) -> list[str]:
    """Names of an expression that are no functions, each as often as it stands there."""
    if isinstance(node, ast.Name):
        return [node.id]
    inner = node.args if isinstance(node, ast.Call) else ast.iter_child_nodes(node) if node else ()
    return [name for part in inner for name in names_in(part)]


def alone(expression: str) -> str | None:
    """The name of which an expression is the value or the absolute value; None where it is anything else.

    >>> alone("abs(velocity)"), alone("log(velocity)")
    ('velocity', None)
    """
    match = re.fullmatch(r"\s*(?:(\w+)|abs\(\s*(\w+)\s*\))\s*", expression)
    return (match[1] or match[2]) if match else None


def _is_monotone(node: ast.AST | None, position: int, changing: Range) -> bool:
    match node:
        case ast.BinOp(op=ast.Pow()):
            return changing[0] > 0.0
        case ast.BinOp(op=ast.Div()) if position == 1:
            return changing[0] > 0.0
    return True


def _function(node: ast.AST | None) -> Callable[..., Any]:
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    return FUNCTIONS[node.func.id]


def _ordered(low: float, value: float, high: float) -> Range:
    return min(low, high), value, max(low, high)
