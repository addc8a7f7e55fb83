"""Readers of chain heads and seals, and the check of seals against the streams."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from django.db import connection

from cityloop.core.texts import N_
from cityloop.ground.audit.actions import NOTHING_YET, SealHead
from cityloop.ground.audit.breach import Breach
from cityloop.ground.audit.digests import leaf, merkle_root, seal_root

Digests = Callable[[Sequence[str], Sequence[int]], dict[str, bytes]]
"""Looks up, in the streams themselves, the digest of each (stream, seq)."""


def heads() -> dict[str, tuple[int, bytes]]:
    """Every stream with the number and digest of its last link."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT stream, seq, digest FROM audit_head")
        return {stream: (seq, bytes(digest)) for stream, seq, digest in cursor.fetchall()}


def last_seal() -> SealHead | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, day, root FROM audit_seal ORDER BY number DESC LIMIT 1")
        row = cursor.fetchone()
    return SealHead(row[0], row[1], bytes(row[2])) if row else None


def broken_seals(digests: Digests, known: tuple[int, bytes] | None = None) -> Iterator[Breach]:
    """Walk the seals in order and name what does not hold; `known` is a seal's number and root, kept elsewhere."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, day, root, previous, streams, sealed_at, algo FROM audit_seal ORDER BY number")
        seals = cursor.fetchall()
    previous, expected, last_day = NOTHING_YET, 1, date.min
    for number, day, root, stored_previous, streams, sealed_at, algo in seals:
        where = {"seal": number, "day": day.isoformat()}
        if number != expected:
            yield Breach(N_("seal %(seal)s is missing"), {"seal": expected})
            return
        leaves = _leaves(number)
        found = digests([stream for stream, _ in leaves], [seq for _, seq in leaves])
        lost = [stream for stream, _ in leaves if stream not in found]
        if lost:
            yield Breach(
                N_("seal %(seal)s (%(day)s): case %(case)s is missing, and %(more)s more"),
                {**where, "case": lost[0], "more": len(lost) - 1},
            )
        tree = merkle_root([leaf(stream, seq, found.get(stream, b"")) for stream, seq in leaves])
        whole = (bytes(stored_previous), bytes(root), streams) == (
            previous,
            seal_root(previous, algo, day, sealed_at, tree),
            len(leaves),
        )
        if not whole or day < last_day:
            yield Breach(N_("seal %(seal)s (%(day)s) does not match what it covers"), where)
        if known and known[0] == number and known[1] != bytes(root):
            yield Breach(N_("seal %(seal)s (%(day)s) is not the one that was kept elsewhere"), where)
        previous, expected, last_day = bytes(root), number + 1, day
    if known and known[0] >= expected:
        yield Breach(N_("seal %(seal)s, kept elsewhere, is missing"), {"seal": known[0]})


def _leaves(number: int) -> list[tuple[str, int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT stream, seq FROM audit_leaf WHERE seal_id = %s ORDER BY stream", [number])
        return [(stream, seq) for stream, seq in cursor.fetchall()]
