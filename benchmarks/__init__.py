"""Ratios of the product against the cryptography it cannot do without, and against a peer: ``python -m benchmarks``."""
