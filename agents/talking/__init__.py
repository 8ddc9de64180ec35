"""How a language model is asked, what it sees and may do, and what its answers are held to."""
