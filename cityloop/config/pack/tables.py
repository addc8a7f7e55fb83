"""CSV tables with line numbers."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from cityloop.config.pack.nodes import decode
from cityloop.config.pack.problems import Problem, explain, unknown
from cityloop.config.pack.schema import Row

AnyRow = TypeVar("AnyRow", bound=Row)


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


def read(path: Path, name: str, kind: type[AnyRow]) -> Table[AnyRow]:
    """Never raises for what stands in the file; a file that is not there is a table not `found`."""
    table = Table(name, kind)
    if not path.exists():
        return table
    table.found = True
    text, problem = decode(name, path.read_bytes())
    if problem:
        table.problems.append(problem)
        return table
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: list[str] | None = None
    line = 1
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            table.refuse(line, "", "csv_syntax", reason=error)
            return table
        if not any(cell.strip() for cell in cells):
            continue
        if columns is None:
            columns = [cell.strip() for cell in cells]
            if not _columns_fit(table, line, columns):
                return table
        else:
            _add(table, line, columns, cells)
    if columns is None:
        table.refuse(0, "", "table_empty", known=", ".join(kind.model_fields))
    return table


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


def _add(table: Table[AnyRow], line: int, columns: list[str], cells: list[str]) -> None:
    if len(cells) != len(columns):
        table.refuse(line, "", "cells_wrong", found=len(cells), expected=len(columns))
        return
    data: dict[str, Any] = {column: cell.strip() for column, cell in zip(columns, cells, strict=True)}
    try:
        row = table.kind.model_validate(data)
    except ValidationError as errors:
        for error in errors.errors():
            place = error["loc"][:1]
            value = data.get(str(place[0])) if place else None
            code, facts = ("left_empty", {}) if value == "" else explain(error, place, table.kind)
            table.refuse(line, str(place[0]) if place else "", code, **facts)
        return
    table.rows.append(row)
    table.lines.append(line)
