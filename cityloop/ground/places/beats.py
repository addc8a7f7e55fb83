"""Responsibility grids: unit grids put together to beats, connected, of about equal load and of compact shape."""

from heapq import heapify, heappop, heappush
from math import ceil, pi
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike

from cityloop.core.errors import Refused
from cityloop.ground.places.balancing import SWEEPS, Ground, Search, bisect
from cityloop.ground.places.borders import Graph, borders, by_part, pieces
from cityloop.ground.places.metres import Floats, Index, around, as_shapes

WORST = 1.15
"""The largest load of a beat over the mean that a design may have where the cells allow it."""

TRIES = 8
"""Searches that are made at most."""


class PartFigures(NamedTuple):
    """One beat. `relative`: its load over the mean; `pieces`: 1 where it is connected; `compactness`: 4 pi x area over
    the square of the perimeter (Polsby and Popper, 1991), 1 for a circle, 0.785 for a square; areas in m2."""

    part: int
    cells: int
    load: float
    relative: float
    pieces: int
    compactness: float
    area_m2: float
    perimeter_m: float


class Figures(NamedTuple):
    """All beats in order of their numbers. `worst`: the largest load over the mean; `left_out`: cells in none."""

    parts: list[PartFigures]
    worst: float
    connected: bool
    compactness: float
    left_out: int


class Design(NamedTuple):
    """`assignment`: for each cell its beat from 0. `bound`: no division of these cells has a smaller `figures.worst`,
    as far as simple counting tells; `balanced`: `worst` is within 1.15, or within the bound where that is larger;
    `moved`: the share of the load that is in another beat than at present, None where nothing was said of it."""

    assignment: Index
    figures: Figures
    bound: float
    balanced: bool
    moved: float | None


def design(cells: ArrayLike, load: ArrayLike, count: int, seed: int = 0, current: ArrayLike | None = None) -> Design:
    """Divide unit grids (polygons, WGS-84) into `count` connected beats with at most 1.15 of the mean load.

    `load`: one finite number from 0 on for each cell, in any unit; if all are 0 the cells count. Where the cells lie
    apart each island gets beats by its load, at least one. `current`: the beat of each cell today (-1: none). If those
    are `count` connected beats the search begins from them; else, or where it does not come out even so, the new beats
    take the numbers of those they have most load in common with. How much moves is told, not limited. The same input
    gives the same design for each seed.

    Refused where `count` is below the number of islands or above that of cells. The work is bounded: where one cell
    is heavier than 1.15 means, or an island's share does not come out even, `bound` tells what can be had at best.
    """
    shapes, weight = as_shapes(cells), _weights(cells, load)
    if not 1 <= count <= len(shapes):
        raise Refused("beats_too_many", count=count, cells=len(shapes))
    metric = around(shapes).shapes(shapes)
    ground = Ground(
        borders(metric).graph(len(shapes)), weight.tolist(), shapely.get_coordinates(shapely.centroid(metric))
    )
    islands = pieces(range(len(shapes)), ground.graph)
    if count < len(islands):
        raise Refused("beats_too_few", count=count, islands=len(islands))
    shares, bound = _shares(weight, islands, count)
    limit = max(WORST, bound)
    present = None if current is None else np.asarray(current, np.int64)
    found = _mended(ground, present, count, limit, seed) if present is not None else None
    if found is None:
        found = _fresh(ground, islands, shares, limit, seed)
        if present is not None:
            found = _renumbered(found, present, weight, count)
    figures = _figures(metric, weight, found, ground.graph)
    moved = None if present is None else float(weight[found != present].sum() / weight.sum())
    return Design(found, figures, bound, figures.worst <= limit + 1e-9, moved)


def measure(cells: ArrayLike, load: ArrayLike, assignment: ArrayLike) -> Figures:
    """The figures of any beats, such as the present ones; -1 is a cell in none. Numbers need not be without gaps."""
    shapes = as_shapes(cells)
    metric = around(shapes).shapes(shapes)
    graph = borders(metric).graph(len(shapes))
    return _figures(metric, _weights(cells, load), np.asarray(assignment, np.int64), graph)


def _weights(cells: ArrayLike, load: ArrayLike) -> Floats:
    weight = np.asarray(load, np.float64)
    if weight.shape != as_shapes(cells).shape or not (np.isfinite(weight) & (weight >= 0)).all():
        raise ValueError("one finite load from 0 on for each cell")
    return weight if weight.any() else np.ones_like(weight)


