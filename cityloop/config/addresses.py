"""What the verbs of names and addresses do, once the database is there, and how they show it."""

from pathlib import Path

import numpy as np
from django.db import connection
from rich.table import Table

from cityloop.config.commands import ERR, OUT, require_writable
from cityloop.config.objects import show_problems
from cityloop.core import clock, texts
from cityloop.core.actor import SYSTEM, Actor
from cityloop.core.errors import Refused
from cityloop.core.problems import Problem
from cityloop.core.texts import N_, _
from cityloop.ground.places import naming
from cityloop.ground.places.city import city
from cityloop.ground.places.datums import Datum
from cityloop.ground.places.gazetteer import area_paths
from cityloop.ground.places.learning import Address, from_given
from cityloop.ground.places.locate import Place
from cityloop.ground.places.queries import area_names, areas_on
from cityloop.ground.registry.finding import find
from cityloop.ground.registry.geofiles import read
from cityloop.ground.registry.geotables import GeoTable
from cityloop.ground.registry.models import Layer
from cityloop.ground.registry.named import put_layer_names
from cityloop.ground.registry.surveys import inner_points

PAST = "past"
"""The source of the addresses under which cases were reported."""
COLUMNS = ("name", "address", "名称", "地址")
"""Where a file may tell an address or a name; the first that is there counts."""
KINDS = {
    "area": N_("area"),
    "road": N_("road"),
    "crossing": N_("crossing"),
    "place": N_("place"),
    "object": N_("object"),
    "point": N_("point"),
}


def take_in(file: Path, datum: Datum, *, rejects: Path | None, encoding: str | None) -> None:
    """Take a file in whose column `name` tells addresses, crossings and places; it replaces what it told before.

    Where lines cannot be taken nothing is done, unless `rejects` names a file for them.
    """
    require_writable(rejects)
    table = read(file, datum=datum, encoding=encoding)
    problems = [*table.problems, *_nameless(file.name, table)]
    if problems:
        show_problems(problems, rejects)
        if rejects is None:
            raise Refused("file_refused", count=len(problems))
    bad = {problem.line for problem in problems}
    rows = [i for i, line in enumerate(table.lines) if line not in bad]
    lons, lats = inner_points(table.shapes[rows])
    column = _column(table)
    given = [table.rows[i][column] for i in rows]
    _say(naming.put_names(f"file:{file.name}", from_given(_located(given, lons, lats)), actor=SYSTEM))


def refresh(*, actor: Actor = SYSTEM) -> naming.Written:
    """Let the gazetteer name the areas, the named objects with their crossings, and the addresses of past cases."""
    written = [
        naming.put_areas(actor=actor),
        put_layer_names(Layer.objects.values_list("code", flat=True), actor=actor),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT address, avg(lon), avg(lat) FROM cases_case WHERE address <> '' AND lon IS NOT NULL"
            " AND programme = '' GROUP BY address ORDER BY address"
        )
        rows = cursor.fetchall()
    given = _located([row[0] for row in rows], np.array([row[1] for row in rows]), np.array([row[2] for row in rows]))
    written.append(naming.put_names(PAST, from_given(given, places=False), actor=actor))
    return naming.Written(sum(one.new for one in written), sum(one.gone for one in written))


def show_refreshed() -> None:
    _say(refresh())


def show_found(text: str, limit: int) -> None:
    """A table of the places that a line may mean."""
    here = city()
    names, paths = area_names(here.revision), area_paths(here.revision)
    table = Table(_("Kind"), _("Name"), _("Area"), _("Code"), _("Longitude"), _("Latitude"))
    for match in find(text, here.revision, limit=limit):
        name = match.names.get(texts.spoken(), match.name) + (f" {match.number}" if match.number else "")
        areas = " ".join(names[area][0] for area in paths.get(match.area or 0, ())[1:])
        point = ["" if match.lon is None else f"{match.lon:.6f}", "" if match.lat is None else f"{match.lat:.6f}"]
        table.add_row(_(KINDS[match.kind]), name, areas, match.code, *point)
    OUT.print(table)


def _column(table: GeoTable) -> str:
    return next((name for name in COLUMNS if name in table.columns), "")


def _nameless(file: str, table: GeoTable) -> list[Problem]:
    """Lines without a name or a place, or that the file has no column for names."""
    column = _column(table)
    if not column:
        return [
            Problem(file, 1, COLUMNS[0], "column_missing", {"column": COLUMNS[0], "found": ", ".join(table.columns)})
        ]
    lines = zip(table.lines, table.rows, table.shapes, strict=True)
    return [
        Problem(file, line, column if shape is not None else "geometry", "value_missing")
        for line, row, shape in lines
        if not row[column].strip() or shape is None
    ]


def _located(given: list[str], lons: np.ndarray, lats: np.ndarray) -> list[Address]:
    """Equal names are one inside an area of the second level, such as a district."""
    here = city()
    places = areas_on(here.revision, here.day(clock.now())).places(lons.tolist(), lats.tolist())
    points = zip(given, lons.tolist(), lats.tolist(), places, strict=True)
    return [Address(text, lon, lat, _within(place)) for text, lon, lat, place in points]


def _within(place: Place) -> int | None:
    return place.areas[min(1, len(place.areas) - 1)] if place.areas else None


def _say(written: naming.Written) -> None:
    told = {"new": f"{written.new:,}", "gone": f"{written.gone:,}"}
    (OUT if written.new or written.gone else ERR).print(_("%(new)s names are new, %(gone)s are gone.") % told)
