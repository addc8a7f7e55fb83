"""Limits in bulk, for anybody: one JSON object a line in, one a line out; no city and no database.

In: `{"id": 1, "start": "2026-02-13T16:20:00+08:00", "value": 7, "unit": "wh", "pauses": [["...", "..."]]}`, and the end
of a pause may be null. Out: `{"id": 1, "due": "2026-02-14T15:20:00+08:00"}` with the calendar's offset, and with
`"provisional": true` beyond its last known day; `"due": null` in an open pause; or `{"id": 1, "error": "..."}`.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import orjson

from cityloop.core.errors import Refused
from cityloop.core.texts import _
from cityloop.core.units import LimitUnit
from cityloop.loop.clocks.calendar import WorkCalendar, calendar
from cityloop.loop.clocks.due import due, provisional
from cityloop.loop.clocks.scales import Pause

PLAIN = (int, str, type(None))
UNITS = {unit.value: unit for unit in LimitUnit}


def read_calendar(path: Path) -> WorkCalendar:
    """The calendar that a JSON file holds. Refused with what is wrong with it."""
    try:
        data = orjson.loads(path.read_bytes().removeprefix(BOM_UTF8))
    except FileNotFoundError as error:
        raise Refused("file_missing", path=path) from error
    except (OSError, orjson.JSONDecodeError) as error:
        raise Refused("file_unreadable", path=path, reason=getattr(error, "strerror", None) or error) from error
    if not isinstance(data, dict):
        raise Refused("file_unreadable", path=path, reason=_("a calendar is a JSON object with zone, week and days"))
    return calendar({"code": path.name, **data})


def answers(lines: Sequence[bytes], calendar: WorkCalendar) -> bytes:
    """A line for each, in their order."""
    return b"".join([_written(answer(line, calendar)) for line in lines])


def answer(line: bytes, calendar: WorkCalendar) -> dict[str, object]:
    """What a line asks for, or the code of what is wrong with it."""
    asked = _read(line)
    if asked is None:
        return {"id": None, "error": "line_unreadable"}
    found = {"id": asked.get("id")}
    try:
        unit = _unit(asked.get("unit"))
        start, pauses = _instant(asked.get("start"), "start_unreadable"), _pauses(asked.get("pauses"))
        ended = due(_value(asked.get("value")), unit, start, calendar, pauses)
        found["due"] = None if ended is None else ended.astimezone(calendar.tz).isoformat()
        if provisional(ended, unit, calendar):
            found["provisional"] = True
    except Refused as refusal:
        found["error"] = refusal.code
    except OverflowError:  # no calendar has such a year
        found["error"] = "limit_too_long"
    return found


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        asked = orjson.loads(line)
        if isinstance(asked, dict) and isinstance(asked.get("id"), PLAIN):
            return asked
    except orjson.JSONDecodeError:
        pass
    try:
        asked = json.loads(line.removeprefix(BOM_UTF8))  # keeps ids beyond 64 bits, and those of lines with a NaN
    except (ValueError, RecursionError):
        return None
    return asked if isinstance(asked, dict) else None


def _written(found: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        pass
    try:
        return json.dumps(found).encode() + b"\n"
    except (ValueError, RecursionError):
        return _written(found | {"id": None})


def _unit(unit: object) -> LimitUnit:
    if isinstance(unit, str) and unit in UNITS:
        return UNITS[unit]
    raise Refused("unit_unknown", unit=unit)


def _value(value: object) -> Decimal | int:
    """Any number, also one written as text; a float is the shortest number that it stands for."""
    if type(value) is int:
        return value
    try:
        number = Decimal(repr(value) if isinstance(value, float) else value if isinstance(value, str) else "")
    except InvalidOperation as error:
        raise Refused("value_unreadable", value=value) from error
    if not number.is_finite():
        raise Refused("value_unreadable", value=value)
    return number


def _instant(text: object, code: str) -> datetime:
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Refused(code, text=text)
    return at


def _pauses(pauses: object) -> list[Pause]:
    if pauses is None:
        return []
    if not isinstance(pauses, list):
        raise Refused("pauses_unreadable", text=pauses)
    found: list[Pause] = []
    for pause in pauses:
        if not isinstance(pause, list) or len(pause) != 2:
            raise Refused("pauses_unreadable", text=pause)
        start, end = pause
        ends = None if end is None else _instant(end, "pauses_unreadable")
        found.append((_instant(start, "pauses_unreadable"), ends))
    return found
