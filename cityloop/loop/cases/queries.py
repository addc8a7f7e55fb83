"""Readers of cases for everybody else."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import orjson
from django.db import connection

from cityloop.core.actor import Actor, HeldPost
from cityloop.core.errors import Unknown
from cityloop.ground.places.city import city
from cityloop.loop.cases.catalogue import catalogue
from cityloop.loop.cases.facts import Other, Share
from cityloop.loop.cases.rows import AssignmentRow, CaseRow, EntryRow, HoldRow, LinkRow, SpanRow, canonical
from cityloop.loop.cases.snapshot import Duty, Snapshot
from cityloop.loop.clocks.deadlines import Stay

Row = TypeVar("Row", CaseRow, AssignmentRow, SpanRow, HoldRow, LinkRow, EntryRow)

_CASE = ", ".join(f"c.{name}" for name in CaseRow._fields)
_ASSIGNMENT = ", ".join(f"a.{name}" for name in AssignmentRow._fields)
_SPAN = ", ".join(f"s.{name}" for name in SpanRow._fields)
_HOLD = ", ".join(f"h.{name}" for name in HoldRow._fields)
_ENTRY = ", ".join(f"e.{name}" for name in EntryRow._fields)


def read_row(kind: type[Row], values: Sequence[Any]) -> Row:
    """A row of the database as a row of the loop: bytes, tuples and lists instead of views, lists and JSON text."""
    row = kind(*values)
    if isinstance(row, CaseRow):
        return row._replace(head=bytes(row.head), areas=tuple(row.areas))
    if isinstance(row, SpanRow):
        return row._replace(areas=tuple(row.areas))
    if isinstance(row, AssignmentRow):
        return row if row.parts == "[]" else row._replace(parts=canonical(orjson.loads(row.parts)))
    if isinstance(row, HoldRow):
        return row._replace(before=canonical(orjson.loads(row.before)), chain=canonical(orjson.loads(row.chain)))
    if isinstance(row, EntryRow):
        evidence = row.evidence if row.evidence == "[]" else canonical(orjson.loads(row.evidence))
        return row._replace(digest=bytes(row.digest), evidence=evidence)
    return row


def snapshots(ids: Sequence[int], *, lock: bool = False) -> dict[int, Snapshot]:
    """Cases as the next step finds them, by id; two statements however many. `lock` holds them in id order."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_CASE} FROM cases_case c WHERE c.id = ANY(%s) ORDER BY c.id{' FOR UPDATE' if lock else ''}",
            [list(ids)],
        )
        cases = {row[0]: read_row(CaseRow, row) for row in cursor.fetchall()}
        cursor.execute(_STANDS, [list(ids)])
        rows = cursor.fetchall()
    found: dict[int, Snapshot] = {}
    for path, told, *rest in rows:
        assignment = read_row(AssignmentRow, rest[:_SPAN_AT])
        stay = read_row(SpanRow, rest[_SPAN_AT:_HOLD_AT]) if rest[_SPAN_AT] is not None else None
        case = cases[assignment.case_id]
        if assignment.no == 1:
            found[case.id] = _begun(case, assignment, stay, orjson.loads(told))
        elif assignment.no != case.unit_no:
            assert stay is not None  # an open assignment always is in some stage
            known = found[case.id]
            found[case.id] = known._replace(duties=(*known.duties, Duty(assignment, stay, tuple(path))))
        else:
            hold = read_row(HoldRow, rest[_HOLD_AT:]) if rest[_HOLD_AT] is not None else None
            found[case.id] = found[case.id]._replace(unit=assignment, unit_span=stay, unit_path=tuple(path), hold=hold)
    return found


def _begun(case: CaseRow, root: AssignmentRow, stay: SpanRow | None, told: dict[str, Any]) -> Snapshot:
    """What a case is without its last dispatch."""
    return Snapshot(
        case,
        root,
        stay,
        stays=tuple(Stay(stage, *map(datetime.fromisoformat, marks)) for stage, *marks in told["stays"] or ()),
        links=tuple(
            LinkRow(case.id, no, kind, other, datetime.fromisoformat(at), by, end and datetime.fromisoformat(end))
            for no, kind, other, at, by, end in told["links"] or ()
        ),
        granted=tuple(told["granted"] or ()),
        filed_by=told["filed_by"] or "",
        handled_by=frozenset(told["handled_by"] or ()),
    )


