"""All rows of a city as they can be compared between two databases."""

from collections import Counter
from typing import Any, Protocol

Rows = dict[str, list[tuple[Any, ...]]]


class Cursor(Protocol):
    """What a cursor of Django and one of psycopg have in common."""

    def execute(self, query: Any, /) -> Any: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...


IDS = {"id", "case_id", "report_id", "assignment_id", "parent_id"}
"""Ids come from sequences, and a replay that was killed has used some up: rows are named by numbers instead."""
LOST = {"recorded_at", "digest", "head"}
"""When it was recorded, and what follows from that."""

_WHOSE = {
    "cases_case": "t.number",
    "cases_assignment": "c.number || ' ' || t.no",
    "cases_span": "c.number || ' ' || t.no"
    " || ' ' || (SELECT a.no FROM cases_assignment a WHERE a.id = t.assignment_id)",
    "cases_entry": "c.number || ' ' || t.seq",
    "intake_report": "t.number || ' ' || coalesce((SELECT c.number FROM cases_case c WHERE c.id = t.case_id), '')",
    "intake_fact": "r.number || ' ' || t.name",
    "intake_reply": "r.number",
    "audit_head": "t.stream || ' ' || t.seq",
}
_JOIN = {"c": " JOIN cases_case c ON c.id = t.case_id", "r": " JOIN intake_report r ON r.id = t.report_id"}


def all_rows(cursor: Cursor, *, but: frozenset[str] = frozenset({"at"})) -> Rows:
    """Every row of the loop with every column, but for ids, `recorded_at`, digests and, of facts, `but`."""
    found: Rows = {}
    for table, name in _WHOSE.items():
        cursor.execute(
            "SELECT column_name FROM information_schema.columns"
            f" WHERE table_name = '{table}' AND table_schema = 'public' ORDER BY column_name"
        )
        names = [column for (column,) in cursor.fetchall()]
        assert names, f"no table {table}"
        wanted = [column for column in names if column not in LOST | IDS | _passing(table, but)]
        join = _JOIN.get(name[0], "") if name[1] == "." else ""
        told = "".join(f", {_told(table, column)}" for column in wanted)
        cursor.execute(
            f"SELECT {name}{told} FROM {table} t{join} ORDER BY 1{''.join(f', {2 + i}' for i in range(len(wanted)))}"
        )
        found[table] = cursor.fetchall()
    return found


def _passing(table: str, but: frozenset[str]) -> set[str]:
    return set(but) if table == "intake_fact" else {"sealed_seq"} if table == "audit_head" else set()


def _told(table: str, column: str) -> str:
    """`changes` names assignments by ids that are made from the case's."""
    if (table, column) == ("cases_entry", "changes"):
        return f"regexp_replace(t.{column}, '\"(assignment_id|parent_id)\":[0-9]+', '', 'g')"
    return f"t.{column}::text" if column in ("raw", "evidence", "value", "reporter") else f"t.{column}"


def differences(one: Rows, other: Rows) -> list[str]:
    """Where two cities differ, with the first rows of each that the other lacks."""
    found = []
    for table in one:
        if one[table] != other[table]:
            here, there = (Counter(map(repr, rows[table])) for rows in (one, other))
            missing, added = list((here - there).elements()), list((there - here).elements())
            found.append(f"{table}: {len(missing)} rows missing, {len(added)} others: {missing[:2]} / {added[:2]}")
    return found
