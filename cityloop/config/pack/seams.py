"""Shapes written into tables: no polygons, grids that overlap or leave their area, areas that leave the one above.

What a boundary file draws comes from elsewhere: it is warned of, not refused.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from cityloop.config.pack.draft import Draft, parent_ref
from cityloop.core.problems import Problem
from cityloop.core.sheets import Table
from cityloop.ground.places.metres import Shapes
from cityloop.ground.places.seams import SeamError, escapes, overlaps
from cityloop.ground.registry.geoshapes import invalid

SLACK = 1e-6
"""How much the box of a grid may differ from its shape, in degrees: a tenth of a metre."""


def draw(draft: Draft) -> None:
    """Read the shapes that areas.csv tells; they go before those of boundary files."""
    table = draft.rows("areas")
    lines = [(line, area) for line, area in table.numbered() if area.shape]
    shapes = _polygons(table, [line for line, _ in lines], [area.shape for _, area in lines])
    for (_, area), shape in zip(lines, shapes, strict=True):
        if shape is not None:
            draft.shapes[area.scheme, area.code] = shapely.to_wkb(shape)


def check(draft: Draft) -> None:
    """Refuse grids and areas that do not fit together; only where every line could be read."""
    areas, grids = draft.rows("areas"), draft.rows("grids")
    if areas.problems or grids.problems or draft.document.problems:
        return
    _nested(draft)
    drawn = [place for place, row in enumerate(grids.rows) if row.shape]
    cells = shapely.box(*np.array([(r.west, r.south, r.east, r.north) for r in grids.rows]).reshape(-1, 4).T)
    cells = np.asarray(cells, dtype=object)
    shapes = _polygons(grids, [grids.lines[i] for i in drawn], [grids.rows[i].shape for i in drawn])
    if grids.problems:
        return
    off = np.abs(shapely.bounds(shapes) - shapely.bounds(cells[drawn])).max(axis=1, initial=0)
    for place in np.flatnonzero(off > SLACK).tolist():
        grids.refuse(grids.lines[drawn[place]], "shape", "grid_box_other")
    cells[drawn] = shapes
    _refuse_overlaps(grids, cells)
    _refuse_strays(draft, cells)


def _polygons(table: Table[Any], lines: Sequence[int], texts: Sequence[str]) -> NDArray[np.object_]:
    """Shapes of a column `shape`; None where the text is none, which is refused."""
    shapes: NDArray[np.object_] = shapely.from_wkt(np.array(texts, dtype=object), on_invalid="ignore")
    for place, shape in enumerate(shapes):
        if shape is None or shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
            table.refuse(lines[place], "shape", "wkt_unreadable", value=texts[place][:60])
            shapes[place] = None
    for wrong in invalid(shapes):
        table.refuse(lines[wrong.position], "shape", wrong.code, **wrong.facts)
        shapes[wrong.position] = None
    return shapes


def _refuse_overlaps(grids: Table[Any], cells: Shapes) -> None:
    for error in overlaps(cells):
        one, other = sorted(error.children, key=grids.lines.__getitem__)
        facts = {"value": grids.rows[one].code, "first": grids.lines[one], "m2": _m2(error)}
        grids.refuse(grids.lines[other], "", "grid_overlaps", **facts)


def _refuse_strays(draft: Draft, cells: Shapes) -> None:
    grids, drawn = draft.rows("grids"), _drawn(draft)
    by_ref = {ref: place for place, ref in enumerate(drawn)}
    areas = draft.rows("areas").rows
    refs = {area.code: area.ref for area in areas} | {ref: ref for ref in drawn}
    told = {area.ref for area in areas if area.shape}
    of = np.array([by_ref.get(refs.get(row.area, ""), -1) for row in grids.rows], np.int64)
    for error in escapes(list(drawn.values()), cells, of):
        row, line = grids.rows[error.children[0]], grids.lines[error.children[0]]
        facts = {"area": row.area, "m2": _m2(error)}
        if refs[row.area] in told:
            grids.refuse(line, "area", "grid_outside", **facts)
        else:
            draft.warnings.append(Problem(grids.name, line, "area", "grid_outside", facts))


def _nested(draft: Draft) -> None:
    table, drawn = draft.rows("areas"), _drawn(draft)
    order = {ref: place for place, ref in enumerate(drawn)}
    lines = {area.ref: (line, area) for line, area in table.numbered()}
    of = np.array([order.get(parent_ref(lines[ref][1]), -1) for ref in drawn], np.int64)
    shapes = list(drawn.values())
    for error in escapes(shapes, shapes, of):
        line, area = lines[list(drawn)[error.children[0]]]
        facts = {"value": area.code, "parent": area.parent, "m2": _m2(error)}
        if area.shape:
            table.refuse(line, "shape", "area_outside", **facts)
        else:
            draft.warnings.append(Problem(table.name, line, "parent", "area_outside", facts))


def _drawn(draft: Draft) -> dict[str, Any]:
    """Shapes by `scheme:code`."""
    refs = [f"{scheme}:{code}" for scheme, code in draft.shapes]
    return dict(zip(refs, shapely.from_wkb(list(draft.shapes.values())), strict=True))


def _m2(error: SeamError) -> str:
    return f"{error.area_m2:,.0f}"
