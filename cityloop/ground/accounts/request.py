"""Who is asking, for the HTTP edges of all rooms."""

from django.http import HttpRequest

from cityloop.core.actor import Actor


def actor_of(request: HttpRequest) -> Actor:
    """The actor that the API's sign-in found; only for operations that ask for one."""
    actor: Actor = request.auth  # type: ignore[attr-defined]  # the API's sign-in sets it, Django does not know it
    return actor
