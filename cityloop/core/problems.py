"""What is wrong with a file that people write: file, line, field and a sentence in the reader's language."""

import dataclasses
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin
from zoneinfo import available_timezones

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from cityloop.core import errors
from cityloop.core.texts import N_, _

TEXTS: dict[str, str] = {
    "pack_missing": N_("there is no pack here: a pack is a folder with a file pack.yaml"),
    "file_missing": N_("there is no such file"),
    "not_utf8": N_("this line is not UTF-8 text; save the file as UTF-8"),
    "yaml_syntax": N_("this is not YAML: %(reason)s"),
    "yaml_empty": N_("the file is empty"),
    "yaml_too_deep": N_("this is nested too deeply, or refers to itself"),
    "key_not_text": N_("a key must be a single word or text"),
    "key_twice": N_("this key stands here twice; the first is in line %(first)s"),
    "key_unknown": N_("there is no such key; the keys here are: %(known)s"),
    "key_unknown_near": N_("there is no such key; did you mean %(near)s?"),
    "value_missing": N_("this is required and missing"),
    "left_empty": N_("this was left empty; write a value or remove it"),
    "no_mapping": N_("here must stand 'key: value' lines"),
    "no_list": N_("here must stand a list, such as [a, b]"),
    "no_text": N_("here must stand a single value, not a list and no further keys"),
    "no_bool": N_("%(value)s is neither true nor false"),
    "no_number": N_("%(value)s is no number"),
    "not_one_of": N_("%(value)s is not possible here; write one of: %(known)s"),
    "not_one_of_near": N_("%(value)s is not possible here; did you mean %(near)s?"),
    "out_of_range": N_("%(value)s is out of range: it must be %(rule)s"),
    "too_long": N_("this is too long: at most %(most)s characters"),
    "pattern": N_("%(value)s does not have the form asked for here: %(pattern)s"),
    "wrong_count": N_("here must stand %(rule)s"),
    "code_unfit": N_("%(value)s cannot be a code: no colons and no invisible characters"),
    "time_of_day": N_("%(value)s is no time of day; write 08:00 or 24:00"),
    "period_backwards": N_("the period from %(start)s to %(end)s ends before it begins"),
    "periods_overlap": N_("the period that begins at %(start)s is not after the one before it, which ends at %(end)s"),
    "zone_unknown": N_("%(value)s is no time zone; write one such as America/New_York or Asia/Shanghai"),
    "zone_unknown_near": N_("%(value)s is no time zone; did you mean %(near)s?"),
    "calendar_empty": N_("this calendar has no work time: 'week' needs at least one period"),
    "calendar_monday_empty": N_(
        "under 'wd_rule: working_time' a working day is as much work as a regular Monday, and 'mon' has none"
    ),
    "opens_itself_gap": N_("these steps follow each other and none can be left out before another: %(steps)s"),
    "day_of_year": N_("%(value)s is no day of the year; write 11-15"),
    "escalation_order": N_("escalations stand in ascending order, each share once"),
    "scenario_member_twice": N_("%(value)s is called twice for the same"),
    "order_prefix_taken": N_("numbers of %(kind)s would begin with %(value)s, as those of %(other)s do"),
    "class_overlaps": N_("this area has a class then already, by line %(first)s; end that one with valid_to"),
    "day_unreadable": N_("%(value)s is no date; write 2015-06-30"),
    "date_code_unknown": N_("a date format knows no %(value)s; the usual codes are: %%Y %%m %%d %%H %%M %%S %%I %%p"),
    "date_code_twice": N_("%(value)s stands twice in this date format"),
    "dates_backwards": N_("it ends on %(end)s, which is not after its beginning on %(start)s"),
    "edition_before_pack": N_("the edition begins before the pack itself, on %(start)s"),
    "table_missing": N_("this table is missing; make it from the history with: cityloop pack derive %(path)s"),
    "table_missing_plain": N_("this table is missing; every pack needs it"),
    "table_empty": N_("this table has no lines; the first line must name the columns: %(known)s"),
    "table_semicolons": N_("the columns are separated by semicolons; write commas"),
    "csv_syntax": N_("this is not CSV: %(reason)s"),
    "column_missing": N_("the column %(column)s is missing; the columns found are: %(found)s"),
    "column_unknown": N_("there is no such column; the columns of this table are: %(known)s"),
    "column_unknown_near": N_("there is no such column; did you mean %(near)s?"),
    "column_twice": N_("this column stands here twice"),
    "cells_wrong": N_("this line has %(found)s cells, the first line names %(expected)s columns"),
    "code_twice": N_("the code %(value)s stands here twice; the first is in line %(first)s"),
    "names_twice": N_("the key %(value)s stands here twice; the first is in line %(first)s"),
    "parent_loop": N_("%(value)s is its own ancestor"),
    "parent_minor": N_("the parent %(value)s is a minor category; only a major one can have others below it"),
    "area_unknown": N_("there is no area %(value)s"),
    "area_unknown_near": N_("there is no area %(value)s; did you mean %(near)s?"),
    "no_yes": N_("%(value)s is neither yes nor no; leave it empty for no"),
    "hours_unreadable": N_("%(value)s are no weekly hours; write such as mon-fri 08:00-18:00; sat 09:00-12:00"),
    "object_unknown": N_("there is no object %(value)s"),
    "road_unknown": N_("there is no line %(value)s, and roads are lines"),
    "area_ended": N_("the area %(value)s is no more"),
    "grid_ended": N_("the unit grid %(value)s is no more"),
    "organisation_ended": N_("the organisation %(value)s is no more"),
    "grid_unknown": N_("there is no unit grid %(value)s"),
    "grid_unknown_near": N_("there is no unit grid %(value)s; did you mean %(near)s?"),
    "slug_unfit": N_("%(value)s cannot stand here: no colons, no spaces, no invisible characters"),
    "window_unreadable": N_("%(value)s is no window; write such as 06-01..09-30 mon,tue 12:00-15:00"),
    "check_window_unreadable": N_("%(value)s is no check window; write same_hours, or hours such as 07:00-09:00"),
    "photo_unreadable": N_("%(value)s is no photo; write near, far, before or after, with :app behind it for the app"),
    "word_twice": N_("%(value)s stands here twice"),
    "document_unknown": N_("there is no document %(value)s"),
    "document_unknown_near": N_("there is no document %(value)s; did you mean %(near)s?"),
    "rule_elsewhere": N_("%(value)s belongs to another scheme; rules and duties are for the pack's own categories"),
    "rule_for_major": N_("%(value)s is a major category; rules are for minor ones"),
    "rule_for_item": N_("%(value)s is an item of an assessment; rules are for components and events"),
    "limit_missing": N_("this rule has no limit"),
    "minor_without_limit": N_("no rule sets a limit for the minor category %(value)s"),
    "limit_unclosed": N_("a rule with limits needs a closing condition"),
    "crosswalk_loses": N_("the crosswalk to %(other)s has no line for the minor category %(value)s"),
    "crosswalk_twice": N_("%(value)s counts as a category of %(scheme)s in line %(first)s already"),
    "crosswalk_unknown": N_("%(scheme)s has no category %(value)s"),
    "crosswalk_same": N_("a crosswalk leads from one scheme to another, and both are %(scheme)s"),
    "category_disagrees": N_("the category %(value)s is another one in line %(first)s, called %(other)s"),
    "workbook_unreadable": N_("this is no workbook that can be read: %(reason)s"),
    "workbook_too_large": N_("this workbook is too large: at most %(most)s"),
    "cell_formula": N_("here stands a formula; paste its value"),
    "cell_error": N_("here stands the error value %(value)s"),
    "sheet_missing": N_("there is no sheet %(value)s; the sheets are: %(known)s"),
    "mapping_part": N_("a part names either a column or a text, not both and not neither"),
    "mapping_pattern": N_("%(value)s is no pattern with at most one group"),
    "mapping_no_match": N_("%(value)s does not have the form that the mapping looks for: %(pattern)s"),
    "heading_missing": N_("no line among the first names all columns needed; missing are: %(value)s"),
    "area_ambiguous": N_("%(value)s names areas of several schemes; write one of: %(known)s"),
    "organisation_unknown": N_("there is no organisation %(value)s"),
    "organisation_unknown_near": N_("there is no organisation %(value)s; did you mean %(near)s?"),
    "category_unknown": N_("there is no category %(value)s"),
    "category_unknown_near": N_("there is no category %(value)s; did you mean %(near)s?"),
    "calendar_unknown": N_("there is no calendar %(value)s"),
    "calendar_unknown_near": N_("there is no calendar %(value)s; did you mean %(near)s?"),
    "evaluator_assessed": N_("who evaluates sits in no body that handles cases, nor below one: %(value)s does"),
    "role_unknown": N_("there is no role %(value)s; the roles are: %(known)s"),
    "stage_unknown": N_("there is no stage %(value)s; the stages are: %(known)s"),
    "centre_unknown": N_(
        "there is no organisation %(value)s; the centre, the city's own desk, must stand in organisations.csv"
    ),
    "grid_prefix": N_("a grid's code begins with the code of its area, and %(value)s does not begin with %(area)s"),
    "grid_box": N_("the box is empty: west must be less than east, and south less than north"),
    "base_map_source": N_("name either a style or tiles for the base map, not both and not neither"),
    "map_address": N_("%(value)s is no address of a map: it begins with https:// and has no spaces, ; or quotes"),
    "grid_too_big": N_("the box is more than a degree wide or high; grids are in degrees, not in metres or feet"),
    "grid_overlaps": N_("it overlaps the grid %(value)s of line %(first)s by %(m2)s m²"),
    "grid_outside": N_("%(m2)s m² of it lie outside of its area %(area)s"),
    "grid_box_other": N_("west, south, east and north are not those of the shape"),
    "area_outside": N_("%(m2)s m² of %(value)s lie outside of %(parent)s, the area above it"),
    "like_unknown": N_("there is no pack %(value)s beside this one"),
    "like_loop": N_("the pack %(value)s is like this one already: they would take from each other for ever"),
    "value_without_unit": N_("value and unit belong together: write both or leave both empty"),
    "rule_disagrees": N_("the same rule has another %(column)s in line %(first)s; write it once or alike"),
    "limit_twice": N_(
        "the same rule has a limit for this stage, part, area class and season in line %(first)s already"
    ),
    "duty_disagrees": N_("lines of one duty must agree in all but role and organisation; line %(first)s differs"),
    "party_twice": N_("the same organisation has this role in this duty in line %(first)s already"),
    "duty_overlaps": N_("this duty is already in force then, by line %(first)s; end that one with valid_to"),
    "duty_dispute": N_(
        "%(value)s and %(other)s (line %(first)s) answer for the same thing: the desk will have to decide"
    ),
    "geometry_other": N_("the layer asks for %(known)s, and here is %(value)s"),
    "object_outside": N_("%(value)s lies outside the city"),
    "code_taken": N_("the code %(value)s is that of an object of another layer, or of one that is gone"),
    "columns_left_out": N_("columns that the layer does not know are left out: %(names)s"),
    "points_exchanged": N_(
        "%(outside)s points lie outside the city; only %(left)s would if longitude and latitude were exchanged"
    ),
    "points_in_other_datum": N_(
        "%(outside)s points lie outside the city; only %(left)s would if the coordinates are in %(datum)s"
    ),
    "none_gone": N_("nothing counts as gone, because this file could not be read as a whole"),
    "geojson_unreadable": N_("this is not GeoJSON: %(reason)s"),
    "crs_unknown": N_("%(value)s is no coordinate system; write one such as EPSG:2263"),
    "property_missing": N_("feature %(feature)s has no property %(value)s; it has: %(known)s"),
    "no_polygon": N_("feature %(feature)s (%(value)s) has no polygon"),
    "not_degrees": N_("the coordinates are no degrees; name their system, such as 'crs: EPSG:2263'"),
    "shape_unused": N_("the polygon %(value)s belongs to no area of the level %(level)s in areas.csv"),
    "shape_missing": N_("there is no polygon %(value)s in %(path)s"),
    "lookup_missing": N_("there is no file %(value)s beside pack.yaml"),
    "history_missing": N_("there is no file %(value)s beside pack.yaml; put the history there, or remove this line"),
    "history_empty": N_("this history has no lines"),
    "history_column": N_("the history has no column %(value)s"),
    "history_column_near": N_("the history has no column %(value)s; did you mean %(near)s?"),
    "history_dates": N_(
        "%(count)s of the %(all)s dates in the first rows cannot be read, such as %(value)s; formats: %(formats)s"
    ),
    "history_places": N_(
        "%(count)s of the first %(all)s rows have no point: %(missing)s are empty, %(unreadable)s cannot be read, "
        "%(default)s mean no place, %(outside)s lie outside of the bounds"
    ),
    "history_rejects": N_("%(count)s of the first %(all)s rows would be rejected, this one first: %(reason)s"),
    "channel_not_here": N_("there is no channel %(value)s; the channels of this pack are: %(known)s"),
    "geometry_missing": N_("this has no geometry"),
    "geometry_empty": N_("the geometry is empty"),
    "geometry_unreadable": N_("the geometry cannot be read: a ring is not closed, or a point is missing"),
    "wkt_unreadable": N_("%(value)s is no WKT; write such as POINT (116.4 39.9)"),
    "outside_world": N_("%(lon)s, %(lat)s is no place on earth: longitude and latitude are expected, in degrees"),
    "crs_unsaid": N_("the coordinates are no degrees; name their coordinate system, such as EPSG:4549"),
    "polygon_crosses": N_("the polygon crosses itself at %(lon)s, %(lat)s"),
    "polygon_hole_outside": N_("a hole of the polygon lies outside of it, at %(lon)s, %(lat)s"),
    "polygon_unfit": N_("this is no valid polygon (%(reason)s) at %(lon)s, %(lat)s"),
    "coordinates_missing": N_("no columns hold coordinates: call them lon and lat, or wkt; those found are: %(found)s"),
    "text_undecodable": N_("this is not text in %(encoding)s: %(value)s"),
    "text_misread": N_(
        "texts here were once read in the wrong encoding: %(value)s should be %(near)s; name the encoding "
        "%(encoding)s, or save the file again"
    ),
    "text_lost": N_("characters are lost in %(count)s texts, such as %(value)s: save the file again, in UTF-8"),
    "column_renamed": N_("this column is called %(value)s in the file: the name was taken, or too long there"),
    "text_shortened": N_("this text is longer than the file can hold, %(most)s, and was cut"),
    "other": N_("%(reason)s"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """`line` 0: the file as a whole. `field` is a dotted key, or a column."""

    file: str
    line: int
    field: str
    code: str
    facts: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def text(self) -> str:
        template = TEXTS.get(self.code) or errors.TEXTS.get(self.code)
        return _(template) % self.facts if template else _(str(self.facts.get("reason", self.code)))

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.field, self.text()) if part)


