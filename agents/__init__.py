"""Search agents, one module each. This folder is the package ``molmach.agents``."""
