"""Names, addresses, crossings and coordinates to a place and back; what is typed may be incomplete or a bit wrong."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from cityloop.ground.places.asked import Asked, Name, crossing_key, understand
from cityloop.ground.places.models import Area
from cityloop.ground.places.spelling import CJK, fold, sounds

CANDIDATES = 60
"""Of each way of looking that are weighed."""
READINGS = 8
"""Ways to read a line that are followed."""
SURE = 0.8
"""A name that scores so much ends the search; below it names that are merely alike are looked for."""
ALIKE = (0.5, 0.34)
"""Shares of common trigrams that are asked for, the second where the first finds nothing."""
NEAR_DEGREES = 0.003
"""About 300 m: what is further away does not say where a point is."""
ELSEWHERE, WITHOUT_NUMBER, NUMBER_UNKNOWN, NOT_CROSSING = 0.7, 0.8, 0.95, 0.95
"""What a score is multiplied by: not in the area that was named; no road although a number was asked for; a road on
which that number is not known; a crossing where nobody asked for one."""
WEIGHT = 0.004
"""What each step of a name's weight adds."""

_LOOK = (
    "(SELECT n.id, n.code, n.kind, n.name, n.names::json, n.lon, n.lat, n.area_id, n.weight, n.generated,"
    " k.kind, k.key, {typed}, {alike} FROM places_namekey k JOIN places_placename n ON n.id = k.name_id"
    " WHERE (n.public OR NOT %s) AND {where} LIMIT " + str(CANDIDATES) + ")"
)


class Match(NamedTuple):
    """A place. `number`: of the house that was asked for, or the nearest one known; `score`: 0 to 1."""

    kind: str
    code: str
    name: str
    names: dict[str, str]
    lon: float | None
    lat: float | None
    area: int | None
    score: float
    number: int | None = None
    exact_number: bool = False
    generated: bool = False


class Found(NamedTuple):
    """A name with the key by which it was found; `alike`: the share of trigrams in common with `typed`, where that is
    how."""

    id: int
    code: str
    kind: str
    name: str
    names: dict[str, str]
    lon: float | None
    lat: float | None
    area: int | None
    weight: int
    generated: bool
    key_kind: str
    key: str
    typed: str | None
    alike: float


