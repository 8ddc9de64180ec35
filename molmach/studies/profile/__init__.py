"""Free energy of a ring along its axle, by umbrella sampling."""

from molmach.studies.profile.crossing import Crossing
from molmach.studies.profile.joining import Profile, StateProfile
from molmach.studies.profile.run import Plan, Result, profile

__all__ = ["Crossing", "Plan", "Profile", "Result", "StateProfile", "profile"]
