"""What the columns of a foreign table mean, as data: which column is what, with tables of values and patterns."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from cityloop.core import nodes
from cityloop.core.errors import Refused
from cityloop.core.fields import Strict, narrow, refusal
from cityloop.core.problems import unknown
from cityloop.ground.standards.lines import CategoryLine, RuleLine

FOLDER = Path(__file__).resolve().parent / "mappings"


def _regex(text: str) -> str:
    try:
        if re.compile(text).groups <= 1:
            return text
    except re.error:
        pass
    raise refusal("mapping_pattern", value=text)


class Part(Strict):
    """A text, or what stands in a column: of that what `pattern` finds (its group, where it has one), and for that
    what `values` says. `default` stands where the pattern finds nothing, `values` does not know it, or it is empty."""

    column: str = ""
    text: str = ""
    pattern: Annotated[str, AfterValidator(_regex)] = ""
    values: dict[str, str] = {}
    default: str | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.column) == bool(self.text):
            raise refusal("mapping_part")
        return self

    def read(self, cells: Mapping[str, str]) -> str:
        """Raises Unfit where the cell cannot be read."""
        if self.text:
            return self.text
        cell = cells[self.column]
        if self.pattern:
            found = re.search(self.pattern, narrow(cell))
            if found is None:
                return self._otherwise("mapping_no_match", {"value": cell, "pattern": self.pattern})
            cell = found[found.re.groups] or ""
        if self.values and narrow(cell) not in self.values:
            return self._otherwise(*unknown("not_one_of", cell, list(self.values)))
        cell = self.values[narrow(cell)] if self.values else cell
        return cell or self.default or ""

    def _otherwise(self, code: str, facts: dict[str, object]) -> str:
        if self.default is None:
            raise Unfit(self.column, code, facts)
        return self.default


class Unfit(Exception):
    """A cell that the mapping does not understand."""

    def __init__(self, column: str, code: str, facts: dict[str, object]) -> None:
        super().__init__(column, code, facts)
        self.column, self.code, self.facts = column, code, facts


def _parts(value: object) -> object:
    """`name` is short for `[{column: name}]`."""
    given = value if isinstance(value, list) else [value]
    return [{"column": part} if isinstance(part, str) else part for part in given]


Cell = Annotated[list[Part], BeforeValidator(_parts), Field(min_length=1)]
"""Parts written one behind the other."""


def _columns_of(kind: type[RuleLine] | type[CategoryLine]) -> Any:
    def check(columns: dict[str, Any]) -> dict[str, Any]:
        for column in columns:
            if column not in kind.model_fields:
                code, facts = unknown("column_unknown", column, list(kind.model_fields))
                raise refusal(code, **facts)
        return columns

    return AfterValidator(check)


class FileMapping(Strict):
    """A foreign table. `where`: only lines with one of these values in a column count. `situations` numbered: each line
    is a situation of its own, called by its `situation` and a number where that repeats, or by s1, s2 ...; as_given:
    lines of the same category and situation are one rule. `categories`: what categories each line names. `fill_down`:
    columns whose empty cells say what the line above says, if that is of the same category."""

    sheet: str = ""
    where: dict[str, list[str]] = {}
    fill_down: list[str] = []
    situations: Literal["as_given", "numbered"] = "as_given"
    rules: Annotated[dict[str, Cell], _columns_of(RuleLine)] = {}
    categories: list[Annotated[dict[str, Cell], _columns_of(CategoryLine)]] = []

    def columns(self) -> list[str]:
        """The columns that the file must have."""
        cells = [cell for columns in (self.rules, *self.categories) for cell in columns.values()]
        return list(
            dict.fromkeys(
                [*self.where, *self.fill_down, *(part.column for cell in cells for part in cell if part.column)]
            )
        )

    def filled(self, cells: dict[str, str], above: Mapping[str, str] | None) -> dict[str, str]:
        same = [part.column for part in self.rules.get("category", []) if part.column]
        if above is None or any(cells[column] != above[column] for column in same):
            return cells
        return cells | {column: cells[column] or above[column] for column in self.fill_down}

    def counts(self, cells: Mapping[str, str]) -> bool:
        return all(cells[column] in values for column, values in self.where.items())


class Mapped(NamedTuple):
    """A line in our columns; `called`: what the file calls each of them; `unfit`: the cells not understood."""

    cells: dict[str, str]
    called: dict[str, str]
    unfit: list[Unfit]


def mapped(columns: Mapping[str, list[Part]], cells: Mapping[str, str]) -> Mapped:
    line = Mapped({}, {}, [])
    for name, parts in columns.items():
        line.called[name] = ", ".join(dict.fromkeys(part.column for part in parts if part.column)) or name
        try:
            line.cells[name] = "".join(part.read(cells) for part in parts)
        except Unfit as unfit:
            line.unfit.append(unfit)
    return line


def numbered(lines: list[Mapped]) -> Iterator[Mapped]:
    """Each line a situation of its own, in the order of the file."""
    seen: dict[tuple[str, str], int] = {}
    totals: dict[str, int] = {}
    for line in lines:
        category = line.cells.get("category", "")
        totals[category] = totals.get(category, 0) + 1
    for line in lines:
        category, slug = line.cells.get("category", ""), narrow(line.cells.get("situation", ""))
        number = seen[category, slug] = seen.get((category, slug), 0) + 1
        if slug:
            slug = slug if number == 1 else f"{slug}-{number}"
        elif totals[category] > 1:
            slug = f"s{number}"
        yield line._replace(cells=line.cells | {"situation": slug})


def named(name: str) -> FileMapping:
    """One of the mappings that come along."""
    known = sorted(file.stem for file in FOLDER.glob("*.yaml"))
    if name not in known:
        raise Refused("import_mapping_unknown", path=name, known=", ".join(known))
    return _load(FOLDER / f"{name}.yaml")


def load(path: Path) -> FileMapping:
    """A mapping file, or by its bare name one of those that come along. Refused with all that is wrong with it."""
    return _load(path) if path.is_file() else named(str(path))


def _load(path: Path) -> FileMapping:
    document = nodes.read(path, str(path))
    found = nodes.fit(document, FileMapping)
    if found is None:
        raise Refused("import_mapping_wrong", path=path.name, problems="; ".join(map(str, document.problems)))
    return found
