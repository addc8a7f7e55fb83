"""Urban objects as a file tells them, and tables whose columns hold coordinates (CSV and XLSX)."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import shapely

from cityloop.core import workbooks
from cityloop.core.errors import Refused
from cityloop.core.fields import Row, clean, narrow
from cityloop.core.problems import Problem
from cityloop.core.sheets import Table, csv_lines
from cityloop.ground.registry.geoshapes import Shapes, from_columns

PAIRS = (("lon", "lat"), ("lng", "lat"), ("longitude", "latitude"), ("经度", "纬度"), ("东经", "北纬"), ("x", "y"))
WKT_COLUMNS = ("wkt", "geometry", "geom", "wkt_geom", "the_geom")
RESERVED = frozenset({*WKT_COLUMNS, *(name for pair in PAIRS for name in pair)})
"""What no other column of a table may be called."""
HEADINGS = 10
"""The line that names the columns is the first of so many that names coordinates, else the first of all."""
MOST_ROWS, MOST_BYTES = 100_000, 300_000_000
"""Of a workbook; more objects come in better as CSV or GeoPackage."""
FORMULA_SIGNS = ("=", "+", "-", "@")
Lines = Sequence[tuple[int, Sequence[str]]]


class GeoTable(NamedTuple):
    """Objects as a file tells them. Parallel: `rows`, `shapes`, `lines`.

    `rows`: cells as text by column, empty where there is nothing; columns of coordinates are left out.
    `shapes`: shapely geometries in degrees of WGS-84, or None.
    `lines`: where each stands, as a person counts: line of a CSV file, row of a sheet, else number of the feature.
    `problems`: what is wrong, by line; line 0 is about the file as a whole. A line may be in `problems` and still be
    among the rows (a polygon that crosses itself), or not (too few cells).
    """

    columns: list[str]
    rows: list[dict[str, str]]
    shapes: Shapes
    lines: list[int]
    problems: list[Problem]
    encoding: str = ""
    layer: str = ""

    def sound(self) -> "GeoTable":
        """Without the lines that have a problem."""
        bad = {problem.line for problem in self.problems}
        kept = [position for position, line in enumerate(self.lines) if line not in bad]
        return self._replace(
            rows=[self.rows[position] for position in kept],
            shapes=self.shapes[kept],
            lines=[self.lines[position] for position in kept],
        )


def from_csv(text: str, name: str, path: object) -> GeoTable:
    """Shapes are in the file's own coordinates yet. Refused where this is no table in commas."""
    table = Table(name, Row)
    lines = list(csv_lines(table, text))
    if not table.problems and lines and len(lines[0][1]) == 1 and any(sign in lines[0][1][0] for sign in ";\t"):
        table.refuse(lines[0][0], "", "table_semicolons")
    for problem in table.problems:
        raise Refused("file_unreadable", path=path, reason=f"{problem.line}: {problem.text()}")
    return _from_lines([(line, [_unquoted(cell) for cell in cells]) for line, cells in lines], name)


def from_workbook(data: bytes, name: str, path: object, layer: str | None) -> GeoTable:
    """The sheet `layer`, or the only one that is not empty."""
    sheets, problems = workbooks.read(data, name, most_rows=MOST_ROWS, most_bytes=MOST_BYTES)
    for problem in problems:
        if problem.line == 0 and layer in (None, _title(problem.file, name), ""):
            raise Refused("file_unreadable", path=path, reason=problem.text())
    layer = chosen(layer, [title for title, lines in sheets.items() if lines or title == layer], path)
    table = _from_lines(sheets.get(layer, []), f"{name}[{layer}]")
    own = [problem for problem in problems if problem.file == f"{name}[{layer}]"]
    return table._replace(problems=[*own, *table.problems], layer=layer)


def _title(file: str, name: str) -> str:
    return file.removeprefix(name)[1:-1]


def chosen(layer: str | None, known: Sequence[str], path: object) -> str:
    """The layer named, or the only one; Refused where there is no such layer, or several and none was named."""
    if layer:
        if layer not in known:
            raise Refused("geofile_layer_unknown", path=path, layer=layer, known=", ".join(known))
        return layer
    if len(known) > 1:
        raise Refused("geofile_several", path=path, known=", ".join(known))
    return known[0] if known else ""


def quoted(cell: str) -> str:
    """A cell of a CSV file that no spreadsheet takes for a formula: `'=1+1`. Plain numbers stay as they are."""
    return f"'{cell}" if cell.lstrip("'").startswith(FORMULA_SIGNS) and _number(cell) is None else cell


