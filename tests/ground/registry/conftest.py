"""The journeys' city."""

from journeys.conftest import desk_city, inline, own_clock, tiny_city, tiny_replayed

__all__ = ["desk_city", "inline", "own_clock", "tiny_city", "tiny_replayed"]
