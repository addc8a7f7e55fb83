"""HTTP edge of the evaluation: one table."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import AwareDatetime

from cityloop.core import clock
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places.city import city
from cityloop.results.evaluation.exports import to_dict
from cityloop.results.evaluation.periods import parse_period
from cityloop.results.evaluation.queries import Basis, By, evaluate

BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
router = Router(tags=["evaluation"])


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
def table(
    request: HttpRequest,
    period: str,
    by: By,
    basis: Basis = "due",
    level: str = "",
    at: AwareDatetime | None = None,
) -> dict[str, Any]:
    """Counts and rates of a period (2015, 2015-Q2, 2015-06 or 2015-06-30), as known at `at` (now)."""
    actor = actor_of(request)
    actor.require("evaluation.read")
    zone, now = city().zone, clock.now()
    return to_dict(
        evaluate(
            period=parse_period(period, zone),
            basis=basis,
            by=by,
            at=max(BEFORE_ALL, min(at, now)) if at else now,
            zone=zone,
            level=level or None,
        )
    )
