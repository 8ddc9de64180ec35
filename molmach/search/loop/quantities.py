"""What a run is worth: quantities of its replicas, expressions of them, and their intervals.

Everything is a function of the means over replicas, so one delete-one jackknife (Efron & Stein, Ann.
Stat. 9, 586 (1981)) gives the interval of any expression.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from molmach.building import coordinate_of
from molmach.data import Run
from molmach.errors import SpecError
from molmach.scoring.rotation import completed_turns, diffusions, velocities
from molmach.scoring.stations import StationMap
from molmach.scoring.statistics import CONFIDENCE
from molmach.search.record.result import Samples
from molmach.search.record.trial import Measured
from molmach.units import thermal_energy

Floats = NDArray[np.float64]


def samples_of(run: Run) -> Samples:
    """What is kept of a run: one number a replica of each quantity that is a mean.

    ``velocity`` (turn/ns or nm/ns), ``diffusion`` (its unit squared times ns), ``forward`` and
    ``backward`` turns or steps, ``work_rate``, ``heat_rate`` and ``load_power`` (kJ/mol/ns),
    ``entropy_rate`` (k_B/ns), ``event_rate`` (1/ns), ``temperature`` (K).
    """
    series, coordinate = run.series, coordinate_of(run.assembly)
    duration_ns = (series.time_ps[-1] - series.time_ps[0]) * 1e-3
    if coordinate.scale.unit == "turn":
        forward, backward = completed_turns(series.coordinate)
    else:
        stations = StationMap.of(run.assembly)
        assert stations is not None, "a rotaxane has stations"
        forward, backward = stations.steps(stations.visits(series.coordinate))
    heat = series.heat[:, -1] / duration_ns
    found = {
        "velocity": velocities(series.coordinate, series.time_ps, coordinate.scale.unit_size),
        "diffusion": diffusions(series.coordinate, series.time_ps, coordinate.scale.unit_size),
        "forward": forward,
        "backward": backward,
        "work_rate": series.drive_work[:, -1] / duration_ns,
        "heat_rate": heat,
        "load_power": -series.load_work[:, -1] / duration_ns,
        "entropy_rate": heat / thermal_energy(run.spec.protocol.temperature),
        "event_rate": series.events[:, -1] / duration_ns,
        "temperature": series.temperature,
    }
    return {name: [float(value) for value in values] for name, values in found.items()}


_Means = Mapping[str, Floats]

_QUANTITIES: dict[str, Callable[[_Means], Floats]] = {
    "velocity": lambda m: m["velocity"],
    "directionality": lambda m: (m["forward"] - m["backward"]) / (m["forward"] + m["backward"]),
    "diffusion": lambda m: m["diffusion"],
    "peclet": lambda m: np.abs(m["velocity"]) / m["diffusion"],
    "work_rate": lambda m: m["work_rate"],
    "dissipation": lambda m: m["heat_rate"],
    "load_power": lambda m: m["load_power"],
    "efficiency": lambda m: m["load_power"] / m["work_rate"],
    "event_rate": lambda m: m["event_rate"],
    "turns_per_event": lambda m: m["velocity"] / m["event_rate"],
    "uncertainty_ratio": lambda m: m["diffusion"] * m["entropy_rate"] / m["velocity"] ** 2,
    "precision": lambda m: m["velocity"] ** 2 / (m["diffusion"] * m["entropy_rate"]),
    "temperature": lambda m: m["temperature"],
    "threshold_field": lambda m: _threshold(m),
}

QUANTITIES = tuple(_QUANTITIES)
"""What an objective may name. ``uncertainty_ratio`` is D s / v^2 k_B, which is 1 at least under a steady
drive (Barato & Seifert, Phys. Rev. Lett. 114, 158101 (2015)), ``precision`` its inverse;
``threshold_field`` (V/nm) the field at which the rotor follows half of the drive's turns."""

_UNITS = {
    "velocity": "{}/ns", "diffusion": "{}^2/ns", "work_rate": "kJ/mol/ns", "dissipation": "kJ/mol/ns",
    "load_power": "kJ/mol/ns", "event_rate": "1/ns", "temperature": "K", "threshold_field": "V/nm",
}  # fmt: skip


def unit_of(expression: str, motion: str) -> str:
    """Unit of a quantity or its absolute value; '' for a pure number and for other expressions.

    Parameters
    ----------
    expression
        As of an objective.
    motion
        ``turn`` or ``nm``: what the machine's coordinate is counted in.
    """
    match = re.fullmatch(r"\s*(?:(\w+)|abs\(\s*(\w+)\s*\))\s*", expression)
    return _UNITS.get(match[1] or match[2], "").format(motion) if match else ""


THRESHOLD_FIELDS = 6
FOLLOWED = "followed_{}"
FIELD = "field_{}"


def threshold_factors() -> Floats:
    """Factors of the drive's field at which ``threshold_field`` is measured: an eighth to twofold."""
    return np.geomspace(0.125, 2.0, THRESHOLD_FIELDS)


