"""Connected parts of a graph with about equal loads and short borders: recursive bisection, then annealing."""

from collections.abc import Sequence
from math import exp
from random import Random
from typing import NamedTuple

import numpy as np

from cityloop.ground.places.borders import Graph, by_part, pieces
from cityloop.ground.places.metres import Floats

DIRECTIONS = 8
"""Straight cuts tried at each bisection."""
SWEEPS = 60
"""Tries for each cell while the search cools down."""
HEAT = 0.15
WAYS = 4
"""Ways for each part, at most, on which cells are handed on after the search."""
MARGIN = 0.02
"""The search aims this much below the limit."""


class Ground(NamedTuple):
    """What is divided: `graph` with borders in metres, `load` (none negative), `middles` in metres (n x 2)."""

    graph: Graph
    load: Sequence[float]
    middles: Floats


def bisect(ground: Ground, members: list[int], count: int) -> list[list[int]]:
    """A connected set of cells as `count` (at most as many as cells) connected parts of about equal load."""
    if count == 1:
        return [members]
    best = min((_split(ground, members, count, turn) for turn in range(DIRECTIONS)), key=lambda one: one[0])
    _, left, right, share = best
    return bisect(ground, left, share) + bisect(ground, right, count - share)


def _split(ground: Ground, members: list[int], count: int, turn: int) -> tuple[float, list[int], list[int], int]:
    """A straight cut; what it tears off goes to the other side. The cost, both sides, and the parts of the first."""
    angle = np.pi * turn / DIRECTIONS
    along = ground.middles[members] @ np.array([np.cos(angle), np.sin(angle)])
    order = np.lexsort((members, np.round(along, 2)))
    load = np.asarray(ground.load)[members][order]
    wanted = load.sum() * (count // 2) / count
    first = int(np.argmin(np.abs(np.cumsum(load) - wanted))) + 1
    first = min(max(first, count // 2), len(members) - (count - count // 2))
    near = _largest({members[i] for i in order[:first].tolist()}, ground.graph)
    right = _largest(set(members) - near, ground.graph)
    left = sorted(set(members) - right)
    total = sum(ground.load[i] for i in members)
    part = sum(ground.load[i] for i in left)
    share = round(count * part / total) if total else count // 2
    share = min(max(share, 1, count - len(right)), count - 1, len(left))
    off = abs(part * count / total - share) if total else 0.0
    cut = sum(length for i in left for j, length in ground.graph[i].items() if j in right)
    perimeter = sum(length for i in members for length in ground.graph[i].values())
    return cut / max(perimeter, 1e-9) * len(members) / count + off, left, sorted(right), share


def _largest(members: set[int], graph: Graph) -> set[int]:
    found = pieces(members, graph)
    return set(found[max(range(len(found)), key=lambda i: (len(found[i]), -i))])


class Search:
    """Moves cells over the borders of parts, each with what hangs on it alone, such as a village amid its fields;
    parts stay connected and never become empty.

    The energy: the square of what a part differs from the mean (as a share of it), far more beyond the limit, plus
    the length of the borders between parts in units of a square part's perimeter.
    """

    def __init__(
        self, ground: Ground, assignment: list[int], count: int, limit: float, seed: int, shape: float = 1.0
    ) -> None:
        """`limit`: the largest load of a part to aim at, as a multiple of the mean; `assignment` is changed; `shape`:
        what short borders are worth."""
        self.ground, self.part = ground, assignment
        self.mean: float = sum(ground.load) / count or 1.0
        self.limit: float = max(limit - MARGIN, 1.0)
        self.load = [0.0] * count
        self.size = [0] * count
        for cell, part in enumerate(assignment):
            self.load[part] += ground.load[cell]
            self.size[part] += 1
        sides = sorted(length for around in ground.graph for length in around.values())
        middle = sides[len(sides) // 2] if sides else 1.0
        self.square = 4 * middle * (len(assignment) / count) ** 0.5 / shape
        self.random = Random(seed)

    def cool(self, sweeps: int = SWEEPS, heat: float = HEAT) -> None:
        """Search with falling heat; with none, only what lowers the energy is done."""
        cells = [cell for cell, around in enumerate(self.ground.graph) if around]
        for sweep in range(sweeps):
            warmth = heat * (1 - sweep / sweeps) ** 2
            for _ in range(len(cells)):
                self._try(cells[int(self.random.random() * len(cells))], warmth)

    def worst(self) -> float:
        return max(self.load) / self.mean

    def relieve(self) -> None:
        """Hand cells on from each part that is too heavy to the nearest one with room, part by part.

        What single moves cannot do: where a whole region has too much, each part on the way takes one cell and gives
        one away. It ends when none is too heavy, or nothing can be handed on.
        """
        for _ in range(WAYS * len(self.load)):
            heavy = sorted((part for part, load in enumerate(self.load) if load > self.limit * self.mean),
                           key=lambda part: -self.load[part])  # fmt: skip
            if not any(self._hand_on(part) or self._tear(part) for part in heavy):
                return

    def _hand_on(self, heavy: int) -> bool:
        """One cell over each border of the shortest way from a part to one with room; whether there is such a way."""
        members = by_part(self.part)
        before: dict[int, int] = {heavy: heavy}
        waiting = [heavy]
        for part in waiting:  # grows while it is read: the nearest parts first
            if part != heavy and self.load[part] < self.mean:
                return self._along(part, before, members)
            for other, cells in self._over_borders(members[part], part).items():
                if other not in before and any(self._holds_without(cell, part) for cell in cells):
                    before[other] = part
                    waiting.append(other)
        return False

    def _tear(self, heavy: int) -> bool:
        """Give a neighbour a cell with all that hangs on it, where the heavier of both is lighter afterwards."""
        members = by_part(self.part)[heavy]
        best: tuple[float, int, list[int]] | None = None
        for to, cells in self._over_borders(members, heavy).items():
            for cell in cells:
                rest = pieces([other for other in members if other != cell], self.ground.graph)
                kept = max(rest, key=lambda piece: (self._sum(piece), -piece[0]), default=[])
                group = sorted(set(members) - set(kept))
                moved = self._sum(group)
                worse = max(self.load[heavy] - moved, self.load[to] + moved)
                if kept and worse < self.load[heavy] - self.mean / 1000 and (best is None or worse < best[0]):
                    best = worse, to, group
        if best is None:
            return False
        for cell in best[2]:
            self._move(cell, heavy, best[1])
        return True

    def _sum(self, cells: list[int]) -> float:
        return sum(self.ground.load[cell] for cell in cells)

    def _over_borders(self, members: list[int], part: int) -> dict[int, list[int]]:
        """The parts beside one, with the cells of this one that lie at their border and have a load."""
        found: dict[int, list[int]] = {}
        for cell in members:
            if self.ground.load[cell] > 0 and self.part[cell] == part:
                for other in {self.part[beside] for beside in self.ground.graph[cell]} - {part}:
                    found.setdefault(other, []).append(cell)
        return dict(sorted(found.items()))

    def _along(self, light: int, before: dict[int, int], members: dict[int, list[int]]) -> bool:
        """Hand one cell over each border of a way, from its end on; whether the first part is rid of one."""
        to = light
        while to != before[to]:
            part = before[to]
            cells = self._over_borders(members[part], part).get(to, [])
            fit = [cell for cell in cells if self.size[part] > 1 and self._holds_without(cell, part)]
            if not fit:
                return False
            room = max(self.mean - self.load[to], 0.0)
            self._move(min(fit, key=lambda cell: (abs(self.ground.load[cell] - room), cell)), part, to)
            to = part
        return True

    def _move(self, cell: int, own: int, other: int) -> None:
        self.part[cell] = other
        self.load[own] -= self.ground.load[cell]
        self.load[other] += self.ground.load[cell]
        self.size[own] -= 1
        self.size[other] += 1

    def _try(self, cell: int, warmth: float) -> None:
        own = self.part[cell]
        around = self.ground.graph[cell]
        others = [part for part in (self.part[neighbour] for neighbour in around) if part != own]
        if not others or self.size[own] == 1:
            return
        other = others[int(self.random.random() * len(others))] if len(others) > 1 else others[0]
        if not self._taken(self._gain([cell], own, other), warmth):
            return
        group = [cell]
        if not self._holds_without(cell, own):
            group = self._with_what_hangs_on(cell, own)
            if len(group) == self.size[own] or not self._taken(self._gain(group, own, other), warmth):
                return
        for one in group:
            self._move(one, own, other)

    def _taken(self, gain: float, warmth: float) -> bool:
        return gain <= 0 or (warmth > 0 and self.random.random() < exp(-gain / warmth))

    def _with_what_hangs_on(self, cell: int, own: int) -> list[int]:
        """A cell and all of its part but the heaviest piece that is left without it."""
        members = [other for other in by_part(self.part)[own] if other != cell]
        kept = max(pieces(members, self.ground.graph), key=lambda piece: (self._sum(piece), -piece[0]))
        return [cell, *sorted(set(members) - set(kept))]

    def _gain(self, group: list[int], own: int, other: int) -> float:
        """By how much the energy rises when cells go from one part to another."""
        here, there, moved = self.load[own], self.load[other], self._sum(group)
        rise = self._strain(here - moved) + self._strain(there + moved) - self._strain(here) - self._strain(there)
        border = 0.0
        for cell in group:
            for neighbour, length in self.ground.graph[cell].items():
                part = self.part[neighbour]
                if part == other:
                    border -= length
                elif part == own and neighbour not in group:
                    border += length
        return float(rise + 2 * border / self.square)

    def _strain(self, load: float) -> float:
        share = load / self.mean
        over = share - self.limit if share > self.limit else 0.0
        return 2 * (share - 1) * (share - 1) + 40 * over * (over + 0.1)

    def _holds_without(self, cell: int, own: int) -> bool:
        """Whether the rest of a part hangs together without a cell."""
        part, graph = self.part, self.ground.graph
        wanted = {neighbour for neighbour in graph[cell] if part[neighbour] == own}
        if len(wanted) < 2:
            return len(wanted) == 1
        start = min(wanted)
        seen, waiting = {cell, start}, [start]
        wanted.discard(start)
        for here in waiting:  # grows while it is read: the nearest cells first
            for neighbour in graph[here]:
                if neighbour not in seen and part[neighbour] == own:
                    seen.add(neighbour)
                    waiting.append(neighbour)
                    wanted.discard(neighbour)
            if not wanted:
                return True
        return False
