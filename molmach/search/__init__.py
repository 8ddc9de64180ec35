"""The search: a space of machines, agents that explore it, a ledger that loses nothing."""

from molmach.search.agents.interface import Agent, Proposal, View
from molmach.search.loop.evaluations import Evaluation, Task, evaluate
from molmach.search.loop.executors import Executor
from molmach.search.record.result import Result
from molmach.search.record.trial import CONFIRMATION, Finding, Measured, State, Trial
from molmach.search.space.design import Categorical, Design, Numeric
from molmach.search.space.space import Candidate, Space

__all__ = [
    "CONFIRMATION",
    "Agent",
    "Candidate",
    "Categorical",
    "Design",
    "Evaluation",
    "Executor",
    "Finding",
    "Measured",
    "Numeric",
    "Proposal",
    "Result",
    "Space",
    "State",
    "Task",
    "Trial",
    "View",
    "evaluate",
]
