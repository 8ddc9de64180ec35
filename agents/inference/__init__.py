"""What the active-inference agent is made of: model, message passing, reduction, expected free energy."""