HOLD = (
    "CASE WHEN h.kind IS NULL OR h.ended_at IS NOT NULL OR h.granted IS FALSE THEN ''"
    " WHEN h.granted IS NULL THEN 'asked'"
    " WHEN h.kind <> 'extension' AND coalesce(h.until_at, 'infinity') > %s::timestamptz THEN 'running' ELSE '' END"
)
"""How the last request `h` of a case stands at an instant, as `holds.standing_of` says it."""

WAITS = "EXISTS (SELECT FROM cases_hold w WHERE w.case_id = {case} AND w.granted IS NULL AND w.ended_at IS NULL)"
"""A request for more time waits for somebody to decide."""
TURN = "coalesce(w.chain ->> w.approved::int, '') IN ('', %s)"
"""The request `w` waits for a role, or for whoever may decide."""
WAITS_FOR = f"{WAITS[:-1]} AND {TURN})"

FILED_BY = (
    "(SELECT m.person FROM cases_span m WHERE m.case_id = c.id AND m.main AND m.stage = 'file' AND m.outcome = 'filed'"
    " ORDER BY m.no DESC LIMIT 1)"
)
HANDLED_BY = (
    "(SELECT json_agg(DISTINCT m.person) FROM cases_span m WHERE m.case_id = c.id AND m.stage = 'handle'"
    " AND m.outcome IN ('handled', 'handling'))"
)
"""Whoever reported a part of the work of `c` as done."""

_STANDS = f"""
SELECT o.path, CASE WHEN a.no = 1 THEN json_build_object(
        'stays', (SELECT json_agg(json_build_array(m.stage, m.started_at, m.ended_at) ORDER BY m.no)
            FROM cases_span m
            WHERE m.case_id = a.case_id AND m.main AND m.ended_at IS NOT NULL AND m.round = c.round),
        'links', (SELECT json_agg(json_build_array(t.no, t.kind, t.other_id, t.made_at, t.made_by, t.ended_at)
            ORDER BY t.no) FROM cases_link t WHERE t.case_id = a.case_id),
        'granted', (SELECT json_agg(w.kind ORDER BY w.no) FROM cases_hold w WHERE w.case_id = a.case_id AND w.granted),
        'filed_by', {FILED_BY},
        'handled_by', {HANDLED_BY})::text END,
    {_ASSIGNMENT}, {_SPAN}, {_HOLD}
FROM cases_assignment a
JOIN cases_case c ON c.id = a.case_id
JOIN accounts_organisation o ON o.id = a.acting_org_id
LEFT JOIN cases_span s ON s.case_id = a.case_id AND s.assignment_id = a.id AND s.ended_at IS NULL
LEFT JOIN LATERAL (SELECT * FROM cases_hold w WHERE w.case_id = a.case_id ORDER BY w.no DESC LIMIT 1) h
    ON a.no = c.unit_no
WHERE a.case_id = ANY(%s) AND (a.no = 1 OR a.no = c.unit_no OR (a.kind <> 'main' AND a.ended_at IS NULL)) ORDER BY a.id
"""
_SPAN_AT = len(AssignmentRow._fields)
_HOLD_AT = _SPAN_AT + len(SpanRow._fields)


def holds_of(ids: Sequence[int]) -> dict[int, list[HoldRow]]:
    """All requests for more time of these cases, in their order; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_HOLD} FROM cases_hold h WHERE h.case_id = ANY(%s) ORDER BY h.case_id, h.no", [list(ids)]
        )
        found: dict[int, list[HoldRow]] = {}
        for row in cursor.fetchall():
            found.setdefault(row[0], []).append(read_row(HoldRow, row))
    return found


class Begun(NamedTuple):
    """When the clocks of the first and of the present unit of a case began."""

    first: datetime
    last: datetime


def clocks_begun(ids: Sequence[int], starts: str) -> dict[int, Begun]:
    """When the units' clocks began, where they have: at the dispatch, or when they signed (`starts`); one statement."""
    began = "min(s.started_at)" if starts == "sign_for" else "min(a.started_at)"
    found: dict[int, Begun] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT a.case_id, {began} FROM cases_assignment a JOIN cases_case c ON c.id = a.case_id"
            " LEFT JOIN cases_span s ON s.case_id = a.case_id AND s.assignment_id = a.id AND s.stage = 'handle'"
            " WHERE a.case_id = ANY(%s) AND a.kind = 'main' AND a.no > 1 AND (a.no = c.unit_no OR a.no = ("
            "  SELECT min(f.no) FROM cases_assignment f WHERE f.case_id = c.id AND f.kind = 'main' AND f.no > 1))"
            " GROUP BY a.case_id, a.no ORDER BY a.case_id, a.no",
            [list(ids)],
        )
        for case_id, began_at in cursor.fetchall():
            if began_at is not None:
                found[case_id] = Begun(found[case_id].first if case_id in found else began_at, began_at)
    return found


