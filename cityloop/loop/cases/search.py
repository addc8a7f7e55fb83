"""Who did what: entries of all cases, newest first, for those who look after the city and for auditors."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from cityloop.core.actor import Actor
from cityloop.core.errors import Denied, Refused
from cityloop.loop.cases.queries import visible_to

ALL = "admin.use"
"""Sees who did what in every case, and nothing of the cases themselves."""
OWN = "audit.read"
"""Sees the entries of the cases that its posts may read."""


class Act(NamedTuple):
    """One step taken; `person` is the name of the user, where it was one."""

    case_id: int
    number: str
    seq: int
    step: str
    from_state: str
    to_state: str
    at: datetime
    recorded_at: datetime
    actor: str
    person: str | None
    post: str
    inferred: bool

    @property
    def key(self) -> str:
        """To be given as `before` for what comes after this one."""
        return f"{self.recorded_at.isoformat()}_{self.case_id}_{self.seq}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Conditions that all hold; an empty one is none. `actor`: a user name, or `history` or `system`."""

    number: str = ""
    actor: str = ""
    post: str = ""
    step: str = ""
    since: datetime | None = None
    until: datetime | None = None


def acts(wanted: Wanted, *, actor: Actor, limit: int, before: str = "") -> list[Act]:
    """What was recorded from `since` up to but not including `until`, newest first; one SQL statement.

    Denied without `admin.use` or `audit.read`.
    """
    clauses, values = _scope(actor)
    for clause, value in (
        ("c.number = %s", wanted.number),
        ("(e.actor = %s OR e.actor = (SELECT 'user:' || id FROM accounts_user WHERE username = %s))", wanted.actor),
        ("e.post = %s", wanted.post),
        ("e.step = %s", wanted.step),
        ("e.recorded_at >= %s", wanted.since),
        ("e.recorded_at < %s", wanted.until),
    ):
        if value:
            clauses.append(clause)
            values.extend([value] * clause.count("%s"))
    if before:
        clauses.append("(e.recorded_at, e.case_id, e.seq) < (%s, %s, %s)")
        values.extend(_key(before))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.case_id, c.number, e.seq, e.step, e.from_state, e.to_state, e.at, e.recorded_at, e.actor,"
            " coalesce(nullif(u.first_name, ''), u.username), e.post, e.inferred"
            " FROM cases_entry e JOIN cases_case c ON c.id = e.case_id"
            " LEFT JOIN accounts_user u ON e.actor = 'user:' || u.id"
            f" WHERE {' AND '.join(clauses)}"
            " ORDER BY e.recorded_at DESC, e.case_id DESC, e.seq DESC LIMIT %s",
            [*values, limit],
        )
        return [Act(*row) for row in cursor.fetchall()]


def _scope(actor: Actor) -> tuple[list[str], list[Any]]:
    if actor.may(ALL):
        return ["TRUE"], []
    if not actor.may(OWN):
        raise Denied("permission_missing", permission=OWN)
    clause, values = visible_to(actor)
    return [clause], values


def _key(before: str) -> tuple[datetime, int, int]:
    try:
        instant, case_id, seq = before.split("_")
        return datetime.fromisoformat(instant), int(case_id), int(seq)
    except ValueError as error:
        raise Refused("fact_wrong", fact="before", value=before) from error
