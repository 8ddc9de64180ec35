"""Free energy of a ring along its axle, by umbrella sampling."""

from molmach.studies.profile.joining import Profile, StateProfile
from molmach.studies.profile.sampling import profile

__all__ = ["Profile", "StateProfile", "profile"]
