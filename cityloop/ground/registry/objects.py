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


class DifferenceRow(NamedTuple):
    """One object that a file brings, changes, moves or ends, as it was and as it will be.

    `line` is none where the file does not name it. `before`, `after`: what is told of it, organisations by id;
    `was`, `becomes`: its shape as WKB. What is new was nothing, what is gone becomes nothing.
    """

    kind: str
    line: int | None
    code: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    was: bytes | None
    becomes: bytes | None


class ObjectDifference(NamedTuple):
    """How many objects a file brings, changes, moves and ends, with the first of each; and what it may not use."""

    counts: dict[str, int]
    rows: list[DifferenceRow]
    taken: list[tuple[int, str]]
    """Line and code: another layer's, or one that has ended."""
    same: int = 0
    """So many are as they were."""

    @property
    def first(self) -> dict[str, list[str]]:
        """The first codes of each kind that there is."""
        found: dict[str, list[str]] = {}
        for row in self.rows:
            found.setdefault(row.kind, []).append(row.code)
        return found
