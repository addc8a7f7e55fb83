"""A file becomes rules: CSV or XLSX, in our own columns or in others by a mapping. All or nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from cityloop.core import workbooks
from cityloop.core.errors import Refused
from cityloop.core.nodes import decode
from cityloop.core.problems import Problem
from cityloop.core.sheets import AnyRow, Table, csv_lines, fill
from cityloop.ground.standards.checking import Kind, Known, check_rules, without_limit
from cityloop.ground.standards.lines import CategoryLine, RuleLine, rules_from
from cityloop.ground.standards.mapping import FileMapping, Mapped, mapped, numbered
from cityloop.ground.standards.rows import CategoryData, RuleData

HEADINGS = 10
"""The line that names the columns is looked for among so many first ones."""
MOST_BYTES = 5_000_000
Lines = list[tuple[int, Sequence[str]]]


@dataclass
class Reading:
    """What a file says: its rules, and categories not known yet.

    `problems`: all that could not be read; rules and categories are of use only where there are none.
    """

    rules: list[RuleData] = field(default_factory=list)
    categories: list[CategoryData] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    lines: int = 0
    without_rules: bool = False

    def require(self) -> "Reading":
        """Itself; Refused with every problem where there is one."""
        if self.problems:
            raise Refused("file_refused", count=len(self.problems), problems=[told(one) for one in self.problems])
        return self


def beside(reading: Reading, base: Iterable[RuleData], keep_others: bool) -> Reading:
    """What the rule book becomes by a file: all that it says, and of the base, if asked for or if the file holds no
    rules at all, the rules of the categories that it does not speak of."""
    if not keep_others and not reading.without_rules:
        return reading
    spoken = {rule.category for rule in reading.rules}
    return replace(reading, rules=[*(rule for rule in base if rule.category not in spoken), *reading.rules])


def told(problem: Problem) -> dict[str, Any]:
    """A problem for machines: where it stands, its code, its sentence in the language spoken."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.field,
        "code": problem.code,
        "text": problem.text(),
        "value": str(problem.facts.get("value", "")),
    }


def read(data: bytes, name: str, known: Known, mapping: FileMapping | None = None) -> Reading:
    """Never raises for what stands in the file."""
    if len(data) > MOST_BYTES:
        return Reading(problems=[Problem(name, 0, "", "workbook_too_large", {"most": f"{MOST_BYTES // 1_000_000} MB"})])
    sheets, problems = _sheets(data, name)
    if problems:
        return Reading(problems=problems)
    rules, categories = Table(name, RuleLine), Table(name, CategoryLine)
    if mapping is None:
        _read_own(sheets, name, rules, categories)
    else:
        _read_mapped(sheets, name, mapping, rules, categories)
    fresh = _fresh(categories, known)
    kinds = {row.code: Kind(row.kind, row.level) for row in fresh}
    after = replace(known, categories={**known.categories, **kinds})
    if not categories.problems:
        check_rules(rules, after)
    found = Reading(categories=fresh, problems=[*categories.problems, *rules.problems], lines=len(rules.rows))
    found.without_rules = mapping is not None and not mapping.rules
    if not found.problems:
        found.rules = rules_from(rules.rows)
        if known.complete:
            found.problems = [
                Problem(rules.name, 0, "category", "minor_without_limit", {"value": code})
                for code in without_limit(found.rules, after.minors)
            ]
    return found


def _sheets(data: bytes, name: str) -> tuple[dict[str, Lines], list[Problem]]:
    """Lines by sheet; a CSV file is one sheet without a title."""
    if workbooks.is_workbook(data):
        sheets, problems = workbooks.read(data, name)
        return {title: list(lines) for title, lines in sheets.items()}, problems
    text, problem = decode(name, data)
    table = Table(name, RuleLine)
    lines = list(csv_lines(table, text))
    return {"": lines}, [problem] if problem else table.problems


def _read_own(sheets: Mapping[str, Lines], name: str, rules: Table[RuleLine], categories: Table[CategoryLine]) -> None:
    """Our own columns: a CSV file or the only sheet holds rules, else the sheets are called as the tables are."""
    titles = {title.casefold().strip(): title for title in sheets}
    if len(sheets) == 1:
        titles = {"rules": next(iter(sheets))}
    if "rules" not in titles:
        rules.refuse(0, "", "sheet_missing", value="rules", known=", ".join(sheets))
        return
    _fill(rules, name, sheets, titles["rules"])
    if "categories" in titles:
        _fill(categories, name, sheets, titles["categories"])


