"""Agents, one module each, what they share, and the pass that runs them."""
