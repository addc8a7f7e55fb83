"""What the verbs of grids do, once the database is there, and how they show it."""

import json as jsonlib
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from rich.table import Table

from cityloop.config.commands import OUT, require_writable
from cityloop.config.pack.ground import WorkloadSpec
from cityloop.core import clock
from cityloop.core.errors import Refused, Unknown
from cityloop.core.texts import N_, _
from cityloop.ground.places.beats import Design, Figures, design, measure
from cityloop.ground.places.city import CityValue, city
from cityloop.ground.places.gridding import STEP
from cityloop.ground.places.inspection import UNIT_GRIDS, LevelSeams, inspect
from cityloop.ground.places.locate import AreaMap, GridRow, cells_of
from cityloop.ground.places.metres import Floats, Index, Shapes, around
from cityloop.ground.places.queries import areas_on, grids_of
from cityloop.ground.registry import stock
from cityloop.loop.cases.queries import count_by_grid

SHOWN = 20
KINDS = {"overlap": N_("Overlaps"), "gap": N_("Gaps"), "escape": N_("Outside")}


def check(out: Path | None) -> bool:
    """Look for seams between all levels; whether there are none. `out` gets the errors as GeoJSON."""
    require_writable(out)
    here = city()
    levels = inspect(here.day(clock.now()))
    table = Table(_("Level"), _("Areas"), *(_(title) for title in KINDS.values()), "m²")
    for level in levels:
        counts = [sum(error.kind == kind for error in level.errors) for kind in KINDS]
        area = sum(error.area_m2 for error in level.errors)
        name = _("Unit grids") if level.level == UNIT_GRIDS else level.level
        table.add_row(name, f"{len(level.children):,}", *map(str, counts), f"{area:,.0f}")
    OUT.print(table)
    features = [feature for level in levels for feature in _error_features(level)]
    for feature in features[:SHOWN]:
        told = feature["properties"]
        OUT.print(f"{told['kind']} {told['area_m2']:,.0f} m²: {' '.join(told['codes'])} {told['in']}", markup=False)
    if out is not None:
        _write(out, features)
    if not features:
        OUT.print(_("No gap and no overlap: everything lies where it should."))
    return not features


def _error_features(level: LevelSeams) -> Iterable[dict[str, Any]]:
    for error in level.errors:
        properties = {
            "kind": error.kind,
            "level": level.level,
            "codes": [level.children[place] for place in error.children],
            "in": level.parents[error.parent] if error.parent >= 0 else "",
            "area_m2": round(error.area_m2, 1),
        }
        yield _feature(error.shape, properties)


class Designed(NamedTuple):
    """A division of an area's unit grids beside the present one, of which -1 is none."""

    area: str
    grids: list[GridRow]
    load: Floats
    found: Design
    present: Figures | None


def design_beats(code: str, beats: int, as_json: bool, out: Path | None, seed: int) -> None:
    """Cut an area's unit grids into beats of about equal work, and show them beside the present ones."""
    require_writable(out)
    here = city()
    day = here.day(clock.now())
    done = _designed(code, beats, here, areas_on(here.revision, day), day, seed)
    if as_json:
        print(jsonlib.dumps(_told(done), ensure_ascii=False, indent=2))
    else:
        _show(done)
    if out is not None:
        _write(out, _beat_features(done))


def _designed(code: str, beats: int, here: CityValue, places: AreaMap, day: date, seed: int) -> Designed:
    area = next((area for area in places.areas if area.code == code), None)
    if area is None:
        raise Unknown("area_unknown", area=code)
    inside = {other.id for other in places.areas if area.id in other.path}
    grids = [row for row in places.grids if row.area in inside]
    if not grids:
        raise Refused("area_without_grids", area=code)
    cells = cells_of(grids)
    load = _workload(grids, cells, WorkloadSpec.model_validate(here.settings["grid"].get("workload", {})))
    present = _present(grids, day)
    found = design(cells, load, beats, seed, None if present is None else present)
    return Designed(code, grids, load, found, None if present is None else measure(cells, load, present))


