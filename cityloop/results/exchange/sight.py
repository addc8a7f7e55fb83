"""What somebody may see of the map: as a value, and as a signed word for addresses that bring no sign-in along."""

import time
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.core import signing
from django.core.signing import b62_encode

from cityloop.core.actor import Actor
from cityloop.core.errors import Unproven

READ, LEDGER = "objects.read", "ledger.read"
MAX_AGE = 1800
"""Seconds for which a token holds at most; somebody who lost a post looks on for no longer than that."""
STEP = 300


class Sight(NamedTuple):
    """`internal`: whether internal layers are seen at all; `areas`: ids to which they are narrowed, none for all;
    `ledger`: whether what is wrong with the ledger is seen."""

    internal: bool
    areas: tuple[int, ...] = ()
    ledger: bool = False

    def clause(self, table: str) -> tuple[str, list[Any]]:
        """A condition on the column `area_id` of a table of internal objects, with its values."""
        if not self.internal:
            return "FALSE", []
        if not self.areas:
            return "TRUE", []
        return f"{table}.area_id IN (SELECT id FROM places_area WHERE path && %s::int8[])", [list(self.areas)]


PUBLIC = Sight(internal=False)
"""What everybody sees."""
WHOLE = Sight(internal=True, ledger=True)


class Token(NamedTuple):
    """`expires_at` is told by the real clock, whatever the city's shows."""

    token: str
    expires_at: datetime


class Steady(signing.TimestampSigner):
    """Signs with the time rounded down to `step` seconds: who asks again gets the same word, and tiles stay cached."""

    def __init__(self, salt: str, step: int) -> None:
        super().__init__(salt=salt)
        self.step = step

    def timestamp(self) -> str:
        return b62_encode(int(time.time()) // self.step * self.step)


def sight_of(actor: Actor | None) -> Sight:
    """What an actor may see; None is somebody who has not signed in."""
    if actor is None or not actor.may(READ):
        return PUBLIC
    areas = {post.area for post in actor.posts if READ in post.permissions}
    whole = actor.trusted or None in areas
    return Sight(True, () if whole else tuple(sorted(area for area in areas if area)), actor.may(LEDGER))


def token_of(actor: Actor) -> Token:
    """A signed word for what `actor` may see. Denied to who may see nothing but what is public."""
    actor.require(READ)
    signer = _signer()
    ends = int(time.time()) // STEP * STEP + MAX_AGE
    seen = sight_of(actor)
    return Token(signer.sign_object((seen.areas, seen.ledger)), datetime.fromtimestamp(ends, UTC))


def sight_in(token: str) -> Sight:
    """What a token lets see; without one what everybody sees. Unproven where it is not ours or has run out."""
    if not token:
        return PUBLIC
    try:
        areas, ledger = _signer().unsign_object(token, max_age=MAX_AGE)
    except signing.BadSignature as error:
        raise Unproven("tile_token_wrong") from error
    return Sight(True, tuple(areas), ledger)


def _signer() -> Steady:
    return Steady("cityloop.exchange.tiles", STEP)
