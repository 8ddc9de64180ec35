"""Reinforcement learning: the policy gradient, the game of editing machines, the reward model, the agent."""

from __future__ import annotations

import numpy as np
import pytest

from molmach.agents.breeding import policy
from molmach.agents.breeding.editing import Game, RewardModel
from molmach.agents.breeding.kinship import relatives
from molmach.agents.reinforcement import Reinforcement, Trainer
from molmach.search import Design, Space
from tests.helpers.planted import (
    EDITS,
    PARAMETERS,
    history,
    space_of,
    view_of,
)


@pytest.fixture(scope="module")
def mixed() -> Space:
    return space_of(edits=EDITS, parameters=PARAMETERS)


def some_steps(rng: np.random.Generator, n: int = 40) -> policy.Steps:
    allowed = rng.random((n, 5)) < 0.7
    actions = rng.integers(5, size=n)
    allowed[np.arange(n), actions] = True
    return policy.Steps(
        rng.normal(size=(n, 7)), allowed, actions, np.log(rng.uniform(0.1, 1.0, n)), rng.normal(size=n)
    )


def test_policy_gradient_agrees_with_finite_differences() -> None:
    rng = np.random.default_rng(3)
    steps, parameters = some_steps(rng), policy.new_parameters(7, 5, rng)
    parameters = {name: value + 0.3 * rng.normal(size=value.shape) for name, value in parameters.items()}
    weights = rng.normal(size=40)
    slope = policy.gradient(parameters, steps, weights, 0.1, 0.01)
    assert slope.keys() == parameters.keys()
    for name, value in parameters.items():
        for place in np.ndindex(value.shape):
            old, sides = value[place], []
            for change in (1e-5, -1e-5):
                value[place] = old + change
                sides.append(policy.surrogate(parameters, steps, weights, 0.1, 0.01))
            value[place] = old
            assert slope[name][place] == pytest.approx((sides[0] - sides[1]) / 2e-5, abs=1e-8), name


def test_expected_policy_gradient_is_the_gradient_of_the_expected_reward() -> None:
    # Every action taken once, weighted by its probability: the score-function identity, without sampling.
    rng = np.random.default_rng(5)
    parameters = policy.new_parameters(3, 4, rng)
    state, rewards = rng.normal(size=(1, 3)), rng.normal(size=4)
    states, allowed = np.repeat(state, 4, axis=0), np.ones((4, 4), dtype=bool)
    steps = policy.Steps(states, allowed, np.arange(4), np.zeros(4), rewards)
    chances = np.exp(policy.log_probabilities(parameters, states, allowed)[0])
    slope = policy.gradient(parameters, steps, 4.0 * chances * rewards, 0.0, 0.0)["bias"]
    np.testing.assert_allclose(slope, chances * (rewards - chances @ rewards), atol=1e-12)


def test_importance_weights_are_those_of_the_policies_up_to_one() -> None:
    rng = np.random.default_rng(4)
    steps, parameters = some_steps(rng), policy.new_parameters(7, 5, rng)
    importance, advantage = policy.step_weights(parameters, steps)
    logs = policy.log_probabilities(parameters, steps.states, steps.allowed)[np.arange(40), steps.actions]
    np.testing.assert_allclose(importance, np.minimum(1.0, np.exp(logs - steps.behaviour)))
    assert advantage.mean() == pytest.approx(0.0, abs=1e-12)
    assert advantage.std() == pytest.approx(1.0)


def test_actions_that_are_not_allowed_have_no_probability() -> None:
    rng = np.random.default_rng(6)
    steps, parameters = some_steps(rng), policy.new_parameters(7, 5, rng)
    chances = np.exp(policy.log_probabilities(parameters, steps.states, steps.allowed))
    assert chances[~steps.allowed].max() == 0.0
    np.testing.assert_allclose(chances.sum(axis=1), 1.0)


def test_policy_learns_which_action_pays_in_which_state() -> None:
    rng = np.random.default_rng(7)
    parameters = policy.new_parameters(2, 3, rng)
    climber = policy.Adam(parameters, 0.05)
    states = np.repeat(np.eye(2), 50, axis=0)
    allowed = np.ones((100, 3), dtype=bool)
    for _ in range(150):
        logs = policy.log_probabilities(parameters, states, allowed)
        actions = np.argmax(logs + rng.gumbel(size=logs.shape), axis=1)
        paid = (actions == np.where(states[:, 0] > 0.5, 0, 2)).astype(float)
        steps = policy.Steps(states, allowed, actions, logs[np.arange(100), actions], paid)
        importance, advantage = policy.step_weights(parameters, steps)
        climber.climb(parameters, policy.gradient(parameters, steps, importance * advantage, 0.01, 0.0))
    chances = np.exp(policy.log_probabilities(parameters, np.eye(2), allowed[:2]))
    assert chances[0, 0] > 0.9
    assert chances[1, 2] > 0.9


