"""Which shapes share a border, and how much of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import shapely
from numpy.typing import ArrayLike

from cityloop.ground.places.metres import Floats, Index, as_shapes

SLACK_M = 0.05
"""Borders this near to each other are one."""
SHORTEST_M = 1.0
"""Whatever touches along less than this touches in a corner."""

Graph = list[dict[int, float]]
"""For each shape its neighbours, with the length of the shared border in metres."""


class Borders(NamedTuple):
    """Pairs of neighbours, `one` < `other`, in order, with the length of their shared border in metres."""

    one: Index
    other: Index
    length: Floats

    def graph(self, count: int) -> Graph:
        neighbours: Graph = [{} for _ in range(count)]
        for one, other, length in zip(self.one.tolist(), self.other.tolist(), self.length.tolist(), strict=True):
            neighbours[one][other] = neighbours[other][one] = length
        return neighbours


def borders(shapes_m: ArrayLike, shortest_m: float = SHORTEST_M) -> Borders:
    """The neighbours among shapes in metres; borders need not have the same corners, nor meet exactly."""
    shapes = as_shapes(shapes_m)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=SLACK_M)
    one, other = one[one < other], other[one < other]
    wide = shapely.buffer(shapes, SLACK_M, join_style="mitre")
    length = shapely.length(shapely.intersection(shapely.boundary(shapes)[one], wide[other]))
    kept = length >= shortest_m
    one, other, length = one[kept], other[kept], length[kept]
    order = sorted(range(len(one)), key=lambda i: (one[i], other[i]))
    return Borders(one[order], other[order], length[order])


def pieces(members: Iterable[int], graph: Graph) -> list[list[int]]:
    """The connected pieces of a set of shapes, each in ascending order, the one with the first shape first."""
    left = set(members)
    found = []
    for start in sorted(left):
        if start in left:
            found.append(sorted(_reached(start, left, graph)))
    return found


def by_part(assignment: Iterable[int]) -> dict[int, list[int]]:
    """The members of each part; -1 is none."""
    members: dict[int, list[int]] = defaultdict(list)
    for cell, part in enumerate(assignment):
        if part >= 0:
            members[part].append(cell)
    return dict(sorted(members.items()))


def _reached(start: int, left: set[int], graph: Graph) -> Iterator[int]:
    """Everything that hangs together with `start`; it is taken out of `left`."""
    left.discard(start)
    waiting = [start]
    while waiting:
        here = waiting.pop()
        yield here
        for neighbour in graph[here]:
            if neighbour in left:
                left.discard(neighbour)
                waiting.append(neighbour)
