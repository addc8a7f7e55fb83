"""Readers of reports for everybody else."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from cityloop.core.actor import Actor, HeldPost
from cityloop.core.errors import Unknown
from cityloop.core.texts import _
from cityloop.loop.cases.queries import MERGED, visible_to
from cityloop.loop.clocks.due import light
from cityloop.loop.intake.replies.lifecycle import OWED, STATES, Stamps, state_of

CONTACT = "reports.contact"
AUDIT = "audit.read"


def waiting(limit: int = 50, *, after: tuple[datetime | str, int] | None = None) -> list[dict[str, Any]]:
    """Reports without a case, oldest first, with the facts that keep them from one; one statement.

    `after` is (happened_at, id) of the last row of the page before.
    """
    key = "AND (r.happened_at, r.id) > (%s::timestamptz, %s)" if after else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH chosen AS MATERIALIZED (SELECT r.id FROM intake_report r"
            f" WHERE r.case_id IS NULL {key} ORDER BY r.happened_at, r.id LIMIT %s)"
            " SELECT r.id, r.number, r.channel, r.happened_at, r.lon, r.lat, r.address, r.words, r.evidence::json,"
            " (SELECT coalesce(array_agg(f.name ORDER BY f.id), '{}') FROM intake_fact f"
            "  WHERE f.report_id = r.id AND f.name LIKE 'category_%%') AS missing"
            " FROM chosen JOIN intake_report r USING (id) ORDER BY r.happened_at, r.id",
            [*(after or ()), limit],
        )
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def require_photo(number: str, photo: str) -> None:
    """Unknown unless there is such a report and this photo came with it; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT evidence @> jsonb_build_array(jsonb_build_object('photo', %s::text)) FROM intake_report"
            " WHERE number = %s",
            [photo, number],
        )
        row = cursor.fetchone()
    if row is None:
        raise Unknown("report_unknown", number=number)
    if not row[0]:
        raise Unknown("photo_unknown", photo=photo)


def fact_counts() -> dict[str, int]:
    """How many facts of each name there are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, count(*) FROM intake_fact GROUP BY name ORDER BY name")
        return dict(cursor.fetchall())


def cases_of(sender_number: str) -> list[int]:
    """The cases opened from reports that their senders know by this number, or that we gave it; oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT case_id FROM intake_report"
            " WHERE (outside_id = %s OR number = %s) AND case_id IS NOT NULL ORDER BY id",
            [sender_number, sender_number],
        )
        return [case_id for (case_id,) in cursor.fetchall()]


def reports_of(case_id: int, actor: Actor, at: datetime) -> list[dict[str, Any]]:
    """The reports of a case and of those merged into it, with their facts and replies; one statement.

    Contact data only for a post that needs them where the case is; `shown_to` is its code, None where they are masked.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.number, r.channel, r.outside_id, r.happened_at, r.words, r.reporter::json, r.evidence::json,"
            " r.case_id, c.number AS case, c.areas, coalesce(y.order_number, '') AS order_number, y.answered_at,"
            " y.answer, y.sign_due_at, y.signed_at, y.returned_at, y.satisfied, y.answer_due_at, y.answer_yellow_at,"
            " (SELECT coalesce(json_agg(json_build_object('name', f.name, 'value', f.value, 'source', f.source,"
            "  'confidence', f.confidence) ORDER BY f.id), '[]') FROM intake_fact f WHERE f.report_id = r.id) AS facts"
            " FROM intake_report r JOIN cases_case c ON c.id = r.case_id LEFT JOIN intake_reply y ON y.report_id = r.id"
            f" WHERE r.case_id IN {MERGED.format(case='%s')} ORDER BY r.happened_at, r.id",
            [case_id],
        )
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    for row in rows:
        row["reporter"], row["shown_to"] = contact(row["reporter"], actor, row["areas"])
        row["reply"] = state_of(
            Stamps(row["sign_due_at"], row["signed_at"], row["answered_at"], row["returned_at"], row["satisfied"])
        )
        row["reply_title"] = _(STATES[row["reply"]])
        row["due_at"] = row["answer_due_at"] if row["reply"] in OWED else None
        row["light"] = light(at=at, yellow_at=row["answer_yellow_at"], due_at=row["due_at"], ended_at=None)
    return rows


def contact(told: dict[str, str], actor: Actor, areas: Iterable[int] | None) -> tuple[dict[str, str], str | None]:
    """How a reporter can be reached, as `actor` may see it, and under which of its posts; masked under none.

    `areas` hold what was reported; None where that is not known yet.
    """
    held = next((post for post in actor.posts if _needs_contact(post, areas)), None)
    if actor.trusted or held is not None:
        return told, held.code if held else ""
    return {name: masked(value) for name, value in told.items()}, None


def _needs_contact(post: HeldPost, areas: Iterable[int] | None) -> bool:
    return CONTACT in post.permissions and (areas is None or post.area is None or post.area in areas)


class Unmasked(NamedTuple):
    """Which unmaskings are asked for; an empty condition is none. `person`: a user name."""

    person: str = ""
    case: str = ""
    since: datetime | None = None
    until: datetime | None = None


def unmaskings(
    actor: Actor, wanted: Unmasked, *, limit: int, before: tuple[datetime | str, int] | None = None
) -> list[dict[str, Any]]:
    """Who saw a reporter's contact, newest first, from `since` up to but not including `until`; one statement.

    Of the cases that an auditing post of `actor` may read; what belongs to no case yet, only for the whole city.
    """
    auditing = tuple(post for post in actor.posts if AUDIT in post.permissions)
    whole = actor.trusted or any(post.area is None for post in auditing)
    visible, values = visible_to(Actor(actor.key, actor.name, auditing, actor.trusted))
    clauses = [f"(CASE WHEN m.case_id IS NULL THEN {whole} ELSE {visible} END)"]
    for clause, value in (
        ("m.actor = (SELECT 'user:' || id FROM accounts_user WHERE username = %s)", wanted.person),
        ("c.number = %s", wanted.case),
        ("m.at >= %s", wanted.since),
        ("m.at < %s", wanted.until),
        ("(m.at, m.id) < (%s, %s)", before),
    ):
        if value:
            clauses.append(clause)
            values.extend(value if isinstance(value, tuple) else [value])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.id, m.at, m.number AS report, c.number AS case, coalesce(u.username, m.actor) AS person,"
            " coalesce(nullif(u.first_name, ''), u.username, m.actor) AS person_name, m.post,"
            " coalesce(p.name, m.post) AS post_name"
            " FROM intake_unmasking m LEFT JOIN cases_case c ON c.id = m.case_id"
            " LEFT JOIN accounts_user u ON m.actor = 'user:' || u.id LEFT JOIN accounts_post p ON p.code = m.post"
            f" WHERE {' AND '.join(clauses)} ORDER BY m.at DESC, m.id DESC LIMIT %s",
            [*values, limit],
        )
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def masked(text: str) -> str:
    """Contact data as most posts see it: its first character, the rest stars."""
    return text[:1] + "*" * max(len(text) - 1, 3) if text else ""
