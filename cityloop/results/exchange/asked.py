"""What a request for features asks for: query parameters become values, or the standard's 400."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from django.http import QueryDict

from cityloop.core.errors import NotUnderstood
from cityloop.results.exchange.crs import CRS84, Window, window

LIMIT, MOST = 100, 10_000
"""Features in a page: unless asked otherwise, and at most."""
PARAMETERS = ("limit", "bbox", "bbox-crs", "datetime", "crs", "after", "f")
F_ONLY, CRS_ONLY = ("f",), ("f", "crs")
Span = tuple[date | None, date | None]
"""Days from and until, both counted in; None is open."""
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


class Asked(NamedTuple):
    """`after`: the key of the last feature of the page before; `filters`: values of properties."""

    limit: int
    window: Window | None
    span: Span | None
    crs: str
    after: str
    filters: dict[str, Any]

    @property
    def everything(self) -> bool:
        return self.window is None and self.span is None and not self.filters


def asked(
    given: Mapping[str, str], *, crss: list[str], kinds: Mapping[str, str], day: Callable[[datetime], date]
) -> Asked:
    """Of parameters that are known. `crss`: what is offered; `kinds`: JSON types of properties that may be asked for;
    `day`: the city's, of an instant."""
    measured = system(given.get("bbox-crs", CRS84), crss)
    return Asked(
        _limit(given.get("limit")),
        _window(given["bbox"], measured) if "bbox" in given else None,
        _span(given["datetime"], day) if "datetime" in given else None,
        system(given.get("crs", CRS84), crss),
        clean(given.get("after", "")),
        {name: _value(name, given[name], kind) for name, kind in kinds.items() if name in given},
    )


def known_only(query: QueryDict, known: tuple[str, ...]) -> dict[str, str]:
    """The parameters. NotUnderstood where one is not known, or stands there twice."""
    given: dict[str, str] = {}
    for name, values in query.lists():
        if name not in known:
            raise NotUnderstood("parameter_unknown", name=name, known=", ".join(known))
        if len(values) > 1:
            raise NotUnderstood("fact_wrong", fact=name, value=" + ".join(map(str, values)))
        given[name] = str(values[0])
    return given


def clean(text: str) -> str:
    """PostgreSQL keeps no NUL."""
    return text.replace("\0", "")


def _limit(text: str | None) -> int:
    """What is too much is cut, as the standard has it; no number or less than one is wrong."""
    if text is None:
        return LIMIT
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) == 0:
        raise NotUnderstood("fact_wrong", fact="limit", value=text)
    return min(int(text), MOST)


def system(uri: str, crss: list[str]) -> str:
    if uri not in crss:
        raise NotUnderstood("crs_not_offered", crs=uri, known=", ".join(crss))
    return uri


def _window(text: str, uri: str) -> Window:
    """Of six numbers the heights do not count: nothing here has one."""
    try:
        numbers = [float(number) for number in text.split(",")]
        if len(numbers) == 6:
            numbers = [*numbers[:2], *numbers[3:5]]
        if len(numbers) != 4 or not all(map(math.isfinite, numbers)):
            raise ValueError(text)
        return window(numbers, uri)
    except ValueError as error:
        raise NotUnderstood("bbox_unreadable", value=text) from error


def _span(text: str, day: Callable[[datetime], date]) -> Span:
    first, between, last = text.partition("/")
    try:
        start = _instant(first, day, open_=bool(between))
        end = _instant(last, day, open_=True) if between else start
    except ValueError as error:
        raise NotUnderstood("datetime_unreadable", value=text) from error
    if start is not None and end is not None and start > end:
        raise NotUnderstood("datetime_unreadable", value=text)
    return start, end


def _instant(text: str, day: Callable[[datetime], date], *, open_: bool) -> date | None:
    if open_ and text in ("", ".."):
        return None
    if _DAY.fullmatch(text):
        return date.fromisoformat(text)
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return day(found)


def _value(name: str, text: str, kind: str) -> Any:
    """A value of a JSON type."""
    read: dict[str, Callable[[str], Any]] = {"integer": int, "number": float, "boolean": _truth, "string": clean}
    try:
        found = read[kind](text)
        if isinstance(found, float) and not math.isfinite(found):
            raise ValueError(text)
    except ValueError as error:
        raise NotUnderstood("fact_wrong", fact=name, value=text) from error
    return found


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"
