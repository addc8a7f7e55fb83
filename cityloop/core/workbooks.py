"""Workbooks (XLSX) as lines of cells. A merged cell counts for every row and column that it spans."""

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.exceptions import InvalidFileException

from cityloop.core.problems import Problem

MOST_BYTES = 30_000_000
"""Of a workbook once unpacked: more is no rule book, but an attack or a mistake."""
MOST_ROWS, MOST_COLUMNS = 20_000, 200
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*ref=\"([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})\"")
_ZEROS = re.compile(r"0+")
Sheet = list[tuple[int, list[str]]]


def is_workbook(data: bytes) -> bool:
    return data.startswith(b"PK\x03\x04")


def read(
    data: bytes, name: str, *, most_rows: int = MOST_ROWS, most_bytes: int = MOST_BYTES
) -> tuple[dict[str, Sheet], list[Problem]]:
    """Sheets by title, each as lines that are not empty; and the cells that cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > most_bytes:
                return {}, [Problem(name, 0, "", "workbook_too_large", {"most": f"{most_bytes // 1_000_000} MB"})]
            if _merged(packed) > MOST_ROWS * MOST_COLUMNS:
                return {}, [Problem(name, 0, "", "workbook_too_large", {"most": f"{MOST_ROWS} x {MOST_COLUMNS}"})]
        book = load_workbook(io.BytesIO(data))
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError, SyntaxError) as error:
        return {}, [Problem(name, 0, "", "workbook_unreadable", {"reason": error})]
    problems: list[Problem] = []
    sheets = {}
    for sheet in book.worksheets:
        if sheet.max_row > most_rows or sheet.max_column > MOST_COLUMNS:
            facts = {"most": f"{most_rows} x {MOST_COLUMNS}"}
            problems.append(Problem(f"{name}[{sheet.title}]", 0, "", "workbook_too_large", facts))
        else:
            sheets[sheet.title] = _lines(sheet, f"{name}[{sheet.title}]", problems)
    return sheets, problems


def _merged(packed: zipfile.ZipFile) -> int:
    """How many cells are merged: the library makes an object for each before anybody can ask."""
    parts = [name for name in packed.namelist() if name.startswith("xl/worksheets/")]
    ranges = [found.decode() for part in parts for found in _MERGED.findall(packed.read(part))]
    bounds = [range_boundaries(span) for span in ranges]
    return sum((right - left + 1) * (below - above + 1) for left, above, right, below in bounds)


def _lines(sheet: Any, name: str, problems: list[Problem]) -> Sheet:
    spans = {}
    for span in sheet.merged_cells.ranges:
        first = sheet.cell(span.min_row, span.min_col)
        for row, column in ((row, column) for row, column in _inside(span) if row <= sheet.max_row):
            spans[row, column] = first
    found = []
    for cells in sheet.iter_rows():
        written = [spans.get((cell.row, cell.column), cell) for cell in cells]
        texts = [_text(cell, here, name, problems) for cell, here in zip(written, cells, strict=True)]
        if any(texts):
            found.append((cells[0].row, texts))
    return found


def _inside(span: Any) -> Iterable[tuple[int, int]]:
    for row in range(span.min_row, span.max_row + 1):
        for column in range(span.min_col, min(span.max_col, MOST_COLUMNS) + 1):
            yield row, column


def _text(cell: Any, here: Any, name: str, problems: list[Problem]) -> str:
    value = cell.value
    if cell.data_type in ("f", "e"):
        code = "cell_formula" if cell.data_type == "f" else "cell_error"
        problems.append(Problem(name, here.row, get_column_letter(here.column), code, {"value": value}))
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value, cell.number_format)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat("minutes")
    return "" if value is None else str(value).strip()


def _number(value: float, form: str) -> str:
    """As it is shown where it is a code with leading zeros, else without what floats add."""
    if float(value).is_integer():
        digits = str(int(value))
        return digits.zfill(len(form)) if _ZEROS.fullmatch(form) and value >= 0 else digits
    return f"{value:.12g}"


def write(sheets: Mapping[str, Iterable[Sequence[str | float]]]) -> bytes:
    """A workbook of sheets by title; the first row of each names the columns. Texts stay texts, numbers are numbers."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row, start=1):
                if value == "":
                    continue
                cell = sheet.cell(number, column, value)
                if isinstance(value, str):
                    cell.data_type = "s"  # also where it begins with =
                    cell.number_format = "@"
                cell.alignment = Alignment(vertical="top", wrap_text=True)
                if number == 1:
                    cell.font = Font(bold=True)
        sheet.freeze_panes = "A2"
        for column in range(1, sheet.max_column + 1):
            sheet.column_dimensions[get_column_letter(column)].width = 18
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
