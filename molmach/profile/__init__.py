"""Free energy of a ring along its axle, by umbrella sampling."""

from molmach.profile.joining import Profile, StateProfile
from molmach.profile.sampling import profile

__all__ = ["Profile", "StateProfile", "profile"]
