"""Rows into a table in as few statements as can be: VALUES for a handful, binary COPY for many."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db import connection
from psycopg import pq, sql
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper
from psycopg.postgres import types

FEW = 60
"""Up to this many rows one INSERT is sent; beyond it COPY is quicker."""


@dataclass(frozen=True)
class Table:
    """A table's name, its columns with their PostgreSQL types in the order of the rows, and its key.

    In rows, ids for an `int8[]` column are a tuple, and what a `jsonb` column gets is JSON text.
    """

    name: str
    columns: dict[str, str]
    key: tuple[str, ...] = ()


def insert(table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Add rows that are not there yet; one statement."""
    if not rows:
        return
    if len(rows) <= FEW:
        _insert(table, rows, conflict=False)
    else:
        _copy(table, table.name, rows)


def upsert(table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Add rows or replace those with the same key; one statement for few rows, four for many."""
    if not rows:
        return
    if len(rows) <= FEW:
        _insert(table, rows, conflict=True)
        return
    parked = f"parked_{table.name}"
    names = sql.SQL(", ").join(map(sql.Identifier, table.columns))
    park(Table(parked, table.columns), rows)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} {}").format(
                sql.Identifier(table.name), names, names, sql.Identifier(parked), _on_conflict(table)
            )
        )
        cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(parked)))


def park(table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Rows in a table that is gone with the transaction; two statements. One of the same name must not be there."""
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in table.columns.items()
    )
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE TEMP TABLE {} ({}) ON COMMIT DROP").format(sql.Identifier(table.name), columns))
    _copy(table, table.name, rows)


def reserve(sequence: str, count: int) -> list[int]:
    """`count` fresh ids of a sequence; one statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s) FROM generate_series(1, %s)", [sequence, count])
        return [row[0] for row in cursor.fetchall()]


class _IdsDumper(Dumper):
    """A tuple of ids as `int8[]`; the same few tuples come again and again."""

    format = pq.Format.BINARY
    oid = types["int8"].array_oid

    def dump(self, obj: Sequence[int]) -> Buffer:
        return _ids(tuple(obj))


class _JsonDumper(Dumper):
    """JSON text as `jsonb`."""

    format = pq.Format.BINARY
    oid = types["jsonb"].oid

    def dump(self, obj: str) -> Buffer:
        return b"\1" + obj.encode()


class _JsonText:
    """Nothing: the class under which the dumper above is registered, so that it is found by its type only."""


@lru_cache(maxsize=100_000)
def _ids(values: tuple[int, ...]) -> bytes:
    """One-dimensional array in PostgreSQL's binary form; zero dimensions for none."""
    if not values:
        return struct.pack("!iii", 0, 0, types["int8"].oid)
    head = struct.pack("!iiiii", 1, 0, types["int8"].oid, len(values), 1)
    return head + b"".join(struct.pack("!iq", 8, value) for value in values)


def _adapt(context: AdaptContext) -> None:
    assert context.adapters is not None  # every cursor has some
    context.adapters.register_dumper(tuple, _IdsDumper)
    context.adapters.register_dumper(_JsonText, _JsonDumper)


def _insert(table: Table, rows: Sequence[Sequence[Any]], *, conflict: bool) -> None:
    text = _insert_text(table.name, tuple(table.columns.items()), table.key, len(rows), conflict)
    values = (value for row in rows for value in row)
    with connection.cursor() as cursor:
        cursor.execute(text, [list(value) if isinstance(value, tuple) else value for value in values])


@lru_cache(maxsize=1000)
def _insert_text(
    name: str, columns: tuple[tuple[str, str], ...], key: tuple[str, ...], count: int, conflict: bool
) -> str:
    """The INSERT of `count` rows. Putting it together costs more than running it, so it is kept."""
    line = sql.SQL("({})").format(sql.SQL(", ").join(sql.SQL("%s::" + kind) for _, kind in columns))
    query = sql.SQL("INSERT INTO {} ({}) VALUES {} {}").format(
        sql.Identifier(name),
        sql.SQL(", ").join(sql.Identifier(column) for column, _ in columns),
        sql.SQL(", ").join([line] * count),
        _on_conflict(Table(name, dict(columns), key)) if conflict else sql.SQL(""),
    )
    return query.as_string()


def _on_conflict(table: Table) -> sql.Composable:
    changed = [column for column in table.columns if column not in table.key]
    return sql.SQL("ON CONFLICT ({}) DO UPDATE SET {}").format(
        sql.SQL(", ").join(map(sql.Identifier, table.key)),
        sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column)) for column in changed),
    )


def _copy(table: Table, target: str, rows: Iterable[Sequence[Any]]) -> None:
    query = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(target), sql.SQL(", ").join(map(sql.Identifier, table.columns))
    )
    with connection.cursor() as cursor:
        _adapt(cursor.cursor)
        with cursor.copy(query) as copy:
            _write(copy, table, rows)


def _write(copy: Any, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    copy.set_types(list(table.columns.values()))
    for row in rows:
        copy.write_row(row)