def search(text: str, revision: str, *, limit: int = 10, public: bool = False) -> list[Match]:
    """The places that a line may mean, the likeliest first; seven statements at most. Coordinates: one match of kind
    `point` for each order that is possible."""
    asked = understand(text, areas_by_name(revision))
    if asked.pairs:
        return [Match("point", "", f"{lon:.6f}, {lat:.6f}", {}, lon, lat, None, 1.0) for lon, lat in asked.pairs]
    readings = _readings(asked)
    if not readings:
        return []
    paths = area_paths(revision)
    best = _weighed(_begins(readings, public), readings, paths)
    if not best or best[0][0] < SURE:
        best = _weighed([*_alike(readings, public), *(found for _, found, _ in best)], readings, paths)
    return _numbered(best[: max(limit, CANDIDATES // 4)])[:limit]


def at(lon: float, lat: float, *, public: bool = False, limit: int = 5) -> list[Match]:
    """What says where a point is: the nearest house number, then crossings and places, nearest first; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "(SELECT n.kind, n.code, n.name, n.names::json, h.lon, h.lat, n.area_id, n.generated, h.first,"
            " point(h.lon, h.lat) <-> point(%(lon)s, %(lat)s) AS far FROM places_housenumber h"
            " JOIN places_placename n ON n.id = h.road_id"
            " ORDER BY point(h.lon, h.lat) <-> point(%(lon)s, %(lat)s) LIMIT 1)"
            " UNION ALL (SELECT n.kind, n.code, n.name, n.names::json, n.lon, n.lat, n.area_id, n.generated, NULL,"
            " point(n.lon, n.lat) <-> point(%(lon)s, %(lat)s) FROM places_placename n"
            " WHERE (n.public OR NOT %(public)s) AND n.kind <> 'area'"
            " ORDER BY point(n.lon, n.lat) <-> point(%(lon)s, %(lat)s) LIMIT %(limit)s) ORDER BY far",
            {"lon": lon, "lat": lat, "public": public, "limit": limit},
        )
        rows = cursor.fetchall()
    return [
        Match(kind, code, name, names, x, y, area, max(0.0, 1 - far / NEAR_DEGREES), number,
              number is not None, generated)
        for kind, code, name, names, x, y, area, generated, number, far in rows
        if far <= NEAR_DEGREES
    ]  # fmt: skip


@lru_cache(maxsize=2)
def areas_by_name(revision: str) -> dict[str, list[int]]:
    """Ids of the areas in force by each of their folded names; read once per revision of the city."""
    found: dict[str, list[int]] = defaultdict(list)
    for id_, name, names in Area.objects.filter(valid_to=None).values_list("id", "name", "names"):
        for folded in {fold(text) for text in (name, *names.values())} - {""}:
            found[folded].append(id_)
    return dict(found)


@lru_cache(maxsize=2)
def area_paths(revision: str) -> dict[int, tuple[int, ...]]:
    """For each area the ids from the top down to itself; read once per revision of the city."""
    return {id_: tuple(path) for id_, path in Area.objects.values_list("id", "path")}


def _readings(asked: Asked) -> list[Name]:
    """The ways to read a line, the crossing of two roads first."""
    crossing = [Name(crossing_key(*asked.crossing), "")] if asked.crossing else []
    return [*crossing, *asked.names][:READINGS]


def _begins(readings: Sequence[Name], public: bool) -> list[Found]:
    """Names whose key is, begins with or holds what was typed, also as it sounds; one statement."""
    typed = [key for name in readings for key in (name.text, _run_together(name), _sound(name)) if key]
    parts: list[tuple[str, list[Any]]] = [("k.key = ANY(%s)", [typed])]
    for begin in dict.fromkeys(typed):
        parts.append(("k.key LIKE %s ORDER BY k.key USING OPERATOR(pg_catalog.~<~)", [f"{begin}%"]))
    for name in readings:
        if len(name.text) >= 3:
            parts.append(("k.kind = 'n' AND k.key LIKE %s", [f"%{name.text}%"]))
    return _found(
        [(_LOOK.format(typed="NULL", alike="0::real", where=where), [public, *values]) for where, values in parts]
    )


def _alike(readings: Sequence[Name], public: bool) -> list[Found]:
    """Names that have many trigrams in common with what was typed; two statements, or four."""
    texts = list(dict.fromkeys(name.text for name in readings))
    look = _LOOK.format(
        typed="%s::text", alike="similarity(k.key, %s)", where="k.kind = 'n' AND k.key %% %s ORDER BY 14 DESC"
    )
    for share in ALIKE:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_limit(%s::real)", [share])
        found = _found([(look, [text, text, public, text]) for text in texts])
        if found:
            return found
    return []


def _found(looks: Sequence[tuple[str, list[Any]]]) -> list[Found]:
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(text for text, _ in looks), [value for _, values in looks for value in values]
        )
        return [Found(*row) for row in cursor.fetchall()]


def _weighed(
    rows: Iterable[Found], readings: Sequence[Name], paths: dict[int, tuple[int, ...]]
) -> list[tuple[float, Found, Name]]:
    """Each name once with its best score and the reading that gave it, the best first."""
    best: dict[int, tuple[float, Found, Name]] = {}
    for row in rows:
        for name in readings:
            score = _likeness(row, name)
            if name.areas and name.areas.isdisjoint(paths.get(row.area or 0, ())):
                score *= ELSEWHERE
            if name.number is not None and row.kind != "road":
                score *= WITHOUT_NUMBER
            if row.kind == "crossing" and "&" not in name.text:
                score *= NOT_CROSSING
            score += row.weight * WEIGHT if score else 0
            if score > 0 and (row.id not in best or score > best[row.id][0]):
                best[row.id] = (score, row, name)
    return sorted(best.values(), key=lambda one: (-one[0], -one[1].weight, len(one[1].name), one[1].id))


def _likeness(row: Found, name: Name) -> float:
    """From 0 to 1: the same, the same sound, a beginning, a part, merely alike."""
    key, text = row.key, name.text
    if row.key_kind == "n":
        if key == text:
            return 1.0
        if key.startswith(text):
            return 0.8 + 0.15 * len(text) / len(key)
        if text in key:
            return 0.6 + 0.2 * len(text) / len(key)
        return 0.78 * row.alike if row.typed == text else 0.0
    typed = _run_together(name)
    if row.key_kind == "p":
        sound = _sound(name)
        if sound and key.startswith(sound):
            return 0.9 if key == sound else 0.7 + 0.15 * len(sound) / len(key)
        if typed and key.startswith(typed):
            return 0.97 if key == typed else 0.75 + 0.15 * len(typed) / len(key)
    elif typed and key.startswith(typed):
        return 0.74 if key == typed else 0.5 + 0.2 * len(typed) / len(key)
    return 0.0


def _run_together(name: Name) -> str:
    """What was typed in Latin, without spaces; empty for Chinese."""
    return "" if CJK.search(name.text) or "&" in name.text else name.text.replace(" ", "")


def _sound(name: Name) -> str:
    """Chinese as it sounds, else nothing: another character of the same sound is what slips in when typing."""
    return sounds(name.written)[0] if CJK.search(name.written) else ""


def _numbered(best: Sequence[tuple[float, Found, Name]]) -> list[Match]:
    """Matches, at the house number that was asked for or the nearest one known on that road; one statement."""
    wanted = {row.id: name.number for _, row, name in best if name.number is not None and row.kind == "road"}
    known = _numbers(wanted) if wanted else {}
    matches = []
    for score, row, _ in best:
        number, lon, lat, exact = known.get(row.id, (None, row.lon, row.lat, False))
        fit = min(1.0, score if exact or row.id not in wanted else score * NUMBER_UNKNOWN)
        told = (row.kind, row.code, row.name, row.names, lon, lat, row.area)
        matches.append(Match(*told, round(fit, 3), number, exact, row.generated))
    return sorted(matches, key=lambda match: -match.score)


def _numbers(wanted: dict[int, int]) -> dict[int, tuple[int, float, float, bool]]:
    """For each road the number asked for, else the nearest, one of the same side first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (h.road_id) h.road_id, h.first, h.lon, h.lat, w.number BETWEEN h.first AND h.last"
            " FROM unnest(%s::bigint[], %s::int[]) AS w(road, number) JOIN places_housenumber h ON h.road_id = w.road"
            " ORDER BY h.road_id, w.number BETWEEN h.first AND h.last DESC,"
            " least(abs(h.first - w.number), abs(h.last - w.number)) + 2 * ((h.first + w.number) %% 2), h.first",
            [list(wanted), list(wanted.values())],
        )
        return {road: (wanted[road] if exact else first, lon, lat, exact) for road, first, lon, lat, exact in cursor}
