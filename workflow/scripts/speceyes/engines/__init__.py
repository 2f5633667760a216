"""How models are called: in this process or on a server."""
