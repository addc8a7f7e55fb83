"""Benchmarks: `python -m bench [replay|evaluation|online]`, figures as one JSON. Everything is local and goes again."""
