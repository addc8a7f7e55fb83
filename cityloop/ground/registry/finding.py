"""One line to find anything that has a place: an object by its code, else what the gazetteer knows."""

from django.db import connection

from cityloop.ground.places import gazetteer
from cityloop.ground.places.gazetteer import Match

SHORTEST = 6
"""Digits or letters of a code from which on objects are looked up."""


def find(text: str, revision: str, *, limit: int = 10, public: bool = False) -> list[Match]:
    """The places that a line may mean, the likeliest first; eight statements at most."""
    code = text.strip()
    objects = _objects(code, limit, public) if len(code) >= SHORTEST and code.isascii() and code.isalnum() else []
    if objects and objects[0].code == code:
        return objects
    return [*objects, *gazetteer.search(text, revision, limit=limit, public=public)][:limit]


def _objects(code: str, limit: int, public: bool) -> list[Match]:
    """Objects in force whose code is, or begins with, what was typed; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.code, o.name, l.name, l.names::json, (o.box[0])[0] + (o.box[1])[0],"
            " (o.box[0])[1] + (o.box[1])[1], o.area_id, o.generated"
            " FROM registry_object o JOIN registry_layer l ON l.id = o.layer_id"
            " WHERE o.code LIKE %s AND o.valid_to IS NULL AND (l.public OR NOT %s) ORDER BY o.code LIMIT %s",
            [f"{code}%", public, limit],
        )
        rows = cursor.fetchall()
    return [
        Match("object", found, name or layer, {} if name else names, east_west / 2, north_south / 2, area,
              len(code) / len(found), generated=generated)
        for found, name, layer, names, east_west, north_south, area, generated in rows
    ]  # fmt: skip
