"""The rows of one case as plain tuples, in the order in which they are written. Datetimes are aware, in UTC."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from cityloop.core.bulk import Table


class CaseRow(NamedTuple):
    """A case. The first eight fields follow from the steps taken; the others are facts that a step sets."""

    id: int
    number: str
    state: str
    seq: int
    head: bytes
    last_at: datetime
    assignments_made: int
    spans_made: int
    round: int
    opened_at: datetime
    closed_at: datetime | None
    category_id: int
    first_due_at: datetime | None = None
    due_at: datetime | None = None
    yellow_at: datetime | None = None
    rule_id: int | None = None
    ledger_row_id: int | None = None
    grid_id: int | None = None
    areas: tuple[int, ...] = ()
    channel: str = ""
    route: str = "full"
    priority: int = 0
    object_code: str = ""
    lon: float | None = None
    lat: float | None = None
    address: str = ""
    finder_org_id: int | None = None
    finder_level: str = ""
    programme: str = ""
    assessed: bool = True
    announced: bool = False
    self_reported_first: bool = False
    verdict: str = ""
    """Of the last check in this round."""
    unit_no: int = 0
    """The number of the last handler's assignment, 0 before the first; it follows from the steps taken too."""


class AssignmentRow(NamedTuple):
    id: int
    case_id: int
    no: int
    parent_id: int | None
    round: int
    kind: str
    responsible_org_id: int
    acting_org_id: int
    started_at: datetime
    due_at: datetime | None = None
    yellow_at: datetime | None = None
    ended_at: datetime | None = None
    verdict: str = ""
    ruled: bool = False
    delivery: str = "inbox"
    parts: str = "[]"
    """JSON text: name, due and yellow instant of each limit, where the handling has several one after another."""
    told: int = 0
    """How many of the escalations have been told for the deadline as it stands."""


class SpanRow(NamedTuple):
    """A span. The fields from `grid_id` on are copies of the case's at the start of the span."""

    case_id: int
    no: int
    assignment_id: int
    main: bool
    stage: str
    round: int
    organisation_id: int
    started_at: datetime
    due_at: datetime | None = None
    yellow_at: datetime | None = None
    ended_at: datetime | None = None
    outcome: str = ""
    post: str = ""
    person: str = ""
    part: str = ""
    contractor_id: int | None = None
    grid_id: int | None = None
    areas: tuple[int, ...] = ()
    category_id: int | None = None
    rule_id: int | None = None
    ledger_row_id: int | None = None
    channel: str = ""


class HoldRow(NamedTuple):
    """A request for more time and what became of it. It waits while `granted` is None; `before` holds, as JSON text,
    the deadlines of case, assignment and parts as they were before a pause began."""

    case_id: int
    no: int
    assignment_id: int
    kind: str
    asked_at: datetime
    asked_by: str
    reason: str
    value: Decimal | None = None
    unit: str = ""
    until_at: datetime | None = None
    review_on: date | None = None
    measures: str = ""
    decided_at: datetime | None = None
    decided_by: str = ""
    granted: bool | None = None
    starts_at: datetime | None = None
    ended_at: datetime | None = None
    before: str = "{}"
    chain: str = "[]"
    """JSON text: the roles that have to approve, one after another; empty where whoever may decide does."""
    approved: int = 0
    """How many of them have."""


class LinkRow(NamedTuple):
    """A tie to another case; `ended_at` where it was taken away again."""

    case_id: int
    no: int
    kind: str
    other_id: int
    made_at: datetime
    made_by: str
    ended_at: datetime | None = None


class EntryRow(NamedTuple):
    case_id: int
    seq: int
    step: str
    at: datetime
    recorded_at: datetime
    from_state: str
    to_state: str
    actor: str
    post: str
    inferred: bool
    note: str
    evidence: str
    """JSON text, canonical."""
    changes: str
    digest: bytes
    algo: int = 1


ENDING = SpanRow._fields.index("ended_at")
"""Where the four fields stand that the end of a span fills in."""

_TYPES = {
    "id": "int8",
    "number": "text",
    "state": "text",
    "seq": "int4",
    "head": "bytea",
    "assignments_made": "int2",
    "spans_made": "int2",
    "unit_no": "int2",
    "round": "int2",
    "no": "int2",
    "areas": "int8[]",
    "priority": "int2",
    "lon": "float8",
    "lat": "float8",
    "assessed": "bool",
    "announced": "bool",
    "self_reported_first": "bool",
    "ruled": "bool",
    "main": "bool",
    "inferred": "bool",
    "parts": "jsonb",
    "told": "int2",
    "before": "jsonb",
    "chain": "jsonb",
    "approved": "int2",
    "granted": "bool",
    "value": "numeric",
    "review_on": "date",
    "evidence": "jsonb",
    "digest": "bytea",
    "algo": "int2",
}


def _column_type(name: str) -> str:
    if name.endswith("_at") or name == "at":
        return "timestamptz"
    return _TYPES.get(name) or ("int8" if name.endswith("_id") else "text")


def _table(name: str, row: type[Any], *key: str) -> Table:
    return Table(name, {field: _column_type(field) for field in row._fields}, key)


CASES = _table("cases_case", CaseRow, "id")
ASSIGNMENTS = _table("cases_assignment", AssignmentRow, "id")
SPANS = _table("cases_span", SpanRow, "case_id", "no")
HOLDS = _table("cases_hold", HoldRow, "case_id", "no")
LINKS = _table("cases_link", LinkRow, "case_id", "no")
ENTRIES = _table("cases_entry", EntryRow, "case_id", "seq")


def assignment_id(case_id: int, no: int) -> int:
    """The key of assignment `no` (1..999) of a case."""
    if not 0 < no < 1000:
        raise ValueError(f"a case has at most 999 assignments, not {no}")
    return case_id * 1000 + no


def number_of(assignment: int | None) -> int:
    """The number in its case of an assignment whose key is told; 0 for none."""
    return (assignment or 0) % 1000


def canonical(value: Any) -> str:
    """JSON text of a value, always the same: sorted keys, no spaces."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
