"""Asking a language model, by LangChain: bounded in calls, tokens, money, time; repaired once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from molmach.agents.talking.answers import Ideas
from molmach.agents.talking.budget import Budget, SpentError, UnavailableError, without_secrets
from molmach.errors import MissingExtraError

_REPLY_BYTES = 2_000_000
"""Largest reply of a server of one's own that is read."""

_KEPT = 20_000
"""Characters of a prompt or a reply that are kept."""

_CHARACTERS_A_TOKEN = 3
"""Fewer than languages have, so that a prompt is not taken for shorter than it is."""


@dataclass(frozen=True)
class Settings:
    """Which model, and how it is asked; as the options of the agent."""

    model: str
    base_url: str
    temperature: float
    reply_tokens: int
    calls: int
    seconds: float


@dataclass
class Talk:
    """One conversation: what was asked and answered, and what it took."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    tokens: int = 0
    paid: float = 0.0


def require() -> Any:
    """LangChain's two entries: ``init_chat_model`` and ``create_agent``.

    Raises
    ------
    MissingExtraError
        It is not installed.
    """
    try:
        from langchain.agents import create_agent
        from langchain.chat_models import init_chat_model
    except ImportError as error:
        raise MissingExtraError(
            "the agent language needs langchain: pip install 'molmach[language]'"
        ) from error
    return create_agent, init_chat_model


def chat_model(settings: Settings) -> Any:
    """The model; its key comes from the environment, and a server of one's own needs none."""
    _, init_chat_model = require()
    options: dict[str, Any] = {
        "temperature": settings.temperature,
        "timeout": settings.seconds,
        "max_retries": 1,
        "max_tokens": settings.reply_tokens,
    }
    if settings.base_url:
        options |= {
            "base_url": settings.base_url,
            "api_key": "none",
            "http_client": _bounded_client(settings),
        }
    return init_chat_model(settings.model, **options)


def _bounded_client(settings: Settings) -> Any:
    """An HTTP client that reads no reply larger than may be."""
    import httpx2

    def bounded(response: Any) -> None:
        read = bytearray()
        for chunk in response.iter_raw():
            read += chunk
            if len(read) > _REPLY_BYTES:
                response.close()
                raise httpx2.ReadError(f"a reply of more than {_REPLY_BYTES} bytes", request=response.request)
        response.stream = httpx2.ByteStream(bytes(read))
        response.is_stream_consumed = False
        response.is_closed = False

    return httpx2.Client(
        timeout=settings.seconds, event_hooks={"response": [bounded]}, follow_redirects=False
    )


def ask(
    model: Any,
    settings: Settings,
    budget: Budget,
    rules: str,
    question: str,
    tools: Sequence[Callable[..., str]],
    talk: Talk,
) -> Ideas:
    """The model's ideas.

    Parameters
    ----------
    model, settings
        Who is asked, and how.
    budget
        What it may cost; counted here.
    rules, question
        What it is told.
    tools
        What it may ask meanwhile.
    talk
        What was said and what it took is put there, whatever happens.

    Raises
    ------
    SpentError
        The budget does not allow another call.
    UnavailableError
        It does not answer, or with nothing that could be used, after one repair.
    """
    from langchain.agents.middleware import AgentMiddleware, ModelCallLimitMiddleware
    from langchain.agents.structured_output import ToolStrategy
    from langchain_core.messages import HumanMessage

    create_agent, _ = require()
    ends = time.monotonic() + settings.seconds * settings.calls
    repairs = 0

    def repair(error: Exception) -> str:
        nonlocal repairs
        repairs += 1
        if repairs > 1:
            raise UnavailableError(f"its answer can't be used: {without_secrets(str(error))[:300]}")
        return f"Your answer can't be used: {str(error)[:500]}. Answer once more, as the schema asks."

    class Watch(AgentMiddleware):  # type: ignore[misc,unused-ignore]
        """Counts and bounds every call before and after it is made."""

        def wrap_model_call(self, request: Any, handler: Callable[[Any], Any]) -> Any:
            size = sum(len(str(message.content)) for message in request.messages) + len(rules)
            budget.check(size // _CHARACTERS_A_TOKEN + settings.reply_tokens)
            if time.monotonic() > ends:
                raise UnavailableError("it took too long")
            asked = str(request.messages[-1].content)
            response = handler(request)
            read, written = _usage(response, size)
            talk.paid += budget.count(read, written)
            talk.tokens += read + written
            talk.lines.append((without_secrets(asked)[:_KEPT], without_secrets(_text(response))[:_KEPT]))
            return response

    agent = create_agent(
        model,
        tools=list(tools),
        system_prompt=rules,
        response_format=ToolStrategy(Ideas, handle_errors=repair),
        middleware=[Watch(), ModelCallLimitMiddleware(run_limit=settings.calls, exit_behavior="end")],
    )
    try:
        state = agent.invoke(
            {"messages": [HumanMessage(question)]}, config={"recursion_limit": 10 * settings.calls + 10}
        )
    except (SpentError, UnavailableError):
        raise
    except (
        Exception
    ) as error:  # a provider's library raises its own: no connection, no key, too many requests
        raise UnavailableError(without_secrets(f"{type(error).__name__}: {error}")[:400]) from None
    answer = state.get("structured_response")
    if not isinstance(answer, Ideas):
        raise UnavailableError(f"it gave no structured answer in {settings.calls} calls")
    return answer


def _messages(response: Any) -> list[Any]:
    return list(getattr(response, "result", None) or [response])


def _text(response: Any) -> str:
    said = []
    for message in _messages(response):
        said.append(str(getattr(message, "content", "")))
        said += [f"{call['name']}({call['args']})" for call in getattr(message, "tool_calls", None) or []]
    return " ".join(part for part in said if part)


def _usage(response: Any, size: int) -> tuple[int, int]:
    """Tokens read and written: what the provider says, or what the texts' lengths say where it says less."""
    read, written = size // _CHARACTERS_A_TOKEN // 2, len(_text(response)) // _CHARACTERS_A_TOKEN // 2
    for message in _messages(response):
        told = getattr(message, "usage_metadata", None) or {}
        read = max(read, int(told.get("input_tokens", 0)))
        written = max(written, int(told.get("output_tokens", 0)))
    return read, written
