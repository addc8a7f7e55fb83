"""What must be true across the lines of the rule book. Every check refuses at the line that is wrong."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from cityloop.core.problems import near
from cityloop.core.sheets import Table, refer
from cityloop.ground.standards.lines import RULE_COLUMNS, CategoryLine, CrosswalkLine, RuleLine
from cityloop.ground.standards.rows import RuleData

WORKING = ("wh", "wd")


class Kind(NamedTuple):
    """What a category is."""

    kind: str
    level: str

    @property
    def reportable(self) -> bool:
        return self.level == "minor" and self.kind != "item"


@dataclass(frozen=True)
class Known:
    """What rules may refer to. `complete`: no minor category without a limit, no limit without a closing condition."""

    categories: Mapping[str, Kind]
    calendars: Collection[str]
    documents: Collection[str]
    complete: bool = False

    @property
    def minors(self) -> list[str]:
        """What can be reported."""
        return [code for code, row in self.categories.items() if row.reportable]


def check_rules(table: Table[RuleLine], known: Known) -> None:
    """All that can be wrong with lines of rules in themselves and in what they refer to."""
    refer(table, "category", "category", known.categories)
    first: dict[tuple[str, str], dict[str, tuple[int, Any]]] = defaultdict(dict)
    limits: dict[tuple[object, ...], int] = {}
    for line, row in table.numbered():
        if row.unit in WORKING and row.calendar not in known.calendars:
            guess = near(row.calendar, list(known.calendars))
            code = "calendar_unknown_near" if guess else "calendar_unknown"
            table.refuse(line, "calendar", code, value=row.calendar, near=guess)
        category = known.categories.get(row.category)
        if category is not None and not category.reportable:
            code = "rule_for_item" if category.kind == "item" else "rule_for_major"
            table.refuse(line, "category", code, value=row.category)
        for column in RULE_COLUMNS:
            cell = getattr(row, column)
            at, other = first[row.rule].setdefault(column, (line, cell)) if cell else (line, cell)
            if cell != other:
                table.refuse(line, column, "rule_disagrees", column=column, first=at)
        if row.limit is not None:
            key = (*row.rule, row.stage, row.part, row.area_class, row.season)
            if limits.setdefault(key, line) != line:
                table.refuse(line, "part", "limit_twice", first=limits[key])
        _documents(table, line, row, known.documents)
    if known.complete:
        _complete(table)


def _documents(table: Table[RuleLine], line: int, row: RuleLine, known: Collection[str]) -> None:
    for document, _clause in row.documents:
        if document not in known:
            guess = near(document, list(known))
            code = "document_unknown_near" if guess else "document_unknown"
            table.refuse(line, "documents", code, value=document, near=guess)


def _complete(table: Table[RuleLine]) -> None:
    rules: dict[tuple[str, str], list[tuple[int, RuleLine]]] = defaultdict(list)
    for line, row in table.numbered():
        rules[row.rule].append((line, row))
    for lines in rules.values():
        if all(row.limit is None for _, row in lines):
            table.refuse(lines[0][0], "value", "limit_missing")
        elif not any(row.closing_condition for _, row in lines):
            table.refuse(lines[0][0], "closing_condition", "limit_unclosed")


def without_limit(rules: Iterable[RuleData], minors: Iterable[str]) -> list[str]:
    """The minor categories for which no rule sets a limit."""
    limited = {rule.category for rule in rules if rule.limits}
    return [code for code in minors if code not in limited]


def check_crosswalk(table: Table[CrosswalkLine], categories: Table[CategoryLine], own: str) -> None:
    """Both ends are known, no category counts twice in one scheme, and no minor category of a scheme is lost."""
    known: dict[str, dict[str, tuple[int, str]]] = defaultdict(dict)
    for line, category in categories.numbered():
        known[category.scheme or own][category.code] = (line, category.level)
    first: dict[tuple[str, str, str], int] = {}
    mapped: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line, row in table.numbered():
        (from_scheme, from_code), (to_scheme, to_code) = ((scheme or own, code) for scheme, code in row.ends)
        for column, scheme, code in (("from_code", from_scheme, from_code), ("to_code", to_scheme, to_code)):
            if code not in known.get(scheme, {}):
                table.refuse(line, column, "crosswalk_unknown", value=code, scheme=scheme)
        if from_scheme == to_scheme:
            table.refuse(line, "to_scheme", "crosswalk_same", scheme=from_scheme)
        at = first.setdefault((from_scheme, from_code, to_scheme), line)
        if at != line:
            table.refuse(line, "from_code", "crosswalk_twice", value=from_code, scheme=to_scheme, first=at)
        mapped[from_scheme, to_scheme].add(from_code)
    for (scheme, other), codes in mapped.items():
        for code, (line, level) in known.get(scheme, {}).items():
            if level == "minor" and code not in codes:
                categories.refuse(line, "code", "crosswalk_loses", value=code, other=other)
