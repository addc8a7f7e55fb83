"""Pages of features: objects of a layer by SQL, areas and grids from memory; always in the order of their codes."""

from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from cityloop.core import texts
from cityloop.core.errors import Unknown
from cityloop.results.exchange.asked import Asked, Span
from cityloop.results.exchange.crs import Window
from cityloop.results.exchange.drawing import bounds_of
from cityloop.results.exchange.ground import Ground, Part, ground
from cityloop.results.exchange.mercator import Box
from cityloop.results.exchange.offers import Catalogue, Offer, Stats, layer_stats
from cityloop.results.exchange.sight import Sight
from cityloop.results.exchange.sql import rows

_WEST, _SOUTH = "((o.box)[1])[0]", "((o.box)[1])[1]"
_EAST, _NORTH = "((o.box)[0])[0]", "((o.box)[0])[1]"
_TOLD = (
    "o.code, o.name, o.state, a.code, g.code, own.code, mnt.code, sup.code, o.generated, o.valid_from, o.valid_to,"
    " o.attributes, o.shape"
)
_NAMES = ("name", "state", "area", "grid", "owner", "maintainer", "supervisor", "generated", "valid_from", "valid_to")
_WITH = (
    " LEFT JOIN places_area a ON a.id = o.area_id LEFT JOIN places_unitgrid g ON g.id = o.grid_id"
    " LEFT JOIN accounts_organisation own ON own.id = o.owner_id"
    " LEFT JOIN accounts_organisation mnt ON mnt.id = o.maintainer_id"
    " LEFT JOIN accounts_organisation sup ON sup.id = o.supervisor_id"
)


class Feature(NamedTuple):
    """`shape`: in degrees, None where nobody knows."""

    id: str
    shape: Any
    properties: dict[str, Any]


class Page(NamedTuple):
    """`matched`: how many there are on all pages together; `more`: whether another page follows."""

    matched: int
    features: list[Feature]
    more: bool


def page(known: Catalogue, offer: Offer, sight: Sight, wanted: Asked) -> Page:
    """A page of a collection; three statements at most, of areas and grids none once they are in memory."""
    return _objects(offer, sight, wanted) if offer.layer is not None else _parts(known, offer, wanted)


def one(known: Catalogue, offer: Offer, sight: Sight, code: str) -> Feature:
    """A feature that is in force. Unknown where there is none, or not for this asker."""
    if offer.layer is not None:
        where, values = _visible(offer, sight)
        found = rows(f"SELECT {_TOLD} FROM registry_object o{_WITH} WHERE {where} AND o.valid_to IS NULL"
                     " AND o.code = %s", [*values, code])  # fmt: skip
        if found:
            return _object(found[0])
    else:
        held, chosen = _held(known, offer, None)
        for place in chosen.tolist():
            if held.parts[place].code == code:
                return _part(held.parts[place], held.shapes[place])
    raise Unknown("feature_unknown", feature=code, collection=offer.id)


def stats(known: Catalogue, offers: list[Offer], sight: Sight) -> dict[str, Stats]:
    """Of each collection what it holds today; one statement for the layers that have changed."""
    found = layer_stats([offer for offer in offers if offer.layer is not None], sight)
    for offer in offers:
        if offer.layer is None:
            held, chosen = _held(known, offer, None)
            since = min((held.parts[place].valid_from for place in chosen), default=None)
            bounds = bounds_of(held.shapes[chosen])
            found[offer.id] = Stats(len(chosen), bounds and Box(*bounds), since, "")
    return found


def _objects(offer: Offer, sight: Sight, wanted: Asked) -> Page:
    held = layer_stats([offer], sight)[offer.id]
    if wanted.window is not None and wanted.span is None and _holds_all(wanted.window, held.box):
        wanted = wanted._replace(window=None)
    where, values = _visible(offer, sight)
    if wanted.everything:
        found = rows(
            f"SELECT {_TOLD} FROM registry_object o{_WITH} WHERE {where} AND o.valid_to IS NULL AND o.code >= %s"
            " AND o.code > %s ORDER BY o.code LIMIT %s",
            [*values, held.first, wanted.after, wanted.limit + 1],
        )
        return Page(held.total, [_object(row) for row in found[: wanted.limit]], len(found) > wanted.limit)
    where, values = _narrowed(where, values, offer, wanted)
    found = rows(
        f"WITH found AS MATERIALIZED (SELECT o.id, o.code FROM registry_object o WHERE {where}),"
        " page AS (SELECT id FROM found WHERE code > %s ORDER BY code LIMIT %s)"
        f" SELECT (SELECT count(*) FROM found), {_TOLD} FROM (SELECT) always LEFT JOIN page ON true"
        f" LEFT JOIN registry_object o ON o.id = page.id{_WITH} ORDER BY o.code",
        [*values, wanted.after, wanted.limit + 1],
    )
    features = [_object(row[1:]) for row in found[: wanted.limit] if row[1] is not None]
    return Page(found[0][0], features, len(found) > wanted.limit)


