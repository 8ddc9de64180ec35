"""A policy over actions and its gradient: a softmax over a small network, in NumPy.

The logits come from one hidden layer, so that an action's worth may depend on the state. The gradient
is that of REINFORCE with a baseline (Williams, Mach. Learn. 8, 229 (1992)) and an entropy bonus; steps
that another policy took come with importance weights, truncated as in IMPALA (Espeholt et al.,
arXiv:1802.01561), which trades variance for bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Parameters = dict[str, Floats]

_HIDDEN = 32
"""Units of the hidden layer. Not tuned: more than the variables of any space of ours."""

_IMPOSSIBLE = -1e9
"""Logit whose probability is zero in double precision."""

_LARGEST_WEIGHT = 1.0
"""Where importance weights are cut, as in IMPALA."""


@dataclass(frozen=True)
class Steps:
    """Steps of episodes, flattened.

    Attributes
    ----------
    states
        (n, n_features).
    allowed
        (n, n_actions) whether an action may be taken.
    actions
        (n,) the one that was.
    behaviour
        (n,) log probability with which it was taken.
    returns
        (n,) what the episode brought in the end.
    """

    states: Floats
    allowed: NDArray[np.bool_]
    actions: NDArray[np.int64]
    behaviour: Floats
    returns: Floats


def joined(first: Steps, second: Steps) -> Steps:
    """Both, one after the other."""
    fields = ("states", "allowed", "actions", "behaviour", "returns")
    return Steps(*(np.concatenate([getattr(first, f), getattr(second, f)]) for f in fields))


def new_parameters(n_features: int, n_actions: int, rng: np.random.Generator) -> Parameters:
    """A policy that is nearly uniform, and a baseline of zero."""
    return {
        "in": rng.normal(size=(n_features, _HIDDEN)) / np.sqrt(max(1, n_features)),
        "in_bias": np.zeros(_HIDDEN),
        "out": 0.01 * rng.normal(size=(_HIDDEN, n_actions)),
        "bias": np.zeros(n_actions),
        "value": np.zeros(n_features),
        "value_bias": np.zeros(1),
    }


def log_probabilities(parameters: Parameters, states: Floats, allowed: NDArray[np.bool_]) -> Floats:
    """(n, n_actions) log probability of each action; very negative where it is not allowed."""
    hidden = np.tanh(states @ parameters["in"] + parameters["in_bias"])
    logits = hidden @ parameters["out"] + parameters["bias"]
    logits = np.where(allowed, logits, _IMPOSSIBLE)
    logits -= logits.max(axis=1, keepdims=True)
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)))


def baseline(parameters: Parameters, states: Floats) -> Floats:
    """(n,) return to be expected from a state."""
    return np.asarray(states @ parameters["value"] + parameters["value_bias"])


def step_weights(parameters: Parameters, steps: Steps) -> tuple[Floats, Floats]:
    """(n,) truncated importance weights, and advantages scaled to unit spread."""
    chosen = log_probabilities(parameters, steps.states, steps.allowed)[
        np.arange(len(steps.actions)), steps.actions
    ]
    importance = np.exp(np.minimum(chosen - steps.behaviour, np.log(_LARGEST_WEIGHT)))
    advantage = steps.returns - baseline(parameters, steps.states)
    spread = float(advantage.std())
    return importance, (advantage - advantage.mean()) / (spread if spread > 0.0 else 1.0)


def surrogate(
    parameters: Parameters, steps: Steps, weights: Floats, entropy_bonus: float, decay: float
) -> float:
    """What is climbed: mean of weight times log probability, plus entropy, minus the baseline's square error.

    ``weights`` (importance times advantage) count as constants, so its gradient is the policy gradient.
    """
    logs = log_probabilities(parameters, steps.states, steps.allowed)
    chosen = logs[np.arange(len(steps.actions)), steps.actions]
    entropy = -(np.exp(logs) * np.where(steps.allowed, logs, 0.0)).sum(axis=1)
    error = steps.returns - baseline(parameters, steps.states)
    size = sum(float((parameters[name] ** 2).sum()) for name in ("in", "out", "value"))
    gain = weights * chosen + entropy_bonus * entropy - 0.5 * error**2
    return float(gain.mean()) - 0.5 * decay * size


def gradient(
    parameters: Parameters, steps: Steps, weights: Floats, entropy_bonus: float, decay: float
) -> Parameters:
    """Gradient of :func:`surrogate` in every parameter, in their shapes."""
    count = len(steps.actions)
    logs = log_probabilities(parameters, steps.states, steps.allowed)
    chances, logs = np.exp(logs), np.where(steps.allowed, logs, 0.0)
    entropy = -(chances * logs).sum(axis=1, keepdims=True)
    by_logit = -weights[:, None] * chances - entropy_bonus * chances * (logs + entropy)
    by_logit[np.arange(count), steps.actions] += weights
    by_logit /= count
    hidden = np.tanh(steps.states @ parameters["in"] + parameters["in_bias"])
    by_hidden = (by_logit @ parameters["out"].T) * (1.0 - hidden**2)
    error = (steps.returns - baseline(parameters, steps.states)) / count
    return {
        "in": steps.states.T @ by_hidden - decay * parameters["in"],
        "in_bias": by_hidden.sum(axis=0),
        "out": hidden.T @ by_logit - decay * parameters["out"],
        "bias": by_logit.sum(axis=0),
        "value": steps.states.T @ error - decay * parameters["value"],
        "value_bias": np.array([error.sum()]),
    }


class Adam:
    """Gradient ascent with Adam (Kingma & Ba, arXiv:1412.6980)."""

    def __init__(self, parameters: Parameters, rate: float) -> None:
        self._rate, self._count = rate, 0
        self._mean = {name: np.zeros_like(value) for name, value in parameters.items()}
        self._square = {name: np.zeros_like(value) for name, value in parameters.items()}

    def climb(self, parameters: Parameters, slope: Parameters) -> None:
        """One step up, in place."""
        self._count += 1
        for name, value in parameters.items():
            self._mean[name] += 0.1 * (slope[name] - self._mean[name])
            self._square[name] += 0.001 * (slope[name] ** 2 - self._square[name])
            mean = self._mean[name] / (1.0 - 0.9**self._count)
            square = self._square[name] / (1.0 - 0.999**self._count)
            value += self._rate * mean / (np.sqrt(square) + 1e-8)
