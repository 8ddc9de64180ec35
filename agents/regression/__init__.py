"""What the Bayesian agent is made of: a Gaussian process on machines, and the improvement expected of it."""