def near(word: str, known: Sequence[str]) -> str:
    """The nearest of the words known, or nothing."""
    folded = {other.casefold(): other for other in known}
    found = get_close_matches(word.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else ""


def unknown(code: str, word: str, known: Sequence[str]) -> tuple[str, dict[str, object]]:
    """`<code>_near` where something alike is known, else `code` with the whole list."""
    if guess := near(word, known):
        return f"{code}_near", {"value": word, "near": guess}
    return code, {"value": word, "known": ", ".join(known)}


# From pydantic's errors to ours

_PLAIN = {
    "missing": "value_missing",
    "string_too_short": "left_empty",
    "bool_parsing": "no_bool",
    "bool_type": "no_bool",
    "int_parsing": "no_number",
    "int_from_float": "no_number",
    "float_parsing": "no_number",
    "decimal_parsing": "no_number",
    "finite_number": "no_number",
    "date_parsing": "day_unreadable",
    "date_from_datetime_parsing": "day_unreadable",
    "date_from_datetime_inexact": "day_unreadable",
    "dict_type": "no_mapping",
    "model_type": "no_mapping",
    "model_attributes_type": "no_mapping",
    "list_type": "no_list",
    "tuple_type": "no_list",
    "string_type": "no_text",
}
_RANGES = {
    "greater_than": "> %(gt)s",
    "greater_than_equal": ">= %(ge)s",
    "less_than": "< %(lt)s",
    "less_than_equal": "<= %(le)s",
    "decimal_max_digits": "<= %(max_digits)s digits",
    "decimal_max_places": "<= %(decimal_places)s decimals",
    "decimal_whole_digits": "<= %(whole_digits)s digits",
}
_COUNTS = {"too_short": ">= %(min_length)s", "too_long": "<= %(max_length)s"}


def explain(error: ErrorDetails, path: Sequence[str | int], model: type[BaseModel]) -> tuple[str, dict[str, Any]]:
    """Our code and facts for one of pydantic's errors; `path` is where it stands in the data."""
    kind, context, value = error["type"], error.get("ctx", {}), error.get("input")
    facts: dict[str, Any] = {"value": value}
    if value is None and kind != "missing":
        return "left_empty", {}
    if kind in _PLAIN:
        return _PLAIN[kind], facts
    if kind in _RANGES:
        return "out_of_range", facts | {"rule": _RANGES[kind] % context}
    if kind in _COUNTS:
        return "wrong_count", {"rule": _COUNTS[kind] % context}
    if kind == "string_too_long":
        return kind.removeprefix("string_"), {"most": context["max_length"]}
    if kind == "string_pattern_mismatch":
        return "pattern", facts | {"pattern": context["pattern"]}
    if kind in ("literal_error", "enum"):
        known = [word.strip("'") for word in str(context["expected"]).replace(" or ", ", ").split(", ")]
        return unknown("not_one_of", str(value), known)
    if kind == "extra_forbidden":
        return unknown("key_unknown", str(path[-1]), keys_at(model, path[:-1]))
    if kind == "zone_unknown":
        return unknown(kind, str(value), sorted(available_timezones()))
    if kind in TEXTS or kind in errors.TEXTS:
        return kind, dict(context)
    return "other", {"reason": error["msg"].removeprefix("Value error, ")}


def keys_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The keys that the schema knows at a path."""
    kinds: list[Any] = [model]
    for part in path:
        kinds = [inner for kind in kinds for inner in _inner(kind, part)]
    fields = [getattr(kind, "model_fields", {}) for kind in kinds]
    return list(dict.fromkeys(found.alias or name for known in fields for name, found in known.items()))


def _inner(kind: Any, part: str | int) -> list[Any]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields.items()
        return [
            inner for name, found in fields if part in (name, found.alias) for inner in _alternatives(found.annotation)
        ]
    arguments = get_args(kind)
    return _alternatives(arguments[-1]) if get_origin(kind) in (dict, list, tuple) and arguments else []


def _alternatives(kind: Any) -> list[Any]:
    if get_origin(kind) is Annotated:
        return _alternatives(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return [inner for argument in get_args(kind) for inner in _alternatives(argument)]
    return [kind]
