"""The rule book as the loop reads it."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from cityloop.core.errors import Unknown
from cityloop.core.units import LimitUnit


class LimitValue(NamedTuple):
    """One limit as a clock needs it; an empty area class or season is any."""

    stage: str
    part: str
    value: Decimal
    unit: LimitUnit
    calendar: str
    area_class: str = ""
    season: str = ""


@dataclass(frozen=True, slots=True)
class RuleValue:
    """A rule of one edition: what a case is opened under. `closing_kinds` empty: all of them."""

    id: int
    category: int
    major: int | None
    category_code: str
    situation: str = ""
    urgent: bool = False
    check_mode: str = "on_site"
    check_window: str = ""
    closing_kinds: tuple[str, ...] = ()
    self_handling: bool = False
    limits: tuple[LimitValue, ...] = ()
    """In their order."""
    photos: tuple[str, ...] = ()
    """The kinds of photos that it wants: near, far, before, after."""
    undecided: bool = False
    """The rule without a situation and without a limit of a category that has others: somebody has to choose one."""

    @property
    def handling(self) -> LimitValue | None:
        """The first limit for handling that holds anywhere and always."""
        return next((limit for limit in self.limits if limit[0] == "handle" and not limit[5] and not limit[6]), None)

    def limits_for(self, stage: str, area_class: str = "", season: str = "") -> tuple[LimitValue, ...]:
        """The limits of a stage, one for each of its parts in order: the most specific that fits.

        Area class and season together go before the area class alone, that before the season alone.
        """
        found: dict[str, LimitValue] = {}
        for limit in self.limits:
            if limit.stage != stage or limit.area_class not in ("", area_class) or limit.season not in ("", season):
                continue
            known = found.get(limit.part)
            if known is None or _closeness(limit) > _closeness(known):
                found[limit.part] = limit
        return tuple(found.values())


def _closeness(limit: LimitValue) -> tuple[bool, bool]:
    return bool(limit.area_class), bool(limit.season)


@dataclass(frozen=True)
class EditionValue:
    """An edition with its rules by category code; `valid_to` is the day it no longer holds."""

    id: int
    code: str
    scheme: str
    valid_from: date
    valid_to: date | None
    by_category: dict[str, RuleValue]
    """Rules without a situation."""
    rules: dict[str, tuple[RuleValue, ...]]
    """All rules of a category, the one without a situation first."""

    def in_force(self, on: date) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


@dataclass(frozen=True)
class RuleBook:
    """All editions from the oldest on, and every rule of any of them by id."""

    editions: tuple[EditionValue, ...]
    by_id: dict[int, RuleValue]

    def edition(self, on: date) -> EditionValue | None:
        """The edition in force on a day."""
        return next((edition for edition in self.editions if edition.in_force(on)), None)

    def rule(self, category: str, on: date, situation: str = "") -> RuleValue:
        """The rule in force on a day for a category and situation; Unknown where there is none."""
        edition = self.edition(on)
        if edition is not None:
            if not situation and (found := edition.by_category.get(category)) is not None:
                return found
            for rule in edition.rules.get(category, ()):
                if rule.situation == situation:
                    return rule
            if category in edition.rules:
                raise Unknown("situation_unknown", category=category, situation=situation)
        raise Unknown("category_unknown", category=category)

    def settled(self, category: str, on: date) -> RuleValue:
        """The rule a case of a category begins under before anybody has named a situation: the only one, if so."""
        rule = self.rule(category, on)
        named = [other for other in self.rules(category, on) if other.situation]
        return named[0] if rule.undecided and len(named) == 1 else rule

    def rules(self, category: str, on: date) -> tuple[RuleValue, ...]:
        """All rules in force on a day for a category, the one without a situation first."""
        edition = self.edition(on)
        return edition.rules.get(category, ()) if edition is not None else ()


@lru_cache(maxsize=4)
def rule_book(revision: str) -> RuleBook:
    """The whole rule book, read in one statement once per revision of the city."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT e.id, e.code, e.scheme, e.valid_from, e.valid_to,"
            " r.id, k.id, k.parent_id, k.code, r.situation, r.urgent, r.check_mode, r.check_window,"
            " r.closing_kinds::json, r.self_handling, r.photos::json,"
            " l.stage, l.part, l.value, l.unit, l.calendar, l.area_class, l.season"
            " FROM standards_edition e JOIN standards_rule r ON r.edition_id = e.id"
            " JOIN standards_category k ON k.id = r.category_id"
            " LEFT JOIN standards_limit l ON l.rule_id = r.id"
            " ORDER BY e.valid_from, e.id, r.situation, r.id, l.position, l.id"
        )
        rows = cursor.fetchall()
    editions: dict[int, EditionValue] = {}
    fields: dict[int, tuple[Any, ...]] = {}
    limits: dict[int, list[LimitValue]] = {}
    held: dict[int, int] = {}
    for row in rows:
        if row[0] not in editions:
            pk, code, scheme, valid_from, valid_to = row[:5]
            editions[pk] = EditionValue(pk, code, scheme, valid_from, valid_to, {}, {})
        pk = row[5]
        fields[pk], held[pk] = row[5:16], row[0]
        known = limits.setdefault(pk, [])
        if row[16] is not None:
            stage, part, value, unit, *rest = row[16:]
            known.append(LimitValue(stage, part, value, LimitUnit(unit), *rest))
    by_id = {pk: _rule(row, tuple(limits[pk])) for pk, row in fields.items()}
    others = Counter((held[pk], rule.category_code) for pk, rule in by_id.items())
    undecided = {
        pk: replace(rule, undecided=True)
        for pk, rule in by_id.items()
        if not rule.situation and not rule.limits and others[held[pk], rule.category_code] > 1
    }
    by_id |= undecided
    for pk, rule in by_id.items():
        edition = editions[held[pk]]
        edition.rules[rule.category_code] = (*edition.rules.get(rule.category_code, ()), rule)
        if not rule.situation:
            edition.by_category[rule.category_code] = rule
    return RuleBook(tuple(editions.values()), by_id)


def _rule(row: tuple[Any, ...], limits: tuple[LimitValue, ...]) -> RuleValue:
    pk, category, major, code, situation, urgent, check_mode, check_window, closing_kinds, self_handling, photos = row
    return RuleValue(
        pk, category, major, code, situation, urgent, check_mode, check_window, tuple(closing_kinds), self_handling,
        limits, tuple(photo["kind"] for photo in photos),
    )  # fmt: skip
