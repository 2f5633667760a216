"""SpecEyes, reproduced: the library behind the workflow's rules; docs/architecture.md draws its packages."""
