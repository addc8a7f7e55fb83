"""Fill the city that is there with cases: open ones of every category, in every state and light, and closed ones.

Each case is learned from a report by the city's own map, rule book and ledger, runs against its own calendars, and is
written by the same steps as any other.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from time import monotonic
from typing import NamedTuple

import shapely
from django.db import connection, transaction

from cityloop.core import bulk
from cityloop.core.actor import SYSTEM
from cityloop.ground.places.locate import AreaMap, Place
from cityloop.ground.places.queries import areas_on
from cityloop.ground.standards.queries import RuleValue
from cityloop.ground.standards.words import CLOSING_KINDS
from cityloop.loop.cases.actions import CASE_IDS, Move, advance_many
from cityloop.loop.cases.catalogue import catalogue
from cityloop.loop.cases.facts import Facts
from cityloop.loop.clocks.ground import Ground, ground
from cityloop.loop.dispatch.actions import assignment_facts
from cityloop.loop.intake.actions import opening
from cityloop.loop.intake.facts import Learned, learn
from cityloop.loop.intake.report import Report

PROGRAMME, PAST = "practice", "practice_past"
"""Of the cases that are to be open, and of those that are to be closed; some of these wait for a dispatcher."""
CHUNK = 4_000
MOST_OVERDUE = 1.4
"""A case is at most so many times as old as its limit."""
OLDEST = timedelta(days=45)
YOUNGEST = timedelta(minutes=10)
WITHOUT_LIMIT = timedelta(days=10)

_FILED = ("register", "file")
_OUT = (*_FILED, "dispatch", "sign_for")
STATES: dict[str, tuple[int, tuple[str, ...]]] = {
    "reported": (5, ()),
    "verifying": (2, ("ask_verification",)),
    "verified": (2, ("ask_verification", "pre_verify")),
    "registered": (6, ("register",)),
    "filed": (10, _FILED),
    "dispatched": (22, _OUT[:-1]),
    "handling": (38, _OUT),
    "return_requested": (3, (*_OUT, "request_return")),
    "handled": (8, (*_OUT, "handle")),
    "checked": (4, (*_OUT, "handle", "check")),
}
"""How often a case stands in each state, and the steps that have brought it there."""
MOMENTS = {
    "ask_verification": 0.01,
    "pre_verify": 0.02,
    "register": 0.01,
    "file": 0.02,
    "dispatch": 0.03,
    "sign_for": 0.1,
    "request_return": 0.5,
    "handle": 0.8,
    "check": 0.95,
    "close": 1.0,
}
"""When a step happens, as a share of the age of its case."""
GIVEN = {
    "pre_verify": Facts(verdict="true"),
    "request_return": Facts(reason="not_ours"),
    "handle": Facts(result="done"),
    "check": Facts(verdict="solved"),
}
CLOSED = (*_OUT, "handle", "check", "close")
QUICKEST = 0.2
"""A closed case has used at least this share of its limit."""


class Past(NamedTuple):
    """So many closed cases, reported in the last so many days."""

    closed: int
    days: int = 30


NO_PAST = Past(0)


class Seeded(NamedTuple):
    made: int
    open: int
    seconds: float


def seed(
    count: int,
    *,
    at: datetime,
    number: int = 1,
    past: Past = NO_PAST,
    progress: Callable[[int], None] = lambda made: None,
) -> Seeded:
    """Top the practice cases up until `count` of them are open at `at`, and those of the `past` are closed.

    `number` makes the same city again.

    Chunk by chunk, each a transaction: what was interrupted goes on where it stopped. Two at once wait for each other.
    """
    started = monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('cityloop.practice'))")
        try:
            made = 0
            for done in _chunks(count, past, at, number):
                made += done
                progress(done)
            cursor.execute("ANALYZE cases_case, cases_assignment, cases_span, cases_entry")
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('cityloop.practice'))")
    return Seeded(made, _standing(ground().city.code)[1], monotonic() - started)


def _chunks(count: int, past: Past, at: datetime, number: int) -> Iterator[int]:
    here = ground()
    serials, open_, closed = _standing(here.city.code)

    def city() -> _City:
        return _City.look(here, at, Random(number * 1_000_003 + sum(serials.values())))

    for wanted in _portions(past.closed - closed):
        _write(city().closed(wanted, past.days, serials), at)
        yield wanted
    for wanted in _portions(count - open_):
        _write(city().cases(wanted, serials), at)
        yield wanted


@transaction.atomic
def _write(cases: Iterator[list[Move]], at: datetime) -> None:
    advance_many([(None, moves) for moves in cases], actor=SYSTEM, recorded_at=at, react=False)


def _portions(count: int) -> Iterator[int]:
    for begun in range(0, count, CHUNK):
        yield min(CHUNK, count - begun)


def _standing(prefix: str) -> tuple[dict[str, int], int, int]:
    """The last serial of each day in the series, how many cases are open, and how many there are of the past."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT substr(number, %(at)s, 8), max(substr(number, %(at)s + 9)::int),"
            " count(*) FILTER (WHERE programme = %(open)s AND closed_at IS NULL),"
            " count(*) FILTER (WHERE programme = %(past)s)"
            " FROM cases_case WHERE programme IN (%(open)s, %(past)s) GROUP BY 1",
            {"at": len(prefix) + 1, "open": PROGRAMME, "past": PAST},
        )
        rows = cursor.fetchall()
    return {day: last for day, last, *_ in rows}, sum(row[2] for row in rows), sum(row[3] for row in rows)


