"""Readers of reports for everybody else."""

from datetime import datetime
from typing import Any

from django.db import connection

from cityloop.core.actor import Actor
from cityloop.core.errors import Unknown
from cityloop.loop.cases.queries import MERGED


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


def reports_of(case_id: int, actor: Actor) -> list[dict[str, Any]]:
    """The reports of a case and of those merged into it, with their facts and replies; one statement.

    Contact data only where a post needs it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.number, r.channel, r.outside_id, r.happened_at, r.words, r.reporter::json, r.evidence::json,"
            " (SELECT c.number FROM cases_case c WHERE c.id = r.case_id) AS case, y.answered_at, y.answer,"
            " (SELECT coalesce(json_agg(json_build_object('name', f.name, 'value', f.value, 'source', f.source,"
            "  'confidence', f.confidence) ORDER BY f.id), '[]') FROM intake_fact f WHERE f.report_id = r.id) AS facts"
            " FROM intake_report r LEFT JOIN intake_reply y ON y.report_id = r.id"
            f" WHERE r.case_id IN {MERGED.format(case='%s')} ORDER BY r.happened_at, r.id",
            [case_id],
        )
        names = [column.name for column in cursor.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    open_ = actor.trusted or any("reports.contact" in post.permissions for post in actor.posts)
    for row in rows:
        row["reporter"] = {name: value if open_ else masked(value) for name, value in row["reporter"].items()}
    return rows


def masked(text: str) -> str:
    """Contact data as most posts see it: its first character, the rest stars."""
    return text[:1] + "*" * max(len(text) - 1, 3) if text else ""
