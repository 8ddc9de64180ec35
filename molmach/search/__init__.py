"""The search: a space of machines, agents that explore it, a ledger that loses nothing."""

from molmach.search.agents.interface import Agent, Finding, Proposal, View
from molmach.search.space.design import Categorical, Design, Numeric
from molmach.search.space.space import Candidate, Space

__all__ = ["Agent", "Candidate", "Categorical", "Design", "Finding", "Numeric", "Proposal", "Space", "View"]