def _fill(table: Table[AnyRow], name: str, sheets: Mapping[str, Lines], title: str) -> None:
    table.name = f"{name}[{title}]" if title else name
    needed = [column for column, field in table.kind.model_fields.items() if field.is_required()]
    fill(table, _from_heading(sheets[title], needed)[1] or sheets[title])


def _from_heading(lines: Lines, needed: Sequence[str]) -> tuple[list[str], Lines]:
    """The lines from the first one on that names all columns needed, and not again where a heading is merged over
    several; else what the nearest one lacks, and nothing."""
    lacking: list[str] = list(needed)
    for position, (_line, cells) in enumerate(lines[:HEADINGS]):
        named = [cell.strip() for cell in cells]
        missing = [column for column in needed if column not in named]
        if not missing:
            rest = [(line, row) for line, row in lines[position + 1 :] if [cell.strip() for cell in row] != named]
            return [], [lines[position], *rest]
        lacking = min(lacking, missing, key=len)
    return lacking, []


def _read_mapped(
    sheets: Mapping[str, Lines],
    name: str,
    mapping: FileMapping,
    rules: Table[RuleLine],
    categories: Table[CategoryLine],
) -> None:
    title = mapping.sheet or next(iter(sheets))
    if title not in sheets:
        rules.refuse(0, "", "sheet_missing", value=title, known=", ".join(sheets))
        return
    rules.name = categories.name = f"{name}[{title}]" if title else name
    lacking, lines = _from_heading(sheets[title], mapping.columns())
    if lacking:
        rules.refuse(0, "", "heading_missing", value=", ".join(lacking))
        return
    heading = [cell.strip() for cell in lines[0][1]]
    found: list[tuple[int, Mapped]] = []
    cells: dict[str, str] | None = None
    for line, row in lines[1:]:
        if len(row) != len(heading):
            rules.refuse(line, "", "cells_wrong", found=len(row), expected=len(heading))
            continue
        cells = mapping.filled(dict(zip(heading, (cell.strip() for cell in row), strict=True)), cells)
        if mapping.counts(cells):
            ours = mapped(mapping.rules, cells)
            theirs = [mapped(columns, cells) for columns in mapping.categories]
            for unfit in {(one.column, one.code): one for each in (ours, *theirs) for one in each.unfit}.values():
                rules.refuse(line, unfit.column, unfit.code, **unfit.facts)
            found += [(line, ours)] if mapping.rules and not ours.unfit else []
            for category in theirs:
                if not category.unfit:
                    categories.add(line, category.cells, category.called.__getitem__)
    ours_of = [ours for _, ours in found]
    for (line, _), ours in zip(found, numbered(ours_of) if mapping.situations == "numbered" else ours_of, strict=True):
        rules.add(line, ours.cells, partial(_called, ours.called))


def _called(called: Mapping[str, str], column: str) -> str:
    return called.get(column, column)


def _fresh(table: Table[CategoryLine], known: Known) -> list[CategoryData]:
    """The categories that are not known yet, each once, majors first. Two that differ in one code are refused."""
    first: dict[str, tuple[int, CategoryLine]] = {}
    for line, row in table.numbered():
        if row.scheme:
            continue
        at, other = first.setdefault(row.code, (line, row))
        if (row.name, row.level, row.parent) != (other.name, other.level, other.parent):
            table.refuse(line, "code", "category_disagrees", value=row.code, other=other.name, first=at)
    levels = {code: row.level for code, row in known.categories.items()}
    levels |= {code: row.level for code, (_, row) in first.items() if code not in levels}
    for line, row in first.values():
        if row.parent and levels.get(row.parent) != "major":
            code = "parent_minor" if row.parent in levels else "category_unknown"
            table.refuse(line, "parent", code, value=row.parent)
    fresh = [row.data() for code, (_, row) in first.items() if code not in known.categories]
    return sorted(fresh, key=lambda row: row.level != "major")
