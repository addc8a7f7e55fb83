"""The census: how many objects of each layer stand in each area, how dense, of what kind, and what has changed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import shapely

from cityloop.core import texts
from cityloop.core.errors import Refused, Unknown
from cityloop.ground.places.metres import square_metres
from cityloop.ground.places.models import Area
from cityloop.ground.registry import stock
from cityloop.ground.registry.answers import fields, titled, trail
from cityloop.ground.registry.models import Layer

SCHEME = "division"
NOWHERE = 0
"""In place of an area: objects that lie in none."""


class Counted(NamedTuple):
    """Objects on the day, on the day compared with, and of each value on the day."""

    day: int = 0
    before: int = 0
    values: Mapping[str, int] = {}


class Place(NamedTuple):
    """An area as the census shows it; `km2` where a boundary is known. Where objects lie in none all is empty."""

    code: str = ""
    name: str = ""
    km2: float | None = None
    parts: bool = False


Line = tuple[Place, str, Counted]
"""Area, name or code of the layer, figures."""


def summed(rows: Iterable[stock.Row], paths: Mapping[int, Sequence[int]]) -> dict[tuple[int, str], Counted]:
    """The figures of every area, its parts summed up, and layer; `paths`: ids of areas from the top down."""
    sums: dict[tuple[int, str], Counted] = {}
    for row in rows:
        for area in paths[row["area"]] if row["area"] else (NOWHERE,):
            known = sums.get((area, row["layer"]), Counted())
            values = {**known.values, row["value"]: known.values.get(row["value"], 0) + row["count"]}
            sums[area, row["layer"]] = Counted(known.day + row["count"], known.before + row["before"], values)
    return sums


def whole_census(day: date, before: date) -> list[Line]:
    """Every area and layer with objects, by code of the area; the layer by its name. Three statements."""
    areas = {area.pk: area for area in Area.objects.defer("shape")}
    names = {row["code"]: titled(row["names"], row["name"], texts.spoken()) for row in stock.layers()}
    sums = summed(stock.census(day, before), {pk: area.path for pk, area in areas.items()})
    places = {NOWHERE: Place()} | {pk: Place(area.code, str(area)) for pk, area in areas.items()}
    ordered = sorted(sums, key=lambda key: (places[key[0]].code, key[1]))
    return [(places[area], names[layer], sums[area, layer]) for area, layer in ordered]


class Census(NamedTuple):
    """One area: its own lines first, then those of each part of it. `kinds`: by what a layer's objects fall apart."""

    trail: list[dict[str, Any]]
    total: list[Line]
    parts: list[Line]
    kinds: list[dict[str, Any]]


def census_of(area: str, day: date, before: date, *, layer: str = "", by: str = "") -> Census:
    """The census of an area, by default the whole city, and of its parts on `day`. A constant number of statements.

    Unknown: no such area or layer; Refused: `by` is nothing that objects of the layer fall apart by.
    """
    language = texts.spoken()
    kind = stock.layer(layer) if layer else None
    kinds = _kinds(kind, language)
    if by and by not in {one["code"] for one in kinds}:
        raise Refused("census_by_unknown", by=by, known=", ".join(one["code"] for one in kinds) or "-")
    areas = _areas(day)
    chosen = _chosen(areas, area)
    parts = _below(areas, chosen)
    paths = dict(Area.objects.values_list("id", "path"))
    sums = summed(stock.census(day, before, layer=layer, by=by), paths)
    codes = [layer] if layer else [row["code"] for row in stock.layers()]
    above = {one.parent_id for one in areas.values()}
    sizes = _sizes([chosen, *parts])

    def lines(places: Iterable[tuple[int, Place]]) -> list[Line]:
        return [(place, code, sums.get((pk, code), Counted())) for pk, place in places for code in codes]

    def place(one: Area) -> tuple[int, Place]:
        return one.pk, Place(one.code, titled(one.names, one.name, language), sizes[one.pk], one.pk in above)

    total = lines([place(chosen)])
    below = [place(one) for one in parts]
    if chosen.parent_id is None and any(pk == NOWHERE for pk, _ in sums):
        below.append((NOWHERE, Place()))
    return Census(trail(chosen, language), total, lines(below), kinds)


def area_with_parts(code: str, day: date, language: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """An area, by default the whole city, with those above it, the largest first; and the areas right below it.

    Unknown: no such area.
    """
    areas = _areas(day)
    chosen = _chosen(areas, code)
    parts = [{"code": one.code, "name": titled(one.names, one.name, language)} for one in _below(areas, chosen)]
    return trail(chosen, language), parts


def _kinds(layer: Layer | None, language: str) -> list[dict[str, Any]]:
    """By what the objects of a layer can be told apart: their state, and attributes with few values."""
    if layer is None:
        return []
    few = [one for one in fields(layer.attributes, language) if one["choices"] or one["kind"] == "boolean"]
    return [{"code": "state", "title": ""}, *({"code": one["code"], "title": one["title"]} for one in few)]


def _areas(day: date) -> dict[int, Area]:
    rows = Area.objects.filter(scheme=SCHEME, valid_from__lte=day).exclude(valid_to__lte=day).defer("shape")
    return {one.pk: one for one in rows}


def _chosen(areas: Mapping[int, Area], code: str) -> Area:
    """The area of that code; without one the first at the top."""
    fit = [one for one in areas.values() if (one.code == code if code else one.parent_id is None)]
    if not fit:
        raise Unknown("area_unknown", area=code or "-")
    return min(fit, key=lambda one: one.code)


def _below(areas: Mapping[int, Area], chosen: Area) -> list[Area]:
    return sorted((one for one in areas.values() if one.parent_id == chosen.pk), key=lambda one: one.code)


def _sizes(areas: Sequence[Area]) -> dict[int, float | None]:
    """Square kilometres of an area and its parts, by their boundaries; the area's are those of all parts, where it
    has no boundary of its own."""
    shapes = dict(Area.objects.filter(pk__in=[one.pk for one in areas]).values_list("id", "shape"))
    known: dict[int, float | None] = dict.fromkeys(shapes)
    drawn = [pk for pk, shape in shapes.items() if shape is not None]
    sizes = square_metres(shapely.from_wkb([bytes(shapes[pk] or b"") for pk in drawn])).tolist()
    known |= {pk: size / 1e6 for pk, size in zip(drawn, sizes, strict=True)}
    whole, *parts = areas
    below = [known[one.pk] for one in parts]
    if known[whole.pk] is None and below and None not in below:
        known[whole.pk] = sum(size for size in below if size is not None)
    return known


def density(place: Place, counted: Counted) -> float | None:
    """Objects on a square kilometre, to the hundredth."""
    return round(counted.day / place.km2, 2) if place.km2 else None


def census_table(found: Census, names: Mapping[str, str]) -> list[list[str | float]]:
    """The lines of a census as a table, the area itself first; the first line names the columns."""
    lines = [*found.total, *found.parts]
    values = sorted({value for _, _, counted in lines for value in counted.values} - {""})
    heading = ["area", "area_name", "layer", "layer_name", "objects", "before", "change", "km2", "per_km2", *values]
    rows: list[list[str | float]] = [[*heading]]
    for place, layer, counted in lines:
        size = "" if place.km2 is None else round(place.km2, 4)
        dense = density(place, counted)
        figures = [counted.day, counted.before, counted.day - counted.before, size, "" if dense is None else dense]
        own = [counted.values.get(value, 0) for value in values]
        rows.append([place.code, place.name, layer, names[layer], *figures, *own])
    return rows
