"""What a language model may cost, and what must not be repeated of what it or its provider says."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

_SECRET = re.compile(r"(?i)(api_?key|token|secret|password|credential)")
_KEY_LIKE = re.compile(r"\b(?:(?:sk|pk|key)[-_]|Bearer[ -])[A-Za-z0-9_*.-]{8,}")
_HIDDEN = "[hidden]"


class SpentError(Exception):
    """A budget is used up; nobody is asked any more."""


class UnavailableError(Exception):
    """The provider does not answer, or nothing that could be used."""


@dataclass
class Budget:
    """Tokens and money of one agent in one campaign: hard limits.

    Attributes
    ----------
    tokens, money
        What may be used in all; money in the currency of the prices.
    price_in, price_out
        Of a million tokens that are read, and written.
    used, paid
        So far.
    """

    tokens: int
    money: float
    price_in: float = 0.0
    price_out: float = 0.0
    used: int = 0
    paid: float = 0.0

    def check(self, coming: int) -> None:
        """Refuse a call that may go over a limit, before it is made.

        Parameters
        ----------
        coming
            Tokens of the prompt and of the longest reply.

        Raises
        ------
        SpentError
            It may.
        """
        if self.used + coming > self.tokens:
            raise SpentError(f"{self.used} of {self.tokens} tokens are used, and a call may take {coming}")
        price = 1e-6 * coming * max(self.price_in, self.price_out)
        if self.paid + price > self.money:
            raise SpentError(f"{self.paid:.4f} of {self.money:g} is paid, and a call may cost {price:.4f}")

    def count(self, read: int, written: int) -> float:
        """Note what a call took; its price."""
        price = 1e-6 * (read * self.price_in + written * self.price_out)
        self.used += read + written
        self.paid += price
        return price


def without_secrets(text: str) -> str:
    """A text in which no key of the environment stands, nor anything that looks like one.

    >>> without_secrets("Incorrect API key provided: sk-abcdefgh12345678")
    'Incorrect API key provided: [hidden]'
    """
    for name, value in os.environ.items():
        if len(value) >= 6 and _SECRET.search(name):
            text = text.replace(value, _HIDDEN)
    return _KEY_LIKE.sub(_HIDDEN, text)
