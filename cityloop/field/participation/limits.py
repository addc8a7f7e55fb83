"""How much one address and the whole city may send without signing in, counted in the database.

Below the limits called FREELY all passes; between them and those called MOST a person looks first, so that an office
or a school behind one address is not shut out; beyond, the answer is to wait.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection

from cityloop.core.errors import TooMany

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FREELY, MOST = 5, 60
"""Reports of one sender in an hour."""
CITY_FREELY, CITY_MOST = 600, 3000
"""Reports of all senders in an hour."""
PHOTOS, CITY_PHOTOS = 120, 6000
GUESSES, GUESSES_AT_ONE = 20, 100
"""Wrong secrets in an hour: from one sender, and for one number."""


class Recent(NamedTuple):
    """What a sender and the city sent in the last hour; `words`: what the sender wrote in the last day."""

    mine: int
    all: int
    words: tuple[str, ...]


def hold_still(what: str) -> None:
    """Let one transaction after the other count for the same sender or key."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"participation {what}"])


def recent(sender: str, at: datetime) -> Recent:
    """What was sent up to `at`; TooMany where it is the most already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT received_at > %(hour)s, received_at, body->>'words' FROM participation_submission"
            " WHERE sender = %(sender)s AND received_at BETWEEN %(day)s AND %(at)s ORDER BY received_at",
            {"hour": at - HOUR, "day": at - DAY, "at": at, "sender": sender},
        )
        rows = cursor.fetchall()
    hour = [when for lately, when, _ in rows if lately]
    _refuse(len(hour), MOST, min(hour, default=at), at)
    count = _count("participation_submission", "received_at", CITY_MOST, at)
    return Recent(len(hour), count, tuple(words for _, _, words in rows))


def require_photos(sender: str, at: datetime) -> None:
    _count("participation_upload", "at", PHOTOS, at, sender=sender)
    _count("participation_upload", "at", CITY_PHOTOS, at)


def require_guesses(number: str, sender: str, at: datetime) -> None:
    _count("participation_guess", "at", GUESSES, at, sender=sender)
    _count("participation_guess", "at", GUESSES_AT_ONE, at, number=number)


def _count(table: str, column: str, most: int, at: datetime, **where: str) -> int:
    """How many rows the last hour has; TooMany where these are `most`."""
    conditions = "".join(f" AND {name} = %({name})s" for name in where)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), min({column}) FROM {table}"
            f" WHERE {column} > %(since)s AND {column} <= %(at)s{conditions}",
            {"since": at - HOUR, "at": at, **where},
        )
        count, first = cursor.fetchone()
    _refuse(count, most, first or at, at)
    return int(count)


def _refuse(count: int, most: int, first: datetime, at: datetime) -> None:
    """The first of those counted leaves the hour first."""
    if count >= most:
        raise TooMany("too_many", retry_after=max(1, int((first + HOUR - at).total_seconds()) + 1))
