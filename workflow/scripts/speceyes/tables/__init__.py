"""The study's tables, each made by one module from the settings, the answers and the live runs."""
