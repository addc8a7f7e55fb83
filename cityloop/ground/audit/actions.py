"""Writers of chain heads and seals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from cityloop.core import bulk
from cityloop.core.bulk import Table
from cityloop.ground.audit.digests import leaf, merkle_root, seal_root

HEADS = Table("audit_head", {"stream": "text", "seq": "int4", "digest": "bytea"}, ("stream",))
ALGO = 1
NOTHING_YET = b"\0" * 32


@dataclass(frozen=True)
class SealHead:
    """The last seal: whoever keeps it elsewhere notices a rewrite of everything up to it."""

    number: int
    day: date
    root: bytes


def set_heads(*, fresh: Sequence[tuple[str, int, bytes]], moved: Sequence[tuple[str, int, bytes]]) -> None:
    """Note where chains stand now: (stream, seq, digest) of streams that are new and of streams that went on."""
    bulk.insert(HEADS, fresh)
    bulk.upsert(HEADS, moved)


@transaction.atomic
def seal(*, day: date, at: datetime) -> SealHead:
    """Fold all heads that moved since the last seal into one for `day`, and an empty one for each day skipped.

    A stream that moves while this runs is left for the next seal: no step ever waits for a seal.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cityloop.seal'))")
        cursor.execute("SELECT number, day, root FROM audit_seal ORDER BY number DESC LIMIT 1")
        found = cursor.fetchone()
        last = SealHead(found[0], found[1], bytes(found[2])) if found else None
    while last is not None and last.day + timedelta(days=1) < day:
        last = _write(last, last.day + timedelta(days=1), at, [])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT stream, seq, digest FROM audit_head WHERE sealed_seq < seq ORDER BY stream FOR UPDATE SKIP LOCKED"
        )
        heads = [(stream, seq, bytes(digest)) for stream, seq, digest in cursor.fetchall()]
    if not heads and last is not None and last.day >= day:
        return last
    return _write(last, max(day, last.day) if last else day, at, heads)


def _write(last: SealHead | None, day: date, at: datetime, heads: list[tuple[str, int, bytes]]) -> SealHead:
    previous = last.root if last else NOTHING_YET
    root = seal_root(previous, ALGO, day, at, merkle_root([leaf(*head) for head in heads]))
    number = last.number + 1 if last else 1
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_seal (number, day, root, previous, streams, sealed_at, algo)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [number, day, root, previous, len(heads), at, ALGO],
        )
        if heads:
            cursor.execute(
                "WITH sealed AS (UPDATE audit_head SET sealed_seq = seq"
                " WHERE stream = ANY(%s) RETURNING stream, seq)"
                " INSERT INTO audit_leaf (seal_id, stream, seq) SELECT %s, stream, seq FROM sealed",
                [[stream for stream, _, _ in heads], number],
            )
    return SealHead(number, day, root)
