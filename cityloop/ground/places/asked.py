"""What a line typed into a search says: coordinates, a crossing, a name with or without a house number and an area."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cityloop.ground.places.spelling import CJK, digits, fold

MOST = 200
"""Characters that are read."""
_DEGREES = re.compile(r"^\s*([NSEWnsew])?\s*([+-]?\d{1,3}(?:\.\d+)?)\s*°?\s*([NSEWnsew])?\s*$")
_CROSSING = re.compile(r"\s*(?:[与和及跟/&＆×]|\band\b|\bat\b|\s@\s)\s*", re.IGNORECASE)
_AT_CROSSING = re.compile(
    r"(?:的)?(?:交叉路口|交叉口|交汇处|交界处|十字路口|丁字路口|交口|路口)$|\bintersection( of)?\b", re.IGNORECASE
)
_NUMBER_LAST = re.compile(
    r"^(?P<name>.*?\D)\s*(?P<first>\d{1,6})(?:\s*[-~－—]\s*(?P<last>\d{1,6}))?\s*(?:号院?|號|#)?\s*$"
)
_NUMBER_FIRST = re.compile(r"^(?P<first>\d{1,6})[a-zA-Z]?(?:\s*-\s*(?P<last>\d{1,6})[a-zA-Z]?)?\s+(?P<name>[^\W\d].*)$")

_NUMERALS_LAST = re.compile(r"[〇零一二三四五六七八九十百千]+(?=号院?\s*$)")


class Name(NamedTuple):
    """A way to read the line: a folded name, in `areas` (ids; empty: anywhere), with a house number or without."""

    text: str
    written: str
    areas: frozenset[int] = frozenset()
    number: int | None = None


class Asked(NamedTuple):
    """`pairs`: coordinates in the orders that are possible, longitude first. `crossing`: the names of two roads."""

    names: tuple[Name, ...]
    pairs: tuple[tuple[float, float], ...] = ()
    crossing: tuple[str, str] | None = None


def understand(text: str, areas: Mapping[str, Sequence[int]]) -> Asked:
    """`areas`: ids by folded name, of those that may be written before (Chinese) or after a comma (Latin)."""
    text = text.strip()[:MOST]
    if pairs := _coordinates(text):
        return Asked((), pairs)
    head, *rest = [part for part in re.split(r"[,，;；]", text) if part.strip()] or [""]
    within = frozenset(id_ for part in rest for id_ in areas.get(fold(part), ()))
    names = _names(head, within)
    for shorter, ids in _without_areas(head, areas):
        names += _names(shorter, frozenset(ids) | within)
    pair = split_crossing(head)
    return Asked(tuple(dict.fromkeys(names)), crossing=(fold(pair[0]), fold(pair[1])) if pair else None)


def _names(text: str, areas: frozenset[int]) -> list[Name]:
    """Where the line may hold a house number, as a name with it; the line as a name."""
    found = []
    if numbered := split_number(text):
        road, number, _ = numbered
        found.append(Name(fold(road), road, areas, number))
    found.append(Name(fold(text), text, areas))
    if (bare := _AT_CROSSING.sub("", text).strip()) != text.strip():
        found.append(Name(fold(bare), bare, areas))
    return [name for name in found if name.text]


def _without_areas(text: str, areas: Mapping[str, Sequence[int]]) -> list[tuple[str, Sequence[int]]]:
    """The rest of a Chinese line after each run of areas at its beginning, with the last area's ids."""
    found: list[tuple[str, Sequence[int]]] = []
    rest = text
    while CJK.search(rest):
        cut = next((n for n in range(min(len(rest) - 1, 20), 1, -1) if fold(rest[:n]) in areas), 0)
        if not cut:
            break
        ids, rest = areas[fold(rest[:cut])], rest[cut:]
        found.append((rest, ids))
    return found


def split_crossing(text: str) -> tuple[str, str] | None:
    """The names of the two roads, as they are written."""
    parts = [part for part in _CROSSING.split(_AT_CROSSING.sub("", text.strip())) if part.strip()]
    return (parts[0], parts[1]) if len(parts) == 2 else None


def split_number(text: str) -> tuple[str, int, int] | None:
    """The name of the road as it is written, the number, and the last of a run of numbers."""
    text = _NUMERALS_LAST.sub(lambda match: digits(match[0]), text)
    match = _NUMBER_FIRST.match(text) or _NUMBER_LAST.match(text)
    return (match["name"], int(match["first"]), int(match["last"] or match["first"])) if match else None


def crossing_key(one: str, other: str) -> str:
    """Two folded names of roads, in whichever order they are given."""
    return "&".join(sorted((one, other)))


def _coordinates(text: str) -> tuple[tuple[float, float], ...]:
    parts = [part for part in re.split(r"[,，;；\s]+", text) if part]
    if len(parts) != 2:
        return ()
    matches = [_DEGREES.match(part) for part in parts]
    if not (matches[0] and matches[1]) or not any("." in part for part in parts):
        return ()
    values, marks = [], []
    for match in matches:
        assert match is not None
        mark = (match[1] or match[3] or "").upper()
        values.append(-float(match[2]) if mark in {"S", "W"} else float(match[2]))
        marks.append(mark)
    one, other = values
    orders = [(one, other), (other, one)]
    if marks[0] in {"N", "S"} or marks[1] in {"E", "W"}:
        orders = orders[1:]
    elif marks[0] in {"E", "W"} or marks[1] in {"N", "S"}:
        orders = orders[:1]
    return tuple((lon, lat) for lon, lat in orders if abs(lon) <= 180 and abs(lat) <= 90)
