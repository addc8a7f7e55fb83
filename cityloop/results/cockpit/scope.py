"""What a page may look at without signing in for each piece: a signed scope in the address of a tile or a stream."""

from typing import Any, NamedTuple

from django.core import signing

from cityloop.core.actor import Actor, HeldPost
from cityloop.core.errors import Unproven
from cityloop.loop.cases.queries import visible_to
from cityloop.results.exchange.kept import Kept
from cityloop.results.exchange.sight import Steady

MAX_AGE = 12 * 3600
"""Seconds for which a token holds; somebody who lost a post looks on for no longer than that."""
READ = "cases.read"

_kept: Kept[tuple[str, list[Any]]] = Kept(60, size=1024)


class Scope(NamedTuple):
    """The views of some posts that read cases: area or None for the whole city, organisation where it handles."""

    views: tuple[tuple[int | None, int | None], ...]

    @property
    def whole(self) -> bool:
        """Whether nothing is hidden."""
        return (None, None) in self.views


def _signer() -> Steady:
    return Steady("cityloop.cockpit.view", 3600)


def view_of(actor: Actor) -> Scope:
    """What this actor may look at."""
    if actor.trusted:
        return Scope(((None, None),))
    views = {
        (post.area, post.organisation if post.handles else None) for post in actor.posts if READ in post.permissions
    }
    return Scope(tuple(sorted(views, key=lambda view: (view[0] or 0, view[1] or 0))))


def view_token(actor: Actor) -> str:
    """A signed word for what `actor` may look at, good for addresses; the same for an hour."""
    return _signer().sign_object(view_of(actor).views)


def scope_of(token: str) -> Scope:
    """The scope that a token says; Unproven where it is not ours or too old."""
    try:
        views: list[list[int | None]] = _signer().unsign_object(token, max_age=MAX_AGE)
    except signing.BadSignature as error:
        raise Unproven("view_ended") from error
    return Scope(tuple((area, organisation) for area, organisation in views))


def clause(scope: Scope) -> tuple[str, list[Any]]:
    """A condition on `c` (cases_case), with its values: `visible_to` for whoever got this scope.

    Kept for a minute, as the organisations below one hardly change.
    """
    return _kept.get(scope, lambda: visible_to(_viewer(scope)))


def _viewer(scope: Scope) -> Actor:
    posts = (
        HeldPost("", "", frozenset({READ}), organisation, area, handles=organisation is not None)
        for area, organisation in scope.views
    )
    return Actor("view", "view", tuple(posts))