def _workload(grids: list[GridRow], cells: Shapes, weights: WorkloadSpec) -> Floats:
    """The work in each grid, as the pack weighs it; three statements."""
    ids = [row.id for row in grids]
    objects, cases = stock.count_by_grid(ids), count_by_grid(ids)
    told = np.array([[objects.get(pk, 0), cases.get(pk, 0)] for pk in ids], np.float64)
    roads = _road_km(cells, stock.lines_in(shapely.total_bounds(cells).tolist()))
    found: Floats = weights.grid + roads * weights.road_km + told @ np.array([weights.object, weights.case])
    return found


def _road_km(cells: Shapes, lines: list[bytes]) -> Floats:
    """Kilometres of road in each cell; along an edge half of them count here and half there."""
    metres = around(cells)
    roads, flat = metres.shapes(shapely.from_wkb(lines)), metres.shapes(cells)
    road, cell = shapely.STRtree(flat).query(roads, predicate="intersects")
    length = shapely.length(shapely.intersection(roads[road], flat[cell]))
    shared = shapely.length(shapely.intersection(roads[road], shapely.boundary(flat[cell])))
    found = np.zeros(len(cells))
    np.add.at(found, cell, (length - shared / 2) / 1000)
    return found


def _present(grids: list[GridRow], day: date) -> Index | None:
    """The beat of each grid today, numbered from 0; None where there are none."""
    beat_of = {grid: beat for beat, ids in grids_of("responsibility", day).items() for grid in ids}
    order = {beat: place for place, beat in enumerate(dict.fromkeys(beat_of[g.id] for g in grids if g.id in beat_of))}
    if not order:
        return None
    return np.array([order[beat_of[row.id]] if row.id in beat_of else -1 for row in grids], np.int64)


def _told(done: Designed) -> dict[str, Any]:
    beats = [
        part._asdict() | {"grids": [row.code for row, at in zip(done.grids, done.found.assignment, strict=True)
                                    if at == part.part]}
        for part in done.found.figures.parts
    ]  # fmt: skip
    return {
        "area": done.area,
        "grids": len(done.grids),
        "load": round(float(done.load.sum()), 3),
        "balanced": done.found.balanced,
        "bound": round(done.found.bound, 4),
        "design": _figures(done.found.figures),
        "present": None if done.present is None else _figures(done.present),
        "beats": beats,
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "beats": len(figures.parts),
        "worst": round(figures.worst, 4),
        "connected": figures.connected,
        "compactness": round(figures.compactness, 4),
        "left_out": figures.left_out,
    }


def _show(done: Designed) -> None:
    table = Table("", _("Beats"), _("Most work / mean"), _("Connected"), _("Compactness"), _("Grids in none"))
    rows = [(_("Designed"), done.found.figures)]
    if done.present is not None:
        rows.append((_("At present"), done.present))
    for title, figures in rows:
        table.add_row(
            title, f"{len(figures.parts):,}", f"{figures.worst:.3f}", _("yes") if figures.connected else _("no"),
            f"{figures.compactness:.3f}", str(figures.left_out),
        )  # fmt: skip
    OUT.print(table)
    if not done.found.balanced:
        OUT.print(
            _("No better division was found; none can be below %(bound)s.") % {"bound": f"{done.found.bound:.3f}"}
        )


def _beat_features(done: Designed) -> Iterable[dict[str, Any]]:
    cells = cells_of(done.grids)
    for part in done.found.figures.parts:
        whole = shapely.union_all(cells[done.found.assignment == part.part], grid_size=STEP)
        yield _feature(whole, part._asdict())


def _feature(shape: Any, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": jsonlib.loads(shapely.to_geojson(shape))}


def _write(path: Path, features: Iterable[dict[str, Any]]) -> None:
    collection = {"type": "FeatureCollection", "features": list(features)}
    path.write_text(jsonlib.dumps(collection, ensure_ascii=False) + "\n", encoding="utf-8")
