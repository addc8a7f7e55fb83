"""The only writer of working calendars."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import transaction

from cityloop.core import bulk
from cityloop.core.actor import Actor
from cityloop.ground.places.actions import SET_UP, renew
from cityloop.loop.clocks.calendar import calendar

CALENDARS = bulk.Table(
    "clocks_calendar",
    {
        "code": "text",
        "zone": "text",
        "wd_rule": "text",
        "at_boundary": "text",
        "week": "jsonb",
        "days": "jsonb",
    },
    key=("code",),
)


class CalendarData(NamedTuple):
    """`week` maps `mon`..`sun`, `days` ISO dates, to lists of `["08:00", "12:00"]`."""

    code: str
    zone: str
    wd_rule: str
    at_boundary: str
    week: dict[str, Any]
    days: dict[str, Any]


@transaction.atomic
def change_calendar(data: CalendarData, *, actor: Actor) -> None:
    """Change the hours of a calendar. Refused, with a code that begins with `calendar_`, where no clock could run."""
    actor.require(SET_UP)
    _ = calendar(data._asdict()).working_day
    renew(actor=actor)
    put_calendars([data], actor=actor)


@transaction.atomic
def put_calendars(calendars: Sequence[CalendarData], *, actor: Actor) -> None:
    """Add or change calendars; deadlines already written stay as they are."""
    actor.require(SET_UP)
    rows = [(*calendar[:4], json.dumps(calendar.week), json.dumps(calendar.days)) for calendar in calendars]
    bulk.upsert(CALENDARS, rows)
