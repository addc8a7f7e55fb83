"""HTTP edge of participation: report and follow without signing in; for the desk, what is held."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import File, Header, Path, Query, Router, Schema, Status, UploadedFile
from pydantic import ConfigDict, Field, StringConstraints, model_validator

from cityloop.core import clock, texts
from cityloop.core.errors import Unknown
from cityloop.core.texts import _
from cityloop.field.participation import actions, queries
from cityloop.field.participation.abuse import REASONS
from cityloop.field.participation.actions import Form
from cityloop.field.participation.queries import STATES, Followed
from cityloop.field.participation.sender import sender_of
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places.city import city
from cityloop.loop.evidence.answer import IMAGE, photo_answer
from cityloop.loop.evidence.files import Size
from cityloop.loop.intake.actions import Shown, note_unmaskings
from cityloop.loop.intake.channels.citizen import Words
from cityloop.loop.intake.queries import contact

router = Router(tags=["participation"])
PAGE = 50

Id = Annotated[int, Path(ge=0, lt=2**63)]

Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", strip_whitespace=True)]
"""PostgreSQL keeps no NUL."""


class PublicCategory(Schema):
    code: str
    name: str
    major: str | None
    major_name: str | None


class PublicCity(Schema):
    """`bounds`: west, south, east, north. `notice`: to be read before reporting; may be empty."""

    name: str
    takes_reports: bool
    bounds: tuple[float, float, float, float] | None
    categories: list[PublicCategory]
    notice: str


class PublicPhoto(Schema):
    """`id` is good for one report, for a day."""

    id: UUID
    width: int
    height: int
    taken_at: datetime | None
    lon: float | None
    lat: float | None


class Contact(Schema):
    """How to reach the sender; all may be left out."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Text, Field(max_length=100)] = ""
    phone: Annotated[Text, Field(max_length=50)] = ""
    email: Annotated[Text, Field(max_length=200)] = ""


class PublicReportIn(Schema):
    """A report. `key` is made by the page, once per form: sent again it gets the same answer.

    Something must be said or shown, and the place told by a point or in words.
    """

    model_config = ConfigDict(extra="forbid")

    key: UUID
    lon: Annotated[float, Field(ge=-180, le=180)] | None = None
    lat: Annotated[float, Field(ge=-90, le=90)] | None = None
    accuracy_m: Annotated[float, Field(ge=0, le=1_000_000)] | None = None
    address: Annotated[Text, Field(max_length=300)] = ""
    words: Annotated[Text, Field(max_length=2000)] = ""
    category: Annotated[Text, Field(max_length=40)] = ""
    photos: Annotated[list[UUID], Field(max_length=5)] = []
    contact: Contact = Contact()

    @model_validator(mode="after")
    def _enough(self) -> "PublicReportIn":
        if (self.lon is None) != (self.lat is None):
            raise ValueError("a point needs both lon and lat")
        if not (self.words or self.photos):
            raise ValueError("words or a photo are needed")
        if self.lon is None and not self.address:
            raise ValueError("a point or an address is needed")
        return self


class TicketOut(Schema):
    """`secret` is shown this once; with the number it lets its holder follow the report."""

    number: str
    secret: str


class FollowIn(Schema):
    model_config = ConfigDict(extra="forbid")

    number: Annotated[Text, Field(max_length=40)]
    secret: Annotated[Text, Field(max_length=40)]


class PassedOut(Schema):
    at: datetime
    title: str


class FollowOut(Schema):
    """`state` is received, open, done, refused, void or discarded; `title` says it in words."""

    number: str
    state: str
    title: str
    opened_at: datetime
    closed_at: datetime | None
    answer: str
    category_name: str
    address: str
    steps: list[PassedOut]
    photos: list[str]


class HeldOut(Schema):
    """`sent`: how many came from the same sender that day."""

    id: int
    number: str
    received_at: datetime
    reason: str
    reason_title: str
    sent: int
    lon: float | None
    lat: float | None
    address: str
    words: str
    category: str
    category_name: str
    photos: list[str]
    contact: Contact


class HeldPage(Schema):
    """`next` is to be given as `after` for the following page; null on the last."""

    submissions: list[HeldOut]
    next: int | None


class LetInOut(Schema):
    number: str


class DiscardIn(Schema):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Text, Field(min_length=1, max_length=1000)]


@router.get("/public/city", auth=None, response=PublicCity)
def public_city(request: HttpRequest) -> dict[str, Any]:
    """What the report page has to know of the city."""
    return queries.city_for_citizens(city(), texts.spoken(), clock.now())


