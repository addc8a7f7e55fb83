"""HTTP edge of the photos of reports that wait for a person."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router

from cityloop.ground.accounts.request import actor_of
from cityloop.loop.evidence.answer import IMAGE, photo_answer
from cityloop.loop.evidence.files import Size
from cityloop.loop.intake import queries

router = Router(tags=["intake"])


@router.get("/reports/{number}/photos/{photo}", response=None, openapi_extra=IMAGE)
def report_photo(request: HttpRequest, number: str, photo: str, size: Size = "full") -> HttpResponseBase:
    """A photo that came with a report, for whoever takes reports in; as JPEG."""
    actor_of(request).require("cases.register")
    queries.require_photo(number, photo)
    return photo_answer(request, photo, size)
