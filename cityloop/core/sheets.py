"""Tables that people write, as lines of cells with their numbers, and what is wrong with them."""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from cityloop.core.fields import Row
from cityloop.core.nodes import decode
from cityloop.core.problems import Problem, explain, near, unknown

AnyRow = TypeVar("AnyRow", bound=Row)
Lines = Iterable[tuple[int, Sequence[str]]]
"""Line number and cells; what is empty altogether is left out."""
csv.field_size_limit(32_000_000)  # the outline of a district is one cell


class Table(Generic[AnyRow]):
    """The lines of one table that could be read, in order, with their line numbers and what was wrong."""

    def __init__(self, name: str, kind: type[AnyRow]) -> None:
        self.name = name
        self.kind = kind
        self.rows: list[AnyRow] = []
        self.lines: list[int] = []
        self.problems: list[Problem] = []
        self.found = False

    def numbered(self) -> Iterator[tuple[int, AnyRow]]:
        return zip(self.lines, self.rows, strict=True)

    def refuse(self, line: int, field: str, code: str, **facts: object) -> None:
        self.problems.append(Problem(self.name, line, field, code, facts))

    def add(self, line: int, cells: Mapping[str, str], called: Callable[[str], str] = str) -> None:
        """One more line; `called` says what the file calls a column of ours."""
        try:
            row = self.kind.model_validate(dict(cells))
        except ValidationError as errors:
            for error in errors.errors():
                place = error["loc"][:1]
                value = cells.get(str(place[0])) if place else None
                code, facts = ("left_empty", {}) if value == "" else explain(error, place, self.kind)
                self.refuse(line, called(str(place[0])) if place else "", code, **facts)
            return
        self.rows.append(row)
        self.lines.append(line)


def read(path: Path, name: str, kind: type[AnyRow]) -> Table[AnyRow]:
    """A CSV file. Never raises for what stands in it; a file that is not there is a table not `found`."""
    table = Table(name, kind)
    if path.exists():
        table.found = True
        text, problem = decode(name, path.read_bytes())
        if problem:
            table.problems.append(problem)
        else:
            fill(table, csv_lines(table, text))
    return table


def csv_lines(table: Table[AnyRow], text: str) -> Iterator[tuple[int, Sequence[str]]]:
    """The lines of a CSV text up to where it is none any more, which is a problem of `table`."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            table.refuse(line, "", "csv_syntax", reason=error)
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def fill(table: Table[AnyRow], lines: Lines) -> None:
    """Read lines of which the first names the columns."""
    columns: list[str] | None = None
    for line, cells in lines:
        if columns is None:
            columns = [cell.strip() for cell in cells]
            if not _columns_fit(table, line, columns):
                return
        elif len(cells) != len(columns):
            table.refuse(line, "", "cells_wrong", found=len(cells), expected=len(columns))
        else:
            table.add(line, {column: cell.strip() for column, cell in zip(columns, cells, strict=True)})
    if columns is None and not table.problems:
        table.refuse(0, "", "table_empty", known=", ".join(table.kind.model_fields))


def _columns_fit(table: Table[AnyRow], line: int, columns: list[str]) -> bool:
    fields = table.kind.model_fields
    if len(columns) == 1 and ";" in columns[0]:
        table.refuse(line, "", "table_semicolons")
        return False
    for position, column in enumerate(columns):
        if column not in fields:
            code, facts = unknown("column_unknown", column, [name for name in fields if name not in columns])
            table.refuse(line, column, code, **facts)
        elif column in columns[:position]:
            table.refuse(line, column, "column_twice")
    for name, field in fields.items():
        if field.is_required() and name not in columns:
            table.refuse(line, "", "column_missing", column=name, found=", ".join(columns))
    return not table.problems


def refer(table: Table[Any], column: str, noun: str, known: Collection[str]) -> None:
    """Refuse what a column names and nobody knows; `noun` says what it should be."""
    guesses: dict[str, str] = {}
    for line, row in table.numbered():
        ref = getattr(row, column)
        if ref and ref not in known:
            if ref not in guesses:
                guesses[ref] = near(ref, list(known))
            guess = guesses[ref]
            code = f"{noun}_unknown_near" if guess else f"{noun}_unknown"
            table.refuse(line, column, code, value=ref, near=guess)
