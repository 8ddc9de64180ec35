"""The search: a space of machines, agents that explore it, a ledger that loses nothing."""

from molmach.campaign.agent import Agent, Finding, Proposal, View
from molmach.campaign.design import Categorical, Design, Numeric
from molmach.campaign.space import Candidate, Space

__all__ = ["Agent", "Candidate", "Categorical", "Design", "Finding", "Numeric", "Proposal", "Space", "View"]
