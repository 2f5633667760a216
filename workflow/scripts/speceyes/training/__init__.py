"""How the miniature's models are made."""
