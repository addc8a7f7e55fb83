"""The journeys' city."""

from journeys.conftest import desk_city, own_clock, tiny_city

__all__ = ["desk_city", "own_clock", "tiny_city"]