def test_rows_of_the_game_change_as_the_designs_do(mixed: Space) -> None:
    game, rng = Game(mixed), np.random.default_rng(2)
    for _ in range(40):
        design = mixed.sample(rng)
        rows = game.rows([design])
        possible = np.flatnonzero(game.allowed(rows, begun=True)[0])
        number = int(rng.choice(possible))
        after = game.played(design, [game.actions[number]], rng)
        if after is None:
            assert game.actions[number].kind == "edit"
            continue
        np.testing.assert_allclose(game.after(rows, np.array([number])), game.rows([after]), atol=2e-3)


def test_an_action_undone_and_done_again_leads_back(mixed: Space) -> None:
    game, rng = Game(mixed), np.random.default_rng(3)
    rows = game.rows([mixed.sample(rng) for _ in range(200)])
    rows[::3, -1] = 1.0
    before, actions = game.before(rows, rng)
    assert np.all(np.abs(before - rows).max(axis=1) > 0.01)
    assert {game.actions[a].kind for a in actions[::3]} == {"edit"}
    np.testing.assert_allclose(game.after(before, actions), rows, atol=1e-12)
    assert np.all(game.allowed(before, begun=False)[np.arange(200), actions])


def test_set_actions_take_away_an_edit(mixed: Space) -> None:
    game, rng = Game(mixed), np.random.default_rng(5)
    rows = game.rows([mixed.sample(rng)])
    edited = game.after(rows, np.array([[a.kind for a in game.actions].index("edit")]))
    number = int(np.flatnonzero(game.allowed(edited, begun=True)[0])[0])
    assert game.actions[number].kind == "set"
    assert game.after(edited, np.array([number]))[0, -1] == 0.0


def test_the_ensemble_follows_the_animal_model_and_disagrees_where_nothing_was_measured(
    space: Space, truth: dict[str, float]
) -> None:
    found = history(space, 60, lambda design: (truth[space.resolve(design).key],))
    known = relatives(view_of(space, found))
    assert known is not None
    game, rng = Game(space), np.random.default_rng(1)
    model = RewardModel(game, known, 200, rng)
    others = [space.sample(rng) for _ in range(100)]
    members = model.members(game.rows(others))
    mean, covariance = known.merit(others)
    assert np.corrcoef(members.mean(axis=1), mean)[0, 1] > 0.9
    assert np.corrcoef(members.std(axis=1), np.sqrt(np.diag(covariance)))[0, 1] > 0.5
    assert model.members(game.rows(known.designs)).std(axis=1).mean() < members.std(axis=1).mean()


def test_both_ways_round_of_the_ring_have_the_same_reward(space: Space, truth: dict[str, float]) -> None:
    found = history(space, 20, lambda design: (truth[space.resolve(design).key],))
    game, known = Game(space), relatives(view_of(space, found))
    assert known is not None
    model = RewardModel(game, known, 3, np.random.default_rng(1))
    design = Design.of({"R10": "fluoro", "R11": "cyano", "R12": "methyl", "R13": "chloro"})
    other = Design.of({"R10": "chloro", "R11": "methyl", "R12": "cyano", "R13": "fluoro"})
    first, second = model.members(game.rows([design, other]))
    np.testing.assert_allclose(first, second)


def test_training_raises_what_episodes_bring(space: Space, truth: dict[str, float]) -> None:
    found = history(space, 40, lambda design: (truth[space.resolve(design).key],))
    view = view_of(space, found)
    known = relatives(view)
    assert known is not None
    trainer = Trainer(view, known, 3)
    before = trainer.expected()
    trainer.train()
    assert trainer.expected() > before + 0.5 * np.std(list(truth.values()))


def test_explains_what_the_policy_favours(space: Space, truth: dict[str, float]) -> None:
    agent = Reinforcement(space)
    assert "Too little" in agent.explain(view_of(space, []))
    found = history(space, 40, lambda design: (truth[space.resolve(design).key],))
    text = agent.explain(view_of(space, found))
    assert "From the best machine (R10" in text
    assert "set R1" in text
    assert "%" in text
