"""Calendars for everybody who needs a clock."""

from cityloop.loop.clocks.calendar import WorkCalendar, calendar
from cityloop.loop.clocks.models import Calendar

COLUMNS = ("code", "zone", "wd_rule", "week", "days", "at_boundary", "known_until")
_made: dict[str, tuple[dict[str, object], WorkCalendar]] = {}


def calendars() -> dict[str, WorkCalendar]:
    """All calendars by code, in one statement. As long as a row keeps its content its calendar is the same
    object, with the work periods that it has laid out."""
    found = {}
    for row in Calendar.objects.values(*COLUMNS):
        code = row["code"]
        kept = _made.get(code)
        if kept is None or kept[0] != row:
            kept = _made[code] = dict(row), calendar(row)
        found[code] = kept[1]
    return found
