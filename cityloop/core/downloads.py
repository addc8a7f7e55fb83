"""Tables as files that a browser saves."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from cityloop.core import workbooks

BYTE_ORDER_MARK = "\ufeff"
"""By which spreadsheets know UTF-8."""
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def described(kind: str) -> dict[str, Any]:
    """What the API says of an operation that answers with a file of that kind."""
    return {"responses": {200: {"description": "OK", "content": {kind: {"schema": {"type": "string"}}}}}}


def csv_file(text: str, name: str) -> HttpResponse:
    return _attached((BYTE_ORDER_MARK + text).encode(), f"{CSV}; charset=utf-8", name)


def csv_table(lines: Iterable[Sequence[object]], name: str) -> HttpResponse:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(lines)
    return csv_file(out.getvalue(), name)


def workbook(data: bytes, name: str) -> HttpResponse:
    return _attached(data, XLSX, name)


def workbook_of(sheets: Mapping[str, Iterable[Sequence[str | float]]], name: str) -> HttpResponse:
    return workbook(workbooks.write(sheets), name)


def _attached(data: bytes, kind: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": str(content_disposition_header(True, name))}
    return HttpResponse(data, content_type=kind, headers=headers)
