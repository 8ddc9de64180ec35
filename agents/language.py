"""A language model as a search agent: it reads the campaign, asks what it wants to know, and proposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

import langchain  # noqa: F401 whoever lacks the extra hears of it when the campaign is checked

from molmach.agents.talking.answers import Ideas, proposals
from molmach.agents.talking.briefing import RULES, briefing
from molmach.agents.talking.budget import Budget, SpentError, UnavailableError
from molmach.agents.talking.model import Settings, Talk, ask, chat_model, require
from molmach.agents.talking.tools import tools_of
from molmach.search import Agent, Proposal, View
from molmach.search.agents.interface import Exchange, Goal
from molmach.search.space.space import Space


class Language(Agent):
    """A language model, by LangChain; any provider, or a server of one's own that speaks as OpenAI's does.

    It is told the space, the objectives and what was measured, and answers with changes of known machines,
    why, and what it expects. Whatever goes wrong (no connection, no budget, an answer that can't be used
    after one repair) it proposes nothing, and the campaign goes on. Prompts and replies stand in the ledger.

    Parameters
    ----------
    model
        As ``init_chat_model`` takes it, such as ``openai:gpt-5-mini``. Its key comes from the environment.
    base_url
        Address of a server of one's own, such as ``http://127.0.0.1:11434/v1``; its model is ``openai:NAME``.
    tokens
        What the campaign may use in all, read and written; a hard limit.
    money, price_in, price_out
        What it may cost in all, a hard limit, and the price of a million tokens read, and written.
    calls, seconds
        Calls of the model for one answer at most, and how long each may take.
    reply_tokens, temperature
        Longest reply, and the model's own temperature.
    history
        How many machines of the best, and of the latest, it is told.
    """

    summary = "a language model that reads the campaign (extra molmach[language])"

    def __init__(
        self,
        space: Space,
        model: str = "",
        base_url: str = "",
        tokens: int = 200_000,
        money: float = 1.0,
        price_in: float = 0.0,
        price_out: float = 0.0,
        calls: int = 6,
        seconds: float = 60.0,
        reply_tokens: int = 1500,
        temperature: float = 0.2,
        history: int = 8,
    ) -> None:
        super().__init__(space)
        if not isinstance(model, str) or not model:
            raise TypeError("model: expected a model's name, such as 'openai:gpt-5-mini'")
        numbers = {
            "tokens": tokens,
            "money": money,
            "calls": calls,
            "seconds": seconds,
            "reply_tokens": reply_tokens,
        }
        for name, value in numbers.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
                raise TypeError(f"{name}: got {value!r}; expected a number above zero")
        require()
        self._settings = Settings(model, base_url, temperature, int(reply_tokens), int(calls), float(seconds))
        self._budget = Budget(int(tokens), float(money), float(price_in), float(price_out))
        self._history = int(history)
        self._said: list[Exchange] = []
        self._ask: Callable[..., Ideas] = ask

    @cached_property
    def _model(self) -> Any:
        return chat_model(self._settings)

    def propose(self, view: View, n: int) -> list[Proposal]:
        """Up to ``n`` ideas of the model that are new machines."""
        objectives = self._objectives(view)
        self._budget.used = max(self._budget.used, view.tokens)
        self._budget.paid = max(self._budget.paid, view.paid)
        question, talk, note = briefing(view, n, objectives, self._history), Talk(), ""
        ideas: list[Proposal] = []
        try:
            answer = self._ask(
                self._model, self._settings, self._budget, RULES, question, tools_of(view, objectives), talk
            )
            ideas, refused = proposals(view, answer, n, objectives[0]["sign"])
            note = "; ".join(refused)[:1000]
        except (SpentError, UnavailableError) as error:
            note = f"no answer: {error}"
        self._keep(talk, note)
        return ideas

    def _keep(self, talk: Talk, note: str) -> None:
        lines = talk.lines or [("", "")]
        for k, (prompt, reply) in enumerate(lines):
            last = k == len(lines) - 1
            self._said.append(
                Exchange(
                    prompt,
                    reply,
                    talk.tokens if last else 0,
                    talk.paid if last else 0.0,
                    note if last else "",
                )
            )

    def said(self) -> Sequence[Exchange]:
        """What was asked and answered since the last call."""
        said, self._said = self._said, []
        return said

    @staticmethod
    def _objectives(view: View) -> list[dict[str, Any]]:
        return [
            {**asdict(goal), "wanted": "more" if goal.sign > 0 else "less"}
            for goal in view.goals or (Goal("", "", 1.0),)
        ]
