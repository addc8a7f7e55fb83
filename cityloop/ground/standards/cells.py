"""Cells of the rule book that hold more than one thing: how they are read, and how they are written."""

import re
from collections.abc import Callable, Collection, Iterable
from datetime import date
from typing import TypeVar

from cityloop.core.fields import refusal
from cityloop.core.problems import unknown
from cityloop.ground.standards.rows import PhotoData, WindowData
from cityloop.ground.standards.words import SAME_HOURS, WEEKDAYS

_DATES = re.compile(r"(\d\d-\d\d)\.\.(\d\d-\d\d)")
_HOURS = re.compile(r"((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d|24:00)")
_LEAP_YEAR = 2024
T = TypeVar("T")


def one_of(known: Collection[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known:
            code, facts = unknown("not_one_of", text, list(known))
            raise refusal(code, **facts)
        return text

    return read


def words(known: Collection[str]) -> Callable[[object], object]:
    """`handler assist`: each of the known words at most once."""

    def read(value: object) -> object:
        return tuple(_apart([one_of(known)(word) for word in value.split()])) if isinstance(value, str) else value

    return read


def photos(known: Collection[str]) -> Callable[[object], object]:
    """`near far before:app`"""

    def read(value: object) -> object:
        if not isinstance(value, str):
            return value
        found = []
        for word in value.split():
            kind, colon, how = word.partition(":")
            if colon and how != "app":
                raise refusal("photo_unreadable", value=word)
            found.append(PhotoData(one_of(known)(kind), bool(colon)))
        _apart([photo.kind for photo in found])
        return tuple(found)

    return read


def windows(value: object) -> object:
    """`06-01..09-30 mon,tue 12:00-15:00; 22:00-06:00`"""
    if not isinstance(value, str):
        return value
    return tuple(_window(entry.strip()) for entry in value.split(";") if entry.strip())


def _window(entry: str) -> WindowData:
    window = WindowData()
    for part in entry.split():
        before = window
        if (dates := _DATES.fullmatch(part)) and not window.first and all(map(_day_of_year, dates.groups())):
            window = window._replace(first=dates[1], last=dates[2])
        elif (hours := _HOURS.fullmatch(part)) and not window.start and hours[1] != hours[2]:
            window = window._replace(start=hours[1], end=hours[2])
        elif not window.days and len(set(part.split(","))) == len(part.split(",")):
            days = part.split(",")
            if set(days) <= set(WEEKDAYS):
                window = window._replace(days=tuple(sorted(days, key=WEEKDAYS.index)))
        if window == before:
            raise refusal("window_unreadable", value=entry)
    return window


def _day_of_year(text: str) -> bool:
    try:
        date.fromisoformat(f"{_LEAP_YEAR}-{text}")
    except ValueError:
        return False
    return True


def check_window(text: str) -> str:
    """Empty, `same_hours` or `12:00-15:00`."""
    hours = _HOURS.fullmatch(text)
    if text not in ("", SAME_HOURS) and (hours is None or hours[1] == hours[2]):
        raise refusal("check_window_unreadable", value=text)
    return text


def documents(value: object) -> object:
    """`CODE clause|CODE clause`"""
    if not isinstance(value, str):
        return value
    found = []
    for entry in filter(None, (entry.strip() for entry in value.split("|"))):
        code, _space, clause = entry.partition(" ")
        found.append((code, clause.strip()))
    return tuple(_apart(found))


def _apart(found: list[T]) -> list[T]:
    for position, one in enumerate(found):
        if one in found[:position]:
            raise refusal("word_twice", value=" ".join(one) if isinstance(one, tuple) else one)
    return found


# Writing


def write_photos(found: Iterable[PhotoData]) -> str:
    return " ".join(f"{photo.kind}:app" if photo.app else photo.kind for photo in found)


def write_windows(found: Iterable[WindowData]) -> str:
    return "; ".join(map(_write_window, found))


def _write_window(window: WindowData) -> str:
    parts = (
        f"{window.first}..{window.last}" if window.first else "",
        ",".join(window.days),
        f"{window.start}-{window.end}" if window.start else "",
    )
    return " ".join(filter(None, parts))


def write_documents(found: Iterable[tuple[str, str]]) -> str:
    return "|".join(f"{code} {clause}".strip() for code, clause in found)
