"""The only writers of what citizens send."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction

from cityloop.core.actor import Actor
from cityloop.core.errors import Conflict, Refused, Unknown
from cityloop.field.participation import limits, queries
from cityloop.field.participation.abuse import suspicion
from cityloop.field.participation.models import Guess, Submission, Upload
from cityloop.field.participation.queries import Followed
from cityloop.field.participation.sender import digest_of, fits, secret_of
from cityloop.ground.places.city import CityValue, city
from cityloop.ground.places.queries import areas_on
from cityloop.loop.cases.actions import take_number
from cityloop.loop.evidence.actions import claim
from cityloop.loop.evidence.actions import upload as upload_photo
from cityloop.loop.evidence.queries import PhotoValue
from cityloop.loop.intake.actions import receive
from cityloop.loop.intake.channels.citizen import PUBLIC, Words, report_of

MARGIN = 0.02
"""Degrees around a city without boundaries that still count as inside."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a page sends: `photos` are the ids that uploads were answered with."""

    key: UUID
    told: Words
    contact: dict[str, str]


class Ticket(NamedTuple):
    """What a sender keeps; `known`: the form had come before, nothing was added."""

    number: str
    secret: str
    known: bool


def upload(file: "UploadedFile[Any]", *, sender: str, at: datetime) -> tuple[UUID, PhotoValue]:
    """Take a photo in ahead of a form; its id is good for one form. TooMany counts those too that are refused."""
    channel_of(city())
    id_ = uuid4()
    with transaction.atomic():
        limits.hold_still(sender)
        limits.require_photos(sender, at)
        Upload.objects.create(id=id_, photo="", sender=sender, at=at)
    photo = upload_photo(file, actor=PUBLIC, at=at)
    Upload.objects.filter(pk=id_).update(photo=photo.id)
    return id_, photo


@transaction.atomic
def submit(form: Form, *, sender: str, at: datetime) -> Ticket:
    """Take a form in: on to intake, or held for a person where it looks like abuse; its sender sees no difference.

    The same key again, also at the same moment, gets the same answer. TooMany, or Unknown for a photo; then nothing
    is kept.
    """
    here = city()
    channel = channel_of(here)
    limits.hold_still(form.key.hex)
    secret = secret_of(form.key)
    known = Submission.objects.filter(key=form.key).values_list("number", flat=True).first()
    if known is not None:
        return Ticket(known, secret, True)
    limits.hold_still(sender)
    recent = limits.recent(sender, at)
    told = form.told._replace(photos=tuple(_use(form.told.photos, form.key)))
    held = suspicion(told, recent, outside=_outside(here, told, at))
    row = Submission(key=form.key, secret=digest_of(secret, form.key), received_at=at, sender=sender,
                     body=told._asdict(), contact=form.contact, held_reason=held)  # fmt: skip
    if held:
        claim(told.photos, actor=PUBLIC, at=at)
        row.number = f"R{take_number(here.code, here.day(at))[0]}"
    else:
        row.number = row.report_number = _hand_in(row, channel, at)
    row.save(force_insert=True)
    return Ticket(row.number, secret, False)


@transaction.atomic
def let_in(id_: int, *, actor: Actor, at: datetime) -> str:
    """A person found nothing wrong: the submission goes on to intake; the report's number."""
    row = _undecided(id_, actor)
    row.report_number = _hand_in(row, channel_of(city()), at)
    _decide(row, "let_in", "", actor, at)
    return row.report_number


@transaction.atomic
def discard(id_: int, reason: str, *, actor: Actor, at: datetime) -> None:
    """A person found that this is no report; its sender reads the reason. Nothing is deleted."""
    row = _undecided(id_, actor)
    _decide(row, "discarded", reason, actor, at)


def follow(number: str, secret: str, *, sender: str, at: datetime) -> Followed:
    """What became of a report, for whoever knows its secret. Unknown where number or secret is wrong, which of them
    is not told; TooMany after many such.
    """
    number = number.strip().upper()[:26]
    with transaction.atomic():
        limits.hold_still(f"follow {number}")
        limits.require_guesses(number, sender, at)
        found = queries.followed(number)
        if fits(secret, found and found.key, found and found.secret):
            assert found is not None  # it fitted
            return found
        Guess.objects.create(number=number, sender=sender, at=at)
    raise Unknown("follow_unknown")


def forget(*, at: datetime) -> None:
    """Drop what was only needed to count: uploads and guesses older than a day."""
    for kind in (Upload, Guess):
        kind.objects.filter(at__lt=at - limits.DAY).delete()


def channel_of(here: CityValue) -> str:
    """The channel of what citizens send; Refused where the pack names none."""
    channel = str(here.settings.get("public_channel") or "")
    if not channel:
        raise Refused("public_closed")
    return channel


def _hand_in(row: Submission, channel: str, at: datetime) -> str:
    """Give a submission to intake as a report; its number. The outside id follows from the key but does not tell it."""
    told = Words(**{**row.body, "photos": tuple(row.body["photos"])})
    outside_id = sha256(row.key.bytes).hexdigest()[:32]
    report = report_of(told, row.contact, channel=channel, outside_id=outside_id, happened_at=row.received_at, at=at)
    return receive(report, actor=PUBLIC, number=row.number.removeprefix("R")).number


def _use(ids: tuple[str, ...], key: UUID) -> list[str]:
    """The photos behind the ids of uploads, which from here on are this form's; Unknown where one is not to be had."""
    wanted = [str(UUID(id_)) for id_ in dict.fromkeys(ids)]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE participation_upload SET used_by = %s::uuid"
            " WHERE id = ANY(%s::uuid[]) AND used_by IS NULL AND photo <> '' RETURNING id::text, photo",
            [str(key), wanted],
        )
        found = dict(cursor.fetchall())
    for id_ in wanted:
        if id_ not in found:
            raise Unknown("photo_unknown", photo=id_)
    return [found[id_] for id_ in wanted]


def _outside(here: CityValue, told: Words, at: datetime) -> bool:
    """Whether a point is in no area of the city, or far from all its grids where no boundary is known."""
    areas = areas_on(here.revision, here.day(at))
    if told.lon is None or told.lat is None or areas.bounds is None:
        return False
    if areas.has_shapes:
        return not areas.place(told.lon, told.lat).located
    west, south, east, north = areas.bounds
    return not (west - MARGIN <= told.lon <= east + MARGIN and south - MARGIN <= told.lat <= north + MARGIN)


def _undecided(id_: int, actor: Actor) -> Submission:
    """A held submission, locked; Conflict when somebody decided meanwhile."""
    actor.require("reports.judge")
    row = Submission.objects.select_for_update().exclude(held_reason="").filter(pk=id_).first()
    if row is None:
        raise Unknown("submission_unknown", submission=id_)
    if row.decided_at is not None:
        raise Conflict("submission_decided", number=row.number)
    return row


def _decide(row: Submission, decision: str, reason: str, actor: Actor, at: datetime) -> None:
    row.decision, row.decision_reason, row.decided_by, row.decided_at = decision, reason, actor.key, at
    row.save(update_fields=["decision", "decision_reason", "decided_by", "decided_at", "report_number"])
