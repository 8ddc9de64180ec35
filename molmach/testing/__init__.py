"""What an implementation of one of molmach's interfaces must obey, for its author's tests."""

from molmach.testing.force_field import check_force_field as check_force_field
