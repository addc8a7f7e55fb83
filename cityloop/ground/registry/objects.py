"""What stands in the city, as values: layers, objects as somebody tells them, and what that changes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

KINDS = ("new", "changed", "moved", "gone")


class LayerData(NamedTuple):
    """A layer as a pack tells it. `attributes`: a JSON Schema; `class_code`: digits in codes that are given here."""

    code: str
    name: str
    names: dict[str, str]
    geometry: str
    group: str = ""
    attributes: dict[str, Any] = {}
    icon: str = ""
    public: bool = False
    categories: Sequence[str] = ()
    class_code: str = ""
    position: int = 0
    strata: Sequence[str] = ("on",)
    managed: bool = False


class ObjectData(NamedTuple):
    """An object as a line of a file tells it. Parties, area and grid are ids; `attributes` is JSON text.

    `bounds`: west, south, east, north in WGS-84 degrees; an empty code is given one, or that of the same thing known.
    """

    line: int
    code: str
    name: str
    shape: bytes
    bounds: Sequence[float]
    attributes: str
    state: str
    owner: int | None
    maintainer: int | None
    supervisor: int | None
    area: int | None
    grid: int | None


class ObjectDifference(NamedTuple):
    """How many objects a file brings, changes, moves and ends, with the first of each; and what it may not use."""

    counts: dict[str, int]
    first: dict[str, list[str]]
    taken: list[tuple[int, str]]
    """Line and code: another layer's, or one that has ended."""
