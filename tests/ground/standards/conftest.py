"""The journeys' city and its people."""

from journeys.conftest import desk_city, own_clock, tiny_city

__all__ = ["desk_city", "own_clock", "tiny_city"]
