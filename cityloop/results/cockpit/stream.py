"""What the live feed reads: new entries of all cases, and which scopes may see each of them."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import orjson
from django.db import connection

from cityloop.core import clock
from cityloop.core.texts import LANGUAGES, said_in
from cityloop.loop.cases.lifecycle import STEPS
from cityloop.loop.clocks.due import light
from cityloop.results.cockpit.scope import Scope, clause

OVERLAP = timedelta(seconds=15)
"""An entry may be committed so much later than it was recorded, and is still told."""
MOST = 2000
"""Entries of one reading; more at once are no news but a bulk, after which everybody loads anew."""
MISSED = 500
"""Entries told to somebody who comes back."""
TOO_OLD = timedelta(hours=1)
"""Whoever was away for longer loads anew."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TITLES = {
    name: {f"title_{language}": said_in(language, step.title) for language in LANGUAGES} for name, step in STEPS.items()
}
_POSITION = re.compile(r"([0-9]{1,17})-([0-9]{1,18})-([0-9]{1,9})", re.ASCII)

_ENTRIES = """
WITH fresh AS MATERIALIZED (
    SELECT e.recorded_at, e.case_id, e.seq, e.step, e.at, e.to_state FROM cases_entry e
    {which} LIMIT %s
)
SELECT e.recorded_at, e.case_id, e.seq, e.step, e.at, e.to_state, c.number, c.lon, c.lat, c.due_at, c.yellow_at,
    c.closed_at, k.code, o.code, ARRAY[{seen}]::bool[]
FROM fresh e JOIN cases_case c ON c.id = e.case_id JOIN standards_category k ON k.id = c.category_id
LEFT JOIN cases_assignment a ON a.case_id = c.id AND a.no = c.unit_no
LEFT JOIN accounts_organisation o ON o.id = a.acting_org_id
ORDER BY e.recorded_at, e.case_id, e.seq
"""
_NEW = """
    WHERE e.recorded_at > %s AND NOT EXISTS (
        SELECT FROM unnest(%s::bigint[], %s::int[]) AS known(case_id, seq)
        WHERE known.case_id = e.case_id AND known.seq = e.seq
    ) ORDER BY e.recorded_at
"""
_SINCE = """
    JOIN cases_case c ON c.id = e.case_id
    WHERE e.recorded_at > %s AND {condition} ORDER BY e.recorded_at DESC, e.case_id DESC, e.seq DESC
"""


class Position(NamedTuple):
    """The place of an entry in the feed; `case` 0 is an instant between entries."""

    recorded_at: datetime
    case: int = 0
    seq: int = 0

    def __str__(self) -> str:
        return f"{(self.recorded_at - EPOCH) // timedelta(microseconds=1)}-{self.case}-{self.seq}"


class Told(NamedTuple):
    """One entry as it is sent, and for each scope asked about whether it may see it."""

    frame: bytes
    seen: list[bool]


def parse_position(text: str) -> Position | None:
    """What `str(Position)` wrote; None for anything else."""
    found = _POSITION.fullmatch(text)
    if found is None:
        return None
    microseconds, case, seq = map(int, found.groups())
    return Position(EPOCH + timedelta(microseconds=microseconds), case, seq)


def frame(event: str, position: Position, data: Any) -> bytes:
    """An event as it goes over the wire."""
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (str(position).encode(), event.encode(), orjson.dumps(data))


def reset() -> bytes:
    """What you show may have holes: load it anew. Its position is now."""
    return frame("reset", Position(clock.now()), {})


class Tail:
    """Where the reading stands: everything up to `read_at`, and what was recorded shortly before and is known."""

    def __init__(self) -> None:
        self.read_at = clock.now()
        self._known: dict[tuple[int, int], datetime] = {}
        self._floor = self.read_at - OVERLAP

    def begin(self) -> None:
        """Take what is there already as known."""
        self.read([])

    def read(self, scopes: Sequence[Scope]) -> list[Told] | None:
        """The entries committed since the last reading, in one statement; None where it was a bulk."""
        at = clock.now()
        since = max(self._floor, self.read_at - OVERLAP)
        known = [key for key, recorded_at in self._known.items() if recorded_at > since]
        rows = _rows(_NEW, [since, [case for case, _ in known], [seq for _, seq in known]], MOST, scopes)
        self.read_at = at
        if len(rows) == MOST:
            self._known, self._floor = {}, at
            return None
        self._known = {key: self._known[key] for key in known} | {(row[1], row[2]): row[0] for row in rows}
        return [_told(row, at) for row in rows]


def missed(scope: Scope, last: str) -> list[bytes] | None:
    """What this scope was not told since it saw the entry `last`, and perhaps some of what it was.

    None where that cannot be said: there is no such entry, it is long ago, or there was too much since.
    """
    position = parse_position(last)
    at = clock.now()
    if position is None or not at - TOO_OLD <= position.recorded_at <= at + OVERLAP or not _exists(position):
        return None
    condition, values = clause(scope)
    rows = _rows(_SINCE.format(condition=condition), [position.recorded_at - OVERLAP, *values], MISSED + 1, [scope])
    return None if len(rows) > MISSED else [_told(row, at).frame for row in rows]


def latest(scope: Scope, count: int) -> list[bytes]:
    """The last entries of the last hour that this scope may see, at most `count`."""
    at = clock.now()
    condition, values = clause(scope)
    rows = _rows(_SINCE.format(condition=condition), [at - TOO_OLD, *values], count, [scope])
    return [_told(row, at).frame for row in rows]


def _exists(position: Position) -> bool:
    if position.case == 0:
        return True
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM cases_entry WHERE case_id = %s AND seq = %s AND recorded_at = %s",
            [position.case, position.seq, position.recorded_at],
        )
        return cursor.fetchone() is not None


def _rows(which: str, values: list[Any], limit: int, scopes: Sequence[Scope]) -> list[tuple[Any, ...]]:
    conditions = [clause(scope) for scope in scopes]
    seen = ", ".join(condition for condition, _ in conditions)
    with connection.cursor() as cursor:
        cursor.execute(
            _ENTRIES.format(which=which, seen=seen),
            [*values, limit, *(value for _, some in conditions for value in some)],
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _told(row: tuple[Any, ...], at: datetime) -> Told:
    (recorded_at, case, seq, step, happened_at, state, number, lon, lat) = row[:9]
    due_at, yellow_at, closed_at, category, organisation, seen = row[9:]
    data = {
        "number": number,
        "step": step,
        **_TITLES[step],
        "state": state,
        "at": happened_at,
        "category": category,
        "lon": lon,
        "lat": lat,
        "organisation": organisation,
        "light": light(at=at, yellow_at=yellow_at, due_at=due_at, ended_at=closed_at),
    }
    return Told(frame("entry", Position(recorded_at, case, seq), data), seen)
