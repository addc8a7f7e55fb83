"""Value expressions of the mapping, compiled once into closures over a row."""

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from cityloop.core.errors import Refused, Unknown
from cityloop.loop.history.mapping import LookupFile, Value
from cityloop.loop.history.rows import Raw

Reader = Callable[[Raw], str | None]
"""What a value is in a row: trimmed text, or None where the row holds nothing."""

REMEMBERED = 20_000
"""Results of patterns and lookups kept per value; histories print few different texts per column."""


def compile_value(value: Value, empty: Iterable[str] = (), folder: Path | None = None) -> Reader:
    """`empty`: texts that mean nothing anywhere; `folder`: where the pack's lookup files are.

    Unknown or Refused when a lookup file is missing or lacks a column.
    """
    nothing = frozenset({"", *empty, *value.empty})
    reader = _columns(value, nothing, empty, folder)
    if change := _change(value, folder):
        reader = _changed(reader, change)
    if value.otherwise:
        reader = _first(reader, compile_value(value.otherwise, empty, folder))
    return _with_default(reader, value.default) if value.default else reader


def _columns(value: Value, nothing: frozenset[str], empty: Iterable[str], folder: Path | None) -> Reader:
    if len(value.column) == 1:
        return _one(value.column[0], nothing)
    if value.columns:
        return _joined([compile_value(part, empty, folder) for part in value.columns], value.join, nothing)
    return _any([_one(name, nothing) for name in value.column])


def _one(name: str, nothing: frozenset[str]) -> Reader:
    def read(raw: Raw) -> str | None:
        text = raw.get(name)
        if text is None or (text := text.strip()) in nothing:
            return None
        return text

    return read


def _any(readers: list[Reader]) -> Reader:
    def read(raw: Raw) -> str | None:
        for reader in readers:
            if (text := reader(raw)) is not None:
                return text
        return None

    return read


def _joined(readers: list[Reader], join: str, nothing: frozenset[str]) -> Reader:
    def read(raw: Raw) -> str | None:
        parts = [text for reader in readers if (text := reader(raw)) is not None]
        text = join.join(parts)
        return None if text in nothing else text

    return read


def _changed(reader: Reader, change: Callable[[str], str | None]) -> Reader:
    seen: dict[str, str | None] = {}

    def read(raw: Raw) -> str | None:
        text = reader(raw)
        if text is None:
            return None
        if text in seen:
            return seen[text]
        result = change(text)
        if len(seen) < REMEMBERED:
            seen[text] = result
        return result

    return read


def _first(reader: Reader, other: Reader) -> Reader:
    return lambda raw: other(raw) if (text := reader(raw)) is None else text


def _with_default(reader: Reader, default: str) -> Reader:
    return lambda raw: default if (text := reader(raw)) is None else text


def _change(value: Value, folder: Path | None) -> Callable[[str], str | None] | None:
    """Case, pattern, padding and lookup as one function; None where the value asks for none of them."""
    table = lookup_table(value.lookup, folder)
    if value.case == "keep" and not (value.pattern or value.pad or table):
        return None
    pattern = re.compile(value.pattern) if value.pattern else None

    def change(text: str) -> str | None:
        if value.case != "keep":
            text = text.upper() if value.case == "upper" else text.lower()
        if pattern is not None:
            cut = _cut(pattern, value, text)
            if not cut:
                return None
            text = cut
        text = text.rjust(value.pad, "0")
        return table.get(text, text if value.unlisted == "keep" else None) or None

    return change


def _cut(pattern: re.Pattern[str], value: Value, text: str) -> str | None:
    match = pattern.search(text)
    if match is None:
        return None
    groups = {name: (part or "").strip() for name, part in match.groupdict().items()}
    for name, table in value.lookups.items():
        if groups[name] not in table:
            return None
        groups[name] = table[groups[name]]
    return value.template.format(**groups).strip() if value.template else match[0].strip()


def lookup_table(lookup: Mapping[str, str] | LookupFile, folder: Path | None) -> Mapping[str, str]:
    """The pairs of an inline lookup or of a CSV file of the pack."""
    if not isinstance(lookup, LookupFile):
        return lookup
    path = (folder or Path()) / lookup.file
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            for column in (lookup.key, lookup.value):
                if column not in (rows.fieldnames or ()):
                    raise Refused("file_column_missing", path=str(path), column=column)
            return {(row[lookup.key] or "").strip(): (row[lookup.value] or "").strip() for row in rows}
    except FileNotFoundError as error:
        raise Unknown("file_missing", path=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise Refused("file_unreadable", path=str(path), reason=str(error)) from error