def _threshold(means: _Means) -> Floats:
    """Field at which half of the drive's turns are followed, between the measured fields.

    The lowest of them where it is enough already; nan where none is.
    """
    fields = np.array([means[FIELD.format(k)][0] for k in range(THRESHOLD_FIELDS)])
    followed = np.array([means[FOLLOWED.format(k)] for k in range(THRESHOLD_FIELDS)])
    rising = np.maximum.accumulate(followed, axis=0)
    result = np.full(rising.shape[1], math.nan)
    for column, curve in enumerate(rising.T):
        above = np.flatnonzero(curve >= 0.5)
        if not above.size:
            continue
        k = int(above[0])
        if k == 0:
            result[column] = fields[0]
            continue
        share = (0.5 - curve[k - 1]) / (curve[k] - curve[k - 1])
        result[column] = fields[k - 1] * (fields[k] / fields[k - 1]) ** share
    return result


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs, "sqrt": np.sqrt, "log": np.log, "exp": np.exp,
    "min": np.minimum, "max": np.maximum,
}  # fmt: skip
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.true_divide,
    ast.Pow: np.power, ast.USub: np.negative, ast.UAdd: np.positive,
}  # fmt: skip


class Expression:
    """An arithmetic expression of quantities.

    Parameters
    ----------
    text
        Numbers, quantities, + - * / **, and abs, sqrt, log, exp, min, max.
    field
        Where it stands, for errors.
    quantities
        Names that it may hold: those that the campaign's evaluation gives.

    Raises
    ------
    SpecError
        Anything else is in it.
    """

    def __init__(
        self, text: str, field: str = "objectives", quantities: Collection[str] = QUANTITIES
    ) -> None:
        self.text = text
        self._quantities = quantities
        self.names: set[str] = set()
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body if len(text) <= 500 else None
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self._tree = None
        if self._tree is None or not self._allowed(self._tree):
            raise SpecError(
                f"{field}: got {text!r}; expected an expression of {', '.join(quantities)} "
                f"with + - * / ** and {', '.join(_FUNCTIONS)}"
            )

    def _allowed(self, node: ast.AST) -> bool:
        match node:
            case ast.Constant(value=value):
                return isinstance(value, int | float) and not isinstance(value, bool)
            case ast.Name(id=name):
                self.names.add(name)
                return name in self._quantities
            case ast.UnaryOp(op=operator, operand=operand):
                return type(operator) in _OPERATORS and self._allowed(operand)
            case ast.BinOp(left=left, op=operator, right=right):
                return type(operator) in _OPERATORS and self._allowed(left) and self._allowed(right)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                wanted = 2 if name in ("min", "max") else 1
                fits = name in _FUNCTIONS and len(arguments) == wanted
                return fits and all(self._allowed(argument) for argument in arguments)
        return False

    def measure(self, samples: Mapping[str, list[float]]) -> Measured:
        """Value and jackknife interval from one number a replica.

        nan where the value, or one of those with a replica left out, is not a number. Quantities that have
        one number alone are exact, or have the standard error ``NAME.error``, which is carried on linearly.
        """
        if all(len(samples.get(name, ())) == 1 for name in self.names):
            return self._of_single_values(samples)
        means = {name: _leave_one_out(np.asarray(values)) for name, values in samples.items()}
        with np.errstate(all="ignore"):
            values = np.asarray(self._evaluate(self._tree, means), dtype=np.float64)
        n = len(next(iter(means.values()))) - 1
        values = np.broadcast_to(values, n + 1)
        value, partial = float(values[0]), values[1:]
        if not math.isfinite(value) or not np.all(np.isfinite(partial)):
            return Measured(math.nan, math.nan, math.nan, math.nan)
        error = math.sqrt((n - 1) * float(np.mean((partial - partial.mean()) ** 2)))
        half = float(stats.t.ppf(0.5 + 0.5 * CONFIDENCE, n - 1)) * error
        return Measured(value, error, value - half, value + half)

    def _of_single_values(self, samples: Mapping[str, list[float]]) -> Measured:
        """Value and normal interval where there are no replicas; errors are taken to be independent."""
        values = {name: np.asarray(samples[name], dtype=np.float64) for name in self.names}
        variance = 0.0
        with np.errstate(all="ignore"):
            value = float(np.asarray(self._evaluate(self._tree, values), dtype=np.float64).item())
            for name in self.names:
                (error,) = samples.get(f"{name}.error", [0.0])
                ends = [
                    self._evaluate(self._tree, {**values, name: values[name] + side * error})
                    for side in (-0.5, 0.5)
                ]
                variance += float(np.asarray(ends[1] - ends[0], dtype=np.float64).item()) ** 2
        error = math.sqrt(variance) if math.isfinite(variance) else math.nan
        half = float(stats.norm.ppf(0.5 + 0.5 * CONFIDENCE)) * error
        return Measured(value, error, value - half, value + half)

    def _evaluate(self, node: ast.AST | None, means: _Means) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return means[name] if name in means else _QUANTITIES[name](means)
            case ast.UnaryOp(op=operator, operand=operand):
                return _OPERATORS[type(operator)](self._evaluate(operand, means))
            case ast.BinOp(left=left, op=operator, right=right):
                return _OPERATORS[type(operator)](
                    np.asarray(self._evaluate(left, means), dtype=np.float64), self._evaluate(right, means)
                )
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return _FUNCTIONS[name](*(self._evaluate(argument, means) for argument in arguments))
        raise AssertionError("an expression holds only what was allowed")


def _leave_one_out(values: Floats) -> Floats:
    """(n + 1,) mean of all, then the means without each."""
    total = values.sum()
    return np.concatenate([[total / values.size], (total - values) / (values.size - 1)])
