"""The channel of programs and of people at a screen: a JSON document over HTTP."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import uuid4

from ninja import Schema
from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints, model_validator

from cityloop.loop.evidence.actions import evidence_of
from cityloop.loop.evidence.api import PhotoIds
from cityloop.loop.intake.report import Report

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""PostgreSQL keeps no NUL."""


class ReportIn(Schema):
    """A report. `outside_id` is the sender's own number: sending it twice is harmless. `order_number`: what a hotline
    calls its order. `photos` were sent before."""

    model_config = ConfigDict(extra="forbid")

    channel: Annotated[Text, Field(min_length=1, max_length=40)]
    outside_id: Annotated[Text, Field(max_length=100)] = ""
    order_number: Annotated[Text, Field(max_length=100)] = ""
    happened_at: AwareDatetime | None = None
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    datum: Literal["WGS84", "CGCS2000"] = "WGS84"
    address: Annotated[Text, Field(max_length=300)] = ""
    words: Annotated[Text, Field(max_length=10_000)] = ""
    category: Annotated[Text, Field(max_length=40)] = ""
    area: Annotated[Text, Field(max_length=40)] = ""
    photos: PhotoIds = []
    reporter: dict[Literal["name", "phone", "email"], Annotated[Text, Field(max_length=200)]] = {}

    @model_validator(mode="after")
    def _whole_point(self) -> "ReportIn":
        if (self.lon is None) != (self.lat is None):
            raise ValueError("a point needs both lon and lat")
        return self


def report_of(body: ReportIn, at: datetime) -> Report:
    """The report in a document received `at`; what happened later than that happened now."""
    happened = body.happened_at.astimezone(UTC) if body.happened_at else at
    raw: dict[str, Any] = body.model_dump(mode="json", exclude={"reporter"}, exclude_unset=True)
    return Report(
        channel=body.channel,
        outside_id=body.outside_id or str(uuid4()),
        happened_at=min(happened, at),
        recorded_at=at,
        raw=raw,
        lon=body.lon,
        lat=body.lat,
        address=body.address,
        words=body.words,
        category=body.category,
        area=body.area,
        order_number=body.order_number,
        evidence=evidence_of(body.photos),
        reporter={str(name): value for name, value in body.reporter.items()},
    )
