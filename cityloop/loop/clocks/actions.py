"""The only writer of working calendars."""

import json
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import transaction

from cityloop.core import bulk, jobs
from cityloop.core.actor import Actor
from cityloop.core.errors import Refused
from cityloop.ground.places.actions import SET_UP, renew
from cityloop.loop.clocks.calendar import calendar
from cityloop.loop.clocks.models import Calendar
from cityloop.reactions import CALENDAR_CHANGED

CALENDARS = bulk.Table(
    "clocks_calendar",
    {
        "code": "text",
        "zone": "text",
        "wd_rule": "text",
        "at_boundary": "text",
        "week": "jsonb",
        "days": "jsonb",
        "known_until": "date",
    },
    key=("code",),
)


class CalendarData(NamedTuple):
    """`week` maps `mon`..`sun`, `days` ISO dates, to lists of `["08:00", "12:00"]`; `known_until` is the last day
    whose hours are published."""

    code: str
    zone: str
    wd_rule: str
    at_boundary: str
    week: dict[str, Any]
    days: dict[str, Any]
    known_until: date | None = None


@transaction.atomic
def change_calendar(data: CalendarData, *, actor: Actor) -> None:
    """Change the hours of a calendar. Refused, with a code that begins with `calendar_`, where no clock could run."""
    actor.require(SET_UP)
    if not any(calendar(data._asdict()).week):
        raise Refused("calendar_empty", calendar=data.code)
    renew(actor=actor)
    put_calendars([data], actor=actor)


@transaction.atomic
def put_calendars(calendars: Sequence[CalendarData], *, actor: Actor) -> None:
    """Add or change calendars. Deadlines already written stay as they are, but for those that lay beyond the days a
    calendar knew: a job counts them anew."""
    actor.require(SET_UP)
    _defer_recounts(calendars)
    rows = [(*row[:4], json.dumps(row.week), json.dumps(row.days), row.known_until) for row in calendars]
    bulk.upsert(CALENDARS, rows)


def _defer_recounts(calendars: Sequence[CalendarData]) -> None:
    """One statement to see what changes, and one for the jobs, if any."""
    told = Calendar.objects.filter(code__in=[row.code for row in calendars], known_until__isnull=False)
    known = {row["code"]: CalendarData(**row) for row in told.values(*CalendarData._fields)}
    changed = [known[row.code] for row in calendars if row.code in known and known[row.code] != row]
    jobs.defer(
        (job, {"before": row._asdict() | {"known_until": str(row.known_until)}})
        for row in changed
        for job in CALENDAR_CHANGED
    )
