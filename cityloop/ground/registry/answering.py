"""The ledger's question for many at once: the same answers as `Ledger.who_answers_for`, without the explanation.

Duties that rank alike stand in one sheet, in which those of equal scope have one key. Sheets are looked through from
the strongest to the weakest; a question that a sheet answers is asked of no weaker one.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cityloop.core.hours import ALWAYS, DAY, WEEK
from cityloop.ground.registry.ledger import (
    FALLBACK_TIER,
    Duty,
    Finding,
    Ledger,
    Question,
    Rank,
    acting,
    contested,
    rank,
    running,
)

Index = NDArray[np.int64]
FINDINGS = tuple(Finding)
NEVER = date.max.toordinal()
DIMENSIONS = ("object_code", "road", "grid", "area", "area_class", "category", "situation", "stratum", "phase")


class Decisions(NamedTuple):
    """For each question the position in FINDINGS, the id of the first duty that decides, and the handler; 0 is none."""

    finding: Index
    duty: Index
    handler: Index


class Column:
    """One fact of all questions: the distinct values, and for each question the position of its value."""

    def __init__(self, values: Sequence[Hashable]) -> None:
        self.values: list[Any] = list(dict.fromkeys(values))
        places = {value: place for place, value in enumerate(self.values)}
        self.codes = _numbers(map(places.__getitem__, values))

    def translated(self, known: dict[Any, int], at: int | None) -> Index:
        """For each distinct value its number among the known, or -1. `at`: where in a tuple the value stands."""
        values: Iterable[Any] = self.values
        if at is not None:
            values = (value[at] if at < len(value) else None for value in self.values)
        return np.array([known.get(value, -1) for value in values], np.int64)


class Asked:
    """Many questions, column by column."""

    def __init__(self, questions: Sequence[Question]) -> None:
        at = [question.at for question in questions]
        self.day = _numbers(map(datetime.toordinal, at))
        minute = 60 * _numbers(map(attrgetter("hour"), at)) + _numbers(map(attrgetter("minute"), at))
        self.minute = (self.day - 1) % 7 * DAY + minute
        names = [name for name in Question._fields if name != "at"]
        self.columns = {name: Column(list(map(attrgetter(name), questions))) for name in names}
        self.columns |= {"category": self.columns.pop("categories"), "area": self.columns.pop("areas")}
        self.widths = max(map(len, self.columns["category"].values))
        self.levels = max(map(len, self.columns["area"].values))


class Sheet:
    """Duties that rank alike but for where in a question their area and their category stand."""

    def __init__(self, duties: Sequence[Duty]) -> None:
        named = [name for name in DIMENSIONS if getattr(duties[0], name)]
        self.known = {name: _numbered(getattr(duty, name) for duty in duties) for name in named}
        self.partial: list[Index] = []
        """For each dimension the distinct combinations of all up to it, in order."""
        keys: Index = np.zeros(len(duties), np.int64)
        for name, known in self.known.items():
            numbers = np.array([known[getattr(duty, name)] for duty in duties], np.int64)
            distinct, keys = np.unique(keys * len(known) + numbers, return_inverse=True)
            self.partial.append(distinct)
        order = np.lexsort((np.array([duty.id for duty in duties]), keys))
        self.duties = [duties[i] for i in order]
        self.keys = keys[order]
        self.begins = np.array([duty.valid_from.toordinal() for duty in self.duties], np.int64)
        self.ends = np.array([duty.ends.toordinal() if duty.ends else NEVER for duty in self.duties], np.int64)

    def passes(self, asked: "Asked") -> Iterator[tuple[Rank, dict[str, int]]]:
        """Where in questions the area and the category may stand, and how the duties then rank."""
        first = self.duties[0]
        for width in range(asked.widths) if first.category else (asked.widths,):
            for level in range(asked.levels) if first.area else (0,):
                depth = {first.area: level + 1} if first.area else {}
                yield rank(first, depth, width), {"area": level, "category": width}

    def matches(self, asked: "Asked", left: Index, at: dict[str, int]) -> tuple[Index, Index]:
        """Pairs of a question among `left` and a duty that stands for it."""
        keys = np.zeros(len(left), np.int64)
        for (name, known), distinct in zip(self.known.items(), self.partial, strict=True):
            column = asked.columns[name]
            number = column.translated(known, at.get(name))[column.codes[left]]
            keys = keys * len(known) + number
            place = np.minimum(np.searchsorted(distinct, keys), len(distinct) - 1)
            fits = (number >= 0) & (distinct[place] == keys)
            left, keys = left[fits], place[fits]
        if self.duties[0].drawn is not None:
            one, duty = self._drawn(asked, left, keys)
        else:
            first = np.searchsorted(self.keys, keys, "left")
            many = np.searchsorted(self.keys, keys, "right") - first
            one = np.repeat(left, many)
            duty = np.repeat(first - np.cumsum(many) + many, many) + np.arange(len(one))
        stands = (self.begins[duty] <= asked.day[one]) & (asked.day[one] < self.ends[duty])
        if self.duties[0].hours != ALWAYS:
            stands &= self._week[self._hours[duty], asked.minute[one]]
        return one[stands], duty[stands]

    def _drawn(self, asked: Asked, left: Index, keys: Index) -> tuple[Index, Index]:
        """Pairs by the drawn areas that hold each question's spot."""
        position = {duty.id: place for place, duty in enumerate(self.duties)}
        held = [sorted(position[id_] for id_ in ids if id_ in position) for ids in asked.columns["drawn"].values]
        codes = asked.columns["drawn"].codes[left]
        pairs = [(one, duty) for one, code in enumerate(codes.tolist()) if held[code] for duty in held[code]]
        one, duty = np.array(pairs, np.int64).reshape(-1, 2).T
        same = self.keys[duty] == keys[one]
        return left[one[same]], duty[same]

    def since(self, days: Index) -> Index:
        """For each day the last on which a contract of these duties ended: until the next the parties stay the same."""
        return self._contract_ends[np.searchsorted(self._contract_ends, days, "right") - 1]

    @cached_property
    def _contract_ends(self) -> Index:
        known = {party.until.toordinal() for duty in self.duties for party in duty.parties if party.until}
        return np.array([1, *sorted(known)], np.int64)

    @cached_property
    def _hours(self) -> Index:
        known = _numbered(duty.hours for duty in self.duties)
        return np.array([known[duty.hours] for duty in self.duties], np.int64)

    @cached_property
    def _week(self) -> NDArray[np.bool_]:
        """For the distinct hours and every minute of the week whether it is one of them."""
        distinct = list(_numbered(duty.hours for duty in self.duties))
        week = np.zeros((len(distinct), WEEK), bool)
        for row, hours in enumerate(distinct):
            for first, last in hours:
                week[row, first:last] = True
        return week


