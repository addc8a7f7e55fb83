"""No single statement on a case's rows goes unnoticed: the columns are taken from the catalogue, not from a list."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from cityloop.config.pack.reading import Pack
from cityloop.ground.audit.actions import NOTHING_YET
from cityloop.ground.audit.digests import leaf, merkle_root, seal_root
from cityloop.ground.audit.queries import last_seal
from cityloop.loop.cases.queries import read_row
from cityloop.loop.cases.record import FIRST, digest_of
from cityloop.loop.cases.rows import EntryRow
from cityloop.loop.cases.verify import verify
from journeys.conftest import take

KEYS = {
    "cases_case": ("id",),
    "cases_assignment": ("case_id", "no"),
    "cases_span": ("case_id", "no"),
    "cases_entry": ("case_id", "seq"),
}
FIXED = {"cases_case": {"number"}, "cases_assignment": {"id"}}
"""Besides the key: what must stay in its row when two rows swap their contents."""

OTHERWISE = {
    "timestamp with time zone": "coalesce({0}, now()) + interval '1 microsecond'",
    "boolean": "NOT {0}",
    "integer": "coalesce({0}, 0) + 1",
    "smallint": "coalesce({0}, 0) + 1",
    "bigint": "coalesce({0}, 0) + 1",
    "double precision": "coalesce({0}, 0) * (1 + 1e-15::float8) + 1e-300::float8",
    "text": "coalesce({0}, '') || ' '",
    "character varying": "coalesce({0}, '') || ' '",
    "bytea": "set_byte({0}, 31, get_byte({0}, 31) # 1)",
    "ARRAY": "array_append({0}, 0::bigint)",
    "jsonb": "{0} || '[0]'",
}
"""For every type of the catalogue, the smallest other value."""


@pytest.fixture(autouse=True)
def replayed(tiny_city: Pack, inline: None) -> None:
    """Five cases, two of them open, sealed; everything holds. Triggers that guard the log are out of the way."""
    assert take(tiny_city, limit=5).taken == 5
    assert said() == []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")


def said() -> list[str]:
    return [str(breach) for breach in verify()]


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is done inside is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def do(statement: str, values: tuple[Any, ...] = ()) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)


def ask(statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def columns(table: str) -> list[tuple[str, str, bool]]:
    """Name, type and whether it may be null, of every column that the database knows."""
    return [
        (name, kind, nullable == "YES")
        for name, kind, nullable in ask(
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
            " WHERE table_name = %s ORDER BY ordinal_position",
            (table,),
        )
    ]


def keys(table: str) -> list[tuple[int, ...]]:
    """The first row, the last and four between, of cases closed and open."""
    key = ", ".join(KEYS[table])
    found = ask(f"SELECT {key} FROM {table} ORDER BY {key}")
    return [found[(len(found) - 1) * place // 5] for place in range(6)] if len(found) > 6 else found


def row_is(table: str) -> str:
    return " AND ".join(f"{column} = %s" for column in KEYS[table])


def unnoticed(statement: str, values: tuple[Any, ...], rows: int = 1) -> str:
    """The statement if it is possible and nothing notices it, else nothing."""
    try:
        with undone():
            assert do(statement, values) == rows, statement
            if said():
                return ""
    except IntegrityError:
        return ""
    return f"{statement} {values}"


@pytest.mark.parametrize("table", KEYS)
def test_every_column_of_every_row(table: str) -> None:
    tried = 0
    missed = []
    for key in keys(table):
        for name, kind, nullable in columns(table):
            (was,) = ask(f"SELECT {name} IS NULL FROM {table} WHERE {row_is(table)}", key)[0]
            others = [OTHERWISE[kind].format(name)] + ["NULL"] * (nullable and not was)
            missed += [unnoticed(f"UPDATE {table} SET {name} = {other} WHERE {row_is(table)}", key) for other in others]
            tried += len(others)
    assert tried > 60
    assert [statement for statement in missed if statement] == []


@pytest.mark.parametrize("table", KEYS)
def test_every_row_deleted(table: str) -> None:
    missed = [unnoticed(f"DELETE FROM {table} WHERE {row_is(table)}", key) for key in keys(table)]
    assert len(missed) > 2
    assert [statement for statement in missed if statement] == []


@pytest.mark.parametrize("table", KEYS)
def test_rows_that_swap_their_contents(table: str) -> None:
    fixed = {*KEYS[table], *FIXED.get(table, set())}
    names = ", ".join(name for name, _, _ in columns(table) if name not in fixed)
    mine, other = (" AND ".join(f"{alias}.{column} = %s" for column in KEYS[table]) for alias in "to")
    missed = []
    found = keys(table)
    for one, two in pairwise(found):
        swap = (
            f"UPDATE {table} t SET ({names}) = (SELECT {names} FROM {table} o WHERE"
            f" CASE WHEN {mine} THEN {other} ELSE {other} END) WHERE ({mine}) OR ({mine})"
        )
        missed.append(unnoticed(swap, (*one, *two, *one, *one, *two), rows=2))
    assert [statement for statement in missed if statement] == []


@pytest.mark.parametrize("table", KEYS)
def test_rows_added(table: str) -> None:
    """A copy of a row under the next number of its case, and under a case that is not there; a case under any id."""
    names = [name for name, _, _ in columns(table)]
    case, last = KEYS[table][0], KEYS[table][-1]
    changes = [{case: "-1", "id": "-1"}, {last: f"(SELECT max({last}) + 1 FROM {table})", "id": "id + 1000000"}]
    if table == "cases_case":
        changes = [{"number": "number || '-1'", "id": "id + 1000000"}, {"number": "number || '-1'", "id": "-id"}]
    missed = []
    for key in keys(table):
        for change in changes:
            told = ", ".join(change.get(name, name) for name in names)
            insert = f"INSERT INTO {table} ({', '.join(names)}) SELECT {told} FROM {table} WHERE {row_is(table)}"
            missed.append(unnoticed(insert, key))
    assert [statement for statement in missed if statement] == []


@pytest.mark.parametrize("more", [(), ("intake_reply", "intake_fact", "intake_report")])
@pytest.mark.parametrize("without_head", [False, True])
def test_a_case_removed_whole(more: tuple[str, ...], without_head: bool) -> None:
    for case, number in ask("SELECT id, number FROM cases_case"):
        with undone():
            for table in more:
                whose = (
                    "case_id = %s"
                    if table == "intake_report"
                    else ("report_id IN (SELECT id FROM intake_report WHERE case_id = %s)")
                )
                assert do(f"DELETE FROM {table} WHERE {whose}", (case,))
            for table in ("cases_entry", "cases_span", "cases_assignment"):
                assert do(f"DELETE FROM {table} WHERE case_id = %s", (case,))
            assert do("DELETE FROM cases_case WHERE id = %s", (case,)) == 1
            if without_head:
                assert do("DELETE FROM audit_head WHERE stream = %s", (number,)) == 1
            assert any(number in breach for breach in said())


# Seals


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("UPDATE audit_seal SET root = set_byte(root, 0, get_byte(root, 0) # 1)", 1),
        ("UPDATE audit_seal SET previous = set_byte(previous, 0, 1)", 1),
        ("UPDATE audit_seal SET day = day + 1", 1),
        ("UPDATE audit_seal SET number = 7", 1),
        ("UPDATE audit_seal SET streams = streams - 1", 1),
        ("DELETE FROM audit_leaf WHERE stream = (SELECT min(stream) FROM audit_leaf)", 1),
        ("UPDATE audit_leaf SET seq = seq - 1 WHERE stream = (SELECT min(stream) FROM audit_leaf)", 1),
        ("UPDATE audit_leaf SET stream = 'nobody' WHERE stream = (SELECT min(stream) FROM audit_leaf)", 1),
        ("UPDATE audit_head SET seq = seq + 1 WHERE stream = (SELECT min(stream) FROM audit_head)", 1),
        ("DELETE FROM audit_head WHERE stream = (SELECT min(stream) FROM audit_head)", 1),
        ("UPDATE audit_head SET digest = set_byte(digest, 0, get_byte(digest, 0) # 1)", 5),
    ],
)
def test_seals_and_heads_that_were_touched(statement: str, rows: int) -> None:
    assert unnoticed(statement, (), rows) == ""


def test_a_seal_that_is_gone_is_missed_by_whoever_kept_it() -> None:
    seal = last_seal()
    assert seal is not None
    kept = (seal.number, seal.root)
    assert list(verify(known=kept)) == []
    with undone():
        do("DELETE FROM audit_leaf")
        do("DELETE FROM audit_seal")
        assert [str(breach) for breach in verify(known=kept)] == ["seal 1, kept elsewhere, is missing"]


def test_a_history_rewritten_whole_is_seen_with_a_head_kept_elsewhere() -> None:
    seal = last_seal()
    assert seal is not None
    (case, number) = ask("SELECT id, number FROM cases_case ORDER BY id LIMIT 1")[0]
    do("UPDATE cases_entry SET note = 'nothing was ever there' WHERE case_id = %s AND step = 'handle'", (case,))
    _rewrite_chain(case, number)
    _rewrite_seal()
    assert said() == []
    assert [str(breach) for breach in verify(known=(seal.number, seal.root))] == [
        f"seal 1 ({seal.day}) is not the one that was kept elsewhere"
    ]


def _rewrite_chain(case: int, number: str) -> None:
    """All digests of a case made anew, as somebody would who knows how they are made."""
    previous = FIRST
    for values in ask(
        f"SELECT {', '.join(EntryRow._fields)} FROM cases_entry WHERE case_id = %s ORDER BY seq", (case,)
    ):
        entry = read_row(EntryRow, values)
        previous = digest_of(entry, number, previous)
        do("UPDATE cases_entry SET digest = %s WHERE case_id = %s AND seq = %s", (previous, case, entry.seq))
    do("UPDATE cases_case SET head = %s WHERE id = %s", (previous, case))
    do("UPDATE audit_head SET digest = %s WHERE stream = %s", (previous, number))


def _rewrite_seal() -> None:
    ((day, sealed_at, algo),) = ask("SELECT day, sealed_at, algo FROM audit_seal")
    heads = ask("SELECT stream, seq, digest FROM audit_head ORDER BY stream")
    tree = merkle_root([leaf(stream, seq, bytes(digest)) for stream, seq, digest in heads])
    do("UPDATE audit_seal SET root = %s", (seal_root(NOTHING_YET, algo, day, sealed_at, tree),))
