"""Ground without anybody above the fallback: unit grids, slivers between areas, surfaces of managed objects."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from cityloop.ground.places.borders import Graph, pieces
from cityloop.ground.places.metres import around, as_shapes, polygons_of, square_metres
from cityloop.ground.places.seams import holes
from cityloop.ground.registry.answering import FINDINGS, Sheets
from cityloop.ground.registry.findings import Gap, Kind
from cityloop.ground.registry.ledger import Duty, Finding, Ledger, Question
from cityloop.ground.registry.terrain import TOLERANCE_M2, Matter, Standing, Terrain, square

NOBODY = FINDINGS.index(Finding.GAP)
NARROW_M = 20.0
"""Between areas without an outline above them, what is no wider than this is a sliver; wider, it is another place."""
SHORTEST_M = 1.0
TOGETHER_M = 0.5
"""Corners of cells are rounded: what lies no further apart is connected."""
Mask = NDArray[np.bool_]


# Unit grids, matter by matter


def ground_gaps(held: Sequence[Duty], terrain: Terrain) -> list[Gap]:
    """Connected ground on which the same matters have nobody. `held`: the duties that count, as if they held always.

    What is drawn is taken out as a polygon; objects and roads cover no ground.
    """
    plain = [duty for duty in held if not (duty.drawn or duty.object_code or duty.road)]
    drawn = [duty for duty in held if duty.drawn is not None and not (duty.object_code or duty.road)]
    grounds: dict[tuple[bytes, frozenset[int]], list[Matter]] = defaultdict(list)
    for matter, mask in _without_anybody(plain, terrain):
        if mask.any():
            over = frozenset(duty.id for duty in drawn if _about(duty, matter) and duty.stratum in ("", "on"))
            grounds[np.packbits(mask).tobytes(), over].append(matter)
    shapes = {duty.id: shapely.from_wkb(duty.drawn) for duty in drawn}
    found: list[Gap] = []
    for (bits, over), matters in grounds.items():
        mask = np.unpackbits(np.frombuffer(bits, np.uint8), count=len(terrain.grids)).astype(bool)
        ground = shapely.union_all(terrain.cells[mask])
        if over:
            ground = shapely.difference(ground, shapely.union_all([shapes[id_] for id_ in over]))
        found += _pieces(ground, mask, matters, terrain)
    return found


def _pieces(ground: Any, mask: Mask, matters: Sequence[Matter], terrain: Terrain) -> Iterator[Gap]:
    """One gap for each connected piece of ground, the largest first. Polygons a hair apart hang together."""
    polygons = as_shapes(polygons_of(ground))
    areas = square_metres(polygons)
    metres = around(polygons).shapes(polygons)
    graph: Graph = [{} for _ in polygons]
    for one, other in shapely.STRtree(metres).query(metres, predicate="dwithin", distance=TOGETHER_M).T.tolist():
        graph[one][other] = 0.0
    places = np.flatnonzero(mask)
    paths: dict[int, set[tuple[int, ...]]] = defaultdict(set)
    for place, polygon in shapely.STRtree(polygons).query(terrain.cells[places], predicate="intersects").T.tolist():
        paths[polygon].add(terrain.paths[places[place]])
    categories = tuple(sorted({matter.category for matter in matters}))
    parts = sorted(pieces(range(len(polygons)), graph), key=lambda part: -float(areas[part].sum()))
    for part in parts:
        area = float(areas[part].sum())
        if area > TOLERANCE_M2:
            wkb = bytes(shapely.to_wkb(shapely.union_all(polygons[part])))
            held = set().union(*(paths[number] for number in part))
            yield Gap(Kind.GROUND, area, wkb, categories, areas=_common(held))


def _without_anybody(plain: Sequence[Duty], terrain: Terrain) -> Iterator[tuple[Matter, Mask]]:
    """For each matter the unit grids on which nobody answers.

    Only what the duties about a matter name tells its grids apart, so each kind of grid is asked about once; matters
    about which the same duties are have the same answer.
    """
    if not terrain.grids:
        return
    sheets, kinds = Sheets(Ledger(plain)), _Kinds(terrain)
    by_category: dict[int | None, list[Duty]] = defaultdict(list)
    for duty in plain:
        by_category[duty.category].append(duty)
    for matter in terrain.matters:
        about = [duty for category in {matter.category, matter.major, None} for duty in by_category.get(category, ())]
        which, areas, classes, grids = kinds.told_apart(about)
        questions = [
            Question((matter.category, matter.major), path, terrain.at, matter.situation, name, grid)
            for path, name, grid in zip(areas, classes, grids, strict=True)
        ]
        yield matter, (sheets.answers(questions).finding == NOBODY)[which]


class _Kinds:
    """Unit grids told apart by no more than what some duties name."""

    def __init__(self, terrain: Terrain) -> None:
        self.terrain = terrain
        distinct = list(dict.fromkeys(terrain.paths))
        places = {path: place for place, path in enumerate(distinct)}
        self.path_of = np.array([places[path] for path in terrain.paths], np.int64)
        self.areas = np.zeros((len(distinct), max(map(len, distinct))), np.int64)
        for place, path in enumerate(distinct):
            self.areas[place, : len(path)] = path
        self.classes = np.array([terrain.area_class(path) for path in distinct])

    def told_apart(
        self, duties: Iterable[Duty]
    ) -> tuple[NDArray[np.int64], list[tuple[int, ...]], list[str], list[int | None]]:
        """For each grid its kind; for each kind its areas, their class, and the grid where a duty names it."""
        scopes = [(duty.area or 0, duty.area_class, duty.grid or 0) for duty in duties]
        named = np.array(sorted({area for area, _, _ in scopes}), np.int64)
        areas = np.where(np.isin(self.areas, named), self.areas, 0)
        classes = np.where(np.isin(self.classes, sorted({name for _, name, _ in scopes})), self.classes, "")
        rows: dict[tuple[Any, ...], int] = {}
        of_path = [
            rows.setdefault((*path, name), len(rows)) for path, name in zip(areas.tolist(), classes, strict=True)
        ]
        which = np.array(of_path, np.int64)[self.path_of]
        told: list[tuple[Any, ...]] = [(*row, None) for row in rows]
        for grid in sorted({grid for _, _, grid in scopes if grid in self.terrain.grid_places}):
            place = self.terrain.grid_places[grid]
            told.append((*told[which[place]][:-1], grid))
            which[place] = len(told) - 1
        return which, [row[:-2] for row in told], [str(row[-2]) for row in told], [row[-1] for row in told]


def _about(duty: Duty, matter: Matter) -> bool:
    return duty.category in (None, matter.category, matter.major) and duty.situation in ("", matter.situation)


def _common(paths: Collection[tuple[int, ...]]) -> tuple[int, ...]:
    """What all paths begin with."""
    levels = zip(*paths, strict=False)
    return tuple(level[0] for level in takewhile(lambda level: len(set(level)) == 1, levels))


# Land in no area


def slivers(terrain: Terrain) -> list[Gap]:
    """Land of an area that lies in none of those below it, or between them where their parent has no outline."""
    below: dict[int, list[int]] = defaultdict(list)
    for area in terrain.areas.values():
        if area.id in terrain.divisions and len(area.path) > 1:
            below[area.path[-2]].append(area.id)
    found = []
    for parent, children in sorted(below.items()):
        outlines = [terrain.areas[child].shape for child in children]
        if any(outline is None for outline in outlines):
            continue
        shapes = [terrain.outline(child) for child in children]
        whole = terrain.outline(parent) if terrain.areas[parent].shape else _closed(shapes)
        path = tuple(terrain.areas[parent].path)
        for hole in holes(whole, shapes, TOLERANCE_M2):
            found.append(Gap(Kind.SLIVER, hole.area_m2, bytes(shapely.to_wkb(hole.shape)), areas=path))
    return found


def _closed(shapes: Sequence[Any]) -> Any:
    """All shapes with what is narrow between them."""
    metres = around(shapes)
    wide = shapely.buffer(shapely.union_all(metres.shapes(shapes)), NARROW_M / 2, join_style="mitre")
    closed = shapely.buffer(wide, -NARROW_M / 2, join_style="mitre")
    middle, scale = np.array([metres.lon, metres.lat]), np.array([metres.lon_m, metres.lat_m])
    return shapely.transform(closed, lambda points: points / scale + middle)


# Surfaces that must be managed


def surfaces(held: Sequence[Duty], terrain: Terrain, told: Collection[str], ground: Sequence[Gap]) -> Iterator[Gap]:
    """What nobody covers of managed objects, stratum by stratum; without those whose phase is `told`, without the
    `ground` told already, and only inside of areas.

    The objects of a layer without categories want those for which the ledger names any object of the layer; where it
    names none, anybody will do.
    """
    by_category: dict[int | None, list[Duty]] = defaultdict(list)
    for duty in held:
        by_category[duty.category].append(duty)
    named: dict[str, set[int]] = defaultdict(set)
    for duty in held:
        known = terrain.things.get(duty.object_code or duty.road)
        if known is not None and duty.category is not None:
            named[known.layer].add(duty.category)
    alike: dict[tuple[frozenset[int], str], list[Standing]] = defaultdict(list)
    for thing in terrain.things.values():
        if thing.managed and thing.code not in told:
            for stratum in thing.strata:
                alike[thing.categories or frozenset(named[thing.layer]), stratum].append(thing)
    for (categories, stratum), things in alike.items():
        covers: dict[frozenset[int], tuple[_Cover, set[int]]] = {}
        for matter in _wanted(categories, terrain):
            chain = {matter.category, matter.major, None} if matter else set(by_category)
            about = [duty for category in chain for duty in by_category.get(category, ())]
            about = [duty for duty in about if duty.stratum in ("", stratum) and (not matter or _about(duty, matter))]
            ids = frozenset(duty.id for duty in about)
            if ids not in covers:
                covers[ids] = (_Cover(about, terrain), set())
            covers[ids][1].update([matter.category] if matter else [])
        for thing in things:
            yield from _bare(thing, stratum, covers.values(), terrain, ground)


def _wanted(categories: frozenset[int], terrain: Terrain) -> list[Matter] | list[None]:
    if not categories:
        return [None]
    return [matter for matter in terrain.matters if {matter.category, matter.major} & categories]


def _bare(
    thing: Standing,
    stratum: str,
    covers: Iterable[tuple["_Cover", set[int]]],
    terrain: Terrain,
    ground: Sequence[Gap],
) -> Iterator[Gap]:
    """The parts of an object's stratum that nobody covers, those of the same outline together."""
    by_outline: dict[bytes, tuple[Any, set[int]]] = {}
    for cover, categories in covers:
        left = cover.left(thing)
        if left is None:
            continue
        told = [gap.shape for gap in ground if categories and categories <= set(gap.categories)]
        left = _inside(left, thing, terrain, told)
        if left is not None:
            _, seen = by_outline.setdefault(bytes(shapely.to_wkb(left)), (left, set()))
            seen |= categories
    for outline, (shape, categories) in by_outline.items():
        yield Gap(
            Kind.SURFACE, square(shape), outline, tuple(sorted(categories)), areas=thing.areas, object_code=thing.code,
            phase=thing.phase, stratum=stratum,
        )  # fmt: skip


