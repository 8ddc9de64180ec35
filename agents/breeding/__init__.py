"""What agents that change known designs are made of: descent, kinship, policies over edits."""