def _unquoted(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell.lstrip("'").startswith(FORMULA_SIGNS) else cell


def _from_lines(lines: Lines, name: str) -> GeoTable:
    start = next((at for at, (_, cells) in enumerate(lines[:HEADINGS]) if _places(cells)), 0)
    heading = _heading(lines[start:])
    problems: list[Problem] = []
    if not heading:
        problems.append(Problem(name, 0, "", "table_empty", {"known": "lon, lat"}))
    for position, column in enumerate(heading):
        if column and column in heading[:position]:
            problems.append(Problem(name, lines[start][0], column, "column_twice"))
    cells_of: list[dict[str, str]] = []
    numbers: list[int] = []
    for line, cells in lines[start + 1 :]:
        if len(cells) != len(heading):
            facts = {"found": len(cells), "expected": len(heading)}
            problems.append(Problem(name, line, "", "cells_wrong", facts))
            continue
        cells_of.append({column: clean(cell) for column, cell in reversed(list(zip(heading, cells, strict=True)))})
        numbers.append(line)
    places = _places(heading)
    if heading and not places:
        problems.append(Problem(name, 0, "", "coordinates_missing", {"found": ", ".join(filter(None, heading))}))
    shapes = _shapes(cells_of, numbers, places, lambda *wrong: problems.append(Problem(name, *wrong)))
    columns = list(dict.fromkeys(column for column in heading if column and column not in places))
    rows = [{column: cells[column] for column in columns} for cells in cells_of]
    return GeoTable(columns, rows, shapes, numbers, problems)


def _heading(lines: Lines) -> list[str]:
    """Names of columns by the first of the lines; one without a name is numbered where anybody wrote into it."""
    if not lines:
        return []
    names = [clean(cell) for cell in lines[0][1]]
    written = {at for at, name in enumerate(names) if not name for _, cells in lines if any(cells[at : at + 1])}
    return [f"column_{at + 1}" if at in written else name for at, name in enumerate(names)]


def _places(heading: Sequence[str]) -> list[str]:
    """The columns that hold coordinates: of WKT, of longitude and latitude, of both, or none."""
    called = {narrow(column).casefold(): clean(column) for column in reversed(heading)}
    wkt = [called[name] for name in WKT_COLUMNS if name in called][:1]
    pairs = [[called[lon], called[lat]] for lon, lat in PAIRS if lon in called and lat in called][:1]
    return [*wkt, *(pairs[0] if pairs else [])]


def _shapes(
    rows: Sequence[Mapping[str, str]],
    lines: Sequence[int],
    places: Sequence[str],
    refuse: Callable[[int, str, str, dict[str, object]], None],
) -> Shapes:
    """A shape for each row, by WKT and else by its two numbers."""
    shapes: Shapes = np.full(len(rows), None, object)
    if len(places) >= 2:
        shapes = from_columns(*_numbers(rows, lines, places[-2:], refuse))
    if len(places) % 2:
        texts = np.array([row[places[0]] or None for row in rows], object)
        drawn = shapely.force_2d(shapely.from_wkt(texts, on_invalid="ignore"))
        for position in np.flatnonzero(shapely.is_missing(drawn) & (texts != None)).tolist():  # noqa: E711
            refuse(lines[position], places[0], "wkt_unreadable", {"value": texts[position][:60]})
        shapes = np.where(texts == None, shapes, drawn)  # noqa: E711
    return shapes


def _numbers(
    rows: Iterable[Mapping[str, str]],
    lines: Iterable[int],
    places: Sequence[str],
    refuse: Callable[[int, str, str, dict[str, object]], None],
) -> tuple[list[float], list[float]]:
    """Two columns as numbers; NaN where both cells are empty, or one is none."""
    found: tuple[list[float], list[float]] = ([], [])
    for line, row in zip(lines, rows, strict=True):
        cells = [row[column] for column in places]
        numbers = [_number(cell) for cell in cells]
        if any(cells):
            for column, cell, number in zip(places, cells, numbers, strict=True):
                if number is None:
                    refuse(line, column, "no_number" if cell else "left_empty", {"value": cell})
        for column_of, number in zip(found, numbers, strict=True):
            column_of.append(math.nan if number is None else number)
    return found


def _number(cell: str) -> float | None:
    try:
        number = float(narrow(cell))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
