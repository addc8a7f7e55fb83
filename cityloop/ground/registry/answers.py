"""Objects and what becomes of them as people read them: names in their language, only what differs, GeoJSON."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import shapely

from cityloop.core.problems import Problem
from cityloop.ground.accounts.models import Organisation
from cityloop.ground.accounts.queries import names_of
from cityloop.ground.places.models import Area
from cityloop.ground.registry.geotables import quoted
from cityloop.ground.registry.imports import KEPT, SHOWN, notes_of, problems_of
from cityloop.ground.registry.models import Layer, ObjectImport
from cityloop.ground.registry.surveys import PARTIES

PLAIN = ("name", "state")
REJECTS_SHOWN = 200
Told = Mapping[str, Any]
Row = dict[str, Any]
Units = Mapping[int | None, str]
"""What organisations are called, by their ids."""


def titled(names: Mapping[str, str], name: str, language: str) -> str:
    return names.get(language, name)


def fields(schema: Told, language: str) -> list[Row]:
    """The attributes of a layer: code, title in the language, the words that may be chosen."""
    return [
        {
            "code": code,
            "title": titled(said.get("titles", {}), said.get("title", code), language),
            "kind": said.get("format", said["type"]),
            "choices": said.get("enum", []),
        }
        for code, said in schema.get("properties", {}).items()
    ]


def differences(before: Told | None, after: Told | None, schema: Told, units: Units, language: str) -> list[Row]:
    """The fields that differ between two tellings of one object; `title` is empty for those that every layer has."""
    one, other = before or {}, after or {}
    told: list[tuple[str, str, Any, Any]] = [
        (field, "", one.get(field) or None, other.get(field) or None) for field in PLAIN
    ]
    told += [(party, "", units.get(one.get(f"{party}_id")), units.get(other.get(f"{party}_id"))) for party in PARTIES]
    titles = {row["code"]: row["title"] for row in fields(schema, language)}
    was, becomes = one.get("attributes") or {}, other.get("attributes") or {}
    known = [*titles, *sorted(({*was} | {*becomes}) - {*titles})]
    told += [(code, titles.get(code, code), was.get(code), becomes.get(code)) for code in known]
    return [
        {"field": field, "title": title, "before": before, "after": after}
        for field, title, before, after in told
        if before != after
    ]


def geometry(shape: bytes | str | None) -> Row | None:
    """WKB, or its hexadecimal digits, as GeoJSON."""
    if not shape:
        return None
    told: Row = orjson.loads(shapely.to_geojson(shapely.from_wkb(shape)))
    return told


def unit_names(ids: Iterable[int | None], language: str) -> Units:
    """What organisations are called; one statement."""
    rows = Organisation.objects.filter(pk__in={id_ for id_ in ids if id_})
    return {pk: titled(names, name, language) for pk, name, names in rows.values_list("id", "name", "names")}


def units_in(tellings: Iterable[Told | None]) -> set[int | None]:
    return {told.get(f"{party}_id") for told in tellings if told for party in PARTIES}


# One object with its history


def whole(row: Row, layer: Layer, language: str) -> Row:
    """An object as `stock.one` gives it, with its changes told field by field, the latest first."""
    changes = row["changes"]
    units = unit_names({*units_in([row]), *units_in(change["before"] for change in changes)}, language)
    people = names_of({change["by"] for change in changes})
    after: Row = {field: row[field] for field in (*PLAIN, "attributes", *(f"{party}_id" for party in PARTIES))}
    told = []
    for change in changes:
        before = change["before"] if change["kind"] == "changed" else after
        told.append(
            change
            | {
                "by_name": people.get(change["by"], ""),
                "fields": differences(before, after, layer.attributes, units, language),
                "before": geometry(change["before"].get("shape")) if change["kind"] == "moved" else None,
            }
        )
        after = before
    areas = Area.objects.filter(pk=row["area_id"]).first()
    return row | {
        "geometry": geometry(bytes(row["shape"])),
        "layer_name": titled(layer.names, layer.name, language),
        "areas": trail(areas, language),
        "units": {party: units[row[f"{party}_id"]] for party in PARTIES if row[f"{party}_id"]},
        "fields": fields(layer.attributes, language),
        "categories": layer.categories,
        "changes": told,
    }


def trail(area: Area | None, language: str) -> list[Row]:
    """The areas above one and itself, the largest first; one statement."""
    rows = {one.pk: one for one in Area.objects.filter(pk__in=area.path)} if area else {}
    found = [rows[pk] for pk in area.path] if area else []
    return [{"code": one.code, "name": titled(one.names, one.name, language)} for one in found]


# A file that is looked at


def shown(parked: ObjectImport, language: str) -> Row:
    """An import with what it does, row by row, and what is left out."""
    found, layer = parked.found, parked.layer
    units = unit_names(units_in(told for row in found["rows"] for told in (row["before"], row["after"])), language)
    problems = problems_of(parked)
    lines = [problem for problem in problems if problem.line]
    return {
        "id": parked.pk,
        "layer": layer.code,
        "layer_name": titled(layer.names, layer.name, language),
        "file": parked.name,
        "datum": parked.datum,
        "whole": parked.whole,
        "made_at": parked.made_at,
        "kept_until": parked.made_at + KEPT,
        "applied_at": parked.applied_at,
        "counts": found["counts"] | {"rejected": len({problem.line for problem in lines})},
        "most": SHOWN,
        "rows": [_row(row, layer, units, language) for row in found["rows"]],
        "rejects": [reject(problem) for problem in lines[:REJECTS_SHOWN]],
        "rejects_total": len(lines),
        "warnings": [reject(problem) for problem in problems if not problem.line],
        "notes": [reject(note) for note in notes_of(parked)],
    }


def _row(row: Told, layer: Layer, units: Units, language: str) -> Row:
    said = row["after"] or row["before"]
    changed = row["kind"] in ("new", "changed")
    return {
        "kind": row["kind"],
        "line": row["line"],
        "code": row["code"],
        "name": said["name"],
        "fields": differences(row["before"], row["after"], layer.attributes, units, language) if changed else [],
        "before": geometry(row["was"]) if row["kind"] != "changed" else None,
        "after": geometry(row["becomes"]),
    }


def reject(problem: Problem) -> Row:
    """One thing that is wrong: where, and why, in the language spoken."""
    value = str(problem.facts.get("value", ""))
    return {
        "line": problem.line, "column": problem.field, "code": problem.code, "text": problem.text(), "value": value
    }  # fmt: skip


def reject_table(problems: Sequence[Problem]) -> list[list[str | int]]:
    """All that is wrong as lines of a table; the first names the columns. No spreadsheet takes a cell for a formula."""
    lines: list[list[str | int]] = [["line", "column", "reason", "text", "value"]]
    for problem in problems:
        told = reject(problem)
        lines.append([told["line"], *(quoted(told[name]) for name in ("column", "code", "text", "value"))])
    return lines