def id_of(number: str, actor: Actor) -> int:
    """The id of a case that `actor` may see; Unknown otherwise, whether it exists or not."""
    clause, values = visible_to(actor)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT c.id FROM cases_case c WHERE c.number = %s AND {clause}", [number, *values])
        row = cursor.fetchone()
    if row is None:
        raise Unknown("case_unknown", number=number)
    return int(row[0])


MERGED = (
    "(WITH RECURSIVE down (id) AS (SELECT {case}::int8 UNION SELECT t.case_id FROM cases_link t"
    " JOIN down ON t.other_id = down.id WHERE t.kind = 'duplicate_of' AND t.ended_at IS NULL) SELECT id FROM down)"
)
"""A case and all that are merged into it, or into one of those."""
MAIN = (
    "(WITH RECURSIVE up (id, steps) AS (SELECT {case}::int8, 0 UNION ALL SELECT t.other_id, up.steps + 1"
    " FROM cases_link t JOIN up ON t.case_id = up.id WHERE t.kind = 'duplicate_of' AND t.ended_at IS NULL)"
    " SELECT id FROM up ORDER BY steps DESC LIMIT 1)"
)
"""The case that a case is merged into in the end; itself if it is not."""


def other_case(case: Snapshot) -> Other:
    """A case as one that a step of another case is about; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE above (id) AS (SELECT other_id FROM cases_link WHERE case_id = %s AND ended_at IS NULL"
            " UNION SELECT t.other_id FROM cases_link t JOIN above a ON t.case_id = a.id WHERE t.ended_at IS NULL)"
            " SELECT id FROM above",
            [case.case.id],
        )
        above = frozenset(id_ for (id_,) in cursor.fetchall())
    handler = case.unit.acting_org_id if case.unit and case.unit_span else None
    return Other(case.case.id, case.case.number, case.case.state, handler, above)


def share(hold: HoldRow, organisation: int, since: datetime) -> Share:
    """How many requests of its kind were granted to an organisation since, of how many dispatches; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM cases_hold h JOIN cases_assignment a ON a.id = h.assignment_id"
            " WHERE h.kind = %s AND h.granted AND h.decided_at >= %s AND a.acting_org_id = %s),"
            " (SELECT count(*) FROM cases_assignment a WHERE a.no > 1 AND a.kind = 'main' AND a.acting_org_id = %s"
            " AND a.started_at >= %s)",
            [hold.kind, since, organisation, organisation, since],
        )
        return Share(*cursor.fetchone())


class Seen(NamedTuple):
    id: int
    state: str
    seq: int


def seen_by(actor: Actor, numbers: Iterable[str]) -> dict[str, Seen]:
    """Those of `numbers` that `actor` may see, as they stand; one statement."""
    clause, values = visible_to(actor)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT c.number, c.id, c.state, c.seq FROM cases_case c WHERE c.number = ANY(%s) AND {clause}",
            [list(numbers), *values],
        )
        return {number: Seen(*rest) for number, *rest in cursor.fetchall()}


def merged_into(case_id: int) -> int:
    """The case that a case was merged into, and that one again, to the last; itself where it stands alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE up (id, depth) AS (SELECT %s::int8, 0 UNION SELECT t.other_id, up.depth + 1"
            " FROM cases_link t JOIN up ON t.case_id = up.id WHERE t.kind = 'duplicate_of' AND t.ended_at IS NULL)"
            " SELECT id FROM up ORDER BY depth DESC LIMIT 1",
            [case_id],
        )
        return int(cursor.fetchone()[0])


def visible_to(actor: Actor) -> tuple[str, list[Any]]:
    """A condition on `c` (cases_case), with its values: the cases that some post of `actor` may read.

    A post sees the cases of its area; a handling post only those assigned to its organisation or one below.
    """
    if actor.trusted:
        return "TRUE", []
    reached = [reach(post) for post in actor.posts if "cases.read" in post.permissions]
    clauses = " OR ".join(clause for clause, _ in reached)
    return f"({clauses})" if reached else "FALSE", [value for _, values in reached for value in values]


def reach(post: HeldPost, *, assigned: str = "") -> tuple[str, list[Any]]:
    """A condition on `c`: the cases in the area of a post and, where it handles, assigned to its organisation.

    `assigned`: a further condition on that assignment `v`. Organisations are told one by one, and areas as arrays,
    because the database then knows how many cases there are of each.
    """
    parts: list[str] = []
    values: list[Any] = []
    if post.area is not None:
        parts.append("c.areas @> ARRAY[%s]::int8[]")
        values.append(post.area)
    if post.handles:
        parts.append(
            "EXISTS (SELECT FROM cases_assignment v"
            f" WHERE v.case_id = c.id AND v.no > 1 AND v.acting_org_id = ANY(%s::int8[]){assigned})"
        )
        values.append(catalogue(city().revision).units_below(post.organisation))
    return " AND ".join(parts) or "TRUE", values


def keyed(clause: str, told: Sequence[Any], values: dict[str, Any]) -> str:
    """A condition whose values are given by name instead of by their order."""
    for value in told:
        name = f"v{len(values)}"
        values[name] = value
        clause = clause.replace("%s", f"%({name})s", 1)
    return clause


def require_photo(case_id: int, photo: str) -> None:
    """Unknown unless an entry of the case names this photo; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM cases_entry WHERE case_id = %s"
            " AND evidence @> jsonb_build_array(jsonb_build_object('photo', %s::text)) LIMIT 1",
            [case_id, photo],
        )
        if cursor.fetchone() is None:
            raise Unknown("photo_unknown", photo=photo)