class _Life(NamedTuple):
    """When a case begins and ends, what it is about, and its steps."""

    opened: datetime
    ended: datetime
    rule: RuleValue
    path: Sequence[str]


@dataclass(frozen=True)
class _City:
    """What cases are made from: the ground, the map of today, and chance."""

    here: Ground
    now: datetime
    chance: Random
    areas: AreaMap
    begins: datetime
    """When the edition in force began; no case is older."""
    rules: tuple[RuleValue, ...]
    channels: tuple[str, ...]
    names: dict[str, str]

    @classmethod
    def look(cls, here: Ground, now: datetime, chance: Random) -> "_City":
        day, revision = here.city.day(now), here.city.revision
        (book,) = (book for book in here.rules.editions if book.valid_from <= day < (book.valid_to or date.max))
        return cls(
            here,
            now,
            chance,
            areas_on(revision, day),
            datetime.combine(book.valid_from, time(), here.city.zone).astimezone(UTC),
            tuple(rule for rules in book.rules.values() for rule in rules if not rule.undecided),
            tuple(sorted(here.city.settings.get("channels", {}))),
            {area.code: area.name for area in catalogue(revision).areas},
        )

    def cases(self, count: int, serials: dict[str, int]) -> Iterator[list[Move]]:
        """The moves of so many cases, the oldest first, numbered on from `serials`."""
        states = [steps for _, steps in STATES.values()]
        paths = self.chance.choices(states, [weight for weight, _ in STATES.values()], k=count)
        rules = self.chance.choices(self.rules, _weights(len(self.rules)), k=count)
        opened = [max(self.begins, self.now - self._age(rule, self.now, 0)) for rule in rules]
        yield from self._one_by_one(
            [_Life(first, self.now, rule, path) for first, rule, path in zip(opened, rules, paths, strict=True)],
            serials,
        )

    def closed(self, count: int, days: int, serials: dict[str, int]) -> Iterator[list[Move]]:
        """The moves of so many cases of the last days that are closed, each after a share of its limit."""
        rules = [rule for rule in self.rules if not rule.check_window]
        lives = []
        for rule in self.chance.choices(rules, _weights(len(rules)), k=count):
            opened = max(self.begins, self.now - timedelta(days=days) * self.chance.random())
            ended = min(self.now, opened + self._age(rule, opened, QUICKEST))
            lives.append(_Life(opened, ended, rule, CLOSED))
        yield from self._one_by_one(lives, serials)

    def _one_by_one(self, lives: list[_Life], serials: dict[str, int]) -> Iterator[list[Move]]:
        """In the order in which they begin: what the ledger knows of a day is read once."""
        lives.sort(key=lambda life: life.opened)
        ids = bulk.reserve(CASE_IDS, len(lives))
        for id_, life, place in zip(ids, lives, self._places(len(lives)), strict=True):
            yield self._moves(id_, self._number(life.opened, serials), life, place)

    def _number(self, opened: datetime, serials: dict[str, int]) -> str:
        day = f"{self.here.city.day(opened):%Y%m%d}"
        serials[day] = serials.get(day, 0) + 1
        return f"{self.here.city.code}{day}8{serials[day]:05d}"

    def _age(self, rule: RuleValue, since: datetime, least: float) -> timedelta:
        """At least a share of the limit that begins at an instant."""
        due_at = self.here.due(rule.id, since)
        limit = due_at - since if due_at else WITHOUT_LIMIT
        return min(OLDEST, max(YOUNGEST, limit * self.chance.uniform(least, MOST_OVERDUE)))

    def _moves(
        self,
        id_: int,
        number: str,
        life: _Life,
        place: Place,
    ) -> list[Move]:
        opened, ended, rule, path = life
        report = Report(
            self.chance.choice(self.channels),
            number,
            opened,
            self.now,
            {},
            address=f"{self.names.get(place.area_code, '')} {self.chance.randint(1, 999)}".strip(),
            category=rule.category_code,
        )
        learned = learn(report, place, self.areas, self.here)
        begun = opening(report, learned, self.here, number, id_)
        assert begun.opening is not None  # it is what `opening` gives
        case = begun.opening.case._replace(programme=PAST if path is CLOSED else PROGRAMME)
        moves = [Move("report", opened, begun._replace(opening=begun.opening._replace(case=case)))]
        for name in path:
            if name == "dispatch" and not (learned.answer and learned.answer.handler):
                break  # nobody answers, or more than one: it waits for a dispatcher
            if name == "check" and rule.check_window:
                break  # it waits for the hours in which it may be checked
            at = opened + (ended - opened) * MOMENTS[name]
            moves.append(Move(name, at, self._facts(name, rule, learned, at)))
        return moves

    def _facts(self, name: str, rule: RuleValue, learned: Learned, at: datetime) -> Facts:
        if name == "file":
            return Facts(rule=rule.id)
        if name == "close":
            return Facts(closing_kind=(rule.closing_kinds or tuple(CLOSING_KINDS))[0])
        if name != "dispatch":
            return GIVEN.get(name, Facts())
        assert learned.answer is not None
        assert learned.answer.handler is not None
        organisation = self.here.organisations.by_id[learned.answer.handler]
        return assignment_facts(organisation, learned.answer)

    def _places(self, count: int) -> list[Place]:
        """Points in unit grids, some of them often; in areas where there are no grids."""
        lons: list[float | None] = []
        lats: list[float | None] = []
        codes: list[str] = []
        if self.areas.grids:
            boxes = [(row.west, row.south, row.east, row.north, "") for row in self.areas.grids]
        else:
            leaves = [row for row in self.areas.areas if row.shape]
            boxes = [(*shapely.from_wkb(row.shape).bounds, row.code) for row in leaves]
        Random(0).shuffle(boxes)
        for west, south, east, north, code in (
            self.chance.choices(boxes, _weights(len(boxes)), k=count) if boxes else ()
        ):
            lons.append(self.chance.uniform(west, east))
            lats.append(self.chance.uniform(south, north))
            codes.append(code)
        if not boxes:
            lons, lats = [None] * count, [None] * count
            codes = self.chance.choices([row.code for row in self.areas.areas] or [""], k=count)
        return self.areas.places(lons, lats, codes)


def _weights(count: int) -> list[float]:
    """A few often, many seldom: the n-th as often as 1 / (n + 10)."""
    return [1 / (n + 10) for n in range(count)]
