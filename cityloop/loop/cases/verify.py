"""Walk every case: its chain, its rows against its entries, its head; then the seals over all of them."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
from django.db import connection, transaction

from cityloop.core.texts import N_
from cityloop.ground.audit.breach import Breach
from cityloop.ground.audit.queries import broken_seals, heads
from cityloop.loop.cases.queries import read_row
from cityloop.loop.cases.record import compare, rebuild
from cityloop.loop.cases.rows import AssignmentRow, CaseRow, EntryRow, HoldRow, LinkRow, SpanRow

BATCH = 2_000
BEFORE_ALL = -(1 << 63)
JSON = ("evidence", "parts", "before", "chain")
Progress = Callable[[int], None]
_TABLES = (
    (EntryRow, "cases_entry", "seq"),
    (AssignmentRow, "cases_assignment", "no"),
    (SpanRow, "cases_span", "no"),
    (HoldRow, "cases_hold", "no"),
    (LinkRow, "cases_link", "no"),
)


def verify(*, known: tuple[int, bytes] | None = None, progress: Progress = lambda count: None) -> Iterator[Breach]:
    """What does not hold, in one view of the database (the caller's, inside a transaction).

    `known` is a seal kept elsewhere.
    """
    own = not connection.in_atomic_block
    with transaction.atomic():
        if own:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        kept = heads()
        last = BEFORE_ALL
        while cases := _cases(last):
            yield from _broken(cases, kept)
            last = cases[-1].id
            progress(len(cases))
        for stream in sorted(kept):
            yield Breach(N_("case %(case)s is missing altogether"), {"case": stream})
        yield from _strays()
        yield from broken_seals(_digests, known)


def _broken(cases: Sequence[CaseRow], kept: dict[str, tuple[int, bytes]]) -> Iterator[Breach]:
    rows = [_rows(kind, table, order, cases[0].id, cases[-1].id) for kind, table, order in _TABLES]
    for case in cases:
        where = {"case": case.number}
        entries, *stored = (by_case[case.id] for by_case in rows)
        rebuilt = rebuild(case.number, entries)
        yield from rebuilt.broken
        if kept.pop(case.number, None) != (case.seq, case.head):
            yield Breach(N_("case %(case)s: its head is not the one that was kept"), where)
        if rebuilt.broken:
            continue
        for what, no, fields in compare(rebuilt, case, *stored):
            yield Breach(
                N_("case %(case)s: %(what)s %(no)s is not what the entries tell (%(fields)s)"),
                {**where, "what": what, "no": no, "fields": ", ".join(fields)},
            )


def _cases(after: int) -> list[CaseRow]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(CaseRow._fields)} FROM cases_case WHERE id > %s ORDER BY id LIMIT %s",
            [after, BATCH],
        )
        return [read_row(CaseRow, row) for row in cursor.fetchall()]


def _rows(kind: Any, table: str, order: str, first: int, last: int) -> dict[int, list[Any]]:
    """Rows by case, in their order; read in binary form, in which instants come five times as quickly."""
    columns = ", ".join(f"{name}::text" if name in JSON else name for name in kind._fields)
    found: dict[int, list[Any]] = defaultdict(list)
    at = kind._fields.index("case_id")
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            f"SELECT {columns} FROM {table} WHERE case_id BETWEEN %s AND %s ORDER BY case_id, {order}",
            [first, last],
            binary=True,
        )
        for row in cursor:
            found[row[at]].append(read_row(kind, row))
    return found


def _strays() -> Iterator[Breach]:
    """Rows of cases that are not there."""
    with connection.cursor() as cursor:
        for _, table, order in _TABLES:
            cursor.execute(
                f"SELECT r.case_id, r.{order} FROM {table} r LEFT JOIN cases_case c ON c.id = r.case_id"
                " WHERE c.id IS NULL ORDER BY 1, 2 LIMIT 20"
            )
            for case_id, no in cursor.fetchall():
                yield Breach(
                    N_("%(table)s: row %(no)s belongs to no case (%(id)s)"), {"table": table, "no": no, "id": case_id}
                )


def _digests(streams: Sequence[str], seqs: Sequence[int]) -> dict[str, bytes]:
    """The digests of those entries (case number, number in the case) that are there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.number, e.digest FROM unnest(%s::text[], %s::int[]) AS w (number, seq)"
            " JOIN cases_case c USING (number) JOIN cases_entry e ON e.case_id = c.id AND e.seq = w.seq",
            [list(streams), list(seqs)],
        )
        return {number: bytes(digest) for number, digest in cursor.fetchall()}
