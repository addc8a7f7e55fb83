"""What the HTTP edge answers when asked why a case is due when it is."""

from datetime import datetime
from typing import Literal

from ninja import Schema

from cityloop.core.units import LimitUnit
from cityloop.loop.cases.schemas import Countdown


class StretchOut(Schema):
    """Time of one kind; `counted` is how much of the limit it uses up, in the limit's unit."""

    begins: datetime
    ends: datetime | None
    kind: str
    counted: float


class LinkOut(Schema):
    """One limit of a clock, or time that was granted on top (`extends`), from where it begins to where it ends."""

    part: str
    value: float
    unit: LimitUnit
    calendar: str
    extends: bool
    begins: datetime
    ends: datetime
    stretches: list[StretchOut]


class ClockOut(Schema):
    """Why a deadline is what it is: `what` is the case, the unit or the `stage`; stages that share the limit are named.

    Where the limits do not lead to it (`explained` is false), somebody else has set it.
    """

    what: Literal["case", "unit", "stage"]
    stage: str
    shared: list[str]
    started_at: datetime
    due_at: datetime
    yellow_at: datetime | None
    explained: bool
    links: list[LinkOut]
    countdown: Countdown
