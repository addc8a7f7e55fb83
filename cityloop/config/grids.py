"""What the verbs of grids do, once the database is there, and how they show it."""

import json as jsonlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import shapely
from rich.table import Table

from cityloop.config.beat_plans import Designed, designed, outlines
from cityloop.config.commands import OUT, require_writable
from cityloop.core import clock
from cityloop.core.texts import N_, _
from cityloop.ground.places.beats import Figures
from cityloop.ground.places.city import city
from cityloop.ground.places.inspection import UNIT_GRIDS, LevelSeams, inspect
from cityloop.ground.places.queries import areas_on

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


def design_beats(code: str, beats: int, as_json: bool, out: Path | None, seed: int) -> None:
    """Cut an area's unit grids into beats of about equal work, and show them beside the present ones."""
    require_writable(out)
    here = city()
    day = here.day(clock.now())
    done = designed(code, beats, here, areas_on(here.revision, day), day, seed)
    if as_json:
        print(jsonlib.dumps(_told(done), ensure_ascii=False, indent=2))
    else:
        _show(done)
    if out is not None:
        _write(out, _beat_features(done))


def _told(done: Designed) -> dict[str, Any]:
    beats = [
        part._asdict() | {"grids": [row.code for row, at in zip(done.now.grids, done.found.assignment, strict=True)
                                    if at == part.part]}
        for part in done.found.figures.parts
    ]  # fmt: skip
    return {
        "area": done.now.area,
        "grids": len(done.now.grids),
        "load": round(float(done.now.load.sum()), 3),
        "balanced": done.found.balanced,
        "bound": round(done.found.bound, 4),
        "design": _figures(done.found.figures),
        "present": None if done.now.figures is None else _figures(done.now.figures),
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
    if done.now.figures is not None:
        rows.append((_("At present"), done.now.figures))
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
    shapes = outlines(done.now.grids, done.found.assignment)
    for part, shape in zip(done.found.figures.parts, shapes, strict=True):
        yield _feature(shape, part._asdict())


def _feature(shape: Any, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": jsonlib.loads(shapely.to_geojson(shape))}


def _write(path: Path, features: Iterable[dict[str, Any]]) -> None:
    collection = {"type": "FeatureCollection", "features": list(features)}
    path.write_text(jsonlib.dumps(collection, ensure_ascii=False) + "\n", encoding="utf-8")