def _visible(offer: Offer, sight: Sight) -> tuple[str, list[Any]]:
    seen, values = ("TRUE", []) if offer.public else sight.clause("o")
    return f"o.layer_id = %s::int8 AND {seen}", [offer.layer, *values]


def _narrowed(where: str, values: list[Any], offer: Offer, wanted: Asked) -> tuple[str, list[Any]]:
    """Conditions with values: dates, properties, and exactly what intersects the window."""
    parts, values = [where], list(values)
    if wanted.span is None:
        parts.append("o.valid_to IS NULL")
    else:
        first, last = wanted.span
        parts.append("o.valid_from <= coalesce(%s::date, 'infinity') AND coalesce(o.valid_to, 'infinity') > %s::date")
        values += [last, first or date.min]
    for name, value in wanted.filters.items():
        own = name in ("code", "name", "state")
        parts.append(f"o.{name} = %s" if own else "o.attributes @> %s::jsonb")
        values.append(value if own else orjson.dumps({name: value}).decode())
    if wanted.window is not None:
        touched = [_touches(box) for box in wanted.window.outer]
        parts.append(f"({' OR '.join(sql for sql, _ in touched)})")
        values += [value for _, more in touched for value in more]
        if missed := _missed(" AND ".join(parts), values, offer, wanted.window):
            parts.append("o.code <> ALL(%s)")
            values.append(missed)
    return " AND ".join(parts), values


def _touches(box: Box) -> tuple[str, list[Any]]:
    """By the index, which is off by a millionth of a degree, and then exactly."""
    west, south, east, north = box
    return (
        f"(o.box && box(point(%s, %s), point(%s, %s))"
        f" AND {_EAST} >= %s AND {_WEST} <= %s AND {_NORTH} >= %s AND {_SOUTH} <= %s)",
        [*box, west, east, south, north],
    )


def _missed(where: str, values: list[Any], offer: Offer, window: Window) -> list[str]:
    """What lies in the window with its box only, not with its shape; one statement."""
    if offer.geometry == "point" and window.inner == window.outer:
        return []
    inside = " OR ".join(
        f"({_WEST} >= %s AND {_SOUTH} >= %s AND {_EAST} <= %s AND {_NORTH} <= %s)" for _ in window.inner
    )
    found = rows(
        f"SELECT o.code, o.shape FROM registry_object o WHERE {where} AND NOT ({inside})",
        [*values, *(value for box in window.inner for value in box)],
    )
    shapes = shapely.from_wkb([bytes(row[1]) for row in found])
    outside = ~shapely.intersects(shapes, window.shape)
    return [row[0] for row, missed in zip(found, outside.tolist(), strict=True) if missed]


def _holds_all(window: Window, box: Box | None) -> bool:
    return box is not None and any(
        inner.west <= box.west and inner.south <= box.south and inner.east >= box.east and inner.north >= box.north
        for inner in window.inner
    )


def _object(row: tuple[Any, ...]) -> Feature:
    attributes = orjson.loads(row[11]) if isinstance(row[11], str) else row[11]
    properties = attributes | {"code": row[0]} | dict(zip(_NAMES, row[1:11], strict=True))
    return Feature(row[0], shapely.from_wkb(bytes(row[12])), properties)


def _parts(known: Catalogue, offer: Offer, wanted: Asked) -> Page:
    held, chosen = _held(known, offer, wanted.span)
    if wanted.window is not None:
        chosen = np.intersect1d(chosen, held.tree.query(wanted.window.shape, predicate="intersects"))
    parts = [(held.parts[place], place) for place in chosen.tolist()]
    for name, value in wanted.filters.items():
        parts = [(part, place) for part, place in parts if getattr(part, name) == value]
    rest = [(part, place) for part, place in parts if part.code > wanted.after]
    features = [_part(part, held.shapes[place]) for part, place in rest[: wanted.limit]]
    return Page(len(parts), features, len(rest) > wanted.limit)


def _held(known: Catalogue, offer: Offer, span: Span | None) -> tuple[Ground, NDArray[np.int64]]:
    """The ground of a collection, and the places in it of what is in force today or was in a span, by code."""
    revision = known.here.revision
    first, last = span or (known.day, known.day)
    return ground(revision, offer.scheme), _places(revision, offer.scheme, offer.level, first, last)


@lru_cache(maxsize=64)
def _places(revision: str, scheme: str, level: str, first: date | None, last: date | None) -> NDArray[np.int64]:
    parts = ground(revision, scheme).parts
    return np.array(
        [
            place
            for place, part in enumerate(parts)
            if (not level or part.level == level)
            and (last is None or part.valid_from <= last)
            and (first is None or part.valid_to is None or part.valid_to > first)
        ],
        np.int64,
    )


def _part(part: Part, shape: Any) -> Feature:
    told = part._asdict() | {"name": part.names.get(texts.spoken(), part.name)}
    del told["names"]
    return Feature(part.code, shape, told)
