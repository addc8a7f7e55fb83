"""The mapping at work: lines of a history file become rows, facts, planned steps and rejects.

`compile_mapping` does everything once that can be done once; what is left per row is a few closures.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from cityloop.core.errors import Refused, Unknown
from cityloop.loop.history import mapping as spoken
from cityloop.loop.history.instants import InstantReader, Unreadable, compile_instant
from cityloop.loop.history.points import MISSING, Points, Printed
from cityloop.loop.history.rows import HistoryRow, KnownFact, Line, Raw, RowRejected
from cityloop.loop.history.steps import Planner, compile_steps
from cityloop.loop.history.values import Reader, compile_value

NEEDED = ("id", "opened", "category")
LONGEST_ID = 100
LONGEST_ADDRESS = 300
KEYS_APART = " || "
"""Stands between several printed values in one `key` cell of a pack's table."""

Flag = Literal["on_time", "overdue", ""]
Facts = list[KnownFact]


def keyed(rows: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Printed value to code, from pairs of code and `key` cell. A code also stands for itself."""
    rows = list(rows)
    table = {code: code for code, _key in rows}
    for code, key in rows:
        table |= {part.strip(): code for part in (key, *key.split(KEYS_APART)) if part.strip()}
    return table


@dataclass(frozen=True)
class Codes:
    """What the pack's tables call the things that a history prints; made with `keyed`."""

    categories: Mapping[str, str]
    organisations: Mapping[str, str]
    channels: Mapping[str, str]
    areas: Mapping[str, str]


def compile_mapping(mapping: spoken.Mapping, codes: Codes, *, zone: str, folder: Path | None = None) -> "Normaliser":
    """`zone`: the city's; `folder`: the pack's. Unknown or Refused where the mapping cannot work."""
    return Normaliser(mapping, codes, zone, folder)


class Normaliser:
    """A compiled mapping. Call it with one line, or give it a `chunk` of lines, which is faster."""

    def __init__(self, mapping: spoken.Mapping, codes: Codes, zone: str, folder: Path | None) -> None:
        empty = mapping.empty
        here = ZoneInfo(mapping.zone or zone)

        def text(value: spoken.Value | None) -> Reader:
            return _nothing if value is None else compile_value(value, empty, folder)

        def instant(value: spoken.Instant | None, day: Literal["start", "end"] = "end") -> InstantReader:
            return _never if value is None else compile_instant(value, here, empty, folder, day)

        self._mapping = mapping
        self._zone = here
        self._id = text(mapping.id)
        self._opened = instant(mapping.opened, "start")
        self._closed, self._due = instant(mapping.closed), instant(mapping.due)
        self._category = _category(mapping.category, text(mapping.category), codes.categories)
        self._organisation = _coded("organisation", text(mapping.organisation), codes.organisations)
        self._channel = _channel(mapping.channel, text(mapping.channel), codes.channels)
        self._area = _area(text(mapping.area), codes.areas)
        self._flag = _flag(mapping.flag, text(mapping.flag))
        self._status = _status(mapping.status, text(mapping.status))
        self._address, self._words, self._answer = (
            text(mapping.address), text(mapping.words), text(mapping.answer)
        )  # fmt: skip
        self._points = Points(mapping.place, empty, folder) if mapping.place else None
        self._plan: Planner = compile_steps(mapping.steps, here, empty, folder)
        self._later = mapping.later_columns()
        self._checked: object = None

    def __call__(self, line: int, raw: Raw) -> HistoryRow:
        """One row. Raises RowRejected."""
        row = self.chunk([(line, raw)])[0]
        if isinstance(row, RowRejected):
            raise row
        return row

    def chunk(self, lines: Sequence[Line]) -> list[HistoryRow | RowRejected]:
        """A row or its rejection for every line, in order. Refused when a needed column is not there."""
        results: list[HistoryRow | RowRejected] = []
        placed: list[HistoryRow] = []
        points: list[Printed] = []
        for line, raw in lines:
            if isinstance(raw, RowRejected):
                results.append(raw)
                continue
            if self._checked is None:
                self.check_columns(raw)
            try:
                row, point = self._row(line, raw)
            except RowRejected as rejected:
                rejected.line = line
                results.append(rejected)
                continue
            results.append(row)
            if not point.fact:
                placed.append(row)
                points.append(point)
        self._place(placed, points)
        return results

    def check_columns(self, names: Iterable[str]) -> None:
        """Refuse a file without the columns that every row needs; others may come and go with the years."""
        values = self._mapping.values()
        for field, columns in self._mapping.absent(names).items():
            if field in NEEDED and not values[field].default:
                raise Refused("column_missing", field=field, column=", ".join(columns))
        self._checked = True

    def _row(self, line: int, raw: Raw) -> tuple[HistoryRow, Printed]:
        facts: Facts = []
        outside_id = self._id(raw)
        if outside_id is None or len(outside_id) > LONGEST_ID:
            raise RowRejected("id", "id_missing" if outside_id is None else "id_too_long", outside_id)
        try:
            opened = self._opened(raw)
        except Unreadable as error:
            raise RowRejected("opened", "date_unreadable", error.args[0]) from None
        if opened is None:
            raise RowRejected("opened", "date_missing")
        category = self._category(raw, facts)
        closed, told = self._closing(raw, opened, facts)
        point = self._points.read(raw) if self._points else MISSING
        if point.fact:
            facts.append(KnownFact(point.fact, point.text))
        row = HistoryRow(
            line,
            outside_id,
            opened,
            closed,
            self._optional(self._due, "due_unreadable", raw, facts),
            self._flag(raw, facts),
            category,
            self._organisation(raw, facts),
            self._channel(raw, facts),
            None,
            None,
            self._area(raw, facts),
            (self._address(raw) or "")[:LONGEST_ADDRESS],
            self._words(raw) or "",
            self._answer(raw) or "",
            self._plan(raw, opened, closed, told, facts),
            tuple(facts),
            raw,
            self._later,
        )
        return row, point

    def _closing(self, raw: Raw, opened: datetime, facts: Facts) -> tuple[datetime | None, bool]:
        """When the case was closed, and whether that very instant is printed in the row."""
        closed = self._optional(self._closed, "closed_unreadable", raw, facts)
        status = self._status(raw, facts)
        if closed is None:
            if status == "closed":
                facts.append(KnownFact("closed_at_missing", None))
            return None, False
        if status == "open":
            facts.append(KnownFact("closed_while_open", self._local(closed)))
            return None, False
        if closed < opened:
            facts.append(KnownFact("closed_before_opened", self._local(closed)))
            return opened, False
        return closed, True

    def _local(self, instant: datetime) -> str:
        return instant.astimezone(self._zone).isoformat()

    def _optional(self, reader: InstantReader, fact: str, raw: Raw, facts: Facts) -> datetime | None:
        try:
            return reader(raw)
        except Unreadable as error:
            facts.append(KnownFact(fact, error.args[0]))
            return None

    def _place(self, rows: Sequence[HistoryRow], points: Sequence[Printed]) -> None:
        if self._points is None or not rows:
            return
        lons, lats, inside = self._points.finish([p.x for p in points], [p.y for p in points])
        for row, lon, lat, within, point in zip(
            rows, lons.tolist(), lats.tolist(), inside.tolist(), points, strict=True
        ):
            if within:
                row.lon, row.lat = lon, lat
            else:
                row.facts += (KnownFact("place_outside", f"{point.x} {point.y}"),)


def _nothing(_raw: Raw) -> str | None:
    return None


def _never(_raw: Raw) -> datetime | None:
    return None


def _category(key: spoken.CategoryKey, text: Reader, codes: Mapping[str, str]) -> Callable[[Raw, Facts], str]:
    if key.unknown and key.unknown not in codes:
        raise Unknown("category_unknown", category=key.unknown)
    unknown = codes[key.unknown] if key.unknown else ""

    def read(raw: Raw, facts: Facts) -> str:
        printed = text(raw)
        code = None if printed is None else codes.get(printed)
        if code is not None:
            return code
        if not unknown:
            reason = "category_missing" if printed is None else "category_unknown"
            raise RowRejected("category", reason, printed)
        facts.append(KnownFact("category_unknown", printed))
        return unknown

    return read


def _coded(name: str, text: Reader, codes: Mapping[str, str]) -> Callable[[Raw, Facts], str]:
    missing, unknown = f"{name}_missing", f"{name}_unknown"

    def read(raw: Raw, facts: Facts) -> str:
        printed = text(raw)
        if printed is None:
            facts.append(KnownFact(missing, None))
            return ""
        code = codes.get(printed)
        if code is None:
            facts.append(KnownFact(unknown, printed))
            return ""
        return code

    return read


def _channel(value: spoken.Value, text: Reader, codes: Mapping[str, str]) -> Callable[[Raw, Facts], str]:
    default = codes.get(value.default or "history")
    if default is None:
        raise Unknown("channel_unknown", channel=value.default or "history")

    def read(raw: Raw, facts: Facts) -> str:
        printed = text(raw)
        code = None if printed is None else codes.get(printed)
        if code is None:
            if printed is not None:
                facts.append(KnownFact("channel_unknown", printed))
            return default
        return code

    return read


def _area(text: Reader, codes: Mapping[str, str]) -> Callable[[Raw, Facts], str]:
    def read(raw: Raw, facts: Facts) -> str:
        printed = text(raw)
        if printed is None:
            return ""
        code = codes.get(printed)
        if code is None:
            facts.append(KnownFact("area_unknown", printed))
            return ""
        return code

    return read


def _words(text: Reader, words: Mapping[str, str], unknown: str) -> Callable[[Raw, Facts], str]:
    def read(raw: Raw, facts: Facts) -> str:
        printed = text(raw)
        if printed is None:
            return ""
        word = words.get(printed)
        if word is None:
            facts.append(KnownFact(unknown, printed))
            return ""
        return word

    return read


def _flag(value: spoken.Flag | None, text: Reader) -> Callable[[Raw, Facts], Flag]:
    if value is None:
        return lambda _raw, _facts: ""
    words = dict.fromkeys(value.on_time, "on_time") | dict.fromkeys(value.overdue, "overdue")
    return _words(text, words, "flag_unknown")  # type: ignore[return-value]  # the words are those of Flag


def _status(value: spoken.Status | None, text: Reader) -> Callable[[Raw, Facts], str]:
    if value is None:
        return lambda _raw, _facts: ""
    words = dict.fromkeys(value.open, "open") | dict.fromkeys(value.closed, "closed")
    return _words(text, words, "status_unknown")
