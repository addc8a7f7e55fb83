"""Maintenance of working calendars, as text that a person can write: `09:00-12:00 13:30-17:00`."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from cityloop.core.actor import Actor
from cityloop.core.errors import Refused
from cityloop.core.maintenance import Form, MaintenanceAdmin, text
from cityloop.ground.places.actions import SET_UP
from cityloop.loop.clocks.actions import CalendarData, change_calendar
from cityloop.loop.clocks.calendar import WEEKDAYS
from cityloop.loop.clocks.models import Calendar

PERIODS = _("Such as 09:00-12:00 13:30-17:00; empty: no work.")


class CalendarForm(Form[Calendar]):
    mon = text(_("Monday"), hint=PERIODS)
    tue = text(_("Tuesday"))
    wed = text(_("Wednesday"))
    thu = text(_("Thursday"))
    fri = text(_("Friday"))
    sat = text(_("Saturday"))
    sun = text(_("Sunday"))
    single_days = forms.CharField(
        label=_("Single days"),
        required=False,
        help_text=_("One a line: the day, then its work periods; a day alone is a holiday."),
        widget=UnfoldAdminTextareaWidget({"rows": 16}),
    )

    class Meta:
        model = Calendar
        fields = ("wd_rule", "at_boundary", "known_until")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        week, days = self.instance.week or {}, self.instance.days or {}
        for name in WEEKDAYS:
            self.initial[name] = written(week.get(name, ()))
        self.initial["single_days"] = "\n".join(f"{day} {written(days[day])}".strip() for day in sorted(days))


@admin.register(Calendar)
class CalendarAdmin(MaintenanceAdmin[Calendar]):
    """Working calendars: hours and single days. Deadlines already set stay as they are."""

    writes = SET_UP
    list_before_template = "admin/pack_decides.html"
    form = CalendarForm
    fields = ("code", "zone", "wd_rule", "at_boundary", *WEEKDAYS, "single_days", "known_until")
    readonly_fields = ("code", "zone")
    list_display = ("code", "zone", "hours", "single", "known_until")
    ordering = ("code",)

    @admin.display(description=_("Week"))
    def hours(self, calendar: Calendar) -> str:
        return " · ".join(written(calendar.week[day]) for day in WEEKDAYS if calendar.week.get(day))

    @admin.display(description=_("Single days"))
    def single(self, calendar: Calendar) -> int:
        return len(calendar.days)

    def save_row(self, row: Calendar, form: Any, actor: Actor, change: bool) -> None:
        wanted = form.cleaned_data
        week = {day: read(row.code, wanted[day]) for day in WEEKDAYS}
        days: dict[str, Any] = {}
        for line in filter(str.strip, wanted["single_days"].splitlines()):
            day, *periods = line.split(maxsplit=1)
            if day in days:
                raise Refused("calendar_day_twice", calendar=row.code, day=day)
            days[_day(row.code, day)] = read(row.code, " ".join(periods))
        kept = {day: periods for day, periods in week.items() if periods}
        data = CalendarData(row.code, row.zone, row.wd_rule, row.at_boundary, kept, days, row.known_until)
        change_calendar(data, actor=actor)


def _day(code: str, day: str) -> str:
    try:
        if date.fromisoformat(day).isoformat() == day:
            return day
    except ValueError:
        pass
    raise Refused("calendar_day_wrong", calendar=code, day=day)


def written(periods: Iterable[Iterable[str]]) -> str:
    """`09:00-12:00 13:30-17:00`"""
    return " ".join("-".join(period) for period in periods)


def read(code: str, text: str) -> list[list[str]]:
    """The work periods of a line; Refused (calendar_period_wrong) where one has no two ends."""
    periods = [[part.strip() for part in period.split("-")] for period in text.replace(",", " ").split()]
    for period in periods:
        if len(period) != 2:
            raise Refused("calendar_period_wrong", calendar=code, period="-".join(period))
    return periods
