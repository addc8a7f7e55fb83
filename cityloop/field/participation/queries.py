"""Readers of what citizens sent: for whoever sent it, and for the desk."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from cityloop.core.errors import Unknown
from cityloop.core.texts import N_
from cityloop.ground.places.city import CityValue
from cityloop.ground.places.queries import areas_on
from cityloop.loop.cases.catalogue import catalogue
from cityloop.loop.cases.queries import MAIN

STATES: dict[str, str] = {
    "received": N_("We have your report and will look at it."),
    "open": N_("We are working on it."),
    "done": N_("It is done."),
    "refused": N_("We could not take this up."),
    "void": N_("This report was set aside."),
    "withdrawn": N_("You took this report back."),
    "discarded": N_("We could not take this report in."),
}
"""How a report stands, in words for whoever sent it."""
STEPS: dict[str, str] = {
    "ask_verification": N_("Somebody is looking at the place"),
    "file": N_("Taken up"),
    "dispatch": N_("Sent to whoever puts it right"),
    "handle": N_("Worked on"),
    "rework": N_("Not good enough yet: sent back"),
    "check": N_("Checked on the spot"),
    "close": N_("Done"),
    "refuse": N_("Not taken up"),
    "void": N_("Set aside"),
    "redo": N_("Not good enough: it is done over"),
    "reopen": N_("Taken up again"),
    "withdraw": N_("Taken back"),
}
"""The steps of a case that its reporter sees; what the desks settle among themselves is none of them."""
RECEIVED, DISCARDED = N_("Received"), N_("Not taken in")
SHOWN = frozenset({"handle", "rework", "check"})
"""The steps whose photos a reporter sees."""
_CASE_STATES = {None: "received", "closed": "done", "refused": "refused", "void": "void", "withdrawn": "withdrawn"}


class Passed(NamedTuple):
    """A step as a reporter sees it; `title` is a text to translate."""

    at: datetime
    title: str


class Followed(NamedTuple):
    """A submission and what became of it. Nobody who worked on it is named."""

    key: UUID
    secret: bytes
    number: str
    state: str
    opened_at: datetime
    closed_at: datetime | None
    answer: str
    category: str
    """Its code: that of the case, before there is one that which the sender chose."""
    address: str
    steps: tuple[Passed, ...]
    photos: tuple[str, ...]


def followed(number: str) -> Followed | None:
    """A submission by its number, with what its report and case tell a reporter; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.key, s.secret, s.number, s.received_at, s.decided_at, s.decision, s.decision_reason,"
            " coalesce((SELECT k.code FROM standards_category k WHERE k.id = c.category_id), s.body->>'category'),"
            " s.body->>'address', y.answer, y.answered_at IS NOT NULL,"
            " c.state, c.closed_at,"
            " (SELECT coalesce(array_agg(e.step ORDER BY e.seq), '{}') FROM cases_entry e WHERE e.case_id = c.id),"
            " (SELECT coalesce(array_agg(e.at ORDER BY e.seq), '{}') FROM cases_entry e WHERE e.case_id = c.id),"
            " (SELECT coalesce(array_agg(p.item->>'photo' ORDER BY e.seq), '{}') FROM cases_entry e"
            "  CROSS JOIN jsonb_array_elements(e.evidence) AS p (item)"
            "  WHERE e.case_id = c.id AND e.step = ANY(%s) AND p.item ? 'photo')"
            " FROM participation_submission s LEFT JOIN intake_report r ON r.number = s.report_number"
            " LEFT JOIN intake_reply y ON y.report_id = r.id"
            f" LEFT JOIN cases_case c ON c.id = {MAIN.format(case='r.case_id')}"
            " WHERE s.number = %s",
            [sorted(SHOWN), number],
        )
        row = cursor.fetchone()
    return None if row is None else _followed(*row)


def _followed(
    key: UUID, secret: bytes, number: str, received_at: datetime, decided_at: datetime | None, decision: str,
    reason: str, category: str, address: str, answer: str | None, answered: bool | None, state: str | None,
    closed_at: datetime | None, steps: list[str], instants: list[datetime], photos: list[str],
) -> Followed:  # fmt: skip
    passed = [Passed(received_at, RECEIVED)]
    passed += [Passed(at, STEPS[step]) for step, at in zip(steps, instants, strict=True) if step in STEPS]
    told = _CASE_STATES.get(state, "open")
    if decision == "discarded":
        assert decided_at is not None  # a decision has its instant
        told, answer, answered, closed_at = "discarded", reason, True, decided_at
        passed.append(Passed(decided_at, DISCARDED))
    return Followed(
        key, bytes(secret), number, told, received_at, closed_at, (answer or "") if answered else "",
        category, address, tuple(passed), tuple(dict.fromkeys(photos)),
    )  # fmt: skip


def held(limit: int, after: int) -> list[dict[str, Any]]:
    """Submissions that wait for a decision, oldest first, from beyond the id `after`; one statement.

    `sent`: how many came from the same sender on the same day.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.id, s.number, s.received_at, s.held_reason, s.body::json, s.contact::json,"
            " (SELECT count(*) FROM participation_submission o WHERE o.sender = s.sender) AS sent"
            " FROM participation_submission s"
            " WHERE s.decided_at IS NULL AND s.held_reason <> '' AND s.id > %s ORDER BY s.id LIMIT %s",
            [after, limit],
        )
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def require_photo(submission: int, photo: str) -> None:
    """Unknown unless this photo came with this submission; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM participation_submission WHERE id = %s AND held_reason <> '' AND body->'photos' ? %s",
            [submission, photo],
        )
        if cursor.fetchone() is None:
            raise Unknown("photo_unknown", photo=photo)


def category_names(here: CityValue, language: str) -> dict[str, str]:
    """Names of all categories by code."""
    return {row.code: row.said(language) for row in catalogue(here.revision).categories}


def city_for_citizens(here: CityValue, language: str, at: datetime) -> dict[str, Any]:
    """What the report page has to know of the city."""
    day = here.day(at)
    notices = here.settings.get("public_notice") or {}
    return {
        "name": here.names.get(language, here.name),
        "takes_reports": bool(here.settings.get("public_channel")),
        "bounds": areas_on(here.revision, day).bounds,
        "notice": notices.get(language) or next(iter(notices.values()), ""),
        "categories": _categories(here.revision, language, day.isoformat()),
    }


@lru_cache(maxsize=8)
def _categories(revision: str, language: str, day: str) -> list[dict[str, Any]]:
    """The minor categories of the rule book in force, with the major ones above them."""
    rows = catalogue(revision).categories
    by_id = {row.id: row for row in rows}
    on = datetime.fromisoformat(day).date()
    chosen: Iterable[Any] = (row for row in rows if row.kind == "minor" and row.in_force(on))
    found = []
    for row in chosen:
        above = by_id[row.path[-2]] if len(row.path) > 1 else None
        found.append({
            "code": row.code,
            "name": row.said(language),
            "major": above.code if above else None,
            "major_name": above.said(language) if above else None,
        })  # fmt: skip
    return found
