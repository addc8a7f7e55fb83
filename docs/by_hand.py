"""What docs/deadlines.md says, for the tests that hold the clock to it."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from cityloop.loop.clocks.calendar import WorkCalendar, calendar

PAGE = (Path(__file__).parent / "deadlines.md").read_text(encoding="utf-8")


class Row(NamedTuple):
    number: str
    calendar: str
    starts: str
    limit: str
    pauses: str
    due: str
    because: str


def _calendars() -> dict[str, WorkCalendar]:
    found = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    written: dict[str, dict[str, Any]] = json.loads(found[1]) if found else {}
    return {name: calendar({**written.get(data.get("like", ""), {}), **data}) for name, data in written.items()}


CALENDARS = _calendars()
ROWS = [
    Row(*(cell.strip() for cell in line.strip().strip("|").split("|")))
    for line in PAGE.splitlines()
    if re.match(r"\| \d", line)
]
