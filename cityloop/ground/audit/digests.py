"""Links of a chain and roots of a Merkle tree: SHA-256, nothing else. Algorithm 1 of whatever says `algo`."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from hashlib import sha256


def link(previous: bytes, head: bytes, body: bytes) -> bytes:
    """The digest that ties one record, given in two parts, to the digest before it (32 bytes each)."""
    return sha256(previous + head + b"\n" + body).digest()


def leaf(stream: str, seq: int, digest: bytes) -> bytes:
    """What a stream contributes to a seal. The prefix keeps leaves and nodes apart (RFC 6962)."""
    return sha256(b"\0" + f"{stream} {seq} ".encode() + digest).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """The root over `leaves` in their order; 32 zero bytes for none. An odd node moves up unpaired (RFC 6962)."""
    if not leaves:
        return b"\0" * 32
    level = list(leaves)
    while len(level) > 1:
        pairs = [
            sha256(b"\1" + level[i] + level[i + 1]).digest() if i + 1 < len(level) else level[i]
            for i in range(0, len(level), 2)
        ]
        level = pairs
    return level[0]


def seal_root(previous: bytes, algo: int, day: date, sealed_at: datetime, tree: bytes) -> bytes:
    """The root of a seal: over the seal before it, what it says of itself, and the tree of the heads that moved."""
    said = f"{algo} {day.isoformat()} {sealed_at.astimezone(UTC).isoformat()}"
    return sha256(b"\2" + previous + said.encode() + tree).digest()