def _figures(metric: ArrayLike, weight: Floats, assignment: Index, graph: Graph) -> Figures:
    areas, rims = shapely.area(metric), shapely.length(metric)
    members = by_part(assignment.tolist())
    mean = sum(float(weight[cells].sum()) for cells in members.values()) / max(len(members), 1) or 1.0
    parts = []
    for part, cells in members.items():
        inside = set(cells)
        shared = sum(length for cell in cells for other, length in graph[cell].items() if other in inside)
        area, rim, load = float(areas[cells].sum()), float(rims[cells].sum()) - shared, float(weight[cells].sum())
        compact = 4 * pi * area / rim**2
        parts.append(PartFigures(part, len(cells), load, load / mean, len(pieces(cells, graph)), compact, area, rim))
    return Figures(
        parts,
        max((part.relative for part in parts), default=0.0),
        all(part.pieces == 1 for part in parts),
        sum(part.compactness for part in parts) / max(len(parts), 1),
        int((assignment < 0).sum()),
    )


def _shares(weight: Floats, islands: list[list[int]], count: int) -> tuple[list[int], float]:
    """How many beats each island gets, so that the bound is as small as it can be; and the bound over the mean load.

    Some beat has the heaviest cell of all; on each island some beat has at least the mean of the island, and some
    beat at least the mean number of cells, rounded up, were they the lightest. Both fall with the number of beats, so
    giving one more to the island where it is largest is best.
    """
    sums: list[list[float]] = [[0.0, *np.cumsum(np.sort(weight[cells])).tolist()] for cells in islands]

    def least(island: int, share: int) -> float:
        loads = sums[island]
        return max(loads[-1] / share, loads[ceil((len(loads) - 1) / share)])

    shares = [1] * len(islands)
    waiting = [(-least(i, 1), -len(cells), i) for i, cells in enumerate(islands) if len(cells) > 1]
    heapify(waiting)
    for _ in range(count - len(islands)):
        _, _, island = heappop(waiting)
        shares[island] += 1
        if shares[island] < len(islands[island]):
            share = shares[island]
            heappush(waiting, (-least(island, share), -len(islands[island]) // share, island))
    bound = max(float(weight.max()), *(least(island, share) for island, share in enumerate(shares)))
    return shares, bound * count / float(weight.sum())


def _fresh(ground: Ground, islands: list[list[int]], shares: list[int], limit: float, seed: int) -> Index:
    """Cut every island in halves until there are enough parts, then search: up to TRIES times, the first that fits.

    Each search takes longer than the one before and gives less for short borders.
    """
    parts = [part for cells, share in zip(islands, shares, strict=True) for part in bisect(ground, cells, share)]
    first = [0] * len(ground.load)
    for number, part in enumerate(parts):
        for cell in part:
            first[cell] = number
    tries: list[Search] = []
    while len(tries) < TRIES and not (tries and tries[-1].worst() <= limit):
        again = len(tries) + 1
        search = Search(ground, list(first), len(parts), limit, seed * TRIES + len(tries), 1 / again)
        search.cool(SWEEPS * again)
        search.cool(sweeps=5, heat=0)
        search.relieve()
        tries.append(search)
    return np.array(min(tries, key=Search.worst).part, np.int64)


def _mended(ground: Ground, present: Index, count: int, limit: float, seed: int) -> Index | None:
    """The present beats, mended; None where they are not `count` connected ones or cannot be balanced so."""
    members = by_part(present.tolist())
    whole = list(members) == list(range(count)) and (present >= 0).all()
    if not whole or any(len(pieces(cells, ground.graph)) > 1 for cells in members.values()):
        return None
    search = Search(ground, present.tolist(), count, limit, seed)
    search.cool(sweeps=20, heat=0)
    return np.array(search.part, np.int64) if search.worst() <= limit + 1e-9 else None


def _renumbered(found: Index, present: Index, weight: Floats, count: int) -> Index:
    """Numbers of the present beats for the new ones, by the load they have in common, the largest first."""
    common: dict[tuple[int, int], float] = {}
    for new, old, load in zip(found.tolist(), present.tolist(), weight.tolist(), strict=True):
        if 0 <= old < count:
            common[new, old] = common.get((new, old), 0.0) + load
    numbers: dict[int, int] = {}
    for new, old in sorted(common, key=lambda pair: (-common[pair], pair)):
        if new not in numbers and old not in numbers.values():
            numbers[new] = old
    free = iter(sorted(set(range(count)) - set(numbers.values())))
    return np.array([numbers[new] if new in numbers else numbers.setdefault(new, next(free)) for new in found.tolist()])
