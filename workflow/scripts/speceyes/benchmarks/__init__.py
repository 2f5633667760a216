"""Benchmarks, one module each, and the index stage that validates them."""
