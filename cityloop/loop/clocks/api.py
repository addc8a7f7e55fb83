"""HTTP edge of calendars: when work is done, day by day of a year."""

from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places.actions import SET_UP
from cityloop.loop.clocks.calendar import WorkCalendar
from cityloop.loop.clocks.ground import ground
from cityloop.loop.clocks.years import Day, year_of

router = Router(tags=["clocks"])


class DayOut(Schema):
    """`kind`: `work` and `rest` as the weekday has it; `holiday` and `make_up` are days of their own, against their
    weekday; `changed` are working days with other hours. `provisional`: the calendar does not know the day yet."""

    day: date
    kind: Literal["work", "rest", "holiday", "make_up", "changed"]
    periods: list[tuple[str, str]]
    provisional: bool


class CalendarOut(Schema):
    """One calendar in one year; `known_until` is its last known day, null where the week alone is the whole truth."""

    code: str
    zone: str
    wd_rule: str
    at_boundary: str
    known_until: date | None
    year: int
    working_days: int
    days: list[DayOut]


@router.get("/calendars", response=list[CalendarOut])
def calendars(request: HttpRequest, year: Annotated[int, Field(ge=1970, le=2200)]) -> list[dict[str, Any]]:
    """All calendars, in a year; for whoever reads cases, and for whoever maintains the calendars."""
    actor = actor_of(request)
    if not actor.may(SET_UP):
        actor.require("cases.read")
    return [_calendar(calendar, year) for _, calendar in sorted(ground().clock.calendars.items())]


def _calendar(calendar: WorkCalendar, year: int) -> dict[str, Any]:
    days = year_of(calendar, year)
    return {
        "code": calendar.code,
        "zone": calendar.zone,
        "wd_rule": calendar.wd_rule,
        "at_boundary": calendar.at_boundary,
        "known_until": calendar.known_until,
        "year": year,
        "working_days": sum(bool(day.periods) for day in days),
        "days": [_day(day) for day in days],
    }


def _day(day: Day) -> dict[str, Any]:
    return day._asdict() | {"periods": [(_time(start), _time(end)) for start, end in day.periods]}


def _time(second: int) -> str:
    hour, minute = divmod(second // 60, 60)
    return f"{hour:02d}:{minute:02d}"
