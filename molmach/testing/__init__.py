"""What an implementation of one of molmach's interfaces must obey, for its author's tests."""

from molmach.testing.agent import check_agent as check_agent
from molmach.testing.executor import check_executor as check_executor
