"""HTTP edge of the evaluation: one table, as JSON or as a file for a spreadsheet."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from ninja import Query, Router, Schema
from pydantic import AwareDatetime

from cityloop.core import clock
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places.city import city
from cityloop.results.evaluation.exports import to_csv, to_dict
from cityloop.results.evaluation.periods import parse_period
from cityloop.results.evaluation.queries import Basis, By, Table, evaluate

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
router = Router(tags=["evaluation"])


BYTE_ORDER_MARK = "\ufeff"
"""By which spreadsheets know UTF-8."""


class Asked(Schema):
    """`period`: 2015, 2015-Q2, 2015-06 or 2015-06-30; `at`: as known then (now); `level`: of areas, department or
    unit, minor or major."""

    period: str
    by: By
    basis: Basis = "due"
    level: str = ""
    at: AwareDatetime | None = None


class RowOut(Schema):
    """Counts of cases, and rates as shares to four places; null is no data. No code: cases of no group."""

    code: str
    name: str
    reported: int
    closed: int
    due: int
    closed_on_time: int
    closed_late: int
    overdue_open: int
    closed_of_found: float | None
    closed_of_due: float | None
    on_time_of_due: float | None


class EvaluationOut(Schema):
    """A table from `start` up to but not including `end`, as known at `at`."""

    period: str
    start: datetime
    end: datetime
    at: datetime
    basis: Basis
    by: By
    level: str
    rows: list[RowOut]
    total: RowOut


@router.get("/evaluation", response=EvaluationOut)
def table(request: HttpRequest, asked: Query[Asked]) -> dict[str, Any]:
    """Counts and rates of a period (2015, 2015-Q2, 2015-06 or 2015-06-30), as known at `at` (now)."""
    return to_dict(_evaluated(request, asked))


CSV_FILE = {"responses": {200: {"description": "OK", "content": {"text/csv": {"schema": {"type": "string"}}}}}}


@router.get("/evaluation.csv", openapi_extra=CSV_FILE)
def file(request: HttpRequest, asked: Query[Asked]) -> HttpResponse:
    """The same table as a file in UTF-8 with a byte order mark, one line a row, the total last."""
    made = _evaluated(request, asked)
    name = "_".join(filter(None, ("evaluation", made.period.text, made.basis, made.by, made.level)))
    return HttpResponse(
        BYTE_ORDER_MARK + to_csv(made),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": str(content_disposition_header(True, f"{name}.csv"))},
    )


def _evaluated(request: HttpRequest, asked: Asked) -> Table:
    actor = actor_of(request)
    actor.require("evaluation.read")
    zone, now = city().zone, clock.now()
    return evaluate(
        period=parse_period(asked.period, zone),
        basis=asked.basis,
        by=asked.by,
        at=max(BEFORE_ALL, min(asked.at, now)) if asked.at else now,
        zone=zone,
        level=asked.level or None,
    )
