"""HTTP edge of the photos of a case."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router

from cityloop.ground.accounts.request import actor_of
from cityloop.loop.cases import queries
from cityloop.loop.evidence.answer import IMAGE, photo_answer
from cityloop.loop.evidence.files import Size

router = Router(tags=["cases"])


@router.get("/cases/{number}/photos/{photo}", response=None, openapi_extra=IMAGE)
def case_photo(request: HttpRequest, number: str, photo: str, size: Size = "full") -> HttpResponseBase:
    """A photo that an entry of the case names, as JPEG; the thumbnail is at most 320 pixels wide or high."""
    queries.require_photo(queries.id_of(number, actor_of(request)), photo)
    return photo_answer(request, photo, size)