def history(case_id: int) -> dict[str, Any]:
    """One case whole, in a constant number of statements: its row, assignments, spans and entries, with names."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.*, k.code AS category, k.name AS category_name, g.code AS grid,"
            " l.code AS ledger_code, l.tier AS ledger_tier, l.basis AS ledger_basis,"
            " (SELECT json_agg(json_build_object('level', r.level, 'code', r.code, 'name', r.name)"
            "  ORDER BY cardinality(r.path)) FROM places_area r WHERE r.id = ANY(c.areas)) AS places"
            " FROM cases_case c JOIN standards_category k ON k.id = c.category_id"
            " LEFT JOIN places_unitgrid g ON g.id = c.grid_id"
            " LEFT JOIN registry_ledgerrow l ON l.id = c.ledger_row_id WHERE c.id = %s",
            [case_id],
        )
        case = _dicts(cursor)[0]
        for name, table, order in (
            (
                "assignments",
                "cases_assignment r JOIN accounts_organisation o ON o.id = r.acting_org_id",
                "r.no",
            ),
            (
                "spans",
                "cases_span r JOIN accounts_organisation o ON o.id = r.organisation_id",
                "r.started_at, r.no",
            ),
        ):
            cursor.execute(
                f"SELECT r.*, o.code AS organisation, o.name AS organisation_name FROM {table}"
                f" WHERE r.case_id = %s ORDER BY {order}",
                [case_id],
            )
            case[name] = _dicts(cursor)
        cursor.execute(f"SELECT {_ENTRY} FROM cases_entry e WHERE e.case_id = %s ORDER BY e.seq", [case_id])
        case["entries"] = _dicts(cursor)
    return case


def standing() -> list[tuple[str, int]]:
    """How many cases stand in each state."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, count(*) FROM cases_case GROUP BY state")
        return [(state, count) for state, count in cursor.fetchall()]


def taken_numbers(numbers: Iterable[str]) -> set[str]:
    """Those of `numbers` that a case has already; one statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM cases_case WHERE number = ANY(%s)", [list(numbers)])
        return {number for (number,) in cursor.fetchall()}


def extent() -> tuple[datetime | None, datetime | None]:
    """When the first case was opened and when the last step happened; None for no cases."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(opened_at), max(last_at) FROM cases_case")
        first, last = cursor.fetchone()
    return first, last


def count_by_grid(grids: Sequence[int]) -> dict[int, int]:
    """How many cases there have been in each of these unit grids (ids); one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT grid_id, count(*) FROM cases_case WHERE grid_id = ANY(%s) GROUP BY grid_id", [list(grids)]
        )
        return dict(cursor.fetchall())


def counts() -> dict[str, int]:
    """How many cases, steps taken, spans, and cases still open there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM cases_case), (SELECT count(*) FROM cases_entry),"
            " (SELECT count(*) FROM cases_span), (SELECT count(*) FROM cases_case WHERE closed_at IS NULL)"
        )
        return dict(zip(("cases", "steps", "spans", "open"), cursor.fetchone(), strict=True))


def _dicts(cursor: Any) -> list[dict[str, Any]]:
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def count_by_ground() -> dict[tuple[int, int], int]:
    """How many cases there ever were, by unit grid and category; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT grid_id, category_id, count(*) FROM cases_case"
            " WHERE grid_id IS NOT NULL AND category_id IS NOT NULL GROUP BY grid_id, category_id"
        )
        return {(grid, category): count for grid, category, count in cursor.fetchall()}
