"""A rule or category out of a form is judged as the line of a table that says the same, field by field."""

from collections.abc import Iterable, Mapping
from typing import Any

from cityloop.core.errors import Refused
from cityloop.core.problems import Problem
from cityloop.core.sheets import Table, refer
from cityloop.ground.standards.checking import Known, check_rules
from cityloop.ground.standards.lines import (
    LIMIT_COLUMNS,
    TRANSLATED,
    CategoryLine,
    RuleLine,
    cells_of,
    rules_from,
)
from cityloop.ground.standards.rows import PROSE, CategoryData, RuleData

_FIELDS = {f"situation_{language}": f"situation_names.{language}" for language in TRANSLATED} | {
    f"{name}_{language}": f"translations.{language}.{name}" for name in PROSE for language in TRANSLATED
}
"""Where a column of a line stands in a rule."""


def fit_rule(rule: RuleData, known: Known) -> RuleData:
    """The rule as a table would read it. Refused with every field that is wrong."""
    table = Table("", RuleLine)
    for position, cells in enumerate(cells_of(rule)):
        table.add(position, cells)
    if not table.problems:
        check_rules(table, known)
    _refuse(table.problems)
    return rules_from(table.rows)[0]


def fit_category(cells: Mapping[str, str], known: Known) -> CategoryData:
    table = Table("", CategoryLine)
    table.add(0, cells)
    majors = {code for code, row in known.categories.items() if row.level == "major"}
    refer(table, "parent", "category", majors)
    _refuse(table.problems)
    return table.rows[0].data()


def _refuse(problems: Iterable[Problem]) -> None:
    told: list[dict[str, Any]] = [
        {"field": _field(problem), "code": problem.code, "text": problem.text()} for problem in problems
    ]
    told = [one for position, one in enumerate(told) if one not in told[:position]]  # each limit repeats the rule's own
    if told:
        raise Refused("rule_unfit", problems=told, named="; ".join(f"{one['field']}: {one['text']}" for one in told))


def _field(problem: Problem) -> str:
    if problem.field in LIMIT_COLUMNS or not problem.field:
        return ".".join(filter(None, ("limits", str(problem.line), problem.field)))
    return _FIELDS.get(problem.field, problem.field)
