"""What the HTTP edge of intake takes and gives. Names and titles are in the language asked for."""

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import AwareDatetime, StringConstraints

from cityloop.core.units import Light

PlainText = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=150)]
"""PostgreSQL keeps no NUL."""


class ReceiptOut(Schema):
    """`known`: the report had been sent before; nothing was added. `missing`: what keeps it from being a case."""

    number: str
    case: str | None
    known: bool
    missing: list[str]


class WaitingOut(Schema):
    """A report without a case. `photos` are ids."""

    number: str
    channel: str
    channel_name: str
    happened_at: datetime
    lon: float | None
    lat: float | None
    address: str
    words: str
    missing: list[str]
    photos: list[str]


class WaitingPage(Schema):
    """`next` is to be given as `before` for the following page; null on the last."""

    reports: list[WaitingOut]
    next: str | None
    at: datetime


class ReporterOut(Schema):
    name: str = ""
    phone: str = ""
    email: str = ""


class CaseReportOut(Schema):
    """A report of a case or of one merged into it (`case` says of which). Contact data are masked for posts that do not
    need them. `reply`: how the duty to answer it stands, `due_at` until when its answer is owed."""

    number: str
    case: str
    channel: str
    channel_name: str
    happened_at: datetime
    words: str
    reporter: ReporterOut
    order_number: str
    reply: str
    reply_title: str
    due_at: datetime | None
    light: Light
    answered_at: datetime | None
    answer: str | None
    photos: list[str]


class UnmaskingOut(Schema):
    """`report`: its number, or that of what a citizen sent that is none yet; then `case` is null. `person`: a user."""

    at: datetime
    report: str
    case: str | None
    person: str
    person_name: str
    post: str
    post_name: str


class UnmaskingPage(Schema):
    """`next` is to be given as `before` for the following page; null on the last."""

    unmaskings: list[UnmaskingOut]
    next: str | None


class UnmaskingsAsked(Schema):
    """`person`: a user name; `case`: a number; `since` is counted in, `until` is not."""

    person: PlainText = ""
    case: PlainText = ""
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class CategoryIn(Schema):
    category: str