class _Cover:
    """Duties for the same, ready to be laid over objects."""

    def __init__(self, duties: Sequence[Duty], terrain: Terrain) -> None:
        self.wide = [duty for duty in duties if duty.place == ("", "")]
        self.named: dict[str, list[Duty]] = defaultdict(list)
        self.placed: list[tuple[Duty, Any]] = []
        self.unknown: list[Duty] = []
        """For areas without an outline: what stands in one is covered whole."""
        for duty in duties:
            if code := duty.object_code or duty.road:
                self.named[code].append(duty)
            elif duty.place != ("", ""):
                ground = terrain.ground(duty)
                if ground is None:
                    self.unknown.append(duty)
                else:
                    self.placed.append((duty, ground))
        self._tree = shapely.STRtree([ground for _, ground in self.placed])

    def left(self, thing: Standing) -> Any:
        """What is bare of an object; None where that is nothing."""
        whole = [*self.wide, *self.named.get(thing.code, ()), *(d for d in self.unknown if d.area in thing.areas)]
        if any(duty.phase in ("", thing.phase) for duty in whole):
            return None
        covering = self._tree.query(thing.shape, predicate="covered_by").tolist()
        if any(self.placed[i][0].phase in ("", thing.phase) for i in covering):
            return None
        left = thing.shape
        for i in sorted(self._tree.query(thing.shape, predicate="intersects").tolist()):
            duty, ground = self.placed[i]
            if duty.phase in ("", thing.phase):
                left = shapely.difference(left, ground)
        return _enough(left, thing.shape)


def _inside(left: Any, thing: Standing, terrain: Terrain, told: Iterable[bytes | None]) -> Any:
    """What lies in areas and was not told already; None where that is nothing."""
    if terrain.leaves is not None:
        left = shapely.intersection(left, terrain.leaves)
    for shape in told:
        if shape is not None:
            left = shapely.difference(left, shapely.from_wkb(shape))
    return _enough(left, thing.shape)


def _enough(left: Any, whole: Any) -> Any:
    """What counts of a part of a polygon, a line or a point; None where that is no more than 1 m2, or 1 m."""
    dimension = shapely.get_dimensions(whole)
    if dimension == 2:
        left = shapely.union_all(polygons_of(left))
        return left if square(left) > TOLERANCE_M2 else None
    if shapely.is_empty(left):
        return None
    return left if dimension == 0 or float(shapely.length(around([left]).shapes([left])[0])) > SHORTEST_M else None
