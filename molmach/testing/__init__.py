"""What an implementation of one of molmach's interfaces must obey, for its author's tests."""

from molmach.testing.agent import check_agent as check_agent
from molmach.testing.drive import check_drive as check_drive
from molmach.testing.estimator import check_estimator as check_estimator
from molmach.testing.executor import check_executor as check_executor
from molmach.testing.force_field import check_force_field as check_force_field
from molmach.testing.machine_kind import check_machine_kind as check_machine_kind
