"""Readers of the rule book."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from django.db import connection

from cityloop.core.errors import Unknown
from cityloop.core.units import LimitUnit


class LimitValue(NamedTuple):
    """One limit as a clock needs it."""

    stage: str
    part: str
    value: Decimal
    unit: LimitUnit
    calendar: str
    area_class: str = ""
    season: str = ""


@dataclass(frozen=True, slots=True)
class RuleValue:
    """A rule of one edition: what a case is opened under."""

    id: int
    category: int
    major: int | None
    category_code: str
    limits: tuple[LimitValue, ...]
    check_window: str = ""
    closing_kinds: tuple[str, ...] = ()

    def limits_for(self, stage: str, area_class: str = "", season: str = "") -> tuple[LimitValue, ...]:
        return tuple(limit for limit in self.limits if limit.stage == stage)

    @property
    def handling(self) -> LimitValue | None:
        """The first handling limit, which is the one dispatched against."""
        return next((limit for limit in self.limits if limit.stage == "handle"), None)


@dataclass(frozen=True)
class EditionValue:
    """An edition with its rules by category code; `valid_to` is the day it no longer holds."""

    valid_from: date
    valid_to: date | None
    by_category: dict[str, RuleValue]


@dataclass(frozen=True)
class RuleBook:
    """All editions, and every rule of any of them by id."""

    editions: tuple[EditionValue, ...]
    by_id: dict[int, RuleValue]

    def rule(self, category: str, on: date) -> RuleValue:
        """The rule in force on a day for a category, without a situation; Unknown where there is none."""
        for edition in self.editions:
            if edition.valid_from <= on and (edition.valid_to is None or on < edition.valid_to):
                found = edition.by_category.get(category)
                if found is not None:
                    return found
        raise Unknown("category_unknown", category=category)


@lru_cache(maxsize=4)
def rule_book(revision: str) -> RuleBook:
    """The whole rule book, read in one statement once per revision of the city's pack."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.valid_from, e.valid_to, r.id, r.situation, k.id, k.parent_id, k.code,"
            " l.stage, l.part, l.value, l.unit, l.calendar"
            " FROM standards_edition e JOIN standards_rule r ON r.edition_id = e.id"
            " JOIN standards_category k ON k.id = r.category_id"
            " LEFT JOIN standards_limit l ON l.rule_id = r.id AND l.area_class = '' AND l.season = ''"
            " ORDER BY e.valid_from, r.id, l.stage, l.position"
        )
        rows = cursor.fetchall()
    editions: dict[date, EditionValue] = {}
    by_id: dict[int, RuleValue] = {}
    for (
        valid_from,
        valid_to,
        rule,
        situation,
        category,
        major,
        code,
        stage,
        part,
        value,
        unit,
        calendar,
    ) in rows:
        edition = editions.setdefault(valid_from, EditionValue(valid_from, valid_to, {}))
        known = by_id.get(rule) or RuleValue(rule, category, major, code, ())
        limit = (LimitValue(stage, part, value, LimitUnit(unit), calendar),) if stage else ()
        by_id[rule] = RuleValue(rule, category, major, code, known.limits + limit)
        if not situation:
            edition.by_category[code] = by_id[rule]
    return RuleBook(tuple(editions.values()), by_id)
