"""What the HTTP edge of replies takes and gives. Names and titles are in the language asked for."""

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import ConfigDict, Field

from cityloop.core.units import Light
from cityloop.loop.cases.schemas import Countdown, Text
from cityloop.loop.intake.schemas import ReporterOut


class ReplyFilter(Schema):
    """Which duties to answer a list holds; what is empty does not narrow it.

    `state`: codes with commas between; `q`: how the number of an order or a report begins; `overdue`: owed, and past
    the limit that runs.
    """

    state: Text = ""
    channel: Text = ""
    q: Annotated[Text, Field(max_length=100)] = ""
    overdue: bool = False


class ReplyStepIn(Schema):
    """`words`: the answer, why it is returned, or what is to be done over; `satisfied`: what the call-back heard."""

    model_config = ConfigDict(extra="forbid")

    step: Annotated[Text, Field(max_length=20)]
    words: Annotated[Text, Field(max_length=8000)] = ""
    satisfied: bool | None = None


class ReplyLine(Schema):
    """`number`: of the report; `due_at`: of the limit that runs, for signing until it is signed for, then for the
    answer; `case`: the one that the report opened, if it did."""

    number: str
    order_number: str
    channel: str
    channel_name: str
    words: str
    happened_at: datetime
    case: str | None
    case_state: str | None
    case_state_title: str
    state: str
    state_title: str
    round: int
    sign_due_at: datetime | None
    answer_due_at: datetime | None
    signed_at: datetime | None
    answered_at: datetime | None
    answer: str
    returned_at: datetime | None
    called_back_at: datetime | None
    satisfied: bool | None
    due_at: datetime | None
    light: Light
    countdown: Countdown | None


class ReplyPage(Schema):
    """`next` is to be given as `before` for the following page; null on the last. Lights are those of `at`."""

    replies: list[ReplyLine]
    next: int | None
    at: datetime


class ReplyCounts(Schema):
    by_state: dict[str, int]
    by_light: dict[str, int]
    total: int
    at: datetime


class ReplyLogOut(Schema):
    step: str
    title: str
    round: int
    at: datetime
    name: str
    post: str
    post_name: str
    words: str


class ReplyStepOut(Schema):
    """A step that begins at the present state; `why` says what forbids it to the asker, null where nothing does.
    `needs`: `words`, `satisfied` or nothing."""

    name: str
    title: str
    allowed: bool
    why: str | None
    needs: str


class ReplyOut(ReplyLine):
    """Contact data are masked for posts that do not need them."""

    address: str
    reporter: ReporterOut
    log: list[ReplyLogOut]
    steps: list[ReplyStepOut]
    at: datetime