@router.post("/public/photos", auth=None, response={201: PublicPhoto})
def public_photo(request: HttpRequest, file: File[UploadedFile]) -> Status[dict[str, Any]]:
    """Send a photo ahead of a report (JPEG, PNG, WebP, HEIC; at most 20 MB). Its metadata are taken off."""
    id_, photo = actions.upload(file, sender=sender_of(request), at=clock.now())
    return Status(201, photo._asdict() | {"id": id_})


@router.post("/public/reports", auth=None, response={200: TicketOut, 201: TicketOut})
def public_report(request: HttpRequest, body: PublicReportIn) -> Status[actions.Ticket]:
    """Report without signing in; 200 where this very form had come before."""
    told = Words(
        body.lon, body.lat, body.accuracy_m, body.address, body.words, body.category, tuple(map(str, body.photos))
    )
    form = Form(body.key, told, body.contact.dict())
    ticket = actions.submit(form, sender=sender_of(request), at=clock.now())
    return Status(200 if ticket.known else 201, ticket)


@router.post("/public/follow", auth=None, response=FollowOut)
def follow(request: HttpRequest, body: FollowIn) -> dict[str, Any]:
    """What became of a report, for whoever has its number and secret."""
    return _told(actions.follow(body.number, body.secret, sender=sender_of(request), at=clock.now()))


@router.get("/public/photos/{photo}", auth=None, response=None, openapi_extra=IMAGE)
def followed_photo(
    request: HttpRequest,
    photo: str,
    follow: Annotated[str, Header(alias="X-Follow", description="number:secret", max_length=100)],
    size: Size = "full",
) -> HttpResponseBase:
    """A photo of what was done about a report, as JPEG."""
    number, _colon, secret = follow.partition(":")
    found = actions.follow(number, secret, sender=sender_of(request), at=clock.now())
    if photo not in found.photos:
        raise Unknown("photo_unknown", photo=photo)
    return photo_answer(request, photo, size)


@router.get("/submissions/held", response=HeldPage)
def held(request: HttpRequest, after: Annotated[int, Query(ge=0, lt=2**63)] = 0) -> dict[str, Any]:
    """50 submissions that wait for a decision, oldest first. That contact data were shown unmasked is recorded."""
    actor = actor_of(request)
    actor.require("reports.judge")
    rows = queries.held(PAGE + 1, after)
    names, shown = queries.category_names(city(), texts.spoken()), rows[:PAGE]
    for row in shown:
        row["contact"], row["shown_to"] = contact(row["contact"], actor, None)
    seen = (
        Shown(row["number"], None, row["shown_to"]) for row in shown if row["shown_to"] and any(row["contact"].values())
    )
    note_unmaskings(seen, actor=actor, at=clock.now())
    return {
        "submissions": [_held(row, names) for row in shown],
        "next": rows[PAGE - 1]["id"] if len(rows) > PAGE else None,
    }


@router.get("/submissions/{submission}/photos/{photo}", response=None, openapi_extra=IMAGE)
def held_photo(request: HttpRequest, submission: Id, photo: str, size: Size = "full") -> HttpResponseBase:
    """A photo that came with a submission that was held, as JPEG."""
    actor_of(request).require("reports.judge")
    queries.require_photo(submission, photo)
    return photo_answer(request, photo, size)


@router.post("/submissions/{submission}/let-in", response=LetInOut)
def let_in(request: HttpRequest, submission: Id) -> dict[str, str]:
    """Nothing wrong with it: it becomes a report."""
    return {"number": actions.let_in(submission, actor=actor_of(request), at=clock.now())}


@router.post("/submissions/{submission}/discard", response={204: None})
def discard(request: HttpRequest, submission: Id, body: DiscardIn) -> Status[None]:
    """It is no report; whoever sent it reads the reason."""
    actions.discard(submission, body.reason, actor=actor_of(request), at=clock.now())
    return Status(204, None)


def _told(found: Followed) -> dict[str, Any]:
    names = queries.category_names(city(), texts.spoken())
    return found._asdict() | {
        "title": _(STATES[found.state]),
        "category_name": names.get(found.category, ""),
        "steps": [{"at": step.at, "title": _(step.title)} for step in found.steps],
    }


def _held(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = row["body"]
    return body | {
        "id": row["id"],
        "number": row["number"],
        "received_at": row["received_at"],
        "reason": row["held_reason"],
        "reason_title": _(REASONS[row["held_reason"]]),
        "sent": row["sent"],
        "category_name": names.get(body["category"], ""),
        "contact": row["contact"],
    }