class Sheets:
    """A ledger arranged so that many questions can be asked at once."""

    def __init__(self, ledger: Ledger) -> None:
        alike: dict[Rank, list[Duty]] = defaultdict(list)
        for duty in ledger.duties.values():
            if duty.decides:
                depth = {duty.area: 1} if duty.area else {}
                alike[rank(duty, depth, 0 if duty.category else 1)].append(duty)
        self.sheets = [Sheet(duties) for duties in alike.values()]

    def answers(self, questions: Sequence[Question]) -> Decisions:
        """Who answers each question."""
        count = len(questions)
        found = Decisions(np.full(count, FINDINGS.index(Finding.GAP), np.int64), *np.zeros((2, count), np.int64))
        if not questions:
            return found
        asked, left = Asked(questions), np.arange(count)
        passes = [(place, sheet, at) for sheet in self.sheets for place, at in sheet.passes(asked)]
        for _, sheet, at in sorted(passes, key=lambda one: one[0]):
            one, duty = sheet.matches(asked, left, at)
            if len(one):
                answered = _decide(found, sheet, one, duty, asked.day)
                rest = np.ones(count, bool)
                rest[answered] = False
                left = left[rest[left]]
        return found


def _decide(found: Decisions, sheet: Sheet, one: Index, duty: Index, days: Index) -> Index:
    """Write down what the pairs of question and duty decide; the questions that are answered."""
    order = np.lexsort((duty, one))
    one, duty = one[order], duty[order]
    starts = np.flatnonzero(np.r_[True, one[1:] != one[:-1]])
    answered: Index = one[starts]
    groups, which = _distinct(duty, starts, sheet.since(days[answered]))
    told = np.array([_verdict([sheet.duties[i] for i in rows], day) for rows, day in groups], np.int64)
    for field, values in zip(found, told.T, strict=True):
        field[answered] = values[which]
    return answered


def _verdict(duties: list[Duty], day: int) -> tuple[int, int, int]:
    if contested(duties):
        return FINDINGS.index(Finding.DISPUTE), duties[0].id, 0
    finding = Finding.FALLBACK if duties[0].tier == FALLBACK_TIER else Finding.NAMED
    return FINDINGS.index(finding), duties[0].id, acting(running(duties, date.fromordinal(day))) or 0


def _numbers(values: Iterable[int]) -> Index:
    return np.fromiter(values, np.int64)


def _numbered(values: Iterable[Any]) -> dict[Any, int]:
    return {value: place for place, value in enumerate(sorted(set(values)))}


def _distinct(duty: Index, starts: Index, days: Index) -> tuple[list[tuple[tuple[int, ...], int]], Index]:
    """The distinct sets of duties that decide with their day, and for each question which of them."""
    ends = np.append(starts[1:], len(duty))
    alone = ends - starts == 1
    seen: dict[tuple[tuple[int, ...], int], int] = {}
    which = np.empty(len(starts), np.int64)
    pairs, inverse = np.unique(duty[starts[alone]] * NEVER + days[alone], return_inverse=True)
    numbers = [seen.setdefault(((one // NEVER,), one % NEVER), len(seen)) for one in pairs.tolist()]
    which[alone] = np.array(numbers, np.int64)[inverse]
    for place in np.flatnonzero(~alone).tolist():
        group = tuple(duty[starts[place] : ends[place]].tolist()), int(days[place])
        which[place] = seen.setdefault(group, len(seen))
    return list(seen), which
