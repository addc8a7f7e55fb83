"""A photo as an HTTP answer. Who may see it is decided by the room that names it."""

from typing import Any

from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag

from cityloop.core.errors import Unknown
from cityloop.loop.evidence.files import Size, name_of

IMAGE: dict[str, Any] = {
    "responses": {
        200: {"description": "OK", "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
    }
}
"""What OpenAPI says of an operation that answers with a photo."""


def photo_answer(request: HttpRequest, photo: str, size: Size) -> HttpResponseBase:
    """The JPEG. What has this name never changes, so it may be kept for a year by whoever was shown it.

    Unknown when the file is gone.
    """
    name, tag = name_of(photo, size), quote_etag(photo if size == "full" else f"{photo}-{size}")
    found = get_conditional_response(request, etag=tag)
    if found is None:
        try:
            with default_storage.open(name) as file:
                found = HttpResponse(file.read(), content_type="image/jpeg")
        except FileNotFoundError as error:
            raise Unknown("photo_unknown", photo=photo) from error
    found["ETag"] = tag
    found["Cache-Control"] = "private, max-age=31536000, immutable"
    found["Content-Disposition"] = "inline"
    found["X-Content-Type-Options"] = "nosniff"
    return found
