"""Benchmarks: `python -m bench [PART]`, figures as one JSON. Everything is local and goes again."""
