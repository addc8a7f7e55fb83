"""What a file says of a layer's objects becomes objects, or says line by line why not."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from cityloop.core.problems import Problem, near
from cityloop.ground.places.locate import AreaMap
from cityloop.ground.registry.geotables import GeoTable
from cityloop.ground.registry.objects import ObjectData

PARTIES = ("owner", "maintainer", "supervisor")
OWN = ("code", "name", "state", *PARTIES)
"""Columns that every layer has; all others are attributes."""
FAMILIES = {"point": ("Point",), "line": ("LineString", "MultiLineString"), "polygon": ("Polygon", "MultiPolygon")}
Parties = tuple[int | None, int | None, int | None]
YES, NO = frozenset({"yes", "true", "1", "是"}), frozenset({"no", "false", "0", "否"})


class Kind(NamedTuple):
    """What a layer asks of its objects: its geometry, the JSON Schema of its attributes."""

    geometry: str
    attributes: Mapping[str, Any]


class Survey(NamedTuple):
    """What could be read, what could not, and the columns that the layer does not know."""

    objects: list[ObjectData]
    problems: list[Problem]
    unknown: list[str]


def survey(name: str, table: GeoTable, kind: Kind, places: AreaMap, organisations: Mapping[str, int]) -> Survey:
    """`organisations`: ids by code. A line with any problem brings no object."""
    reader = _Reader(name, kind, organisations)
    lon, lat = inner_points(table.shapes)
    grids, areas = places.locate_many(lon, lat)
    bounds = shapely.bounds(table.shapes).tolist()
    shapes = shapely.to_wkb(table.shapes)
    objects = []
    for position, (line, cells) in enumerate(zip(table.lines, table.rows, strict=True)):
        told = reader.read(line, cells, table.shapes[position])
        area = places.area_of(int(grids[position]), int(areas[position]), "")
        if told is not None and area is None and places.has_shapes:
            reader.refuse(line, "", "object_outside", value=f"{lon[position]:.6f}, {lat[position]:.6f}")
            continue
        if told is None:
            continue
        code, title, state, parties, attributes = told
        grid = places.grids[grids[position]].id if grids[position] >= 0 else None
        place = area.id if area else None, grid
        objects.append(
            ObjectData(line, code, title, shapes[position], bounds[position], attributes, state, *parties, *place)
        )
    known = {*OWN, *kind.attributes.get("properties", {})}
    unknown = [column for column in table.columns if column not in known]
    return Survey(objects, reader.problems, unknown)


class _Reader:
    """The cells of one file after another, with what is wrong with them."""

    def __init__(self, name: str, kind: Kind, organisations: Mapping[str, int]) -> None:
        self.name, self.kind, self.organisations = name, kind, organisations
        self.problems: list[Problem] = []
        self.properties: Mapping[str, Any] = kind.attributes.get("properties", {})
        self.required: Collection[str] = kind.attributes.get("required", ())
        self.first: dict[str, int] = {}

    def refuse(self, line: int, column: str, code: str, **facts: object) -> None:
        self.problems.append(Problem(self.name, line, column, code, facts))

    def read(self, line: int, cells: Mapping[str, str], shape: Any) -> tuple[str, str, str, Parties, str] | None:
        before = len(self.problems)
        code = cells.get("code", "").strip()
        if code and self.first.setdefault(code, line) != line:
            self.refuse(line, "code", "code_twice", value=code, first=self.first[code])
        if len(code) > 40:
            self.refuse(line, "code", "too_long", most=40)
        if shape is None or shape.geom_type not in FAMILIES[self.kind.geometry]:
            found = shape.geom_type if shape is not None else "-"
            self.refuse(line, "", "geometry_other", value=found, known=", ".join(FAMILIES[self.kind.geometry]))
        owner, maintainer, supervisor = (self._party(line, column, cells.get(column, "").strip()) for column in PARTIES)
        attributes = self._attributes(line, cells)
        if len(self.problems) > before:
            return None
        title, state = cells.get("name", "").strip()[:200], cells.get("state", "").strip()[:20]
        return (
            code,
            title,
            state,
            (owner, maintainer, supervisor),
            orjson.dumps(attributes, option=orjson.OPT_SORT_KEYS).decode(),
        )

    def _party(self, line: int, column: str, code: str) -> int | None:
        if not code:
            return None
        if code not in self.organisations:
            guess = near(code, list(self.organisations))
            problem = "organisation_unknown_near" if guess else "organisation_unknown"
            self.refuse(line, column, problem, value=code, near=guess)
        return self.organisations.get(code)

    def _attributes(self, line: int, cells: Mapping[str, str]) -> dict[str, Any]:
        found = {}
        for name, schema in self.properties.items():
            text = cells.get(name, "").strip()
            if text:
                found[name] = self._value(line, name, text, schema)
            elif name in self.required:
                self.refuse(line, name, "value_missing")
        return found

    def _value(self, line: int, name: str, text: str, schema: Mapping[str, Any]) -> Any:
        """A cell as its schema has it; None where it cannot be that."""
        kind = schema.get("type")
        if kind in ("integer", "number"):
            return self._number(line, name, text, schema)
        if kind == "boolean":
            if text.lower() not in YES | NO:
                self.refuse(line, name, "no_bool", value=text)
            return text.lower() in YES
        if "enum" in schema and text not in schema["enum"]:
            guess, known = near(text, schema["enum"]), ", ".join(schema["enum"])
            self.refuse(line, name, "not_one_of_near" if guess else "not_one_of", value=text, near=guess, known=known)
        if schema.get("format") == "date":
            try:
                return date.fromisoformat(text).isoformat()
            except ValueError:
                self.refuse(line, name, "day_unreadable", value=text)
        return text

    def _number(self, line: int, name: str, text: str, schema: Mapping[str, Any]) -> float | int | None:
        try:
            value = float(text)
        except ValueError:
            value = np.nan
        whole = schema["type"] == "integer"
        if not np.isfinite(value) or (whole and value != int(value)):
            self.refuse(line, name, "no_number", value=text)
            return None
        for limit, sign in (("minimum", 1), ("maximum", -1)):
            if limit in schema and sign * value < sign * schema[limit]:
                rule = f"{'>=' if sign > 0 else '<='} {schema[limit]:g}"
                self.refuse(line, name, "out_of_range", value=text, rule=rule)
        return int(value) if whole else value


def inner_points(shapes: Iterable[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A point of each geometry that lies on it; NaN where there is none."""
    points = shapely.point_on_surface(np.asarray(shapes, dtype=object))
    return shapely.get_x(points), shapely.get_y(points)
