"""HTTP edge of evidence: send a photo, before the report or the step that names it."""

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import File, Router, Schema, Status, UploadedFile
from pydantic import Field

from cityloop.core import clock
from cityloop.ground.accounts.request import actor_of
from cityloop.loop.evidence.actions import upload
from cityloop.loop.evidence.queries import PhotoValue

router = Router(tags=["evidence"])

PhotoId = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
PhotoIds = Annotated[list[PhotoId], Field(max_length=10)]
"""Photos that were sent before."""


class PhotoOut(Schema):
    """`id` is to be named by a report or a step within a day; `taken_at`, `lon`, `lat` are what the camera noted."""

    id: str
    width: int
    height: int
    taken_at: datetime | None
    lon: float | None
    lat: float | None


@router.post("/photos", response={201: PhotoOut})
def send_photo(request: HttpRequest, file: File[UploadedFile]) -> Status[PhotoValue]:
    """Send a photo (JPEG, PNG, WebP, HEIC; at most 20 MB and 60 megapixels). Its metadata are taken off."""
    found = upload(file, actor=actor_of(request), at=clock.now())
    return Status(201, found)
