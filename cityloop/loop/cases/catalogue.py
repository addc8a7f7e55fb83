"""What filters and forms choose from: categories, organisations, areas and channels, by code and by name."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from cityloop.core.errors import Unknown
from cityloop.ground.places.city import CityValue


class Named(NamedTuple):
    """A category, an organisation or an area; `path` holds the ids from the top down to itself."""

    id: int
    code: str
    name: str
    names: dict[str, str]
    kind: str
    path: tuple[int, ...]
    valid_from: date
    valid_to: date | None

    def said(self, language: str) -> str:
        return self.names.get(language, self.name)

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class Catalogue(NamedTuple):
    """All of them, those that ended too, each by code."""

    categories: tuple[Named, ...]
    organisations: tuple[Named, ...]
    areas: tuple[Named, ...]

    def under_category(self, code: str) -> list[int]:
        """The ids of a category and of all below it."""
        return _under(self.categories, code) or _raise(Unknown("category_unknown", category=code))

    def under_organisation(self, code: str) -> list[int]:
        return _under(self.organisations, code) or _raise(Unknown("organisation_unknown", organisation=code))

    def units_below(self, id_: int | None) -> list[int]:
        """The ids of an organisation and of all below it."""
        return [row.id for row in self.organisations if id_ in row.path]

    def organisation(self, id_: int) -> Named:
        return next(row for row in self.organisations if row.id == id_)

    def areas_called(self, code: str) -> list[int]:
        """The ids that an area has had under this code."""
        return [row.id for row in self.areas if row.code == code] or _raise(Unknown("area_unknown", area=code))

    def categories_like(self, text: str) -> list[int]:
        """The categories whose code or name, in any language, holds `text`; and those below them."""
        wanted = text.casefold()
        found = {
            row.id
            for row in self.categories
            if any(wanted in word.casefold() for word in (row.code, row.name, *row.names.values()))
        }
        return [row.id for row in self.categories if found.intersection(row.path)]


def _under(rows: Iterable[Named], code: str) -> list[int]:
    rows = tuple(rows)
    tops = {row.id for row in rows if row.code == code}
    return [row.id for row in rows if tops.intersection(row.path)]


def _raise(error: Exception) -> Any:
    raise error


@lru_cache(maxsize=4)
def catalogue(revision: str) -> Catalogue:
    """Read once per revision of the city's pack, in three statements."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.id, k.code, k.name, k.names::json, k.level,"
            " CASE WHEN k.parent_id IS NULL THEN ARRAY[k.id] ELSE ARRAY[k.parent_id, k.id] END,"
            " coalesce(min(e.valid_from), '9999-12-31'), nullif(max(coalesce(e.valid_to, 'infinity')), 'infinity')"
            " FROM standards_category k LEFT JOIN standards_category m ON m.parent_id = k.id"
            " LEFT JOIN standards_rule r ON r.category_id IN (k.id, m.id)"
            " LEFT JOIN standards_edition e ON e.id = r.edition_id GROUP BY k.id ORDER BY k.code"
        )
        categories = _read(cursor.fetchall())
        cursor.execute(
            "SELECT id, code, name, names::json, kind, path, valid_from, valid_to"
            " FROM accounts_organisation ORDER BY code"
        )
        organisations = _read(cursor.fetchall())
        cursor.execute(
            "SELECT id, code, name, names::json, level, path, valid_from, valid_to"
            " FROM places_area ORDER BY cardinality(path), code, valid_from"
        )
        return Catalogue(categories, organisations, _read(cursor.fetchall()))


def _read(rows: Iterable[Any]) -> tuple[Named, ...]:
    return tuple(Named._make((*row[:5], tuple(row[5]), *row[6:])) for row in rows)


@lru_cache(maxsize=8)
def choices(revision: str, language: str, day: date) -> dict[str, list[dict[str, Any]]]:
    """What is in force on a day, with names in a language; channels aside."""
    known = catalogue(revision)
    found = {}
    for title, rows, kind, parent in (
        ("categories", known.categories, "level", "major"),
        ("organisations", known.organisations, "kind", "parent"),
        ("areas", known.areas, "level", "parent"),
    ):
        codes = {row.id: row.code for row in rows}
        found[title] = [
            {
                "code": row.code,
                "name": row.said(language),
                kind: row.kind,
                parent: codes[row.path[-2]] if len(row.path) > 1 else None,
            }
            for row in rows
            if row.in_force(day)
        ]
    return found


def channels(city: CityValue, language: str) -> dict[str, str]:
    """The city's channels by key, with their names."""
    return {
        key: channel.get("names", {}).get(language) or channel.get("name") or key
        for key, channel in city.settings.get("channels", {}).items()
    }
